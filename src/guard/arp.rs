//! Whether this node keeps silent about an address that it does not hold. With the fallback route
//! the VIP is a local address of every node; unless the kernel is told otherwise, each would answer
//! ARP requests for it, and announce it in its own. IPv6 has no such question: neighbour discovery
//! answers for configured addresses only.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The settings of all IPv4 interfaces, in the network namespace of the reader.
pub const CONF: &str = "/proc/sys/net/ipv4/conf";

/// A setting, and the values with which the route is safe (Documentation/networking/ip-sysctl).
struct Setting {
    name: &'static str,
    safe: &'static [u32],
    wanted: u32,
}

const SETTINGS: [Setting; 2] = [
    // 1, 2: answer for addresses of the interface itself; 3: only for global and link ones.
    Setting { name: "arp_ignore", safe: &[1, 2, 3], wanted: 1 },
    // 2: never name an address of another interface as the sender's.
    Setting { name: "arp_announce", safe: &[2], wanted: 2 },
];

/// Why the fallback route would be unsafe.
#[derive(Debug, thiserror::Error)]
pub enum ArpError {
    /// A setting in effect on an interface lets it answer or announce.
    #[error(
        "{name} in effect on {interface} is {value}: the node would claim an address that it does \
         not hold; net.ipv4.conf.all.{name} must be {wanted}: `systemctl restart lvskit-settings` sets it"
    )]
    Unsafe {
        /// The interface.
        interface: String,
        /// `arp_ignore` or `arp_announce`.
        name: &'static str,
        /// The larger one of the interface's value and that of `all`, which is what counts.
        value: u32,
        /// What to set.
        wanted: u32,
    },
    /// A setting could not be read.
    #[error("{}: {source}; without it nobody knows whether the route is safe", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

/// Reads back what is in effect on every interface but the loopback one.
///
/// # Errors
/// The first interface that would claim a foreign address, or the first unreadable setting.
pub fn check(conf: &Path) -> Result<(), ArpError> {
    let name = |entry: io::Result<fs::DirEntry>| {
        entry.map(|entry| entry.file_name().to_string_lossy().into_owned())
    };
    let listed = fs::read_dir(conf).and_then(|entries| entries.map(name).collect());
    let mut interfaces: Vec<String> =
        listed.map_err(|source| ArpError::Read { path: conf.to_owned(), source })?;
    // `default` counts: an interface that appears later starts with its values.
    interfaces.retain(|name| !matches!(name.as_str(), "all" | "lo"));
    interfaces.sort();
    for setting in &SETTINGS {
        let of_all = value(conf, "all", setting.name)?;
        for interface in &interfaces {
            let own = match value(conf, interface, setting.name) {
                // It has gone meanwhile.
                Err(ArpError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                    continue;
                }
                other => other?,
            };
            let value = of_all.max(own);
            if !setting.safe.contains(&value) {
                let (interface, name, wanted) = (interface.clone(), setting.name, setting.wanted);
                return Err(ArpError::Unsafe { interface, name, value, wanted });
            }
        }
    }
    Ok(())
}

fn value(conf: &Path, interface: &str, name: &str) -> Result<u32, ArpError> {
    let path = conf.join(interface).join(name);
    // The kernel gives all of a setting at once, and each call counts: a hook asks per interface.
    let mut text = [0; 32];
    let read = fs::File::open(&path).and_then(|mut file| file.read(&mut text)).and_then(|length| {
        let text = String::from_utf8_lossy(&text[..length]);
        text.trim().parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    });
    read.map_err(|source| ArpError::Read { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `[(interface, arp_ignore, arp_announce)]`
    fn conf(values: &[(&str, u32, u32)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (interface, ignore, announce) in values {
            let below = folder.path().join(interface);
            fs::create_dir(&below).unwrap();
            fs::write(below.join("arp_ignore"), format!("{ignore}\n")).unwrap();
            fs::write(below.join("arp_announce"), format!("{announce}\n")).unwrap();
        }
        folder
    }

    #[test]
    fn the_larger_of_all_and_the_interface_counts() {
        for values in [
            &[("all", 1, 2), ("default", 0, 0), ("eth0", 0, 0), ("lo", 0, 0)],
            &[("all", 0, 0), ("default", 1, 2), ("eth0", 1, 2), ("lo", 0, 0)],
            &[("all", 1, 0), ("default", 0, 2), ("eth0", 2, 2), ("lo", 0, 0)],
        ] {
            check(conf(values).path()).unwrap();
        }
    }

    #[test]
    fn every_unsafe_interface_is_refused_with_the_setting_and_its_file() {
        for (values, words) in [
            ([("all", 0, 2), ("eth0", 0, 0), ("lo", 1, 2)], "arp_ignore in effect on eth0 is 0"),
            ([("all", 1, 1), ("eth0", 0, 0), ("lo", 1, 2)], "arp_announce in effect on eth0 is 1"),
            // 8 would keep the MASTER silent too, 4 to 7 mean nothing.
            ([("all", 1, 2), ("eth0", 8, 0), ("lo", 1, 2)], "arp_ignore in effect on eth0 is 8"),
            ([("all", 0, 2), ("bond0.100", 5, 0), ("lo", 1, 2)], "on bond0.100 is 5"),
            ([("all", 0, 2), ("eth0", 1, 2), ("default", 0, 0)], "on default is 0"),
        ] {
            let error = check(conf(&values).path()).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
            assert!(error.contains("net.ipv4.conf.all.arp_") && error.contains("lvskit-settings"));
        }
    }

    #[test]
    fn what_can_not_be_read_is_not_safe() {
        assert!(check(Path::new("/nonexistent")).is_err());
        let folder = conf(&[("all", 1, 2), ("eth0", 1, 2)]);
        fs::write(folder.path().join("eth0/arp_ignore"), "x").unwrap();
        assert!(check(folder.path()).is_err());
        fs::remove_dir_all(folder.path().join("eth0")).unwrap();
        fs::create_dir(folder.path().join("eth0")).unwrap();
        check(folder.path()).expect("an interface that has gone is no danger");
    }
}
