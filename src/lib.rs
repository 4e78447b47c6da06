//! lvskit: what keepalived lacks in small LVS-DR clusters where every node is director and
//! real server at once. Three thin programs share this library.
//!
//! Data flows one way:
//! - [`inventory`] text → checked [`cluster`] → [`conf`] tree per node → bytes (`lvskit gen-conf`);
//! - flags or answers → inventory text ([`init`], `lvskit init`);
//! - files of a cluster → [`import`] → inventory text (`lvskit import`);
//! - two files → what they say differently (`lvskit diff --meaning`, `compare`);
//! - the same cluster → [`firewall`] rules per node (`lvskit gen-conf --firewall`);
//! - VIP → [`guard`] ruleset → kernel (`bypass-ipvs`);
//! - what a [`node`]'s kernel, processes and files say → [`status`] (`lvskit status`, `connections`);
//! - all nodes, asked at once → one judgement (`lvskit doctor --cluster`), a picture (`lvskit graph`, [`graph`]);
//! - the same, and what [`vrrp`] hears on the wire → findings (`lvskit doctor`, [`doctor`]);
//! - keepalived.conf and the wire → drain file and refused checks (`lvskit drain`, [`drain`]);
//! - bytes in → [`smtp`] dialogue → verdict → exit code (`smtp-check`).

use std::io::Write;

use clap::{Parser, Subcommand};

pub mod child;
pub mod cluster;
mod compare;
pub mod conf;
pub mod doctor;
pub mod drain;
pub mod exit;
pub mod files;
mod fingerprint;
pub mod firewall;
pub mod gen_conf;
pub mod graph;
pub mod guard;
pub mod import;
pub mod init;
pub mod inventory;
pub mod log;
pub mod node;
mod output;
pub mod paths;
pub mod reach;
pub mod schema;
mod secrets;
mod shortage;
pub mod smtp;
pub mod status;
mod stderr;
mod table;
mod transitions;
pub mod vip;
pub mod vrrp;

const EXAMPLES: &str = "\
Examples:
  lvskit init                                           a first inventory; asks what it needs
  lvskit gen-conf -i inventory.yml --stdout             show the files of all nodes
  lvskit gen-conf -i inventory.yml --out-dir conf       write conf/NODE/keepalived.conf
  lvskit gen-conf -i inventory.yml --out-dir conf --check --diff
                                                        show what that would change
  lvskit gen-conf -i inventory.yml --firewall nftables --out-dir conf
  lvskit import -o inventory.yml */keepalived.conf      an inventory of existing files
  lvskit gen-conf --help                                every option, and more examples
  lvskit diff /etc/keepalived/keepalived.conf new.conf  what differs, passwords masked
  lvskit schema > inventory.schema.json                 for an editor
  lvskit status                                         what this node is and balances
  lvskit connections --summary                          whom its connections go to
  lvskit doctor                                         what is wrong here, and what to do
  lvskit doctor --cluster -i inventory.yml              the same of all nodes, by ssh
  lvskit explain advert_int                             what a key or a finding means
  lvskit drain --wait                                   take this node out; lvskit undrain ends it
  lvskit graph -i inventory.yml -o cluster.svg          the cluster as a picture

Exit codes:
  0  done
  1  the inventory is wrong; nothing was written; connections: there is no IPVS; doctor: an error;
     drain: refused; status --all: a node does not answer
  2  wrong command line, nothing was tried
  3  diff, and gen-conf --check: a file would change; doctor: warnings only
  4  connections, drain: the kernel refused; doctor: not all could be looked for
  5  drain: sessions are left after the timeout
  6  a file could not be read or written
  7  drain: nft is missing";

/// Companion of keepalived for LVS-DR clusters whose nodes are director and real server at
/// once.
#[derive(Debug, Parser)]
#[command(name = "lvskit", version, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// Makes [`Command`] of a line for each subcommand: its options, and what runs them.
macro_rules! subcommands {
    ($($name:ident($options:path) => $run:path,)*) => {
        /// What `lvskit` can do, in the order of its help. The options say what each is.
        #[derive(Debug, Subcommand)]
        #[allow(missing_docs)]
        pub enum Command {
            $($name($options),)*
        }

        impl Command {
            /// Runs it; results go to `out`, the rest to standard error.
            pub fn run(&self, out: &mut impl Write) -> exit::Exit {
                match self {
                    $(Command::$name(options) => $run(options, out),)*
                }
            }
        }
    };
}

subcommands! {
    Init(init::Init) => init::run,
    GenConf(gen_conf::GenConf) => gen_conf::run,
    Import(import::Import) => import::run,
    Diff(gen_conf::diff::Diff) => gen_conf::diff::run,
    Schema(schema::Schema) => schema::run,
    Status(status::Options) => status::run,
    Connections(status::connections::Connections) => status::connections::run,
    Doctor(doctor::Doctor) => doctor::run,
    Explain(doctor::explain::Explain) => doctor::explain::run,
    Drain(drain::Drain) => drain::drain,
    Undrain(drain::Undrain) => drain::undrain,
    Graph(graph::Graph) => graph::run,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    /// The help breaks longer lines a second time.
    #[test]
    fn what_stands_below_the_options_fits_a_terminal() {
        const COLUMNS: usize = 100;
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in help.lines() {
                assert!(line.chars().count() <= COLUMNS, "{}: {line}", command.get_name());
            }
        }
    }
}
