//! Postfix's smtp-sink on a node, where it is the many sessions that matter and not what becomes of a
//! mail: one process serves them all. A Postfix has one for each, and 200 of these take a quarter of
//! an hour to start without KVM.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::common::netns::Netns;

/// Sessions that one may hold, and connections that may wait.
const MOST: &str = "4000";
const BACKLOG: &str = "512";

/// How long it may take until it listens.
const PATIENCE: Duration = Duration::from_secs(30);

/// One for each address; all end with it.
pub struct Sink(Vec<Child>);

impl Sink {
    /// Starts it on the node, at all addresses; `name` is what it greets with.
    pub fn start(node: &Netns, name: &str, port: u16) -> Result<Sink> {
        Sink::start_at(node, name, &[format!("0.0.0.0:{port}"), format!("[::]:{port}")])
    }

    /// Starts it at these addresses and ports.
    pub fn start_at(node: &Netns, name: &str, addresses: &[String]) -> Result<Sink> {
        let start = |address: &str| {
            let mut sink = Command::new("smtp-sink");
            sink.args(["-u", "postfix", "-h", name, "-m", MOST, address, BACKLOG]);
            node.run(|| sink.stdin(Stdio::null()).stdout(Stdio::null()).spawn())
        };
        let sink =
            |address: &String| start(address).with_context(|| format!("smtp-sink {address}"));
        let sinks = Sink(addresses.iter().map(sink).collect::<Result<_>>()?);
        let deadline = Instant::now() + PATIENCE;
        let listens = |listing: &str, address: &String| listing.contains(&format!(" {address} "));
        let all = || {
            let listing = node.tool("ss", "-Htln");
            addresses.iter().all(|address| listens(&listing, address))
        };
        while !all() {
            ensure!(Instant::now() < deadline, "smtp-sink does not listen");
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(sinks)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        for sink in &mut self.0 {
            let _ = sink.kill();
            let _ = sink.wait();
        }
    }
}
