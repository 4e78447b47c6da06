//! Whatever is at the probe's path while real keepalived runs it, without its word the server is down. A
//! VRRP script is run by the same function as a MISC_CHECK, and needs no IPVS.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use lvskit::conf::probe::RUNNER;

use crate::common::keepalived::{Keepalived, network, wait_for};
use crate::common::netns::inside;
use crate::place::Place;

/// A program that says that it succeeds, as the probe does.
const SAYS: &[u8] = b"#!/bin/sh\n[ \"$*\" = '[a] *' ] && echo smtp-check 0\n";

/// A file's content and mode.
type Content = (Vec<u8>, u32);

/// What may be there after a crash, or by mistake.
fn contents() -> Vec<(&'static str, Option<Content>)> {
    let own = fs::read(env!("CARGO_BIN_EXE_smtp-check")).unwrap();
    vec![
        ("missing", None),
        ("empty", Some((Vec::new(), 0o755))),
        ("zeros", Some((vec![0; 100_000], 0o755))),
        ("cut64", Some((own[..64].to_vec(), 0o755))),
        ("cut700", Some((own[..700].to_vec(), 0o755))),
        ("half", Some((own[..own.len() / 2].to_vec(), 0o755))),
        ("unexecutable", Some((SAYS.to_vec(), 0o644))),
        ("interpreter", Some((b"#!/nonexistent\n".to_vec(), 0o755))),
        ("silent", Some((b"#!/bin/sh\nexit 0\n".to_vec(), 0o755))),
    ]
}

#[test]
fn whatever_is_at_the_probe_s_path_only_its_word_is_success() {
    if !inside("missing::whatever_is_at_the_probe_s_path_only_its_word_is_success") {
        return;
    }
    let place = Place::with("");
    let program = |name: &str| place.path(name).display().to_string();
    let put = |name: &str, content: &[u8], mode: u32| {
        fs::write(place.path(name), content).unwrap();
        fs::set_permissions(place.path(name), Permissions::from_mode(mode)).unwrap();
    };
    put("says", SAYS, 0o755);
    for (name, content) in contents() {
        if let Some((content, mode)) = content {
            put(name, &content, mode);
        }
    }
    fs::copy("/bin/false", program("vanishes")).unwrap();
    let names = contents().into_iter().map(|(name, _)| name);
    let mut scripts = vec![("bare".to_owned(), program("vanishes"))];
    scripts.extend(
        names
            .chain(["says"])
            .map(|name| (name.to_owned(), format!("{RUNNER} {} [a] '*'", program(name)))),
    );
    let script = |(name, command): &(String, String)| {
        format!(
            "vrrp_script {name} {{\n script \"{command}\"\n interval 1\n fall 1\n rise 1\n \
             weight 0\n user root\n}}\n"
        )
    };
    let tracked: String = scripts.iter().map(|(name, _)| format!(" {name}\n")).collect();
    let text = format!(
        "{}vrrp_instance i {{\n interface eth0\n virtual_router_id 1\n priority 100\n \
         virtual_ipaddress {{\n 192.168.3.100\n }}\n track_script {{\n{tracked} }}\n}}\n",
        scripts.iter().map(script).collect::<String>(),
    );
    let keepalived = Keepalived::start(&network(), &text, &["--log-detail"]);
    let says = |words: &str| {
        let log = || keepalived.log();
        wait_for(
            || format!("never says {words:?}:\n{}", log()),
            || log().contains(words).then_some(()),
        );
    };
    says("VRRP_Script(says) succeeded");
    for (name, _) in contents() {
        says(&format!("VRRP_Script({name}) failed (exited with status 1)"));
    }
    // The reason for a program in front of ours: keepalived takes one that is gone for a success.
    says("VRRP_Script(bare) failed (exited with status 1)");
    fs::remove_file(program("vanishes")).unwrap();
    says("VRRP_Script(bare) succeeded");
    let log = keepalived.log();
    assert_eq!(log.matches(") succeeded").count(), 2, "{log}");
    keepalived.stop();
}
