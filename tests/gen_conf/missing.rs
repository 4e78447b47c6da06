//! A program that vanishes while real keepalived runs it. A VRRP script is run by the same function as a
//! MISC_CHECK, and needs no IPVS.

use std::fs;

use crate::common::keepalived::{Keepalived, network, wait_for};
use crate::common::netns::inside;
use crate::place::Place;

/// The reason for the program in front of ours.
#[test]
fn keepalived_takes_a_program_that_is_missing_for_a_success_unless_another_runs_it() {
    if !inside(
        "missing::keepalived_takes_a_program_that_is_missing_for_a_success_unless_another_runs_it",
    ) {
        return;
    }
    let place = Place::with("");
    let program = place.path("fails").display().to_string();
    fs::copy("/bin/false", &program).unwrap();
    let script = |name: &str, runner: &str| {
        format!(
            "vrrp_script {name} {{\n script \"{runner}{program}\"\n interval 1\n fall 1\n rise 1\n \
             weight 0\n user root\n}}\n"
        )
    };
    let text = format!(
        "{}{}vrrp_instance i {{\n interface eth0\n virtual_router_id 1\n priority 100\n \
         virtual_ipaddress {{\n 192.168.3.100\n }}\n track_script {{\n bare\n run\n }}\n}}\n",
        script("bare", ""),
        script("run", "/usr/bin/env "),
    );
    let keepalived = Keepalived::start(&network(), &text, &["--log-detail"]);
    let says = |words: &str| {
        let log = || keepalived.log();
        wait_for(
            || format!("never says {words:?}:\n{}", log()),
            || log().contains(words).then_some(()),
        );
    };
    says("bare) failed (exited with status 1)");
    says("run) failed (exited with status 1)");
    fs::remove_file(&program).unwrap();
    says("bare) succeeded");
    says("Script `run` now returning 127");
    assert!(!keepalived.log().contains("run) succeeded"), "{}", keepalived.log());
    keepalived.stop();
}
