//! What findings say and keep to themselves, and what is not looked for: where the table of [`super`] is not enough.

use super::*;

/// Two texts that mean the same are one configuration; what differs is told, but for passwords.
#[test]
fn what_runs_is_compared_by_its_meaning() {
    let mut facts = healthy();
    let runs = "vrrp_instance mail {\n interface eth0\n priority 100\n}\n";
    let same = "# changed\nvrrp_instance mail {\n  priority 100 ! so\n\n  interface \"eth0\"\n}\n";
    facts.loaded = Ok(Some(read(runs, same)));
    assert_eq!(found(&facts), [] as [&str; 0]);

    let text = |auth: &str, vips: &str| {
        format!(
            "vrrp_instance mail {{\n authentication {{\n auth_type PASS\n auth_pass {auth}\n }}\n \
             virtual_ipaddress {{\n {vips}\n }}\n}}\n"
        )
    };
    let on_disk = text("secret", "10.0.0.1\n10.0.0.2\n10.0.0.3\n10.0.0.4");
    facts.loaded = Ok(Some(read(&text("hidden", "10.0.0.1"), &on_disk)));
    let all: Vec<_> = REGISTRY.iter().flat_map(|lint| lint.find(&facts)).collect();
    assert_eq!(all.len(), 1, "{all:?}");
    let told = &all[0].evidence;
    for part in [
        "was read at 2025-11-25 04:10:12 UTC; since then: ",
        "on disk: vrrp_instance mail / ",
        "; 1 more",
    ] {
        assert!(told.contains(part), "{told}");
    }
    assert!(!told.contains("secret") && !told.contains("hidden"), "{told}");
}

/// A keepalived that the policy does not confine runs and reads everything; other programs are not judged.
#[test]
fn labels_matter_to_a_confined_keepalived_alone() {
    let mut facts = healthy();
    let right = [
        ("/usr/libexec/keepalived/bypass-ipvs", "keepalived_unconfined_script_exec_t"),
        ("/run/keepalived-lvskit/drain", "keepalived_var_run_t"),
        ("/usr/local/bin/other", "bin_t"),
        ("/run/other", "var_run_t"),
    ];
    facts.selinux = Some(types("keepalived_t", &right));
    assert_eq!(found(&facts), [] as [&str; 0]);
    let wrong = [("/opt/bin/bypass-ipvs", "bin_t")];
    facts.selinux = Some(types("unconfined_service_t", &wrong));
    assert_eq!(found(&facts), [] as [&str; 0]);
    facts.selinux = Some(types("keepalived_t", &wrong));
    let all: Vec<_> = REGISTRY.iter().flat_map(|lint| lint.find(&facts)).collect();
    let told = "/opt/bin/bypass-ipvs has the type bin_t, not keepalived_unconfined_script_exec_t";
    assert_eq!((all.len(), all[0].evidence.as_str()), (1, told));
}

/// A password is compared by its first eight bytes, as keepalived sends it, and never told.
#[test]
fn passwords_are_never_told() {
    let mut facts = healthy();
    config(&mut facts).instances[0].auth_pass = Some("secret-and-longer".into());
    adverts(&mut facts, |advert| {
        advert.authentication = Authentication::Password(b"secret-a".to_vec());
    });
    assert_eq!(found(&facts), [] as [&str; 0]);
    config(&mut facts).instances[0].auth_pass = Some("hidden".into());
    let all: Vec<_> = REGISTRY.iter().flat_map(|lint| lint.find(&facts)).collect();
    assert_eq!(all.len(), 1);
    let told = format!("{all:?}");
    assert!(!told.contains("secret") && !told.contains("hidden"), "{told}");
}

/// What could not be read is never taken for a fault.
#[test]
fn what_could_not_be_read_is_not_looked_for() {
    use crate::doctor::lint::Needs;
    use crate::node::state::Unread;
    let mut facts = healthy();
    for (source, needs) in [
        (
            "keepalived.conf",
            &[Needs::Config, Needs::Guards, Needs::Ipvs, Needs::Daemon, Needs::Wire][..],
        ),
        ("guards", &[Needs::Guards]),
        ("IPVS", &[Needs::Daemon]),
    ] {
        facts.status.node.unread = vec![Unread { source: source.into(), why: "no".into() }];
        let all =
            [Needs::Nothing, Needs::Config, Needs::Guards, Needs::Ipvs, Needs::Daemon, Needs::Wire];
        for one in all {
            assert_eq!(facts.missing(one).is_some(), needs.contains(&one), "{source} {one:?}");
        }
    }
    facts.status.node.unread.clear();
    facts.wire = Err("no".into());
    assert!(facts.missing(Needs::Wire).is_some());
}
