//! What the node's own keepalived.conf wants guarded. The hooks there say it: every command line of
//! bypass-ipvs names addresses and services, so hooks and watcher can't disagree, and an instance that
//! this node is no member of has no guard here. Pure: statements in, guards out.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use clap::Parser;

use super::plan::{Guard, Services};
use super::settings;
use crate::conf::grammar::{Place, Statement};
use crate::guard::options::Cli;
use crate::paths;
use crate::vip::Vip;

/// The blocks whose hooks count.
const BLOCKS: [&str; 2] = ["vrrp_instance", "vrrp_sync_group"];

/// What the keywords of hooks begin with: notify, notify_master, notify_backup and so on.
const HOOK: &str = "notify";

/// The program whose command lines count, wherever it is.
const PROGRAM: &str = paths::HOOK;

/// What should be in force on this node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The services of each address.
    pub services: BTreeMap<Vip, Services>,
    /// The addresses whose sessions are kept.
    pub kept: BTreeSet<Vip>,
    /// The node's own addresses that unicast VRRP needs (`unicast_src_ip`).
    pub sources: BTreeSet<IpAddr>,
    /// Whether every server that fails stays in its table; see [`settings::servers_stay`].
    pub servers_stay: bool,
    /// Hooks whose command line bypass-ipvs would refuse too, where they stand and why.
    pub refused: Vec<String>,
}

impl Wanted {
    /// What the statements of a keepalived.conf want. Where several hooks name an address, it gets the
    /// services of all of them, and its sessions are kept if one says so.
    pub fn of(statements: &[Statement]) -> Wanted {
        let servers_stay = settings::servers_stay(statements);
        let mut wanted = Wanted { servers_stay, ..Wanted::default() };
        for block in statements.iter().filter(|one| BLOCKS.contains(&one.keyword())) {
            for statement in block.inner() {
                let value = statement.values().first().map_or("", String::as_str);
                if statement.keyword() == "unicast_src_ip" {
                    wanted.sources.extend(value.parse::<IpAddr>());
                }
                if statement.keyword().starts_with(HOOK) {
                    wanted.hook(&statement.at, statement.keyword(), value);
                }
            }
        }
        wanted
    }

    fn hook(&mut self, at: &Place, keyword: &str, line: &str) {
        let Some(words) = command(line) else { return };
        let parsed = Cli::try_parse_from(words).map_err(|error| short(&error.to_string()));
        let guards = parsed.and_then(|cli| match cli.guards() {
            Ok(guards) if cli.is_hook() => Ok((guards, cli.keep_sessions)),
            Ok(_) => Ok((Vec::new(), false)),
            Err(error) => Err(error.to_string()),
        });
        match guards {
            Ok((guards, kept)) => guards.into_iter().for_each(|guard| self.add(guard, kept)),
            Err(why) => self.refused.push(format!("{at}: {keyword}: {why}")),
        }
    }

    /// Adds a guard to those of its address.
    pub(super) fn add(&mut self, Guard { vip, services, .. }: Guard, kept: bool) {
        let all = match self.services.remove(&vip) {
            Some(before) => before.and(services),
            None => services,
        };
        self.services.insert(vip, all);
        if kept {
            self.kept.insert(vip);
        }
    }
}

/// The words of a command line from our program on; `None` where it runs another. keepalived takes
/// quotes around a word away.
fn command(line: &str) -> Option<Vec<&str>> {
    let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches('\'')).collect();
    let program = words.iter().position(|word| word.rsplit('/').next() == Some(PROGRAM))?;
    Some(words[program..].to_vec())
}

