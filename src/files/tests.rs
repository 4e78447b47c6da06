//! Files that are replaced: modes, owners, lists, links, leftovers.

use super::*;

/// Returns whether the file changed.
fn write(path: &Path, bytes: &[u8]) -> bool {
    let target = Target::read(path).unwrap();
    let differs = target.differs(bytes);
    if differs {
        replace(vec![target.stage(bytes).unwrap()]).unwrap();
    }
    differs
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn only_a_change_replaces_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keepalived.conf");
    assert!(write(&file, b"a"));
    let first = fs::metadata(&file).unwrap();
    assert_eq!(mode(&file), MODE);
    assert!(!write(&file, b"a"));
    assert_eq!(fs::metadata(&file).unwrap().ino(), first.ino());
    assert!(write(&file, b"b"));
    assert_eq!(fs::read(&file).unwrap(), b"b");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
}

#[test]
fn what_a_killed_process_left_is_swept() {
    let folder = tempfile::tempdir().unwrap();
    let name = |name: String| folder.path().join(name);
    // No process has the highest number that there can be.
    let dead = name(format!("{PREFIX}4194304-abc"));
    let own = name(format!("{PREFIX}{}-abc", std::process::id()));
    let other = name("keepalived.conf".to_owned());
    for file in [&dead, &own, &other] {
        fs::write(file, b"secret").unwrap();
    }
    sweep(&other);
    assert!(!dead.exists() && own.exists() && other.exists());
}

#[test]
fn a_set_that_is_half_replaced_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a", "b", "c"].map(|name| folder.path().join(name));
    let staged: Vec<Staged> =
        paths.iter().map(|path| Target::read(path).unwrap().stage(b"x").unwrap()).collect();
    // Somebody makes a folder there meanwhile.
    fs::create_dir(&paths[1]).unwrap();
    let half = replace(staged).unwrap_err();
    assert_eq!(
        (&half.path, &half.replaced[..], &half.left[..]),
        (&paths[1], &paths[..1], &paths[2..])
    );
    let told = half.message();
    assert!(told.contains("replaced already:\n") && told.contains("not replaced:\n"), "{told}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
}

#[test]
fn a_mode_is_kept_but_for_the_rights_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keepalived.conf");
    for (before, after) in [
        (0o644, 0o640),
        (0o666, 0o660),
        (0o755, 0o750),
        (0o600, 0o600),
        (0o400, 0o400),
        (0o640, 0o640),
        (0o660, 0o660),
    ] {
        for bytes in [b"a", b"b"] {
            fs::write(&file, b"a").unwrap();
            fs::set_permissions(&file, Permissions::from_mode(before)).unwrap();
            assert_eq!(write(&file, bytes), before != after || bytes == b"b");
            assert_eq!(mode(&file), after, "{before:o}");
            fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        }
    }
}

#[test]
fn a_list_that_is_lost_gives_nobody_more() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keepalived.conf");
    // user::rw-, user:1234:r--, group::---, mask::r--, other::---
    let entries = [(1, 6, -1), (2, 4, 1234), (4, 0, -1), (0x10, 4, -1), (0x20, 0, -1)];
    let entry = |(tag, rights, id): (u16, u16, i32)| {
        [&tag.to_le_bytes()[..], &rights.to_le_bytes(), &id.to_le_bytes()].concat()
    };
    let list = [2_u32.to_le_bytes().to_vec(), entries.map(entry).concat()].concat();
    let set = |name: &str, path: &Path| {
        rustix::fs::setxattr(path, name, &list, rustix::fs::XattrFlags::empty())
    };
    fs::write(&file, b"a").unwrap();
    if set("system.posix_acl_access", &file).is_err() {
        println!("skipped: no access control lists here");
        return;
    }
    assert_eq!(mode(&file), 0o640, "the mask, not the group's rights");
    assert!(write(&file, b"b"));
    assert_eq!(mode(&file), 0o600);
    // A list that new files get from their directory gives nobody a right either.
    set("system.posix_acl_default", folder.path()).unwrap();
    assert!(write(&file, b"c"));
    assert_eq!((mode(&file), acl::group(&file).unwrap()), (0o600, None));
}

#[test]
fn a_link_stays_and_its_target_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("real"), folder.path().join("link"));
    fs::write(&file, b"a").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    assert!(write(&link, b"b"));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read(&file).unwrap(), b"b");
    fs::remove_file(&file).unwrap();
    assert!(Target::read(&link).is_err(), "a link to nothing");
}

#[test]
fn what_is_not_committed_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keepalived.conf");
    drop(Target::read(&file).unwrap().stage(b"a").unwrap());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
