//! How the cost of a call grows: with the addresses in it, and with what else the host has.

use std::fmt::Write as _;
use std::io::Write;
use std::process::Command;

use tempfile::NamedTempFile;

use crate::calls::{self, VIP};
use crate::cost::{Candidate, HOOK, Meter, clean, ms, ratio};

const TURNS: usize = 20;
const VIPS: [usize; 5] = [1, 2, 5, 10, 20];
const INTERVALS: u32 = 50_000;

pub fn vips() {
    let addresses: Vec<String> = (1..=20).map(|host| format!("192.168.3.{host}")).collect();
    let files = VIPS.map(|count| calls::ruleset(&addresses[..count]));
    let mut candidates = Vec::new();
    for (count, file) in VIPS.iter().zip(&files) {
        let file = file.path().to_str().unwrap();
        candidates.push(Candidate::new("nft -f", &["/usr/sbin/nft", "-f", file]));
        let mut command = vec![HOOK, "-a"];
        command.extend(addresses[..*count].iter().map(String::as_str));
        candidates.push(Candidate::new("bypass-ipvs", &command));
    }
    let costs = Meter::new().compare(&candidates, TURNS, true);
    println!(
        "{:>9}{:>14}{:>14}{:>14}{:>10}",
        "addresses", "nft -f, ms", "hook, ms", "hook CPU", "ratio"
    );
    for (count, pair) in VIPS.iter().zip(costs.chunks(2)) {
        let (bare, hook) = (pair[0], pair[1]);
        println!(
            "{count:>9}{:>14.2}{:>14.2}{:>14.2}{:>9.2}x",
            ms(bare.end),
            ms(hook.end),
            ms(hook.cpu),
            ratio(hook.end, bare.end)
        );
    }
    let extra = (ms(costs[9].end) - ms(costs[1].end)) / 19.0;
    println!(
        "\neach address after the first costs {extra:.2} ms; from start to end, median of {TURNS}"
    );
}

pub fn blocklist() {
    clean();
    let mut text = String::from(
        "add table inet blocklist\n\
         add set inet blocklist bad { type ipv4_addr; flags interval; }\n",
    );
    for chunk in (0..INTERVALS).collect::<Vec<_>>().chunks(1000) {
        text.push_str("add element inet blocklist bad { ");
        for number in chunk {
            // 10.0.0.0/30, 10.0.0.8/30, ...: none touches the next
            let [a, b, c, d] = (0x0a00_0000 + number * 8).to_be_bytes();
            let _ = write!(text, "{a}.{b}.{c}.{d}/30, ");
        }
        text.push_str("}\n");
    }
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let loaded = Command::new("nft").arg("-f").arg(file.path()).status().unwrap();
    assert!(loaded.success());

    let ruleset = calls::ruleset(&[VIP.to_owned()]);
    let candidates = calls::candidates(&ruleset);
    let costs = Meter::new().compare(&candidates, TURNS, true);
    calls::table(&candidates, &costs, false);
    println!();
    for (what, cost) in [("a hook", costs[1]), ("a hook with --keep-sessions", costs[2])] {
        calls::at_most(what, ratio(cost.end, costs[0].end), 1.3, "x nft -f");
    }
    assert!(Command::new("nft").arg("delete table inet blocklist").status().unwrap().success());
}
