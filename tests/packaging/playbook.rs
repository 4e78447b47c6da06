//! The example playbook, in a network namespace: which node gets a file and reloads, what is told, and
//! that no password shows however loudly Ansible runs.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use crate::built::run;
use crate::common::netns::inside;
use crate::site::{NODES, PASSWORD, Site, documented};

#[test]
fn each_node_gets_its_file_once() {
    if !inside("playbook::each_node_gets_its_file_once") {
        return;
    }
    let site = Site::new();
    let check = site.play(&["--check"]).succeeded().without(PASSWORD);
    assert!(check.changed() >= NODES.len() as u32, "{}", check.text);
    assert!(NODES.iter().all(|node| !site.conf(node).exists()), "--check installed a file");
    assert!(!site.path("rendered").exists(), "--check wrote on the controller");

    let play = site.play(&[]).succeeded().without(PASSWORD);
    assert!(!play.text.contains("DEPRECATION"), "{}", play.text);
    for node in NODES {
        let text = fs::read_to_string(site.conf(node)).unwrap();
        assert!(text.contains(PASSWORD) && text.contains(&format!("router_id {node}")), "{text}");
        let file = fs::metadata(site.conf(node)).unwrap();
        assert_eq!((file.mode() & 0o7777, file.uid(), file.gid()), (0o640, 0, 0), "{node}");
    }
    assert_eq!(site.reloaded(), NODES);

    let again = site.play(&[]).succeeded();
    assert_eq!((again.changed(), site.reloaded().len()), (0, 0), "{}", again.text);

    site.edit_inventory("virtual_router_id: 11", "virtual_router_id: 256");
    let play = site.play(&[]).failed().without(PASSWORD);
    assert!(play.text.contains("error: invalid virtual_router_id `256`"), "{}", play.text);
}

#[test]
fn only_a_node_whose_file_differs_reloads() {
    if !inside("playbook::only_a_node_whose_file_differs_reloads") {
        return;
    }
    let site = Site::rolled_out();
    fs::write(site.conf(NODES[1]), "edited by hand\n").unwrap();
    site.play(&[]).succeeded().without(PASSWORD);
    assert_eq!(site.reloaded(), [NODES[1]]);

    site.edit_inventory("auth_pass: mrelay", "auth_pass: n3w-pass");
    let play = site.play(&[]).failed().without(PASSWORD).without("n3w-pass");
    assert!(play.text.contains("auth_pass changes. Nodes with the old"), "{}", play.text);
    assert!(site.reloaded().is_empty());
    site.play(&["-e", "lvskit_split=reload"]).succeeded().without(PASSWORD).without("n3w-pass");
    assert_eq!(site.reloaded(), NODES);
    assert!(fs::read_to_string(site.conf(NODES[0])).unwrap().contains("n3w-pass"));
}

#[test]
fn check_mode_tells_what_a_run_would_change() {
    if !inside("playbook::check_mode_tells_what_a_run_would_change") {
        return;
    }
    let site = Site::rolled_out();
    assert_eq!(site.play(&["--check"]).succeeded().changed(), 0);
    // What was rendered before is no measure: this node's file was changed by hand.
    let conf = fs::read_to_string(site.conf(NODES[2])).unwrap();
    let by_hand = conf.replace("auth_pass mrelay", "auth_pass by-hand");
    fs::write(site.conf(NODES[2]), &by_hand).unwrap();
    let check = site.play(&["--check"]).succeeded().without(PASSWORD).without("by-hand");
    assert_eq!(check.changed(), 1, "{}", check.text);
    assert!(check.text.contains("+        auth_pass ********"), "{}", check.text);

    site.edit_inventory("advert_int: 1", "advert_int: 3");
    let check = site.play(&["--check"]).succeeded().without(PASSWORD).without("by-hand");
    assert_eq!(check.changed(), 1 + NODES.len() as u32, "{}", check.text);
    assert!(check.text.contains("+    advert_int 3"), "{}", check.text);
    assert_eq!(fs::read_to_string(site.conf(NODES[2])).unwrap(), by_hand, "nothing was written");
    assert!(site.reloaded().is_empty());

    // keepalived looks at it too.
    site.edit_inventory("interface: eth0", "interface: eth7");
    let check = site.play(&["--check"]).failed().without(PASSWORD).without("by-hand");
    assert!(check.text.contains("interface eth7"), "{}", check.text);
    site.edit_inventory("interface: eth7", "interface: eth0");

    // Where lvskit is missing on a node, the reason is told although the task is not shown.
    let play = site.play(&["--check", "-e", "keepalived_conf=/dev/null/x"]).failed();
    assert!(play.text.contains("can't be read: Not a directory"), "{}", play.text);
}

