//! The command line of `lvskit`, the program that people and Ansible run.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

use super::doctor::{Doctor, Explain};
use super::drain::{Drain, Undrain};
use super::graph::Graph;
use super::import::Import;
use super::init::Init;
use super::status::{Connections, Status};

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

const GEN_CONF_EXAMPLES: &str = "\
Examples:
  lvskit gen-conf -i inventory.yml --stdout --node server01.domain.ru
  lvskit gen-conf -i inventory.yml --out-dir conf       conf/NODE/keepalived.conf for all nodes
  lvskit gen-conf -i inventory.yml --out-dir conf --check --diff
                                                        what would change, nothing is written
  lvskit gen-conf -i inventory.yml --out-dir conf --check --diff --meaning
                                                        of files written by hand: only what
                                                        keepalived would do differently
  lvskit gen-conf -i inventory.yml --node $(hostname -f) -o /etc/keepalived/keepalived.conf
  lvskit gen-conf -i inventory.yml --firewall nftables --out-dir conf
                                                        conf/NODE/lvskit-firewall.nft
  lvskit gen-conf -i inventory.yml --firewall firewalld --node $(hostname -f) -o firewall.sh
  lvskit gen-conf -i inventory.yml --guard-file --out-dir conf
                                                        conf/NODE/lvskit-guard.nft

  Apply a changed file with `systemctl reload keepalived`; restart only a drained node.

Files:
  A new file has mode 0640. An old one keeps owner, group and mode, but others get no rights: it
  holds the VRRP password. A replaced file loses its access control list, and nobody gains a
  right by that. A file is replaced in one step, and only if something changes; the first one
  only when all lie ready. Where one can't be replaced then, the error lists those that are new
  and those that are old. The same inventory always gives the same bytes.

Exit codes:
  0  done; with --check: nothing would change
  1  the inventory is wrong, not UTF-8, or lacks the node, or the password that it points to
     can't be read: nothing was written; with --explain: there is no such key
  2  wrong command line, nothing was tried
  3  with --check: a file would change; nothing was written
  6  the inventory could not be read, or a file not be written";

const DIFF_EXAMPLES: &str = "\
Examples:
  lvskit diff /etc/keepalived/keepalived.conf conf/server01.domain.ru/keepalived.conf
  ssh server01.domain.ru lvskit diff /etc/keepalived/keepalived.conf - \\
      < conf/server01.domain.ru/keepalived.conf
  lvskit diff --meaning old.conf new.conf               only what keepalived would do differently

With --meaning the order of statements, indentation, comments, spellings of numbers and addresses,
older names of keywords and keepalived's own defaults make no difference. Definitions are replaced,
included files are read.

Exit codes:
  0  nothing would change; with --meaning: both files mean the same
  1  NEW is not UTF-8 text; with --meaning: keepalived would refuse a file, or read it in another
     way than it looks
  2  wrong command line, nothing was tried
  3  the file would change
  6  a file could not be read, or standard output not written";

const SCHEMA_EXAMPLES: &str = "\
Examples:
  lvskit schema > inventory.schema.json
  lvskit schema --of status                             what `lvskit status --json` writes
  lvskit schema --of report                             what `lvskit doctor --report` writes

Exit codes:
  0  done
  2  wrong command line, nothing was tried
  6  standard output could not be written";

/// Companion of keepalived for LVS-DR clusters whose nodes are director and real server at
/// once.
#[derive(Debug, Parser)]
#[command(name = "lvskit", version, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What `lvskit` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first inventory of your own nodes
    ///
    /// Takes flags, or asks on a terminal. The file has the example's settings, with comments, and is never
    /// written over another one.
    Init(Init),

    /// Render keepalived.conf for the nodes of an inventory
    ///
    /// State, priority, router_id and the list of real servers follow from the list of nodes, so
    /// the files can't disagree. A file is replaced in one step, and only if its content changes.
    GenConf(GenConf),

    /// Make an inventory of the keepalived.conf files of a cluster
    ///
    /// The opposite of gen-conf: what the files have in common is written once, and differences
    /// are reported. Importing what gen-conf rendered, and rendering again, gives the same files.
    Import(Import),

    /// Show what would change in a file, passwords masked
    ///
    /// For a keepalived.conf that was rendered elsewhere: a node can compare it with its own without the
    /// inventory, and without the passwords' files that this may name. It says what gen-conf --check --diff
    /// would, and writes nothing.
    Diff(Diff),

    /// Print the JSON schema of inventories, for editors, or that of another format
    ///
    /// With a comment `# yaml-language-server: $schema=FILE` in its first line an inventory is
    /// completed and checked while it is written.
    #[command(after_help = SCHEMA_EXAMPLES)]
    Schema(Schema),

    /// Show what this node is: roles, addresses, guards, what IPVS balances
    ///
    /// Read-only. It goes by keepalived.conf and the kernel, or by the kernel alone where the file can't be
    /// read.
    Status(Status),

    /// List the connections that IPVS balances
    ///
    /// One line each, in bounded memory however many there are.
    Connections(Connections),

    /// Find the problems of this node, and say what to do
    ///
    /// Read-only. Each finding has a name, what was seen, why it matters and what to do.
    Doctor(Doctor),

    /// Explain a finding of doctor or gen-conf, or a key of the inventory
    Explain(Explain),

    /// Take this node out as a director and as a server, without losing a session
    ///
    /// As a director it gives its addresses up once another node takes them. As a server it refuses the checks
    /// of all directors, so that they send nothing new, and what is under way goes on.
    Drain(Drain),

    /// End a drain: this node takes part again
    Undrain(Undrain),

    /// Draw the cluster of an inventory as SVG
    ///
    /// Sites, nodes, addresses, services, and who is MASTER.
    Graph(Graph),
}