/// The first line of what clap says.
fn short(error: &str) -> String {
    error.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conf::grammar::{NoFiles, parse};

    fn wanted(text: &str) -> Wanted {
        Wanted::of(&parse("k.conf", text, Some("node1"), &mut NoFiles).unwrap())
    }

    /// Each address with its services, and a plus where its sessions are kept.
    fn shown(wanted: &Wanted) -> Vec<String> {
        let kept = |vip: &Vip| if wanted.kept.contains(vip) { " +" } else { "" };
        let one = |(vip, services): (&Vip, &Services)| match services {
            Services::Legacy => format!("{vip} legacy{}", kept(vip)),
            services => format!("{vip} {services}{}", kept(vip)),
        };
        wanted.services.iter().map(one).collect()
    }

    /// An instance with these lines.
    fn instance(lines: &str) -> String {
        format!("vrrp_instance a {{\n virtual_ipaddress {{\n 10.0.0.9\n }}\n{lines}\n}}\n")
    }

    #[test]
    fn hooks_name_what_is_guarded() {
        for (lines, guards) in [
            ("", &[][..]),
            (
                "notify_master \"/usr/libexec/keepalived/bypass-ipvs -r 10.0.0.1\"",
                &["10.0.0.1 legacy"],
            ),
            (
                "notify_master \"/opt/bypass-ipvs --keep-sessions --service tcp/25 -r 10.0.0.1 fd00::1\" root\n\
                 notify_backup \"/opt/bypass-ipvs --keep-sessions --service tcp/25 -a 10.0.0.1 fd00::1\" root",
                &["10.0.0.1 tcp/25 +", "fd00::1 tcp/25 +"],
            ),
            // They disagree: the stronger wins.
            (
                "notify_master \"/opt/bypass-ipvs --service tcp/25 -r 10.0.0.1\"\n\
                 notify_backup \"/opt/bypass-ipvs --keep-sessions --service tcp/80,udp/53 -a 10.0.0.1\"\n\
                 notify_fault \"/opt/bypass-ipvs -a 10.0.0.2\"",
                &["10.0.0.1 tcp/25,tcp/80,udp/53 +", "10.0.0.2 legacy"],
            ),
            ("notify \"/opt/bypass-ipvs --service all -a 10.0.0.1\"", &["10.0.0.1 all"]),
            (
                "notify_stop \"/usr/bin/timeout 5 /opt/bypass-ipvs -a '10.0.0.1'\"",
                &["10.0.0.1 legacy"],
            ),
            // Others' programs, other work, and a word without blanks.
            ("notify_master \"/opt/bypass_ipvs.py -r 10.0.0.1\"", &[]),
            ("notify_master /opt/bypass-ipvs-old", &[]),
            ("notify_stop \"/opt/bypass-ipvs --purge 10.0.0.1\"", &[]),
            ("notify_stop \"/opt/bypass-ipvs --check 10.0.0.1\"", &[]),
            ("notify_stop \"/opt/bypass-ipvs --dry-run -a 10.0.0.1\"", &[]),
            ("smtp_alert\nnotify_master", &[]),
        ] {
            let wanted = wanted(&instance(lines));
            assert_eq!(shown(&wanted), guards, "{lines}");
            assert_eq!(wanted.refused, [] as [String; 0], "{lines}");
        }
    }

    #[test]
    fn all_instances_and_groups_count_and_conditions_hold() {
        let text = "$VIP=10.0.0.1\n$HOOK=\"/opt/bypass-ipvs -a 10.0.0.4\"\n\
            vrrp_sync_group g {\n notify_backup \"/opt/bypass-ipvs -a $VIP\"\n}\n\
            vrrp_instance a {\n notify_backup \"/opt/bypass-ipvs --keep-sessions -a 10.0.0.1\"\n}\n\
            vrrp_instance b {\n @node1 notify_backup \"/opt/bypass-ipvs -a 10.0.0.2\"\n\
             @node2 notify_backup \"/opt/bypass-ipvs -a 10.0.0.3\"\n}\n\
            virtual_server 10.0.0.5 25 {\n quorum_up \"/opt/bypass-ipvs -a 10.0.0.5\"\n}\n\
            @^node1 vrrp_instance c {\n @^node1 notify_backup \"/opt/bypass-ipvs -a 10.0.0.6\"\n@^node1 }\n";
        assert_eq!(shown(&wanted(text)), ["10.0.0.1 legacy +", "10.0.0.2 legacy"]);
    }

    #[test]
    fn a_hook_that_would_fail_is_told_and_the_others_count() {
        let wanted = wanted(&instance(
            "notify_master \"/opt/bypass-ipvs -r 10.0.0.1\"\n\
             notify_backup \"/opt/bypass-ipvs -a vip\"\n\
             notify_fault \"/opt/bypass-ipvs\"\n\
             notify_stop \"/opt/bypass-ipvs --service tcp/25@10.0.0.3 -a 10.0.0.2\"",
        ));
        assert_eq!(shown(&wanted), ["10.0.0.1 legacy"]);
        let told =
            ["k.conf:6: notify_backup: ", "k.conf:7: notify_fault: ", "k.conf:8: notify_stop: "];
        assert_eq!(wanted.refused.len(), told.len(), "{:?}", wanted.refused);
        for (refused, told) in wanted.refused.iter().zip(told) {
            assert!(refused.starts_with(told) && !refused.contains('\n'), "{refused}");
        }
    }

    #[test]
    fn unicast_needs_addresses_of_the_node() {
        let lines = "unicast_src_ip 10.0.0.8\nunicast_peer {\n10.0.0.7\n}";
        let sources: Vec<IpAddr> = wanted(&instance(lines)).sources.into_iter().collect();
        assert_eq!(sources, ["10.0.0.8".parse::<IpAddr>().unwrap()]);
    }
}
