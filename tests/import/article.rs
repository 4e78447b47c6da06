//! The article's own files: what they say must come out as the sample of its cluster, so that who
//! followed the article can go on from there.

use crate::place::{NODES, PROGRAM, Place, Run};

/// The article's file, its comments shortened; the other three differ in state, priority and name.
const FILE: &str = r#"
# Секция определения общих параметров
global_defs {
   notification_email {
      # Список почтовых адресов
      unix_adm@domain.ru
   }
   notification_email_from keepalived@domain.ru
   smtp_server 192.168.3.1
   smtp_connect_timeout 30
   # Идентификатор сервера
   router_id server01.domain.ru
}

# Секция описания экземпляров VRRP (перемещаемые IP)
vrrp_instance mail_relay {
    # Начальное состояние при запуске, на остальных серверах должно быть BACKUP
    state MASTER
    interface eth0
    virtual_router_id 11
    priority 100
    advert_int 2
    authentication {
        auth_type PASS
        auth_pass mrelay
    }
    virtual_ipaddress {
        192.168.3.100
    }
    preempt
    notify_master "/etc/keepalived/bypass_ipvs.py -r 192.168.3.100"
    notify_backup "/etc/keepalived/bypass_ipvs.py -a 192.168.3.100"
    notify_fault "/etc/keepalived/bypass_ipvs.py -a 192.168.3.100"
}

virtual_server 192.168.3.100 25 {
    delay_loop 2
    lb_algo wlc
    lb_kind DR
    protocol TCP
SERVERS}
"#;

const SERVER: &str = "
    real_server 192.168.3.ADDRESS 25 {
        weight 1
        SMTP_CHECK {
            connect_timeout 5
            retry 3
            helo_name smtpchecker.domain.ru
        }
    }
";

pub fn file(place: usize) -> String {
    let servers: String =
        (101..=104).map(|n: u32| SERVER.replace("ADDRESS", &n.to_string())).collect();
    let text = FILE.replace("SERVERS", &servers).replace("server01.domain.ru", NODES[place]);
    if place == 0 {
        return text;
    }
    text.replace("state MASTER", "state BACKUP")
        .replace("priority 100", &format!("priority {}", 100 - 10 * place))
}

/// The article's four files in a place of their own, and the options that name them.
pub fn files() -> (Place, String) {
    let place = Place::with("");
    let names = ["a.conf", "b.conf", "c.conf", "d.conf"];
    for (at, name) in names.iter().enumerate() {
        place.write(name, file(at));
    }
    (place, names.join(" "))
}

/// Runs `lvskit import`.
pub fn import(place: &Place, arguments: &str) -> Run {
    let mut command = place.command(PROGRAM);
    command.arg("import").args(arguments.split_whitespace());
    Run::of(command.output().unwrap())
}

/// An inventory without its comments.
pub fn bare(inventory: &str) -> String {
    let lines = inventory.lines().filter(|line| !line.trim().starts_with('#'));
    lines.map(|line| format!("{line}\n")).collect()
}

/// Renders an inventory and compares with what the sample of the article's cluster makes.
fn renders_the_same_as_the_sample(place: &Place, inventory: &str) {
    place.write("inventory.yml", inventory);
    let sample = Place::with(include_str!("../../keepalived/samples/article.yml"));
    for node in NODES {
        assert_eq!(place.rendered(node), sample.rendered(node), "{node}");
    }
}

const INVENTORY: &str = "\
global_defs:
  notification_email: unix_adm@domain.ru
  notification_email_from: keepalived@domain.ru
  smtp_server: 192.168.3.1
  smtp_connect_timeout: 30

nodes:
  - {name: server01.domain.ru, address: 192.168.3.101}
  - {name: server02.domain.ru, address: 192.168.3.102}
  - {name: server03.domain.ru, address: 192.168.3.103}
  - {name: server04.domain.ru, address: 192.168.3.104}

vrrp_instance:
  mail_relay:
    interface: eth0
    virtual_router_id: 11
    advert_int: 2
    authentication: {auth_type: PASS, auth_pass: mrelay}
    virtual_ipaddress: 192.168.3.100

virtual_server:
  - port: 25
    delay_loop: 2
    lb_algo: wlc
    lb_kind: DR
    protocol: TCP
    check:
      type: SMTP_CHECK
      connect_timeout: 5
      retry: 3
      helo_name: smtpchecker.domain.ru
";

#[test]
fn the_article_s_files_make_the_sample_s_inventory() {
    let (place, names) = files();
    let Run { code, stdout, stderr } = import(&place, &names);
    assert_eq!((code, bare(&stdout).as_str()), (Some(0), INVENTORY), "{stderr}");
    // The article's words stay.
    assert!(stdout.contains("  # Список почтовых адресов\n  notification_email:"), "{stdout}");
    for told in [
        "note: a.conf:31, a.conf:32, a.conf:33 and 9 more: /etc/keepalived/bypass_ipvs.py gives way",
        "note: server03.domain.ru: assumed to be 192.168.3.103",
        "server04.domain.ru: gen-conf adds `lvs_sync_daemon eth0 id 11` in global_defs",
        "note: added: bypass-ipvs keeps sessions",
    ] {
        assert!(stderr.contains(told), "{told}\n{stderr}");
    }
    assert!(!stderr.contains("mrelay\n") && !stderr.contains("auth_pass"), "{stderr}");
    assert!(!stderr.contains("not in the inventory"), "{stderr}");
    renders_the_same_as_the_sample(&place, &stdout);
}

