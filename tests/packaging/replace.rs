//! Programs that are replaced while keepalived runs them. It takes a check that can't be executed for
//! a server that is up, so at each moment the old program or the new one must be there, whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::built::{make, run};

/// It stands for each of the programs: what counts is that it can be run.
const PROGRAM: &str = "/bin/true";

/// What `make dist` puts beside the files.
const SCRIPTS: [&str; 4] = ["install", "uninstall", "put", "deactivate"];

/// Enough for a few hundred runs of the program meanwhile.
const TIMES: usize = 8;

/// What `make install` would build, so that nothing has to be: programs that run, and pages.
fn built(target: &Path) {
    for program in ["lvskit", "bypass-ipvs", "smtp-check", "smtp-check-tls"] {
        let file = target.join("release").join(program);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::copy(PROGRAM, file).unwrap();
    }
    let of_each = ["lvskit", "bypass-ipvs", "smtp-check"].map(|name| {
        let completions =
            ["bash/", "fish/", "zsh/_"].map(|shell| format!("completions/{shell}{name}"));
        [completions.to_vec(), vec![format!("man/{name}.8")]].concat()
    });
    let others = ["man/lvskit-inventory.5", "crates/lvskit.cdx.json", "crates/THIRD-PARTY.txt"];
    for page in of_each.concat().into_iter().chain(others.map(str::to_owned)) {
        let file = target.join("docs").join(page);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "a").unwrap();
    }
}

fn install(target: &Path, root: &Path) {
    let variable = |name: &str, path: &Path| format!("{name}={}", path.display());
    let mut install = make();
    install.args(["-o", "build", "-o", "docs", "install"]);
    run(install.arg(variable("CARGO_TARGET_DIR", target)).arg(variable("DESTDIR", root)));
}

/// Runs the program below `root` again and again while it is replaced; how the runs ended.
fn runs_while(root: &Path, replace: impl Fn()) -> BTreeMap<String, usize> {
    let program = root.join("usr/libexec/keepalived/smtp-check");
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let runner = scope.spawn(|| {
            let mut ends = BTreeMap::new();
            while !over.load(Ordering::Relaxed) {
                let end = Command::new(&program).status();
                let end = end.map_or_else(|err| err.to_string(), |status| status.to_string());
                *ends.entry(end).or_insert(0) += 1;
            }
            ends
        });
        (0..TIMES).for_each(|_| replace());
        over.store(true, Ordering::Relaxed);
        runner.join().unwrap()
    })
}

fn assert_no_run_failed(ends: &BTreeMap<String, usize>) {
    assert_eq!(ends.keys().collect::<Vec<_>>(), ["exit status: 0"], "{ends:?}");
    assert!(ends.values().sum::<usize>() > TIMES, "{ends:?}");
}

#[test]
fn make_install_leaves_no_moment_without_a_program() {
    let folder = tempfile::tempdir().unwrap();
    let (target, root) = (folder.path().join("target"), folder.path().join("root"));
    built(&target);
    install(&target, &root);
    assert_no_run_failed(&runs_while(&root, || install(&target, &root)));
    let left = run(Command::new("find").arg(&root).args(["-name", "*.new"]));
    assert_eq!(left, "");
}

#[test]
fn the_tarball_installs_without_such_a_moment_and_removes_all() {
    let folder = tempfile::tempdir().unwrap();
    let [target, tarball, root] =
        ["target", "tarball", "root"].map(|name| folder.path().join(name));
    built(&target);
    install(&target, &tarball);
    for script in SCRIPTS {
        fs::copy(format!("packaging/dist/{script}"), tarball.join(script)).unwrap();
    }
    let script = |name| drop(run(Command::new(tarball.join(name)).env("DESTDIR", &root)));
    script("install");
    let files = |root: &Path| {
        let mut find = Command::new("find");
        run(find.arg(root.join("usr")).args(["-type", "f", "-printf", "%P %m\\n"]))
            .lines()
            .map(str::to_owned)
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(files(&root), files(&tarball));
    assert_no_run_failed(&runs_while(&root, || script("install")));
    assert_eq!(files(&root), files(&tarball));
    script("uninstall");
    assert_eq!(files(&root), BTreeSet::new());
    assert!(!root.join("usr/share/lvskit").exists() && !root.join("usr/share/doc/lvskit").exists());
}
