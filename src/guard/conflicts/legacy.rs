//! The rules of the old iptables, which the kernel keeps apart from nf_tables, from what
//! iptables-legacy-save prints: as the same steps that nf_tables' rules are read into.

use std::collections::HashMap;
use std::net::IpAddr;

use super::packet::NEW;
use super::step::Match;
use super::step::{Comparison, Effect, Source, Step, Verdict};

/// A table of the old iptables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Legacy {
    /// `nat`, `mangle`, `raw`, `filter`, `security`.
    pub name: String,
    /// The chains that drop what comes to their end.
    pub dropping: Vec<String>,
    /// The rules of each chain, in order.
    pub chains: HashMap<String, Vec<Vec<Step>>>,
}

/// The tables in the output of iptables-legacy-save.
pub(super) fn tables(saved: &str) -> Vec<Legacy> {
    let mut tables: Vec<Legacy> = Vec::new();
    for line in saved.lines() {
        if let Some(name) = line.strip_prefix('*') {
            tables.push(Legacy { name: name.to_owned(), ..Legacy::default() });
        }
        let Some(table) = tables.last_mut() else { continue };
        if let Some(chain) = line.strip_prefix(':') {
            let mut words = chain.split(' ');
            if let (Some(name), Some("DROP")) = (words.next(), words.next()) {
                table.dropping.push(name.to_owned());
            }
        } else if let Some(rule) = line.strip_prefix("-A ") {
            let words = words(rule);
            if let Some((chain, rest)) = words.split_first() {
                table.chains.entry(chain.clone()).or_default().push(steps(rest));
            }
        }
    }
    tables
}

/// The words of a line; those in quotes may hold blanks.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut escaped) = (Vec::new(), String::new(), false, false);
    for letter in line.chars() {
        match letter {
            _ if escaped => {
                escaped = false;
                word.push(letter);
            }
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            _ => word.push(letter),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// An option, whether `!` stands before it, and its arguments.
type Words<'a> = (&'a str, bool, &'a [String]);

fn options(words: &[String]) -> Vec<Words<'_>> {
    let is_option = |word: &String| word.starts_with('-') && word.len() > 1 || word == "!";
    let (mut options, mut rest, mut inverted) = (Vec::new(), words, false);
    while let Some((word, after)) = rest.split_first() {
        rest = after;
        if word == "!" {
            inverted = true;
            continue;
        }
        let end = rest.iter().position(is_option).unwrap_or(rest.len());
        options.push((word.as_str(), inverted, &rest[..end]));
        (rest, inverted) = (&rest[end..], false);
    }
    options
}

fn steps(words: &[String]) -> Vec<Step> {
    let options = options(words);
    let has = |name| options.iter().any(|(option, ..)| *option == name);
    let argument = |name| {
        let found = options.iter().find(|(option, ..)| *option == name);
        found.and_then(|(_, _, arguments)| arguments.first())
    };
    let mut steps = Vec::new();
    let mut last = Vec::new();
    for (option, inverted, arguments) in &options {
        let first = arguments.first().map(String::as_str).unwrap_or_default();
        match *option {
            "-d" => steps.extend(destination(first, *inverted)),
            "-i" => steps.extend(interface(first, *inverted)),
            "-p" => steps.extend(protocol(first, *inverted)),
            "--dport" | "--dports" => steps.push(ports(first, *inverted)),
            "--dst-type" => steps.push(Step::Match(Match::AddressType {
                mask: address_types(first),
                inverted: *inverted,
                by_interface: has("--limit-iface-in"),
            })),
            "--ctstate" | "--state" => steps.push(states(first, *inverted)),
            // Known by the options that they bring, or without consequence, or of the target.
            "-m" | "--comment" | "--limit-iface-in" | "--to-destination" | "--to-ports"
            | "--notrack" | "--random" | "--persistent" => {}
            // The first packet of a connection has this flag alone: `! --syn` never matches it.
            "--tcp-flags" if arguments.last().is_some_and(|value| value == "SYN") => {
                let never = Match::States { mask: 0, inverted: false };
                steps.extend(inverted.then_some(Step::Match(never)));
            }
            "-j" => {
                let to = argument("--to-destination");
                last.extend(target(first, to, has("--notrack")));
            }
            "-g" => last.push(Step::Verdict(Verdict::Goto(first.to_owned()))),
            // What belongs to a target that does nothing here, or a question that nobody can answer.
            _ => steps.push(Step::Condition),
        }
    }
    steps.extend(last);
    steps
}

fn target(name: &str, to: Option<&String>, notrack: bool) -> Option<Step> {
    Some(match name {
        "ACCEPT" | "NFQUEUE" | "QUEUE" => Step::Verdict(Verdict::Accept),
        "DROP" | "REJECT" => Step::Verdict(Verdict::Drop),
        "RETURN" => Step::Verdict(Verdict::Return),
        "REDIRECT" => Step::Do(Effect::NatTo(None)),
        "DNAT" | "NETMAP" => Step::Do(Effect::NatTo(to.and_then(|to| target_address(to)))),
        "NOTRACK" => Step::Do(Effect::Untrack),
        "CT" if notrack => Step::Do(Effect::Untrack),
        "TPROXY" => Step::Do(Effect::Tproxy),
        "CT" | "MARK" | "CONNMARK" | "LOG" | "NFLOG" | "ULOG" | "TRACE" | "TCPMSS" | "TOS"
        | "DSCP" | "TTL" | "HL" | "SET" | "CLASSIFY" | "CHECKSUM" | "TEE" | "AUDIT" | "SECMARK"
        | "CONNSECMARK" | "HMARK" | "RATEEST" | "LED" | "IDLETIMER" => return None,
        chain => Step::Verdict(Verdict::Jump(chain.to_owned())),
    })
}

/// `172.17.0.2:25`, `172.17.0.2-172.17.0.9`, `[fd00::2]:25`; `:25` has none.
fn target_address(text: &str) -> Option<IpAddr> {
    let first = text.split('-').next().unwrap_or_default();
    let address = match first.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => first,
    };
    let port = || address.rsplit_once(':').and_then(|(address, _)| address.parse().ok());
    address.parse().ok().or_else(port)
}