#[test]
fn one_file_is_enough() {
    let (place, _) = files();
    let Run { code, stdout, stderr } = import(&place, "a.conf");
    assert_eq!((code, bare(&stdout).as_str()), (Some(0), INVENTORY), "{stderr}");
    assert!(stderr.contains("server04.domain.ru: assumed to be 192.168.3.104"), "{stderr}");
    let guess = "mail_relay: the priorities of nodes without a file are assumed, by order";
    assert!(stderr.contains(guess), "{stderr}");
}

#[test]
fn the_other_hook_gives_way_too() {
    let place = Place::with("");
    let text = file(0).replace("bypass_ipvs.py -r", "bypass_ipvs.sh del");
    place.write("a.conf", text.replace("bypass_ipvs.py -a", "bypass_ipvs.sh add"));
    let Run { code, stdout, stderr } = import(&place, "a.conf");
    assert_eq!((code, bare(&stdout).as_str()), (Some(0), INVENTORY), "{stderr}");
}

#[test]
fn uniform_files_make_a_uniform_election() {
    let place = Place::with("");
    let text = file(0)
        .replace("state MASTER", "state BACKUP")
        .replace("    preempt\n", "    nopreempt\n")
        .replace("   router_id server01.domain.ru\n", "");
    for name in ["n1", "n2", "n3", "n4"] {
        std::fs::create_dir(place.path(name)).unwrap();
        place.write(&format!("{name}/keepalived.conf"), &text);
    }
    let files = "n1/keepalived.conf n2/keepalived.conf n3/keepalived.conf n4/keepalived.conf";
    let Run { code, stdout, stderr } = import(&place, files);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("    election: uniform\n"), "{stdout}");
    assert!(stdout.contains("{name: n3, address: 192.168.3.103}"), "{stdout}");
    assert!(!stdout.contains("  router_id") && !stdout.contains("preempt"), "{stdout}");
}

#[test]
fn one_file_for_all_nodes_is_uniform_too() {
    let sample = Place::with(include_str!("../../keepalived/samples/uniform.yml"));
    assert_eq!(sample.run("--out-dir out").code, Some(0));
    let written = sample.written();
    let text = sample.read(&written[0]);
    assert!(written.iter().all(|path| sample.read(path) == text));
    let place = Place::with("");
    place.write("keepalived.conf", &text);
    let Run { code, stdout, stderr } = import(&place, "keepalived.conf");
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("    election: uniform\n"), "{stdout}");
    assert!(!stderr.contains("priorities"), "{stderr}");
    place.write("inventory.yml", &stdout);
    assert_eq!(place.run("--stdout --node node1").stdout, text);
    // With its own name in it, it is one of several that differ.
    place.write(
        "keepalived.conf",
        text.replace("script_user root", "script_user root\nrouter_id a"),
    );
    let Run { stdout, stderr, .. } = import(&place, "keepalived.conf");
    assert!(!stdout.contains("uniform"), "{stdout}");
    assert!(stderr.contains("the priorities of nodes without a file are assumed"), "{stderr}");
}

/// On a MASTER it would take what IPVS should balance.
#[test]
fn the_old_hook_s_rule_is_to_be_removed() {
    let (place, names) = files();
    let rule = "note: the old hook's iptables rule outlives it";
    let Run { stderr, .. } = import(&place, &names);
    assert_eq!(stderr.matches(rule).count(), 1, "{stderr}");
    for told in
        ["`iptables -t nat -S PREROUTING | grep REDIRECT`", "`iptables -t nat -D PREROUTING"]
    {
        assert!(stderr.contains(told), "{told}\nin {stderr}");
    }
    // Ours leave none.
    let sample = Place::with(include_str!("../../keepalived/samples/article.yml"));
    sample.write("a.conf", sample.rendered(NODES[0]));
    let Run { code, stderr, .. } = import(&sample, "a.conf");
    assert_eq!(code, Some(0), "{stderr}");
    assert!(!stderr.contains("iptables"), "{stderr}");
}

/// Nodes that serve, with hooks that bypass-ipvs can't take the place of.
#[test]
fn hooks_that_nobody_knows_are_told() {
    let told = "a.conf:16: the nodes are servers too, and no hook here is known to let them serve \
                without the address; `bypass: false` leaves that as it is; ";
    let place = Place::with("");
    let address = "a.conf --address 192.168.3.101";
    for (old, new) in [
        ("bypass_ipvs.py -r 192.168.3.100", "lvs-dr.sh master"),
        ("bypass_ipvs.py -r", "bypass_ipvs.py -d"),
    ] {
        place.write("a.conf", file(0).replace(old, new));
        let Run { code, stdout, stderr } = import(&place, address);
        assert_eq!(code, Some(0), "{stderr}");
        assert!(stdout.starts_with("bypass: false\n"), "{stdout}");
        assert!(stderr.contains(told), "{stderr}");
        // As it says, line by line.
        let ours = |line: &&str| {
            !["bypass:", "drain_file:", "notify_"].iter().any(|key| line.trim().starts_with(key))
        };
        let lines: Vec<&str> = stdout.lines().filter(ours).collect();
        place.write("inventory.yml", lines.join("\n"));
        assert!(
            place.rendered(NODES[0]).contains("bypass-ipvs --keep-sessions --service tcp/25 -r"),
            "{lines:?}"
        );
    }
    // Servers of their own need none.
    let Run { stderr, .. } = import(&place, "a.conf --address 192.168.3.10");
    assert!(!stderr.contains("servers too"), "{stderr}");
}