/// What only the controller has, no node needs: neither the file nor the variable, nor the inventory.
#[test]
fn a_password_may_stand_outside_of_the_inventory() {
    if !inside("playbook::a_password_may_stand_outside_of_the_inventory") {
        return;
    }
    let site = Site::new();
    fs::write(site.path("vrrp_pass"), PASSWORD).unwrap();
    let mut before = "auth_pass: mrelay".to_owned();
    for place in ["{env: VRRP_PASS}", "{file: vrrp_pass}"] {
        let auth_pass = format!("auth_pass: {place}");
        site.edit_inventory(&before, &auth_pass);
        before = auth_pass;
        let check = site.play(&["--check"]).succeeded().without(PASSWORD);
        assert!(check.text.contains("+        auth_pass ********"), "{place}: {}", check.text);
    }
    site.play(&[]).succeeded().without(PASSWORD);
    assert!(fs::read_to_string(site.conf(NODES[2])).unwrap().contains("auth_pass mrelay"));
    assert_eq!(site.play(&["--check"]).succeeded().changed(), 0);
}

/// All of it, or only the password, as ansible-vault's two commands do it.
#[test]
fn an_encrypted_inventory_is_decrypted() {
    if !inside("playbook::an_encrypted_inventory_is_decrypted") {
        return;
    }
    let site = Site::new();
    // A line that Ansible would take apart, were it not text.
    site.edit_inventory("nodes: #", "raw: '# {{ of Ansible }}'\nnodes: #");
    let plain = fs::read_to_string(site.path("inventory.yml")).unwrap();
    fs::write(site.path("key"), "the vault's own").unwrap();
    site.vault(&["encrypt", "inventory.yml"]);
    let play = site.play(&["--check"]).failed();
    assert!(play.text.contains("no vault secrets found"), "{}", play.text);
    let with_key = ["--vault-password-file", "key"];
    let check = site.play(&[&with_key[..], &["--check"]].concat()).succeeded().without(PASSWORD);
    assert!(check.text.contains("+        auth_pass ********"), "{}", check.text);
    site.play(&with_key).succeeded().without(PASSWORD);
    let conf = fs::read_to_string(site.conf(NODES[0])).unwrap();
    assert!(conf.contains("auth_pass mrelay") && conf.contains("# {{ of Ansible }}"), "{conf}");
    site.reloaded();

    let variable = site.vault(&["encrypt_string", "--name", "vrrp_pass", "n3w-pass"]);
    let template = documented("lvskit_inventory_text");
    fs::write(site.path("vars.yml"), format!("{template}\n{variable}\n")).unwrap();
    let template = plain.replace("auth_pass: mrelay", "auth_pass: \"{{ vrrp_pass }}\"");
    fs::write(site.path("inventory.yml"), template.replace("{{ of Ansible }}", "")).unwrap();
    let with_key = [&with_key[..], &["-e", "@vars.yml"]].concat();
    let check = site.play(&[&with_key[..], &["--check"]].concat());
    check.succeeded().without(PASSWORD).without("n3w-pass");
    let at_once = ["-e", "lvskit_split=reload"];
    site.play(&[&with_key[..], &at_once].concat()).succeeded().without("n3w-pass");
    assert!(fs::read_to_string(site.conf(NODES[0])).unwrap().contains("auth_pass n3w-pass"));
}

/// Which Ansible would turn into a structure of its own, and back into something else.
#[test]
fn the_inventory_may_be_json() {
    if !inside("playbook::the_inventory_may_be_json") {
        return;
    }
    let site = Site::new();
    let json = r#"{"nodes": [{"name": "server01.domain.ru", "address": "192.168.3.101"},
        {"name": "server02.domain.ru", "address": "192.168.3.102"},
        {"name": "server03.domain.ru", "address": "192.168.3.103"}],
        "keep_sessions": true, "vrrp_instance": {"m": {"interface": "eth0",
        "virtual_router_id": 11, "virtual_ipaddress": "192.168.3.100"}}}"#;
    fs::write(site.path("inventory.yml"), json).unwrap();
    site.play(&[]).succeeded();
    assert_eq!(site.reloaded(), NODES);
    assert_eq!(site.play(&["--check"]).succeeded().changed(), 0);
}

