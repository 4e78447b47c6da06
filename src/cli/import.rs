//! The command line of `lvskit import`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

const EXAMPLES: &str = "\
Examples:
  lvskit import server0*/keepalived.conf -o inventory.yml    one file for each node
  lvskit import /etc/keepalived/keepalived.conf -o inventory.yml
  lvskit import a.conf b.conf --address 10.0.0.11 --address 10.0.0.12
                                               where no file has the nodes' own addresses
  lvskit import */etc/keepalived/keepalived.conf --root lb1 --root lb2
                                               where files are included as /etc/keepalived/...
  lvskit import keepalived.conf --id lb1 --id lb2            one file with lines for @lb1 and @lb2
  lvskit import a.conf b.conf --auth-pass-file secret        no password in the inventory

  lvskit gen-conf -i inventory.yml --out-dir new && diff old/lb1.conf new/lb1/keepalived.conf

What is guessed, what differs between the nodes and what the inventory can't say is written
to standard error, with the lines it is about. What has no key goes to `raw`. Comments are kept at
what they belong to, but for those of included files. Peers whose files are not given become nodes
too.
Hooks such as bypass_ipvs.py and bypass_ipvs.sh give way to bypass-ipvs. The iptables rule that such
a hook added stays on its node; remove it there once.

Exit codes:
  0  done; read the notes
  1  a file is wrong, or includes one that can't be read, or says what no inventory can, or
     the nodes' addresses are unknown; or gen-conf refuses the inventory so far (it was written;
     standard error says what to mend)
  2  wrong command line, nothing was tried
  6  a FILE could not be read, or the inventory not be written";

/// The arguments of `lvskit import`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Import {
    /// The keepalived.conf of each node; what they include is read too
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,

    /// Write the inventory here, instead of to standard output; a new file has mode 0640, since
    /// the password is in it
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// The config id of a file (keepalived's --config-id), for lines such as `@lb1 priority 100`;
    /// once for each file, or several for one
    #[arg(long, value_name = "ID")]
    pub id: Vec<String>,

    /// The directory with a node's files; files that are included by an absolute path are looked
    /// for below it; once for each file in their order, or once for all
    #[arg(long, value_name = "DIR")]
    pub root: Vec<PathBuf>,

    /// A node's own address, once for each file in their order
    #[arg(long, value_name = "ADDRESS")]
    pub address: Vec<IpAddr>,

    /// Write `auth_pass: {file: FILE}` instead of the password; where the instances' passwords differ,
    /// `{file: FILE.INSTANCE}` for each
    #[arg(long, value_name = "FILE")]
    pub auth_pass_file: Option<PathBuf>,
}
