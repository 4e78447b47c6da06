//! The command lines of `lvskit status` and `lvskit connections`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{ArgGroup, Args};
use ipnetwork::IpNetwork;

use crate::paths;
use crate::reach::options::Reach;

const STATUS_EXAMPLES: &str = "\
Examples:
  lvskit status                          one screen
  lvskit status --watch                  one screen, drawn again each second; Ctrl-C ends it
  lvskit status --json                   for programs; `lvskit schema --of status` describes it
  lvskit status --prometheus -o /var/lib/node_exporter/textfile_collector/lvskit.prom

  lvskit status --all -i inventory.yml   one line for each node, by ssh
  lvskit status --all                    on a node: of those that its keepalived.conf names

  Without root it shows what everybody may read, and names what it could not read.
  The role follows from the addresses: MASTER has all of an instance's, BACKUP none, MIXED some.
  FAULT has none and can't become MASTER; STOPPED has none, and keepalived does not run.

Exit codes:
  0  done
  1  with --all: a node does not answer; or the inventory is wrong
  2  wrong command line, nothing was tried
  6  the inventory could not be read, or the output not be written";

const CONNECTIONS_EXAMPLES: &str = "\
Examples:
  lvskit connections                             source, service, server, state, seconds to expiry
  lvskit connections --summary                   counts by server and state
  lvskit connections --server 192.168.3.101 --state ESTABLISHED
  lvskit connections --source 192.168.3.0/24 --json

  On a BACKUP these are the connections that the sync daemon has received.

Exit codes:
  0  done; also where there is no connection
  1  the kernel has no IPVS (modprobe ip_vs)
  2  wrong command line, nothing was tried
  4  the table could not be read
  6  the output could not be written";

/// Where keepalived's files are, where its process does not say.
#[derive(Debug, Args)]
pub struct Places {
    /// keepalived's configuration, where its process does not say which
    #[arg(long, value_name = "FILE", default_value = paths::KEEPALIVED_CONF)]
    pub config: PathBuf,

    /// The file with the number of keepalived's main process
    #[arg(long, value_name = "FILE", default_value = paths::KEEPALIVED_PID)]
    pub keepalived_pid: PathBuf,
}

/// The arguments of `lvskit status`.
#[derive(Debug, Args)]
#[command(after_help = STATUS_EXAMPLES)]
#[command(group = ArgGroup::new("format").args(["json", "prometheus", "watch"]))]
#[command(group = ArgGroup::new("every").args(["all"]))]
pub struct Status {
    /// Write JSON
    #[arg(long)]
    pub json: bool,

    /// Write Prometheus' text format
    #[arg(long)]
    pub prometheus: bool,

    /// Draw the screen again each second
    #[arg(long, conflicts_with = "output")]
    pub watch: bool,

    /// Write here instead of to standard output, in one step; everybody may read the file
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// A line for each node: of the inventory, without one of those that this node's keepalived.conf names
    #[arg(long, conflicts_with_all = ["prometheus", "watch", "output"])]
    pub all: bool,

    /// With --all: the inventory; - for standard input
    #[arg(short, long, value_name = "FILE", requires = "all")]
    pub inventory: Option<PathBuf>,

    /// How the nodes are asked
    #[command(flatten)]
    pub reach: Reach,

    /// Where to look
    #[command(flatten)]
    pub places: Places,
}

/// The arguments of `lvskit connections`.
#[derive(Debug, Args)]
#[command(after_help = CONNECTIONS_EXAMPLES)]
pub struct Connections {
    /// Only those to this real server
    #[arg(long, value_name = "ADDRESS")]
    pub server: Option<IpAddr>,

    /// Only those in this state, such as ESTABLISHED or FIN_WAIT
    #[arg(long, value_name = "STATE", ignore_case = true)]
    pub state: Option<String>,

    /// Only those of clients in this network, such as 192.168.3.0/24
    #[arg(long, value_name = "NET")]
    pub source: Option<IpNetwork>,

    /// Count them by service, server and state
    #[arg(long)]
    pub summary: bool,

    /// Write a JSON object for each line
    #[arg(long)]
    pub json: bool,
}