#[test]
fn a_wrong_inventory_reaches_no_node() {
    if !inside("playbook::a_wrong_inventory_reaches_no_node") {
        return;
    }
    let site = Site::rolled_out();
    // The files rendered before must not stand in for those that can't be.
    fs::write(site.conf(NODES[0]), "edited by hand\n").unwrap();
    site.edit_inventory("virtual_router_id: 11", "virtual_router_id: 256");
    let play = site.play(&[]).failed().without(PASSWORD);
    assert!(play.text.contains("error: invalid virtual_router_id `256`"), "{}", play.text);
    assert!(play.text.contains("inventory.yml:30:24"), "{}", play.text);
    assert!(!play.text.contains("The conditional check"), "{}", play.text);
    assert_eq!(fs::read_to_string(site.conf(NODES[0])).unwrap(), "edited by hand\n");
    assert!(site.reloaded().is_empty());
}

/// Its old file lies in the folder still.
#[test]
fn a_node_that_left_the_inventory_ends_the_play() {
    if !inside("playbook::a_node_that_left_the_inventory_ends_the_play") {
        return;
    }
    let site = Site::rolled_out();
    site.edit_inventory("  - {name: server03.domain.ru, address: 192.168.3.103}\n", "");
    for node in NODES {
        fs::write(site.conf(node), "edited by hand\n").unwrap();
    }
    for options in [&["--check"][..], &[]] {
        let play = site.play(options).failed().without(PASSWORD);
        assert!(play.text.contains("server03.domain.ru is no node of "), "{}", play.text);
        assert!(!play.text.contains("server01.domain.ru is no node of "), "{}", play.text);
    }
    assert!(site.path("rendered").join(NODES[2]).join("keepalived.conf").exists());
    for node in NODES {
        assert_eq!(fs::read_to_string(site.conf(node)).unwrap(), "edited by hand\n", "{node}");
    }
    assert!(site.reloaded().is_empty());
    // Who goes on without it says so.
    site.play(&["--limit", "!server03.domain.ru"]).succeeded();
    assert_eq!(site.reloaded(), [NODES[0], NODES[1]]);
}

/// The other way round: it would drop what the others forward to it.
#[test]
fn a_node_that_is_no_host_ends_the_play() {
    if !inside("playbook::a_node_that_is_no_host_ends_the_play") {
        return;
    }
    let site = Site::new();
    let hosts = fs::read_to_string(site.path("hosts")).unwrap();
    fs::write(site.path("hosts"), hosts.replace("server03.domain.ru\n", "")).unwrap();
    let play = site.play(&[]).failed().without(PASSWORD);
    assert!(play.text.contains("server03.domain.ru: in "), "{}", play.text);
    assert!(site.reloaded().is_empty());
    let on_purpose = r#"{"lvskit_missing_hosts": ["server03.domain.ru"]}"#;
    site.play(&["-e", on_purpose]).succeeded();
    assert_eq!(site.reloaded(), [NODES[0], NODES[1]]);
}

/// Files of two inventories at once can make two MASTERs.
#[test]
fn a_node_that_refuses_its_file_stops_all_of_them() {
    if !inside("playbook::a_node_that_refuses_its_file_stops_all_of_them") {
        return;
    }
    let site = Site::rolled_out();
    site.edit_inventory("garp_master_refresh: 10", "garp_master_refresh: 11");
    let vars = "keepalived_validate: sh -c '! grep \"router_id server03\" \"$1\"' sh %s\n";
    fs::write(site.path("vars.yml"), vars).unwrap();
    let play = site.play(&["-e", "@vars.yml"]).failed().without(PASSWORD);
    assert!(play.text.contains("router_id server03.domain.ru"), "{}", play.text);
    for node in NODES {
        let conf = fs::read_to_string(site.conf(node)).unwrap();
        assert!(conf.contains("garp_master_refresh 10\n"), "{node}: {conf}");
        assert!(!site.conf(node).with_extension("conf.new").exists(), "{node}");
    }
    assert!(site.reloaded().is_empty());
}

/// One of them: the others must not go on without it.
#[test]
fn a_node_that_can_not_be_reached_stops_all_of_them() {
    if !inside("playbook::a_node_that_can_not_be_reached_stops_all_of_them") {
        return;
    }
    let site = Site::new();
    let hosts = fs::read_to_string(site.path("hosts")).unwrap();
    let gone =
        format!("{} ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1\n", NODES[2]);
    fs::write(site.path("hosts"), hosts.replace(&format!("{}\n", NODES[2]), &gone)).unwrap();
    let play = site.play(&[]).failed().without(PASSWORD);
    assert!(play.text.contains("UNREACHABLE"), "{}", play.text);
    assert!(NODES.iter().all(|node| !site.conf(node).exists()), "{}", play.text);
    assert!(site.reloaded().is_empty());
}