/// The arguments of `lvskit gen-conf`.
#[derive(Debug, Args)]
#[command(after_help = GEN_CONF_EXAMPLES)]
#[command(group = ArgGroup::new("where").args(["stdout", "output", "out_dir", "explain"]).required(true))]
pub struct GenConf {
    /// The inventory, a YAML or JSON file; - for standard input
    #[arg(short, long, value_name = "FILE", required_unless_present = "explain")]
    pub inventory: Option<PathBuf>,

    /// Render only this node; may be repeated
    #[arg(long, value_name = "NAME")]
    pub node: Vec<String>,

    /// Render what the nodes' firewalls have to let in, instead of keepalived.conf
    #[arg(long, value_name = "KIND", value_enum)]
    pub firewall: Option<Firewall>,

    /// Render the guard of each node's addresses for its nftables.conf, instead of keepalived.conf: so
    /// that a reload, which flushes all rules, has it back in the same step
    #[arg(long, conflicts_with = "firewall")]
    pub guard_file: bool,

    /// Write to standard output
    #[arg(long)]
    pub stdout: bool,

    /// Write one node's file here; - is standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Write DIR/NODE/keepalived.conf for each node; with --firewall lvskit-firewall.nft or
    /// lvskit-firewall.sh, with --guard-file lvskit-guard.nft
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,

    /// Write nothing; tell what would change, by exit code 3 too
    #[arg(long, conflicts_with = "stdout")]
    pub check: bool,

    /// Show what changes as a unified diff, passwords masked
    #[arg(long, conflicts_with = "stdout")]
    pub diff: bool,

    /// With --check: compare what the files mean to keepalived; indentation, order, spelling and
    /// keepalived's own defaults make no difference
    #[arg(long, requires = "check")]
    pub meaning: bool,

    /// The format of the changes
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, conflicts_with = "stdout")]
    pub format: Format,

    /// Say on standard error how soon a dead MASTER is replaced; on a terminal that is always said
    #[arg(short, long)]
    pub verbose: bool,

    /// Show what a key of the inventory means, its values, and which keepalived has it: by its
    /// name or path, such as advert_int, virtual_server.check or check.retry; for a section or a
    /// checker all its keys
    #[arg(long, value_name = "KEY", exclusive = true)]
    pub explain: Option<String>,

    /// The same as --format json
    #[arg(long, conflicts_with_all = ["stdout", "format"])]
    pub json: bool,
}

/// Which file is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// keepalived.conf
    Keepalived,
    /// What the firewall has to let in.
    Firewall(Firewall),
    /// The guard.
    Guard,
}

impl GenConf {
    /// Which file is rendered.
    pub fn kind(&self) -> Kind {
        match self.firewall {
            Some(firewall) => Kind::Firewall(firewall),
            None if self.guard_file => Kind::Guard,
            None => Kind::Keepalived,
        }
    }

    /// How the results are told.
    pub fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

/// The arguments of `lvskit diff`.
#[derive(Debug, Args)]
#[command(after_help = DIFF_EXAMPLES)]
pub struct Diff {
    /// The file as it is; where it is missing, all is new
    pub file: PathBuf,

    /// The file as it shall be; - for standard input
    pub new: PathBuf,

    /// Show only what makes a difference to keepalived
    #[arg(long)]
    pub meaning: bool,

    /// The config id of both files (keepalived's --config-id), for lines such as `@lb1 priority 100`
    #[arg(long, value_name = "ID", requires = "meaning")]
    pub id: Option<String>,

    /// Print {"changed", "diff"} as JSON; with --meaning {"format", "changed", "differences": [{"change":
    /// "removed" or "added", "blocks", "statement", "block", "file", "line"}]}
    #[arg(long)]
    pub json: bool,
}

/// The arguments of `lvskit schema`.
#[derive(Debug, Args)]
pub struct Schema {
    /// Of what
    #[arg(long, value_name = "WHAT", value_enum, default_value_t)]
    pub of: Described,
}

/// What has a JSON schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Described {
    /// Inventories
    #[default]
    Inventory,
    /// What `lvskit status --json` writes
    Status,
    /// What `lvskit doctor --report` writes
    Report,
}

/// How results are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// A line for each file
    #[default]
    Text,
    /// {"changed": BOOL, "files": [{"node", "path", "changed"}]}, with --diff also "diff"
    Json,
}

/// Whose language `--firewall` speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Firewall {
    /// Rules to include in an input chain
    Nftables,
    /// A shell script of firewall-cmd lines
    Firewalld,
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
