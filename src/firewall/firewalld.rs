//! The rules as commands for firewalld, each of which may be run again. Rich rules say the source.
//! What IPVS hides from conntrack, and firewalld would drop as invalid, the guard lets through to them.

use std::fmt::{self, Display, Formatter};

use super::{Needs, Peers, Question, Questions, SYNC_PORT, VRRP};
use crate::cluster::{Family, Keyword, Protocol};

/// The name of the file.
pub const FILE: &str = "lvskit-firewall.sh";

const ADD: &str = "firewall-cmd --permanent";

/// Prints as the whole file, a shell script.
#[derive(Debug)]
pub struct Commands<'a>(pub Needs<'a>);

impl Display for Commands<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Commands(needs) = self;
        writeln!(
            f,
            "#!/bin/sh\n\
             # Rendered by `lvskit gen-conf --firewall firewalld` for {node}: change the inventory,\n\
             # not this file. Run it as root with `sh`; again does no harm. It is for the default zone:\n\
             # where the nodes' interface is in another, add --zone=ZONE to the lines with --add-rich-rule,\n\
             # --add-protocol and --add-port.\n\
             set -e",
            node = needs.node,
        )?;
        if !needs.adverts.is_empty() {
            writeln!(f, "\n# VRRP, from the other nodes")?;
        }
        for adverts in &needs.adverts {
            rich_rules(f, adverts, format_args!("protocol value=\"{VRRP}\""))?;
        }
        if needs.adverts.iter().any(|one| one.family == Family::V4 && one.is_snooped()) {
            writeln!(
                f,
                "\n# A switch's question who listens to the group, which it forwards to nobody else"
            )?;
            writeln!(f, "{ADD} --add-protocol=igmp")?;
        }
        if let Some(sync) = &needs.sync {
            writeln!(f, "\n# IPVS's sync daemon, from the other nodes")?;
            rich_rules(f, sync, format_args!("port port=\"{SYNC_PORT}\" protocol=\"udp\""))?;
        }
        if !needs.questions.is_empty() {
            writeln!(f, "\n# Whether this node lives, from the other nodes (failure_detection)")?;
        }
        for Questions { family, from, to, what } in &needs.questions {
            let what = match what {
                Question::Echo => "icmp-type name=\"echo-request\"".to_owned(),
                // Rich rules know no TTL; keepalived looks at it.
                Question::Bfd { port, .. } => format!("port port=\"{port}\" protocol=\"udp\""),
            };
            for from in from {
                writeln!(
                    f,
                    "{ADD} --add-rich-rule='rule family=\"{}\" source address=\"{from}\" destination \
                     address=\"{to}\" {what} accept'",
                    name(*family)
                )?;
            }
        }
        if !needs.services.is_empty() {
            writeln!(f, "\n# Clients, and the other nodes' checks")?;
        }
        for &protocol in Protocol::ALL {
            for port in needs.ports(protocol) {
                writeln!(f, "{ADD} --add-port={port}/{}", protocol.lower())?;
            }
        }
        for service in &needs.unknown {
            writeln!(f, "# Add what belongs to {service}: the inventory does not know its ports.")?;
        }
        writeln!(f, "\nfirewall-cmd --reload")
    }
}

/// One rich rule for each source, as it takes no list.
fn rich_rules(f: &mut Formatter<'_>, peers: &Peers<'_>, what: fmt::Arguments<'_>) -> fmt::Result {
    let Peers { family, from, to, .. } = peers;
    let ip = name(*family);
    let rule = |source: &str| {
        format!("rule family=\"{ip}\" {source}destination address=\"{to}\" {what} accept")
    };
    if from.is_empty() {
        return writeln!(f, "{ADD} --add-rich-rule='{}'", rule(""));
    }
    from.iter().try_for_each(|from| {
        let rule = rule(&format!("source address=\"{from}\" "));
        writeln!(f, "{ADD} --add-rich-rule='{rule}'")
    })
}

/// firewalld's word for a family.
fn name(family: Family) -> &'static str {
    match family {
        Family::V4 => "ipv4",
        Family::V6 => "ipv6",
    }
}
