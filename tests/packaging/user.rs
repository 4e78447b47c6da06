//! The user that keepalived runs smtp-check as. Where it is missing, keepalived drops the check and
//! the server stays in the balance whatever happens to it, so each way of installing must make it.

use std::fs;
use std::path::Path;
use std::process::Command;

use nix::mount::{MsFlags, mount};

use crate::built::{installed, rpms, run};
use crate::common::netns::inside;

const SYSUSERS: &str = "usr/lib/sysusers.d/lvskit.conf";
const USER: &str = "lvskit";

/// /etc/passwd's line of the user.
fn line_of_user(passwd: &Path) -> Option<Vec<String>> {
    let text = fs::read_to_string(passwd).unwrap();
    let mut lines = text.lines().map(|line| line.split(':').map(str::to_owned).collect());
    lines.find(|fields: &Vec<String>| fields[0] == USER)
}

#[track_caller]
fn is_a_system_user_that_can_do_nothing(passwd: &Path) {
    let fields = line_of_user(passwd).expect("there is such a user");
    let id: u32 = fields[2].parse().unwrap();
    assert!((1..1000).contains(&id), "{fields:?}");
    assert_eq!((fields[5].as_str(), fields[6].as_str()), ("/", "/usr/sbin/nologin"));
}

#[test]
fn it_is_the_one_that_the_rendered_files_name() {
    let inventory = installed().join("usr/share/doc/lvskit/keepalived/inventory.yml");
    let text = fs::read_to_string(inventory).unwrap();
    let probed = text.replace("type: SMTP_CHECK", "type: smtp-check");
    assert_ne!(text, probed);
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("inventory.yml");
    fs::write(&inventory, probed).unwrap();
    let conf = run(Command::new(installed().join("usr/bin/lvskit"))
        .args(["gen-conf", "--stdout", "-i"])
        .arg(inventory));
    assert!(conf.contains(&format!("\n            user {USER}\n")), "{conf}");
}

#[test]
fn systemd_makes_it_and_leaves_one_that_is_there_alone() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("usr/lib/sysusers.d");
    fs::create_dir_all(&folder).unwrap();
    fs::create_dir(root.path().join("etc")).unwrap();
    fs::copy(installed().join(SYSUSERS), folder.join("lvskit.conf")).unwrap();
    let passwd = root.path().join("etc/passwd");
    let option = format!("--root={}", root.path().display());
    let mut make = Command::new("systemd-sysusers");
    run(make.args([&option, "lvskit.conf"]));
    is_a_system_user_that_can_do_nothing(&passwd);
    let before = fs::read_to_string(&passwd).unwrap();
    run(&mut make);
    assert_eq!(fs::read_to_string(&passwd).unwrap(), before);
}

/// The two ways without systemd: the line that the documents name, and the RPM's own script. Each
/// works on a copy of /etc.
#[test]
fn useradd_makes_the_same() {
    if !inside("user::useradd_makes_the_same") {
        return;
    }
    if !nix::unistd::geteuid().is_root() || fs::metadata("/etc/shadow").is_err() {
        panic!("needs root: useradd writes /etc");
    }
    let etc = tempfile::tempdir().unwrap();
    run(Command::new("cp").args(["-a", "/etc/."]).arg(etc.path()));
    mount(Some(etc.path()), "/etc", None::<&str>, MsFlags::MS_BIND, None::<&str>).unwrap();
    let passwd = Path::new("/etc/passwd");
    if line_of_user(passwd).is_some() {
        run(Command::new("userdel").arg(USER));
    }
    // Not the installed ones: this process would install them again, below the other tests.
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sysusers = fs::read_to_string(repository.join("packaging/sysusers.d/lvskit.conf")).unwrap();
    let by_hand = sysusers.lines().find_map(|line| line.strip_prefix("# useradd ")).unwrap();
    for document in ["packaging/README.md", "keepalived/README.md"] {
        let text = fs::read_to_string(repository.join(document)).unwrap();
        assert!(text.contains(&format!("useradd {by_hand}")), "{document} lacks `{by_hand}`");
    }
    run(Command::new("sh").args(["-ec", &format!("useradd {by_hand}")]));
    is_a_system_user_that_can_do_nothing(passwd);

    run(Command::new("userdel").arg(USER));
    assert_eq!(line_of_user(passwd), None);
    let spec = fs::read_to_string(repository.join("packaging/rpm/lvskit.spec")).unwrap();
    let script = spec.split_once("\n%pre node\n").unwrap().1.split_once("\n\n").unwrap().0;
    for _ in 0..2 {
        run(Command::new("sh").args(["-ec", script]));
        is_a_system_user_that_can_do_nothing(passwd);
    }
}

#[test]
fn the_rpm_has_the_script() {
    let script = run(Command::new("rpm").args(["-qp", "--qf", "%{PREIN}"]).arg(&rpms().node));
    assert!(script.contains(&format!("useradd -r -g {USER} ")), "{script}");
}
