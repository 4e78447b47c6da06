//! The options of `lvskit gen-conf`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};

const EXAMPLES: &str = "\
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
     can't be read: nothing was written
  2  wrong command line, nothing was tried
  3  with --check: a file would change; nothing was written
  6  the inventory could not be read, or a file not be written";

/// Render keepalived.conf for the nodes of an inventory
///
/// State, priority, router_id and the list of real servers follow from the list of nodes, so
/// the files can't disagree. A file is replaced in one step, and only if its content changes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("where").args(["stdout", "output", "out_dir"]).required(true))]
pub struct GenConf {
    /// The inventory, a YAML or JSON file; - for standard input
    #[arg(short, long, value_name = "FILE")]
    pub inventory: PathBuf,

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
