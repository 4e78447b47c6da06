//! A node, or the limits of keepalived's service, without any more files, processes or memory: the probe
//! never calls a server up that it has not seen up, and what it says is not that lvskit is damaged.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use super::real::skipped;
use super::run::{PROGRAM, good, run};
use super::server::FakeServer;

fn limited(limit: &str, port: u16, options: &str) -> Output {
    let mut command = Command::new("prlimit");
    command.args([limit, PROGRAM, "127.0.0.1", "--retry", "0", "-p", &port.to_string()]);
    command.args(options.split_whitespace());
    run(command)
}

/// From too little for the loader to enough.
#[test]
fn no_shortage_is_a_server_that_is_up() {
    let server = FakeServer::local(good());
    // It says nothing, and has not even accepted the connection.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let files = (3..=10).map(|files| format!("--nofile={files}"));
    let memory = (2..=24).step_by(2).map(|megabytes| format!("--as={megabytes}000000"));
    let mut seen_up = 0;
    for limit in files.chain(memory) {
        for options in ["", "--compat", "--nagios", "--starttls", "--tls --dynamic"] {
            let options = format!("{options} --deadline 0.2");
            let down = limited(&limit, port, &options);
            assert_ne!(down.status.code(), Some(0), "{limit} {options}: {down:?}");
        }
        let up = limited(&limit, server.address().port(), "");
        let told = String::from_utf8_lossy(&up.stdout).ends_with(" up\n");
        assert_eq!(up.status.code() == Some(0), told, "{limit}: {up:?}");
        seen_up += usize::from(told);
    }
    assert!(seen_up > 0);
}

/// The program with TLS is there; it is the process or the system that has no more of something.
#[test]
fn a_program_with_tls_that_cant_be_started_for_want_of_something_is_not_missing() {
    let refused = limited("--nofile=4", 9, "--tls");
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(told.contains("raise LimitNOFILE") && !told.contains("install"), "{told}");
    if !nix::unistd::geteuid().is_root() {
        return skipped("shortages, of processes", "needs root, to change users");
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    for program in [PROGRAM.to_owned(), format!("{PROGRAM}-tls")] {
        let name = program.rsplit('/').next().unwrap();
        fs::copy(&program, folder.path().join(name)).unwrap();
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65533", "--clear-groups", "prlimit", "--nproc=1"]);
    command.arg(folder.path().join("smtp-check")).args(["127.0.0.1", "-p", "9", "--tls"]);
    let refused = run(command);
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(told.contains("raise TasksMax") && !told.contains("install"), "{told}");
}
