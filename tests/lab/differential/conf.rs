//! keepalived's file: one virtual server for each check and chapter, rendered by gen-conf. Each
//! check is there twice, with `alpha` and without: what was never checked is out of the one table
//! and in the other, and can't be mistaken for a verdict.

use std::fmt::Write;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::behaviour::{Behaviour, CONNECT_TIMEOUT, Chapter};

/// Who checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    SmtpCheck,
    Probe,
}

/// A check; its port is that of the real servers too.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    pub port: u16,
    pub kind: Kind,
    /// Whether servers are out until they were found up.
    pub alpha: bool,
}

pub const CHECKS: [Check; 4] = [
    Check { port: 2501, kind: Kind::SmtpCheck, alpha: false },
    Check { port: 2502, kind: Kind::SmtpCheck, alpha: true },
    Check { port: 2503, kind: Kind::Probe, alpha: false },
    Check { port: 2504, kind: Kind::Probe, alpha: true },
];

/// The first checks are spread over this time, in seconds, and no second ones follow. Without KVM a
/// probe takes a tenth of a second: fewer at a time, so that no timer runs out for want of a processor.
const WARMUP: u32 = 240;
const DELAY_LOOP: u32 = 3600;

/// The file for all chapters.
pub fn render(chapters: &[Chapter], folder: &Path) -> Result<String> {
    let mut text =
        "global_defs {\n    enable_script_security\n    script_user root\n}\n".to_owned();
    for (number, chapter) in chapters.iter().enumerate() {
        let rendered = gen_conf(&inventory(chapter, number), &folder.join(number.to_string()))
            .with_context(|| chapter.title)?;
        let start = rendered.find("virtual_server ").context("no virtual_server")?;
        text += &adapted(&rendered[start..], |address| {
            let all = chapter.behaviours.iter().enumerate();
            let mut named = all.filter(|(place, _)| chapter.address(number, *place) == address);
            named.next().map(|(_, behaviour)| behaviour)
        })?;
    }
    Ok(text)
}

fn inventory(chapter: &Chapter, number: usize) -> String {
    let mut text = "nodes:\n".to_owned();
    for place in 0..chapter.behaviours.len() {
        let address = chapter.address(number, place);
        writeln!(text, "  - {{name: n{}, address: \"{address}\"}}", place + 1).unwrap();
    }
    let net = if chapter.ipv6 { "2001:db8::" } else { "192.0.2." };
    write!(
        text,
        "vrrp_instance:\n  v: {{interface: eth0, virtual_router_id: 11, virtual_ipaddress: \
         \"{net}{}\"}}\nvirtual_server:\n",
        number + 1
    )
    .unwrap();
    for check in CHECKS {
        let kind = match check.kind {
            Kind::SmtpCheck => "SMTP_CHECK",
            Kind::Probe => "smtp-check",
        };
        writeln!(
            text,
            "  - {{port: {}, delay_loop: {DELAY_LOOP}, lb_algo: rr, check: {{type: {kind}, \
             connect_timeout: {}, retry: {}, delay_before_retry: 0.5}}}}",
            check.port,
            CONNECT_TIMEOUT.as_secs(),
            chapter.retry
        )
        .unwrap();
    }
    text
}

/// The file of the first node.
fn gen_conf(inventory: &str, folder: &Path) -> Result<String> {
    fs::create_dir_all(folder)?;
    let file = folder.join("inventory.yml");
    fs::write(&file, inventory)?;
    let output = Command::new(env!("CARGO_BIN_EXE_lvskit"))
        .arg("gen-conf")
        .arg("-i")
        .arg(&file)
        .arg("--out-dir")
        .arg(folder)
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(fs::read_to_string(folder.join("n1/keepalived.conf"))?)
}

/// Adds what an inventory doesn't have: `warmup`, `alpha`, and options of single servers.
fn adapted<'a>(
    rendered: &str,
    behaviour: impl Fn(IpAddr) -> Option<&'a Behaviour>,
) -> Result<String> {
    let (mut text, mut alpha, mut option) = (String::new(), false, None);
    for line in rendered.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (words.as_slice(), option) {
            (["virtual_server", _, port, "{"], _) => {
                let port: u16 = port.parse()?;
                alpha = CHECKS.iter().any(|check| check.port == port && check.alpha);
            }
            (["real_server", address, ..], _) => {
                option = behaviour(address.parse()?).context("whose address?")?.option;
            }
            (["misc_path", ..], Some((key, value))) => {
                let line = line.strip_suffix('"').context("misc_path without quotes")?;
                writeln!(text, "{line} --{} {value}\"", key.replace('_', "-"))?;
                continue;
            }
            _ => {}
        }
        writeln!(text, "{line}")?;
        match (words.as_slice(), option) {
            (["delay_loop", _], _) => {
                writeln!(text, "    warmup {WARMUP}")?;
                text += if alpha { "    alpha\n" } else { "" };
            }
            (["SMTP_CHECK", "{"], Some((key, value))) => {
                writeln!(text, "            {key} {value}")?;
            }
            _ => {}
        }
    }
    Ok(text)
}
