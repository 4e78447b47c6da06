//! The lab: the article's cluster on one machine, on a kernel with real IPVS, with real keepalived
//! and real Postfix on every node. This program boots the kernel, then runs itself again inside.
//!
//!     lab test [SCENARIO]...     run the scenarios, all by default
//!     lab matrix [SCENARIO]...   run some on other releases of the distribution, too
//!     lab demo                   show the cluster at work
//!     lab list                   name the scenarios
//!
//! README.md beside this file tells how it is built.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

#[path = "../smtp_check/certificates.rs"]
#[allow(dead_code)] // the tests of smtp-check need more of it
mod certificates;
mod cluster;
#[path = "../bench/cost.rs"]
#[allow(dead_code)] // the bench needs more of it
mod cost;
mod demo;
mod differential;
mod ipvs;
mod keepalived;
mod kernel;
mod load;
mod mailbox;
mod mails;
mod matrix;
mod network;
mod node;
mod postfix;
mod report;
mod sandbox;
mod scenarios;
mod sessions;
mod settings;
mod setup;
mod sink;
mod steady;
mod sync;
mod syslog;
mod traffic;
mod udp;
mod watcher;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["list"] => {
            scenarios::ALL.iter().for_each(|s| {
                println!("{:20} {:8} {}", s.name, format!("{:?}", s.group).to_lowercase(), s.tells)
            });
            return ExitCode::SUCCESS;
        }
        ["test" | "demo", ..] => kernel::run(&words),
        ["matrix", names @ ..] => matrix::run(names),
        [] => kernel::run(&["test"]),
        [kernel::IN_KERNEL, rest @ ..] => sandbox::enter(rest),
        [sandbox::IN_SANDBOX, "test", names @ ..] => {
            sandbox::prepare().and_then(|()| scenarios::run(names))
        }
        [sandbox::IN_SANDBOX, "demo"] => sandbox::prepare().and_then(|()| demo::run()),
        _ => Err(anyhow::anyhow!(
            "usage: lab [test [SCENARIO]... | matrix [SCENARIO]... | demo | list]"
        )),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab: error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
