//! What the verdicts don't show: keepalived's `misc_dynamic` reads exit codes as weights, runs a probe
//! that becomes the one with TLS, and at `misc_timeout` takes a probe that it ends for a failure.

use std::collections::HashMap;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::behaviour::good;
use crate::certificates::Authority;
use crate::common::netns::Netns;
use crate::common::server::FakeServer;
use crate::common::server::Step::{self, Tls};
use crate::keepalived::{self, Keepalived, Said};

const PLAIN: Ipv4Addr = Ipv4Addr::new(10, 9, 250, 1);
const IN_TLS: Ipv4Addr = Ipv4Addr::new(10, 9, 250, 2);
const SILENT: Ipv4Addr = Ipv4Addr::new(10, 9, 250, 3);

/// Where the servers listen; what is balanced has the port of the virtual server.
const PORT: u16 = 2600;

/// Each change takes a check, and a check a while where there is no KVM.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a keepalived of its own on the stage.
pub fn prove(netns: &Netns, folder: &Path) -> Result<String> {
    fs::create_dir_all(folder)?;
    let (marker, conf) = (folder.join("drain"), folder.join("keepalived.conf"));
    let formula = "--dynamic --latency-weight 100:5:9";
    let checks = [
        (PLAIN, format!("{formula} --drain-file {}", marker.display()), 30),
        (IN_TLS, format!("{formula} --tls"), 30),
        (SILENT, format!("{formula} --deadline 50 --connect-timeout 50"), 2),
    ];
    fs::write(&conf, render(&checks))?;
    let serve = |address: Ipv4Addr, script: Vec<Step>| -> Result<FakeServer> {
        let listener = netns.run(|| TcpListener::bind((address, PORT))).context(address)?;
        Ok(FakeServer::start(listener, vec![script]))
    };
    let plain = serve(PLAIN, good())?;
    let _in_tls = serve(IN_TLS, [vec![Tls(Authority::new().server(30))], good()].concat())?;
    let _silent = serve(SILENT, vec![])?;

    let keepalived = Keepalived::start(netns, folder, &conf, &Said::default())?;
    let wait = |what: &str, expected: &[(Ipv4Addr, u32)]| {
        wait(netns, expected.iter().copied().collect()).with_context(|| {
            let log = fs::read_to_string(keepalived::log(folder)).unwrap_or_default();
            format!("{what}\n--- keepalived's log\n{log}")
        })
    };
    wait("weights from latency, the silent one out", &[(PLAIN, 100), (IN_TLS, 100)])?;
    fs::write(&marker, "1\n")?;
    wait("drained", &[(PLAIN, 0), (IN_TLS, 100)])?;
    fs::write(&marker, "0\n")?;
    wait("no more drained", &[(PLAIN, 100), (IN_TLS, 100)])?;
    drop(plain);
    wait("down", &[(IN_TLS, 100)])?;
    keepalived.terminate()?;
    keepalived.wait()?;
    Ok("weight 100 by latency, 0 while drained, 100 again, out when down; TLS; ended by SIGTERM: out"
        .to_owned())
}

fn render(checks: &[(Ipv4Addr, String, u32)]) -> String {
    let program = lvskit::paths::libexec("smtp-check");
    let servers = checks.iter().map(|(address, options, timeout)| {
        format!(
            "    real_server {address} 25 {{\n        weight 7\n        MISC_CHECK {{\n            \
             misc_path \"{program} {address} -p {PORT} --retry 0 {options}\"\n            \
             misc_timeout {timeout}\n            misc_dynamic\n            user lvskit\n        \
             }}\n    }}\n"
        )
    });
    format!(
        "global_defs {{\n    enable_script_security\n    script_user root\n}}\n\
         virtual_server 192.0.2.250 25 {{\n    delay_loop 2\n    lb_algo wlc\n    lb_kind DR\n    \
         protocol TCP\n{}}}\n",
        servers.collect::<String>()
    )
}

/// Waits until IPVS has these servers with these weights, and no others.
fn wait(netns: &Netns, expected: HashMap<Ipv4Addr, u32>) -> Result<()> {
    let began = Instant::now();
    loop {
        let listing = netns.tool("ipvsadm", "-Ln");
        let server = |line: &str| {
            let mut words = line.trim().strip_prefix("-> ")?.split_whitespace();
            let address = words.next()?.strip_suffix(":25")?.parse().ok()?;
            Some((address, words.nth(1)?.parse().ok()?))
        };
        let found: HashMap<Ipv4Addr, u32> = listing.lines().filter_map(server).collect();
        if found == expected {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            bail!("not {expected:?} but {found:?}");
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}
