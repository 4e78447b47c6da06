//! What a fault is: what is done to a node, who finds what of it, and what mends it.

use anyhow::Result;

use super::scene::Scene;
use crate::settings;

/// The places of nodes: the MASTER of a healthy cluster, the next one, and the last BACKUP.
pub const MASTER: usize = 0;
pub const NEXT: usize = 1;
pub const BACKUP: usize = 3;

/// A fault.
pub struct Fault {
    /// What is broken.
    pub what: &'static str,
    /// The node at which it is.
    pub at: usize,
    /// What breaks it.
    pub breaks: &'static [Step],
    /// What is found then, by whom.
    pub seen: &'static [Seen],
    /// What mends it.
    pub mends: &'static [Step],
}

/// Who is asked.
#[derive(Debug, Clone, Copy)]
pub enum Who {
    /// `lvskit doctor` on the node at which the fault is.
    Here,
    /// On another one.
    At(usize),
    /// `lvskit doctor --cluster`.
    Cluster,
}

/// All that is found, in any order.
pub struct Seen(pub Who, pub &'static [&'static str]);

/// Something that is done to the node at which the fault is.
pub enum Step {
    /// Runs a program there; its words have blanks between them.
    Run(&'static str),
    /// Runs it on another node.
    RunAt(usize, &'static str),
    /// Runs it at the switch.
    Switch(&'static str),
    /// Runs it on another host of the network.
    Stranger(&'static str),
    /// Sets a sysctl.
    Set(&'static str, &'static str),
    /// Makes the second text of the first in the node's keepalived.conf.
    Edit(&'static str, &'static str),
    /// Makes the file what it was.
    Restore,
    /// Tells keepalived to read it.
    Reload,
    /// Ends or starts the guard's watcher.
    Watch(bool),
    /// Runs lvskit.
    Lvskit(&'static [&'static str]),
    /// Writes the drain files of these nodes.
    Drain(&'static [usize], bool),
    /// Anything else.
    Do(fn(&mut Scene<'_>, usize) -> Result<()>),
}

impl Fault {
    /// Whether this run wants it: by `LVSKIT_LAB_VARIANTS`, a word of what it is or of an id.
    pub fn is_chosen(&self) -> bool {
        settings::chosen(self.what)
            || self.seen.iter().flat_map(|Seen(_, ids)| *ids).any(|id| settings::chosen(id))
    }
}