/// No lvskit on a node, no sudo: what failed is told although the task is not shown.
#[test]
fn a_node_that_can_not_compare_says_why() {
    if !inside("playbook::a_node_that_can_not_compare_says_why") {
        return;
    }
    let site = Site::new();
    // The controller has it.
    let own = concat!(
        "{{ '/no/lvskit' if ansible_check_mode and 'own' in vars else '",
        env!("CARGO_BIN_EXE_lvskit"),
        "' }}"
    );
    let own = format!("{{\"lvskit\": \"{own}\"}}");
    let play = site.play(&["--check", "-e", &own]).failed().without(PASSWORD);
    assert!(play.text.contains("/no/lvskit"), "{}", play.text);
    assert!(!play.text.contains("has no attribute"), "{}", play.text);
}

#[test]
fn a_file_that_keepalived_refuses_is_not_installed() {
    if !inside("playbook::a_file_that_keepalived_refuses_is_not_installed") {
        return;
    }
    let site = Site::rolled_out();
    let before = fs::read(site.conf(NODES[0])).unwrap();
    site.edit_inventory("interface: eth0", "interface: eth7");
    let play = site.play(&[]).failed().without(PASSWORD);
    assert!(play.text.contains("interface eth7"), "{}", play.text);
    assert_eq!(fs::read(site.conf(NODES[0])).unwrap(), before);
    assert!(site.reloaded().is_empty());
}

/// keepalived 2.2.5 to 2.2.7 end with 143 in the first two of these cases, one of which is wrong; other
/// releases end with 0 in the first.
#[test]
fn only_a_keepalived_that_kills_itself_is_let_pass() {
    if !inside("playbook::only_a_keepalived_that_kills_itself_is_let_pass") {
        return;
    }
    let site = Site::new();
    fs::write(site.path("vars.yml"), documented("keepalived_validate")).unwrap();
    let text = fs::read_to_string(site.path("inventory.yml")).unwrap();
    let (before, _) = text.split_once("    check: #").unwrap();
    for (user, raw, refused) in [
        ("nobody", "", None),
        ("nobody", "raw: nonsense\n", Some("Unknown keyword 'nonsense'")),
        ("no-such-user", "", Some("Failed to set uid/gid for misc checker script")),
    ] {
        let check =
            format!("    check: {{type: MISC_CHECK, misc_path: /bin/true, user: {user}}}\n");
        fs::write(site.path("inventory.yml"), format!("{before}{check}{raw}")).unwrap();
        let play = site.play(&["-e", "@vars.yml"]);
        match refused {
            None => {
                play.succeeded();
                assert_eq!(site.reloaded(), NODES);
            }
            Some(words) => {
                let play = play.failed();
                assert!(play.text.contains(words), "{}", play.text);
                assert!(site.reloaded().is_empty());
            }
        }
    }
}

/// One for the node, whatever addresses it has.
#[test]
fn the_watcher_is_enabled() {
    if !inside("playbook::the_watcher_is_enabled") {
        return;
    }
    let site = Site::new();
    let folder = site.path("enabled");
    fs::create_dir(&folder).unwrap();
    // touch makes a file of the unit's name in the folder that env changes to.
    let enable = format!("bypass_ipvs_enable='env -C {} touch'", folder.display());
    let play = site.play(&["-e", &enable, "--check"]).succeeded();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "{}", play.text);
    site.play(&["-e", &enable]).succeeded();
    let units: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|unit| unit.unwrap().file_name()).collect();
    assert_eq!(units, ["bypass-ipvs.service"]);
}

/// What ansible-lint's strictest profile has to say, but for what `.ansible-lint` argues.
#[test]
fn ansible_lint_finds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    run(Command::new("cp").arg("-rT").arg(repository.join("packaging/ansible")).arg(folder.path()));
    let venv = repository.join("target/ansible-lint/bin");
    let mut lint = Command::new(venv.join("ansible-lint"));
    lint.args(["--offline", "--nocolor", "-q"]).current_dir(folder.path());
    lint.env("PATH", format!("{}:/usr/bin:/bin", venv.display()));
    assert_eq!(run(&mut lint), "");
}
