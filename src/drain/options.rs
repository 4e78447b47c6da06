//! The options of `lvskit drain` and `lvskit undrain`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::guard::nft::NFT;
use crate::node::options::Places;

const DRAIN_EXAMPLES: &str = "\
Examples:
  lvskit drain --wait                      before a reboot: until no session is left here
  lvskit drain --director                  another node becomes MASTER; this one goes on serving
  lvskit drain --server --wait --timeout 600
                                           the service only: nothing new comes, sessions go on
  lvskit drain --until-boot                the next boot ends it
  lvskit undrain                           take part again

  It lasts until `lvskit undrain`, over reboots too. A node that is drained already stays so.
  --director is refused where no other node takes over: the addresses come back then.
  --server is refused where sessions would be lost, or no other server is left.

  --wait counts the TCP connections at the service's ports of this node that are open, as its kernel
  lists them. Sessions that this node balances to others go on by the new MASTER and are not
  counted.

Exit codes:
  0  done, or it was so already; with --wait: no session is left
  1  refused: no other node takes over, no other server is left, or sessions would be lost
  2  wrong command line, nothing was tried
  4  not root, or the kernel or nft refused
  5  with --wait: sessions are left after --timeout; the node stays drained. Or nft did not answer
  6  keepalived.conf can't be read, or a file not be written
  7  nft is missing or can't be started";

const UNDRAIN_EXAMPLES: &str = "\
Examples:
  lvskit undrain                           take part again
  lvskit undrain --server                  serve again, but do not become MASTER yet
  lvskit undrain --settle 60               sessions here say something once a minute only

  It serves at once, and waits until every director has it in the balance again. It may be MASTER
  when the sync daemons of the others have told it their connections too (--settle); where no other
  node is MASTER, at once.

Exit codes:
  0  done, or it was so already
  1  keepalived.conf follows no drain file
  2  wrong command line, nothing was tried
  4  not root, the kernel or nft refused, or interrupted: the director is still drained
  5  nft did not answer in time
  6  keepalived.conf can't be read, or a file not be written
  7  nft is missing or can't be started";

/// Take this node out as a director and as a server, without losing a session
///
/// As a director it gives its addresses up once another node takes them. As a server it refuses the checks
/// of all directors, so that they send nothing new, and what is under way goes on.
#[derive(Debug, Args)]
#[command(after_help = DRAIN_EXAMPLES)]
pub struct Drain {
    /// Which part
    #[command(flatten)]
    pub part: Part,

    /// Wait until no session is left at this node's service, and tell how many are left
    #[arg(long)]
    pub wait: bool,

    /// How long to wait for that, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "300", requires = "wait")]
    pub timeout: Duration,

    /// Drain also where no other node takes over, no other server is left, or sessions are lost
    #[arg(long)]
    pub force: bool,

    /// End it with the next boot
    #[arg(long)]
    pub until_boot: bool,

    /// With --server: a director whose checks are to be refused too, where keepalived.conf does not name it;
    /// may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub from: Vec<IpAddr>,

    /// Write JSON
    #[arg(long)]
    pub json: bool,

    /// keepalived is about to stop: hand over to another node, for as long as that takes
    #[arg(long, hide = true, conflicts_with_all = ["part", "wait", "force", "until_boot", "from", "restore"])]
    pub stopping: bool,

    /// Before keepalived starts: put in force again what is drained
    #[arg(long, hide = true, conflicts_with_all = ["part", "wait", "force", "until_boot", "from"])]
    pub restore: bool,

    /// The nft program, an absolute path
    #[arg(long, value_name = "PATH", default_value = NFT)]
    pub nft: PathBuf,

    /// Where to look
    #[command(flatten)]
    pub places: Places,
}

/// End a drain: this node takes part again
#[derive(Debug, Args)]
#[command(after_help = UNDRAIN_EXAMPLES)]
pub struct Undrain {
    /// Which part
    #[command(flatten)]
    pub part: Part,

    /// How long keepalived has to run before this node may be MASTER, in seconds. The others tell it of a connection
    /// when a packet of it passes
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "15")]
    pub settle: Duration,

    /// Write JSON
    #[arg(long)]
    pub json: bool,

    /// keepalived has stopped: end what `drain --stopping` did
    #[arg(long, hide = true, conflicts_with = "part")]
    pub stopping: bool,

    /// The nft program, an absolute path
    #[arg(long, value_name = "PATH", default_value = NFT)]
    pub nft: PathBuf,

    /// Where to look
    #[command(flatten)]
    pub places: Places,
}

/// Which part of the node; both without either.
#[derive(Debug, Clone, Copy, Args)]
#[group(id = "part", multiple = true)]
pub struct Part {
    /// The node as a director: whether it may be MASTER
    #[arg(long)]
    director: bool,

    /// The node as a server: whether the checks of all directors pass, so that they send it connections
    #[arg(long)]
    server: bool,
}

impl Part {
    /// Whether the director is meant.
    pub fn director(self) -> bool {
        self.director || !self.server
    }

    /// Whether the server is meant.
    pub fn server(self) -> bool {
        self.server || !self.director
    }

    /// Whether both are meant because nobody said which.
    pub fn any(self) -> bool {
        !self.director && !self.server
    }
}

/// The longest time to wait, in seconds: a week.
const LONGEST: u64 = 7 * 24 * 60 * 60;

fn seconds(text: &str) -> Result<Duration, String> {
    let number: u64 = text.parse().map_err(|_| "expected seconds, such as 300".to_owned())?;
    match number <= LONGEST {
        true => Ok(Duration::from_secs(number)),
        false => Err(format!("expected 0 to {LONGEST} seconds")),
    }
}
