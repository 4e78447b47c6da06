//! The ways in which the lab sets the cluster up: ours as the project's example has it, changed in
//! single lines, and for comparison the article's.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::cluster::INVENTORY;
use crate::node::Node;
use crate::{sandbox, settings};

/// The sysctls that any setup changes, at the values a kernel starts with.
const KERNEL: &[(&str, &str)] = &[
    ("net.ipv4.conf.all.arp_ignore", "0"),
    ("net.ipv4.conf.all.arp_announce", "0"),
    ("net.ipv4.vs.sync_threshold", "3 50"),
    ("net.ipv4.vs.sync_refresh_period", "0"),
    ("net.ipv4.vs.conn_reuse_mode", "1"),
    ("net.ipv4.vs.sloppy_tcp", "0"),
    ("net.ipv4.vs.expire_nodest_conn", "0"),
];

/// What VRRP may take until the second node of the example is MASTER: 3 × advert_int of 0.2 s, and the
/// skew time of its priority of 150 (RFC 9568, 6.1: (256 - priority) / 256 of that).
pub const TAKEOVER: Duration = Duration::from_millis(3 * 200 + 200 * (256 - 150) / 256);

/// The article's cluster, for comparison.
const ARTICLES_INVENTORY: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/keepalived/samples/article.yml");

/// Clusters of other kinds.
const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/keepalived/samples");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The example, rendered by `lvskit gen-conf`.
    Ours,
    /// The article's cluster with its hooks: python3 and iptables, none on stop, no sync daemon.
    Articles,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    pub way: Way,
    /// Another inventory than the example.
    sample: Option<String>,
    /// Its text.
    text: Option<&'static str>,
    ipv6: bool,
    sync: bool,
    /// Lines of the inventory: key and value. An empty value takes the line away.
    lines: Vec<(String, String)>,
    /// What stands below the inventory's last line.
    more: String,
    /// Beside the package's.
    sysctls: Vec<(String, String)>,
}

impl Setup {
    /// As the example says.
    pub fn ours() -> Setup {
        let pairs = |name| {
            let text = settings::text(name).unwrap_or_default();
            let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
            pairs.map(|(key, value)| (key.to_owned(), value.replace('+', " "))).collect()
        };
        let (lines, sysctls) = (pairs("LINES"), pairs("SYSCTLS"));
        Setup {
            way: Way::Ours,
            sample: None,
            text: None,
            ipv6: false,
            sync: true,
            lines,
            more: String::new(),
            sysctls,
        }
    }

    /// One of the project's samples as it is, but that all nodes call their interface eth0 here.
    pub fn sample(name: &str) -> Setup {
        Setup { sample: Some(name.to_owned()), ..Setup::ours() }
    }

    /// An inventory of this text.
    pub fn text(text: &'static str) -> Setup {
        Setup { text: Some(text), ..Setup::ours() }
    }

    /// All its VIPs, in the order of the inventory.
    pub fn vips(&self) -> Result<Vec<IpAddr>> {
        let cluster = crate::cluster::model(self)?;
        let of = |instance: &lvskit::cluster::VrrpInstance| {
            instance.all_vips().map(|vip| vip.address()).collect::<Vec<_>>()
        };
        Ok(cluster.vrrp_instances.iter().flat_map(of).collect())
    }

    /// Another scheduler than the example's `mh` with the client's port.
    pub fn scheduled(self, scheduler: &str) -> Setup {
        self.with("lb_algo", scheduler).with("mh-port", "").with("mh-fallback", "")
    }

    /// VRRP version 3 with adverts so frequent that a dead MASTER is missed within a second.
    pub fn quick(self) -> Setup {
        self.with("vrrp_version", "3").with("authentication", "").with("advert_int", "0.2")
    }

    pub fn articles() -> Setup {
        Setup::ours().in_the_articles_way()
    }

    /// The same changes to the article's cluster.
    pub fn in_the_articles_way(self) -> Setup {
        Setup { way: Way::Articles, ..self }
    }

    /// The same addresses in IPv6, see [`crate::network::in_ipv6`].
    pub fn in_ipv6(mut self) -> Setup {
        self.ipv6 = true;
        self
    }

    /// Another value for a key of the inventory, which stands there once.
    pub fn with(mut self, key: &str, value: &str) -> Setup {
        self.lines.push((key.to_owned(), value.to_owned()));
        self
    }

    /// More at the end of the inventory: virtual servers, as the example ends with their list, and
    /// after them keys of its own.
    pub fn and(mut self, more: &str) -> Setup {
        self.more += more;
        self
    }

    /// Without the sync daemon, which `keep_sessions` brings.
    pub fn without_sync(mut self) -> Setup {
        self.sync = false;
        self
    }

