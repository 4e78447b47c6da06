//! What must hold for any inventory: good ones render to the same text each time, in lines that
//! keepalived reads whole; and no text at all, however broken, brings the reader down.

use std::fmt::Write;

use lvskit::cluster::Cluster;
use lvskit::conf::build::Files;
use lvskit::inventory::{self, Problem, no_secrets};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::json;

use crate::blocks::statements;
use crate::place::ARTICLE;

/// keepalived cuts lines at 1024 bytes without a word.
const LONGEST_LINE: usize = 1000;

fn parse(text: &str) -> Result<Cluster, Vec<Problem>> {
    inventory::parse(text, &no_secrets).map(|checked| checked.cluster)
}

fn report(file: &str, text: &str, problems: &[Problem], colour: bool) -> String {
    inventory::report(file, text, problems, colour)
}

/// What a password may hold: printable ASCII but `"`, `\` and, to keep this simple, `$`.
const PASSWORD: &str = "[ !#%-\\[\\]-~]{1,8}";

#[derive(Debug, Clone)]
struct Instance {
    vrid: u8,
    password: Option<String>,
    vips: usize,
    preempt: bool,
    priority: Option<u8>,
    ports: Vec<u16>,
}

#[derive(Debug, Clone)]
struct Inventory {
    ipv6: bool,
    nodes: usize,
    instances: Vec<Instance>,
    check: &'static str,
    helo_name: String,
    retry: u32,
    delay_loop: u32,
    name: String,
    mail: String,
}

fn instance() -> impl Strategy<Value = Instance> {
    (
        1..=255u8,
        // A lone brace is no word; it has a test of its own.
        proptest::option::of(PASSWORD.prop_filter("a brace", |text| text != "{" && text != "}")),
        1..=20usize,
        any::<bool>(),
        proptest::option::of(1..=254u8),
        proptest::collection::btree_set(1..=65535u16, 0..3),
    )
        .prop_map(|(vrid, password, vips, preempt, priority, ports)| Instance {
            vrid,
            password,
            vips,
            preempt,
            priority,
            ports: ports.into_iter().collect(),
        })
}

fn inventory() -> impl Strategy<Value = Inventory> {
    (
        any::<bool>(),
        1..=12usize,
        vec(instance(), 1..4),
        select(vec!["SMTP_CHECK", "smtp-check"]),
        "[a-z]([a-z0-9-]{0,60}[a-z0-9])?(\\.[a-z]{1,20}){0,5}",
        0..=100u32,
        1..=4_294_000u32,
        "[!-~&&[^\"\\\\$]]{2,600}",
        "[!-~&&[^\"\\\\$@]]{1,880}@domain[.]ru",
    )
        .prop_map(
            |(ipv6, nodes, mut instances, check, helo_name, retry, delay_loop, name, mail)| {
                // Numbers must differ: the first instance's decides.
                let first = instances[0].vrid;
                for (at, instance) in instances.iter_mut().enumerate() {
                    instance.vrid = ((usize::from(first) + at) % 255 + 1) as u8;
                    if ipv6 {
                        instance.password = None;
                    }
                }
                Inventory {
                    ipv6,
                    nodes,
                    instances,
                    check,
                    helo_name,
                    retry,
                    delay_loop,
                    name,
                    mail,
                }
            },
        )
}

impl Inventory {
    fn address(&self, block: usize, host: usize) -> String {
        match self.ipv6 {
            true => format!("fdaa:bbbb:cccc:dddd:eeee:ffff:{:x}:{host:x}", block + 0x1000),
            false => format!("192.168.{block}.{host}"),
        }
    }

    /// Names that differ, and need quotes.
    fn instance_name(&self, at: usize) -> String {
        format!("{}{at}", self.name)
    }

    fn yaml(&self) -> String {
        let mut text = format!("global_defs: {}\n", json!({ "notification_email": self.mail }));
        text.push_str("nodes:\n");
        for node in 0..self.nodes {
            let address = self.address(100, node + 1);
            writeln!(text, "  - {{name: node{node}, address: \"{address}\"}}").unwrap();
        }
        text.push_str("vrrp_instance:\n");
        for (at, instance) in self.instances.iter().enumerate() {
            let vips: Vec<String> = (0..instance.vips).map(|n| self.address(at, n + 1)).collect();
            writeln!(
                text,
                "  {}: {}",
                json!(self.instance_name(at)),
                json!({
                    "interface": "eth0",
                    "virtual_router_id": instance.vrid,
                    "virtual_ipaddress": vips,
                    "preempt": instance.preempt,
                })
                .to_string()
                .replace('}', &instance.rest()),
            )
            .unwrap();
        }
        text.push_str("virtual_server:\n  []\n");
        let servers: String = self.servers().collect();
        match servers.is_empty() {
            true => text,
            false => text.replace("  []\n", &servers),
        }
    }

    fn servers(&self) -> impl Iterator<Item = String> {
        let ports = |(at, instance): (usize, &Instance)| {
            instance.ports.clone().into_iter().map(move |port| (at, port))
        };
        self.instances.iter().enumerate().flat_map(ports).map(|(at, port)| {
            let server = json!({
                "vrrp_instance": self.instance_name(at),
                "port": port,
                "lb_algo": "wlc",
                "delay_loop": f64::from(self.delay_loop) / 1000.0,
                "check": { "type": self.check, "helo_name": self.helo_name, "retry": self.retry },
            });
            format!("  - {server}\n")
        })
    }

