//! Settings put in place and set back, below a directory of our own.

use super::*;

const FILE: &str =
    "# a comment\nnet.ipv4.conf.all.arp_ignore = 1\n\nnet.ipv4.vs.sync_threshold = 2 50\n";

struct Host(tempfile::TempDir);

impl Host {
    fn new(file: &str) -> Host {
        let host = Host(tempfile::tempdir().unwrap());
        fs::create_dir_all(host.at("proc/net/ipv4/conf/all")).unwrap();
        host.set("net/ipv4/conf/all/arp_ignore", "0\n");
        fs::write(host.at("sysctl.conf"), file).unwrap();
        host
    }

    fn with_ip_vs(file: &str) -> Host {
        let host = Host::new(file);
        fs::create_dir_all(host.at("proc/net/ipv4/vs")).unwrap();
        host.set("net/ipv4/vs/sync_threshold", "3\t50\n");
        host
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn set(&self, key: &str, value: &str) {
        fs::write(self.at("proc").join(key), value).unwrap();
    }

    fn get(&self, key: &str) -> String {
        fs::read_to_string(self.at("proc").join(key)).unwrap()
    }

    fn settings(&self) -> Settings {
        Settings {
            proc: self.at("proc"),
            noted: self.at("run/sysctl.before"),
            files: vec![self.at("own.conf"), self.at("sysctl.conf")],
            servers_stay: false,
        }
    }
}

#[test]
fn what_servers_that_stay_take_gives_way_to_the_file() {
    let host = Host::with_ip_vs(FILE);
    let key = "net/ipv4/vs/expire_nodest_conn";
    host.set(key, "0\n");
    host.settings().apply().unwrap();
    assert_eq!(host.get(key), "0\n");
    let staying = || Settings { servers_stay: true, ..host.settings() };
    staying().apply().unwrap();
    assert_eq!(host.get(key), "1");
    staying().restore().unwrap();
    assert_eq!(host.get(key), "0");
    fs::write(host.at("own.conf"), "net.ipv4.vs.expire_nodest_conn = 0\n").unwrap();
    staying().apply().unwrap();
    assert_eq!(host.get(key), "0");
}

#[test]
fn what_was_there_before_comes_back() {
    let host = Host::with_ip_vs(FILE);
    for _ in 0..2 {
        assert_eq!(host.settings().apply().unwrap(), Vec::<String>::new());
        assert_eq!(host.get("net/ipv4/conf/all/arp_ignore"), "1");
        assert_eq!(host.get("net/ipv4/vs/sync_threshold"), "2 50");
    }
    assert!(host.settings().restore().unwrap());
    assert_eq!(host.get("net/ipv4/conf/all/arp_ignore"), "0");
    assert_eq!(host.get("net/ipv4/vs/sync_threshold"), "3\t50");
    assert!(!host.settings().restore().unwrap());
}

#[test]
fn what_an_administrator_set_meanwhile_stays() {
    let host = Host::with_ip_vs(FILE);
    host.settings().apply().unwrap();
    host.set("net/ipv4/conf/all/arp_ignore", "2\n");
    assert!(host.settings().restore().unwrap());
    assert_eq!(host.get("net/ipv4/conf/all/arp_ignore"), "2\n");
}

/// Set back by hand, and put in place again: what counts is what was there first.
#[test]
fn the_first_value_is_the_one_that_comes_back() {
    let host = Host::with_ip_vs(FILE);
    host.settings().apply().unwrap();
    host.set("net/ipv4/conf/all/arp_ignore", "8\n");
    host.settings().apply().unwrap();
    host.settings().restore().unwrap();
    assert_eq!(host.get("net/ipv4/conf/all/arp_ignore"), "0");
}

#[test]
fn keys_of_ip_vs_may_be_missing_and_no_others() {
    let host = Host::new(FILE);
    assert_eq!(host.settings().apply().unwrap(), ["net.ipv4.vs.sync_threshold"]);
    assert_eq!(host.get("net/ipv4/conf/all/arp_ignore"), "1");
    let host = Host::new("net.ipv4.conf.all.arp_ignore = 1\nnet.ipv4.no_such = 1\n");
    let error = host.settings().apply().unwrap_err().to_string();
    assert!(error.contains("net/ipv4/no_such: No such file"), "{error}");
    assert_eq!(host.get("net/ipv4/conf/all/arp_ignore"), "0\n", "nothing is changed");
}

#[test]
fn the_administrators_file_goes_first() {
    let host = Host::new(FILE);
    fs::write(host.at("own.conf"), "net.ipv4.conf.all.arp_ignore=2\n").unwrap();
    host.settings().apply().unwrap();
    assert_eq!(host.get("net/ipv4/conf/all/arp_ignore"), "2");
}

#[test]
fn a_wrong_line_is_named_and_changes_nothing() {
    for line in
        ["arp_ignore 1", "net.ipv4.conf.all.arp_ignore =", "= 1", "net/../x = 1", "a..b = 1"]
    {
        let host = Host::new(&format!("net.ipv4.conf.all.arp_ignore = 1\n{line}\n"));
        let error = host.settings().apply().unwrap_err().to_string();
        assert!(error.contains("sysctl.conf:2: expected `KEY = VALUE`"), "{error}");
        assert_eq!(host.get("net/ipv4/conf/all/arp_ignore"), "0\n", "{line}");
    }
}

/// A VLAN has a dot in its name; an interface may be gone when its value is to be set back.
#[test]
fn a_slash_stands_for_a_dot() {
    let host = Host::new(
        "net.ipv4.conf.all/none.arp_ignore = 1\nnet.ipv4.conf.eth0/100.arp_ignore = 1\n\
         net.ipv4.conf.all.arp_ignore = 1\n",
    );
    for name in ["all.none", "eth0.100"] {
        fs::create_dir(host.at("proc/net/ipv4/conf").join(name)).unwrap();
        host.set(&format!("net/ipv4/conf/{name}/arp_ignore"), "0\n");
    }
    host.settings().apply().unwrap();
    assert_eq!(host.get("net/ipv4/conf/eth0.100/arp_ignore"), "1");
    fs::remove_dir_all(host.at("proc/net/ipv4/conf/all.none")).unwrap();
    host.settings().restore().unwrap();
    assert_eq!(host.get("net/ipv4/conf/eth0.100/arp_ignore"), "0");
    assert_eq!(host.get("net/ipv4/conf/all/arp_ignore"), "0");
}

#[test]
fn a_note_that_was_cut_says_what_to_do() {
    let host = Host::new(FILE);
    fs::create_dir(host.at("run")).unwrap();
    fs::write(host.at("run/sysctl.before"), "{\"net").unwrap();
    let error = host.settings().restore().unwrap_err().to_string();
    assert!(error.contains("delete it"), "{error}");
}