    /// The inventory.
    pub fn inventory(&self) -> Result<String> {
        let file = match self.way {
            Way::Ours => INVENTORY,
            Way::Articles => ARTICLES_INVENTORY,
        };
        let mut text = match &self.sample {
            Some(name) => std::fs::read_to_string(format!("{SAMPLES}/{name}"))
                .context(name.clone())?
                .replace("interface: ens3", "interface: eth0"),
            None => match self.text {
                Some(text) => text.to_owned(),
                None => std::fs::read_to_string(file).context(file)?,
            },
        };
        if self.ipv6 {
            text = text.replace("192.168.3.10", "fd00:3::10");
            text = in_lines(&text, "authentication", "")?;
            text = in_lines(&text, "network", "")?;
        }
        for (key, value) in &self.lines {
            text = in_lines(&text, key, value)?;
        }
        Ok(text + &self.more)
    }

    /// Sets the sysctls on a node.
    pub fn set_sysctls(&self, node: &Node) -> Result<()> {
        let mut wanted: Vec<(String, String)> = Vec::new();
        let mut add = |name: &str, value: &str| wanted.push((name.to_owned(), value.to_owned()));
        KERNEL.iter().for_each(|(name, value)| add(name, value));
        if self.way == Way::Ours {
            let file = sandbox::sysctl_file();
            let text = std::fs::read_to_string(file).context(file)?;
            for line in text.lines().filter(|line| !line.trim_start().starts_with(['#', ';'])) {
                if let Some((name, value)) = line.split_once('=') {
                    add(name.trim().trim_start_matches('-'), value.trim());
                }
            }
        }
        // What `bypass-ipvs --apply-settings` adds where servers that fail stay in the table.
        if std::fs::read_to_string(node.conf())?.contains("inhibit_on_failure") {
            add("net.ipv4.vs.expire_nodest_conn", "1");
        }
        self.sysctls.iter().for_each(|(name, value)| add(name, value));
        for (name, value) in wanted {
            node.set(&name, &value)?;
        }
        Ok(())
    }

    /// What becomes of a node's rendered file.
    pub fn conf(&self, rendered: &str) -> String {
        match self.way {
            Way::Ours if !self.sync => without(rendered, "lvs_sync_daemon"),
            Way::Ours => rendered.to_owned(),
            Way::Articles => articles_hooks(rendered),
        }
    }
}

/// Where a key stands that the example does not have: on the line before it, and how deep.
const AFTER: &[(&str, &str, &str)] =
    &[("vrrp_version", "smtp_connect_timeout", "  "), ("preempt_delay", "preempt", "    ")];

/// The text with another value on the one line of a key, or without the line if it is empty.
fn in_lines(text: &str, key: &str, value: &str) -> Result<String> {
    let find = |key: &str| {
        let starts = |line: &&str| line.trim_start().starts_with(&format!("{key}:"));
        text.lines().find(starts)
    };
    if let Some(line) = find(key) {
        let indent = &line[..line.len() - line.trim_start().len()];
        let other = match value {
            "" => String::new(),
            value => format!("{indent}{key}: {value}\n"),
        };
        return Ok(text.replacen(&format!("{line}\n"), &other, 1));
    }
    if value.is_empty() {
        return Ok(text.to_owned());
    }
    let place = AFTER.iter().find(|(known, _, _)| *known == key);
    let (_, anchor, indent) = place.with_context(|| format!("where does `{key}` stand?"))?;
    let line = find(anchor).with_context(|| format!("no `{anchor}` in the inventory"))?;
    Ok(text.replacen(&format!("{line}\n"), &format!("{line}\n{indent}{key}: {value}\n"), 1))
}

fn without(text: &str, keyword: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with(keyword));
    lines.map(|line| format!("{line}\n")).collect()
}

/// Our hooks replaced by the article's; without what the article does not have.
fn articles_hooks(rendered: &str) -> String {
    let hook = |line: &str| {
        let indent = &line[..line.len() - line.trim_start().len()];
        let words: Vec<&str> = line.split(['"', ' ']).filter(|word| !word.is_empty()).collect();
        let action = words.iter().position(|word| ["-a", "-r"].contains(word)).unwrap();
        let vip = words[action + 1];
        let program = sandbox::ARTICLES_HOOK;
        format!("{indent}{} \"{program} {} {vip}\"", words[0], words[action])
    };
    let mut text = String::new();
    for line in rendered.lines() {
        match line.trim_start() {
            said if said.starts_with("notify_stop") || said.starts_with("lvs_sync_daemon") => {}
            said if said.starts_with("notify_") && said.contains("bypass-ipvs") => {
                text += &(hook(line) + "\n");
            }
            _ => text += &format!("{line}\n"),
        }
    }
    text
}
