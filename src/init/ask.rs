//! Questions on a terminal, for what the command line lacks. An answer that is wrong is asked for again;
//! without a terminal each missing answer is an error that names its flag.

use std::fmt::Display;
use std::io::{BufRead, Read, Write};
use std::net::IpAddr;
use std::str::FromStr;

use anyhow::{Result, anyhow, bail, ensure};
use ipnetwork::IpNetwork;

use super::options::{Init, NodeOption};
use super::place::Found;
use crate::exit::Exit;
use crate::guard::plan::Service;
use crate::output::{Failure, Or};
use crate::vip::{Family, Vip};

/// The longest answer, in bytes.
const LONGEST: u64 = 1024;

pub(super) struct Asker {
    terminal: bool,
}

impl Asker {
    pub(super) fn new(terminal: bool) -> Asker {
        Asker { terminal }
    }

    /// Nodes, VIP and services.
    pub(super) fn cluster(&mut self, args: &Init) -> Result<(Vec<NodeOption>, Vip, Vec<Service>)> {
        if !self.terminal {
            let lacks = [
                (args.nodes.is_empty(), "--node"),
                (args.vip.is_none(), "--vip"),
                (args.services.is_empty(), "--service"),
            ];
            let lacking: Vec<_> =
                lacks.iter().filter(|(lacks, _)| *lacks).map(|(_, flag)| *flag).collect();
            ensure!(
                lacking.is_empty(),
                "{} missing, and there is no terminal to ask on; see lvskit init --help",
                lacking.join(", ")
            );
        }
        let mut nodes = args.nodes.clone();
        if nodes.is_empty() {
            say("The nodes, the preferred one first: NAME=ADDRESS, such as mx1=192.168.3.101;")?;
            say("NAME=ADDRESS@INTERFACE where an interface has another name than the others'.")?;
            while let Some(node) =
                self.optional(&format!("Node {}", nodes.len() + 1), nodes.len() < 2)?
            {
                nodes.push(node);
            }
        }
        let vip = match args.vip {
            Some(vip) => vip,
            None => self.required("Virtual IP address that clients connect to", None)?,
        };
        let services = match args.services.as_slice() {
            [] => vec![self.required("Service, such as tcp/25", Some("tcp/25"))?],
            given => given.to_vec(),
        };
        for service in &services {
            ensure!(
                service.first == service.last,
                "invalid service `{service}`: expected one port; balance several by firewall mark \
                 (lvskit explain virtual_server.fwmark)"
            );
        }
        for node in &nodes {
            let own = Family::of(node.address);
            ensure!(
                own == vip.family(),
                "{}: {} is an {own} address, and the VIP {vip} is one of {}: expected one family; \
                 keepalived/samples/ipv6.yml has both",
                node.name,
                node.address,
                vip.family()
            );
        }
        Ok((nodes, vip, services))
    }

    /// Interface and network: flags, else what was found here, confirmed on a terminal.
    pub(super) fn place(
        &mut self,
        args: &Init,
        found: Option<Found>,
        wanted: &[IpAddr],
    ) -> Result<(String, IpNetwork), Failure> {
        let (interface, network) = match found {
            Some(found) => (Some(found.interface), Some(found.network)),
            None => (None, None),
        };
        if !self.terminal {
            let (interface, network) =
                (args.interface.clone().or(interface), args.network.or(network));
            let missing = match (interface, network) {
                (Some(interface), Some(network)) => return Ok((interface, network)),
                (None, Some(_)) => "--interface",
                (Some(_), None) => "--network",
                (None, None) => "--interface and --network",
            };
            let all: Vec<String> = wanted.iter().map(IpAddr::to_string).collect();
            let all = all.join(", ");
            let what = anyhow!(
                "no network of this host has all of {all}: give the nodes' own with {missing}"
            );
            return Err(Failure(Exit::No, what));
        }
        let interface = match &args.interface {
            Some(interface) => interface.clone(),
            None => self
                .required("Interface of the nodes", interface.as_deref())
                .or_exit(Exit::Usage)?,
        };
        let default = network.map(|network| network.to_string());
        let network = match args.network {
            Some(network) => network,
            None => self
                .required("Network of nodes and VIP, such as 192.168.3.0/24", default.as_deref())
                .or_exit(Exit::Usage)?,
        };
        Ok((interface, network))
    }

    fn required<T: FromStr<Err: Display>>(
        &mut self,
        question: &str,
        default: Option<&str>,
    ) -> Result<T> {
        loop {
            let line = line(&match default {
                Some(default) => format!("{question} [{default}]: "),
                None => format!("{question}: "),
            })?;
            match (line.as_str(), default) {
                ("", None) => {}
                ("", Some(text)) | (text, _) => match text.parse() {
                    Ok(answer) => return Ok(answer),
                    Err(error) => say(&error.to_string())?,
                },
            }
        }
    }

    /// `None` for an empty line, where the answer is not needed.
    fn optional<T: FromStr<Err: Display>>(
        &mut self,
        question: &str,
        needed: bool,
    ) -> Result<Option<T>> {
        if needed {
            return self.required(question, None).map(Some);
        }
        loop {
            let line = line(&format!("{question}, or an empty line: "))?;
            if line.is_empty() {
                return Ok(None);
            }
            match line.parse() {
                Ok(answer) => return Ok(Some(answer)),
                Err(error) => say(&error.to_string())?,
            }
        }
    }
}

fn say(words: &str) -> Result<()> {
    writeln!(std::io::stderr(), "{words}").map_err(|error| anyhow!("standard error: {error}"))
}

fn line(prompt: &str) -> Result<String> {
    let mut stderr = std::io::stderr();
    write!(stderr, "{prompt}").and_then(|()| stderr.flush())?;
    let mut line = String::new();
    let read = std::io::stdin().lock().take(LONGEST).read_line(&mut line)?;
    if read == 0 {
        bail!("no more answers; nothing was written");
    }
    Ok(line.trim().to_owned())
}
