//! `lvskit init`: the reader's own inventory, from flags or from answers on a terminal. What it writes is
//! checked as gen-conf would, and nothing that exists is replaced.
//!
//! - `options` is the command line; `ask` asks for what the command line lacks;
//! - `place` finds this host's interface in the cluster's network;
//! - `text` writes the inventory, a pure function;
//! - `save` puts the files in place.

mod ask;
mod options;
mod place;
mod save;
mod text;

use std::io::{IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, anyhow};
use ipnetwork::IpNetwork;

use crate::exit::Exit;
use crate::files;
use crate::guard::plan::Service;
use crate::inventory::{self, Checked};
use crate::node::addresses::interfaces;
use crate::output::{self, Failure, Or};
use crate::vip::Vip;

pub use options::Init;
use options::NodeOption;

/// What the inventory is made of.
pub(crate) struct Answers {
    pub(crate) nodes: Vec<NodeOption>,
    pub(crate) vip: Vip,
    pub(crate) services: Vec<Service>,
    pub(crate) interface: String,
    pub(crate) network: IpNetwork,
    pub(crate) vrid: u8,
    pub(crate) password: bool,
}

/// Runs the command. Results go to `out`, questions and diagnostics to standard error.
pub fn run(args: &Init, out: &mut impl Write) -> Exit {
    match try_run(args, out) {
        Ok(()) => Exit::Ok,
        Err(Failure(exit, error)) => output::fail(exit, format_args!("{error:#}")),
    }
}

fn try_run(args: &Init, out: &mut impl Write) -> Result<(), Failure> {
    let stdout = files::is_stdout(&args.output);
    if stdout && args.password {
        let what =
            anyhow!("--password needs a directory for its file: write the inventory to a file");
        return Err(Failure(Exit::Usage, what));
    }
    if !stdout {
        // Before the questions, not after them.
        save::free(&args.output, args.password).or_exit(Exit::File)?;
    }
    let answers = answers(args)?;
    let text = text::inventory(&answers);
    // The secret is not there yet, and any will do to check the rest.
    let checked = inventory::parse(&text, &|_| Ok("password".to_owned()));
    let report = |problems: &[_]| {
        let colour = output::coloured(&std::io::stderr());
        inventory::report(&args.output.to_string_lossy(), &text, problems, colour)
    };
    match checked {
        Err(problems) => {
            output::say(report(&problems));
            let what = anyhow!("the answers make no inventory; nothing was written");
            return Err(Failure(Exit::No, what));
        }
        Ok(Checked { warnings, .. }) if !warnings.is_empty() => {
            output::say(report(&warnings));
        }
        Ok(_) => {}
    }
    let said = if stdout {
        text
    } else {
        save::all(&args.output, &text, args.password).or_exit(Exit::File)?;
        next_steps(&args.output, &answers)
    };
    (out.write_all(said.as_bytes()).and_then(|()| out.flush()))
        .context("standard output")
        .or_exit(Exit::File)
}

/// Flags first, then answers, then what this host tells.
fn answers(args: &Init) -> Result<Answers, Failure> {
    let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let mut ask = ask::Asker::new(terminal);
    let (nodes, vip, services) = ask.cluster(args).or_exit(Exit::Usage)?;
    let mut wanted: Vec<_> = nodes.iter().map(|node| node.address).collect();
    wanted.push(vip.address());
    let found = match (&args.interface, args.network) {
        (Some(_), Some(_)) => None,
        _ => {
            let known = interfaces().map_err(|error| Failure(error.exit(), anyhow!(error)))?;
            place::find(&known, &wanted)
        }
    };
    let (interface, network) = ask.place(args, found, &wanted)?;
    let vrid = args.vrid.unwrap_or_else(|| text::vrid(vip));
    Ok(Answers { nodes, vip, services, interface, network, vrid, password: args.password })
}

/// The commands that come next, to be copied. Names and paths of this cluster are in them.
fn next_steps(file: &Path, answers: &Answers) -> String {
    let file = file.display();
    let names: Vec<&str> = answers.nodes.iter().map(|node| node.name.as_str()).collect();
    let names = names.join(" ");
    let conf = "/etc/keepalived/keepalived.conf";
    let secret = match answers.password {
        true => format!("{}: written, the VRRP password\n", save::SECRET),
        false => String::new(),
    };
    let (vip, port) = (answers.vip, answers.services.first().map_or(0, |service| service.first));
    let test = match answers.services.first().is_some_and(text::is_tcp) {
        true => format!("  telnet {vip} {port}    # from a host outside the cluster, a few times"),
        false => format!("  # ask {vip} from a host outside the cluster, a few times"),
    };
    format!(
        "{file}: written\n{secret}Look at it, then, as root of the nodes:\n\
         \x20 lvskit gen-conf -i {file} --out-dir conf\n\
         \x20 for node in {names}; do scp -p conf/$node/keepalived.conf $node:{conf}; done\n\
         \x20 for node in {names}; do ssh $node systemctl enable --now bypass-ipvs keepalived; done\n\
         {test}\n\
         \x20 ssh {first} lvskit doctor    # on the MASTER first\n",
        first = answers.nodes.first().map_or("", |node| node.name.as_str()),
    )
}
