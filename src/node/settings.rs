//! The kernel's settings (sysctl) that decide over a node that is director and real server, and how full
//! its connection tracking is. A setting that this kernel does not have is left out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of the namespace.
const NAMES: [&str; 11] = [
    "net.ipv4.ip_forward",
    "net.ipv4.ip_nonlocal_bind",
    "net.ipv4.vs.backup_only",
    "net.ipv4.vs.conn_reuse_mode",
    "net.ipv4.vs.conntrack",
    "net.ipv4.vs.expire_nodest_conn",
    "net.ipv4.vs.sloppy_tcp",
    "net.ipv4.vs.sync_refresh_period",
    "net.ipv4.vs.sync_threshold",
    "net.netfilter.nf_conntrack_count",
    "net.netfilter.nf_conntrack_max",
];

/// Settings of each IPv4 interface.
const OF_INTERFACES: [&str; 3] = ["arp_announce", "arp_ignore", "rp_filter"];

/// Settings by their names, such as `net.ipv4.conf.eth0.arp_ignore`; several numbers have one blank
/// between them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Settings(pub BTreeMap<String, String>);

impl Settings {
    /// Reads them below `root` (/proc/sys): those of the namespace, and those of `interfaces`.
    pub fn read<'a>(root: &Path, interfaces: impl Iterator<Item = &'a str>) -> Settings {
        let mut all = BTreeMap::new();
        let mut read = |name: String, path: &str| {
            if let Ok(text) = fs::read_to_string(root.join(path)) {
                all.insert(name, text.split_whitespace().collect::<Vec<_>>().join(" "));
            }
        };
        for name in NAMES {
            read(name.to_owned(), &name.replace('.', "/"));
        }
        for interface in ["all", "default"].into_iter().chain(interfaces) {
            for name in OF_INTERFACES {
                // An interface's own name may have dots in it, as those of VLANs do.
                let path = format!("net/ipv4/conf/{interface}/{name}");
                read(format!("net.ipv4.conf.{interface}.{name}"), &path);
            }
        }
        Settings(all)
    }

    /// A setting that is a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.parse().ok()
    }

    /// What is in effect on an interface: for these settings the larger one of its own and that of
    /// `all` (Documentation/networking/ip-sysctl).
    pub fn in_effect(&self, interface: &str, name: &str) -> Option<u64> {
        let of = |interface| self.number(&format!("net.ipv4.conf.{interface}.{name}"));
        of("all").max(of(interface))
    }

    /// How many connections the kernel tracks, and how many it can.
    pub fn conntrack(&self) -> Option<(u64, u64)> {
        let of = |what| self.number(&format!("net.netfilter.nf_conntrack_{what}"));
        of("count").zip(of("max"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_one_is_in_effect_and_what_is_missing_is_left_out() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("net/ipv4/conf/all/arp_ignore", "1\n");
        write("net/ipv4/conf/eth0.7/arp_ignore", "0\n");
        write("net/ipv4/conf/eth0.7/arp_announce", "2\n");
        write("net/ipv4/vs/sync_threshold", "2\t50\n");
        write("net/netfilter/nf_conntrack_count", "10\n");
        let read = Settings::read(root.path(), ["eth0.7"].into_iter());
        assert_eq!(read.in_effect("eth0.7", "arp_ignore"), Some(1));
        assert_eq!(read.in_effect("eth0.7", "arp_announce"), Some(2));
        assert_eq!(read.in_effect("eth0.7", "rp_filter"), None);
        assert_eq!(read.0["net.ipv4.vs.sync_threshold"], "2 50");
        assert_eq!(read.conntrack(), None);
        write("net/netfilter/nf_conntrack_max", "100\n");
        let read = Settings::read(root.path(), [].into_iter());
        assert_eq!(read.conntrack(), Some((10, 100)));
    }
}