/// `192.168.3.100/32`, as iptables-save writes it.
fn destination(text: &str, inverted: bool) -> Vec<Step> {
    let (address, length) = text.split_once('/').unwrap_or((text, ""));
    let Ok(address) = address.parse::<IpAddr>() else { return vec![Step::Condition] };
    let (value, offset) = match address {
        IpAddr::V4(v4) => (v4.octets().to_vec(), 16),
        IpAddr::V6(v6) => (v6.octets().to_vec(), 24),
    };
    let bits = value.len() * 8;
    let prefix = match (length.parse::<usize>(), length.parse::<std::net::Ipv4Addr>()) {
        (Ok(prefix), _) if prefix <= bits => prefix,
        (_, Ok(mask)) => mask.to_bits().leading_ones() as usize,
        _ => bits,
    };
    let mask: Vec<u8> = (0..value.len())
        .map(|at| u8::MAX.checked_shl(8 - prefix.saturating_sub(at * 8).min(8) as u32).unwrap_or(0))
        .collect();
    let source = Source::Payload { base: 1, offset, length: value.len() };
    let xor = vec![0; value.len()];
    vec![
        Step::Load { to: 0, source },
        Step::Mask { from: 0, to: 0, mask, xor },
        Step::Compare { from: 0, how: comparison(inverted), value },
    ]
}

/// `eth0`, or `eth+` for all names that begin so.
fn interface(name: &str, inverted: bool) -> Vec<Step> {
    let mut value = name.as_bytes().to_vec();
    match value.last() {
        Some(b'+') => value.truncate(value.len() - 1),
        _ => value.resize(16, 0),
    }
    let load = Step::Load { to: 0, source: Source::Meta(6) };
    vec![load, Step::Compare { from: 0, how: comparison(inverted), value }]
}

fn protocol(name: &str, inverted: bool) -> Vec<Step> {
    let number = match name {
        "tcp" => Some(6),
        "udp" => Some(17),
        "icmp" => Some(1),
        "ipv6-icmp" | "icmpv6" => Some(58),
        "vrrp" => Some(112),
        "ah" => Some(51),
        "sctp" => Some(132),
        "all" => return Vec::new(),
        // Any other name is none of those that matter.
        other => other.parse().ok().or(Some(255)),
    };
    let load = Step::Load { to: 0, source: Source::Meta(16) };
    let value = number.into_iter().collect();
    vec![load, Step::Compare { from: 0, how: comparison(inverted), value }]
}

/// `25`, `25:26`, `25,465:467`
fn ports(text: &str, inverted: bool) -> Step {
    let range = |text: &str| {
        let (first, last) = text.split_once(':').unwrap_or((text, text));
        Some((first.parse().ok()?, last.parse().ok()?))
    };
    match text.split(',').map(range).collect() {
        Some(ranges) => Step::Match(Match::Ports { ranges, inverted }),
        None => Step::Condition,
    }
}