    /// One per node, address and port.
    fn real_servers(&self) -> usize {
        let servers = self.instances.iter().map(|i| i.vips * i.ports.len()).sum::<usize>();
        self.nodes * servers
    }
}

impl Instance {
    /// The keys that may be missing, and the end of the section.
    fn rest(&self) -> String {
        let priority = self.priority.map(|priority| format!(", \"priority\": {priority}"));
        let password = self
            .password
            .as_ref()
            .map(|password| format!(", \"authentication\": {}", json!({ "auth_pass": password })));
        [priority, password].into_iter().flatten().collect::<String>() + "}"
    }
}

/// A piece of YAML that may break something where it is put.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "\\PC{0,8}",
        select(vec![
            "\n",
            "\t",
            " ",
            "  ",
            ":",
            ": ",
            "- ",
            "[",
            "]",
            "{",
            "}",
            ",",
            "#",
            "'",
            "\"",
            "|\n",
            ">-\n",
            "&a ",
            "*a",
            "!!int ",
            "!!binary ",
            "<<: ",
            "? ",
            "%",
            "---\n",
            "...\n",
            "~",
            "null",
            "\u{feff}",
            "\u{85}",
            "\u{2028}",
            "\0",
            "\r",
            "\r\n",
            "ж",
            "𝄞",
            "\\x",
            "0x1",
            "1e400",
            ".inf",
            "auth_pass",
            "nodes:",
            "name: ",
            "  - ",
        ])
        .prop_map(str::to_owned),
    ]
}

/// The nearest place at or before `at` where a character begins.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default()
}

fn mutated(edits: Vec<(Index, Index, String)>) -> String {
    edits.into_iter().fold(ARTICLE.to_owned(), |mut text, (at, length, piece)| {
        let from = boundary(&text, at.index(text.len() + 1));
        let to = boundary(&text, (from + length.index(12)).min(text.len())).max(from);
        text.replace_range(from..to, &piece);
        text
    })
}

/// Reads a text and goes on with it; each problem must have a place in it and be reportable.
fn read(text: &str) -> Result<(), TestCaseError> {
    let problems = match parse(text) {
        Ok(cluster) => {
            prop_assert!(!cluster.nodes.is_empty() && !cluster.vrrp_instances.is_empty());
            let files = Files::new(&cluster);
            for node in 0..cluster.nodes.len() {
                // Refused with a reason where a line would grow too long.
                let _ = files.text(node);
            }
            return Ok(());
        }
        Err(problems) => problems,
    };
    prop_assert!(!problems.is_empty());
    for problem in &problems {
        prop_assert!(text.get(problem.at.clone()).is_some(), "{problem:?}");
        prop_assert!(!problem.title.is_empty());
    }
    for colour in [false, true] {
        let report = report("inventory.yml", text, &problems, colour);
        prop_assert!(report.matches("inventory.yml:").count() >= problems.len(), "{report}");
    }
    Ok(())
}

/// Failures are printed, not kept in files: a case that was found becomes a test of its own.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn good_inventories_render_the_same_each_time(inventory in inventory()) {
        let yaml = inventory.yaml();
        let cluster = parse(&yaml).map_err(|problems| {
            TestCaseError::fail(format!("{}\n{yaml}", report("x", &yaml, &problems, false)))
        })?;
        prop_assert_eq!(cluster.nodes.len(), inventory.nodes);
        for node in 0..inventory.nodes {
            let text = Files::new(&cluster).text(node).unwrap();
            let again = Files::new(&parse(&yaml).unwrap()).text(node).unwrap();
            prop_assert_eq!(&text, &again);
            let longest = text.lines().map(str::len).max().unwrap_or_default();
            prop_assert!(longest <= LONGEST_LINE, "{} bytes in a line:\n{}", longest, text);
            prop_assert!(text.is_ascii());
            let weights = statements(&text).iter().filter(|(_, line)| line == "weight 1").count();
            prop_assert_eq!(weights, inventory.real_servers());
        }
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn passwords_are_written_whole(password in PASSWORD) {
        prop_assume!(password != "{" && password != "}");
        let yaml = ARTICLE.replace("auth_pass: mrelay", &format!("auth_pass: {}", json!(password)));
        let text = Files::new(&parse(&yaml).unwrap()).text(0).unwrap();
        let (bare, quoted) = (format!("auth_pass {password}\n"), format!("auth_pass \"{password}\"\n"));
        prop_assert!(text.contains(&bare) || text.contains(&quoted), "{}", text);
    }

    #[test]
    fn no_text_brings_the_reader_down(text in any::<String>()) {
        read(&text)?;
    }

    #[test]
    fn no_pieces_of_yaml_bring_the_reader_down(pieces in vec(piece(), 0..24)) {
        read(&pieces.concat())?;
    }

    #[test]
    fn no_damage_to_a_good_inventory_brings_the_reader_down(
        edits in vec((any::<Index>(), any::<Index>(), piece()), 1..6),
    ) {
        read(&mutated(edits))?;
    }
}

/// Nesting and aliases without end are refused before they cost memory or stack.
#[test]
fn bombs_are_refused() {
    let nested = "[".repeat(200_000);
    let mappings = "{a: ".repeat(100_000);
    let laughs: String = (1..30)
        .map(|level| {
            format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(","))
        })
        .collect();
    let laughs = format!("a0: &a0 [x]\n{laughs}");
    for text in [nested, mappings, laughs] {
        assert!(parse(&text).is_err());
        read(&text).unwrap();
    }
}