/// Bits of RTN_ numbers; the types that matter have their own, all others are one.
fn address_types(text: &str) -> u16 {
    let bit = |name| match name {
        "UNICAST" => 1 << 1,
        "LOCAL" => 1 << 2,
        "MULTICAST" => 1 << 5,
        _ => 1,
    };
    text.split(',').map(bit).fold(0, |all, one| all | one)
}

/// `RELATED,ESTABLISHED`: the state that matters has its bit, all others are one. Translated packets are
/// not known.
fn states(text: &str, inverted: bool) -> Step {
    if text.split(',').any(|name| name.ends_with("NAT")) {
        return Step::Condition;
    }
    let bit = |name| if name == "NEW" { NEW as u16 } else { 1 };
    let mask = text.split(',').map(bit).fold(0, |all, one| all | one);
    Step::Match(Match::States { mask, inverted })
}

fn comparison(inverted: bool) -> Comparison {
    if inverted { Comparison::Differs } else { Comparison::Equal }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAVED: &str = r#"# Generated by iptables-save v1.8.9
*nat
:PREROUTING DROP [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -m comment --comment "to \"DOCKER\" -j DROP" -j DOCKER
-A DOCKER ! -i docker+ -p tcp -m tcp --dport 25 -j DNAT --to-destination 172.17.0.2:26
-A DOCKER -d 10.0.0.0/9 -m recent --rcheck --seconds 60 -j LOG --log-prefix x
COMMIT
"#;

    #[test]
    fn what_iptables_save_prints_becomes_steps() {
        let tables = tables(SAVED);
        let [nat] = tables.as_slice() else { panic!("{tables:?}") };
        assert_eq!(
            (nat.name.as_str(), nat.dropping.as_slice()),
            ("nat", &["PREROUTING".into()][..])
        );
        let local = Match::AddressType { mask: 4, inverted: false, by_interface: false };
        let jump = Step::Verdict(Verdict::Jump("DOCKER".into()));
        assert_eq!(nat.chains["PREROUTING"], [[Step::Match(local), jump]]);
        let docker = &nat.chains["DOCKER"];
        let docker0 = Step::Compare { from: 0, how: Comparison::Differs, value: b"docker".into() };
        assert!(docker[0].contains(&docker0));
        let ports = Match::Ports { ranges: vec![(25, 25)], inverted: false };
        assert!(docker[0].contains(&Step::Match(ports)));
        let to = Effect::NatTo("172.17.0.2".parse().ok());
        assert_eq!(docker[0].last(), Some(&Step::Do(to)));
        let mask = Step::Mask { from: 0, to: 0, mask: vec![255, 128, 0, 0], xor: vec![0; 4] };
        assert!(docker[1].contains(&mask) && docker[1].contains(&Step::Condition));
        assert_eq!(super::tables("iptables-save: broken\n-A X"), []);
    }

    #[test]
    fn what_no_first_packet_of_a_connection_is_never_matches() {
        let rule = |options: &str| {
            let saved =
                format!("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT {options} -j DROP\nCOMMIT\n");
            tables(&saved)[0].chains["INPUT"][0].clone()
        };
        let never = Step::Match(Match::States { mask: 0, inverted: false });
        let tcp = "-p tcp -m tcp";
        assert!(rule(&format!("{tcp} ! --tcp-flags FIN,SYN,RST,ACK SYN")).contains(&never));
        assert!(!rule(&format!("{tcp} --tcp-flags FIN,SYN,RST,ACK SYN")).contains(&never));
        let group = Match::AddressType { mask: 1 << 5, inverted: false, by_interface: false };
        assert!(rule("-m addrtype --dst-type MULTICAST").contains(&Step::Match(group)));
    }

    #[test]
    fn destinations_of_dnat_in_every_spelling() {
        for (text, address) in [
            ("172.17.0.2:25", Some("172.17.0.2")),
            ("172.17.0.2-172.17.0.9:25-30", Some("172.17.0.2")),
            ("172.17.0.2", Some("172.17.0.2")),
            ("[fd00::2]:25", Some("fd00::2")),
            ("[fd00::2-fd00::9]:25", Some("fd00::2")),
            ("fd00::2", Some("fd00::2")),
            (":25", None),
        ] {
            let expected = address.and_then(|text| text.parse().ok());
            assert_eq!(target_address(text), expected, "{text}");
        }
    }
}
