//! What `lvskit drain` and `undrain` tell: results on standard output, the rest on standard error.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::director::Taken;
use crate::child::ChildError;
use crate::exit::Exit;
use crate::guard::drained::{Drained, NoteError, Until};
use crate::guard::nft;
use crate::guard::refusal::Refusal;
use crate::node::netlink::NetlinkError;
use crate::node::state::NodeState;
use crate::output;

/// The version of the JSON.
const FORMAT: u32 = 1;

/// Why a command ended early: what is wrong, what to do, and the exit code.
#[derive(Debug)]
pub(super) struct Failure {
    pub what: String,
    pub help: String,
    pub exit: Exit,
}

impl Failure {
    pub fn new(exit: Exit, what: impl Into<String>, help: impl Into<String>) -> Failure {
        Failure { what: what.into(), help: help.into(), exit }
    }

    /// Says it.
    pub fn tell(&self) -> Exit {
        output::fail(self.exit, format_args!("{}\n  help: {}", self.what, self.help))
    }
}

impl From<NoteError> for Failure {
    fn from(error: NoteError) -> Failure {
        let help = match error.source.kind() {
            io::ErrorKind::WouldBlock => "run it again when that has ended".to_owned(),
            _ => format!("remove {} and run it again", error.file.display()),
        };
        Failure::new(Exit::File, error.to_string(), help)
    }
}

impl From<ChildError> for Failure {
    fn from(error: ChildError) -> Failure {
        let help = match &error {
            ChildError::Start { .. } => "install nftables, or name its program with --nft",
            ChildError::Failed { stderr, .. } if stderr.contains("Operation not permitted") => {
                "run it as root, with CAP_NET_ADMIN"
            }
            ChildError::Failed { stderr, .. } if stderr.contains("JSON support not compiled") => {
                nft::advice(&error)
            }
            ChildError::Deadline { .. } => "run it again: the kernel or the host is busy",
            _ => "the kernel needs nf_tables, nft_reject_inet and nft_ct",
        };
        Failure::new(error.exit(), error.to_string(), help)
    }
}

impl From<NetlinkError> for Failure {
    fn from(error: NetlinkError) -> Failure {
        Failure::new(Exit::Refused, error.to_string(), "run it as root, with CAP_NET_ADMIN")
    }
}

/// keepalived follows nothing that could be written to.
pub(super) fn no_file() -> Failure {
    Failure::new(
        Exit::No,
        "keepalived.conf follows no drain file (track_file lvskit_drain)",
        "render it with gen-conf, without `drain_file: false`; `lvskit drain --server` needs none",
    )
}

/// Nothing is known of this node's keepalived.
pub(super) fn unread(node: &NodeState) -> Failure {
    let why = node.unread.iter().find(|one| one.source == "keepalived.conf");
    let why = why.map_or("keepalived.conf can't be read", |one| one.why.as_str());
    Failure::new(Exit::File, why, "name another file with --config")
}

/// What became of a node.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// What is drained now, and until when.
    pub drained: Drained,
    pub until: Option<Until>,
    /// Who took over.
    pub taken: Vec<Taken>,
    /// Sessions left, where somebody waited for them.
    pub sessions: Option<usize>,
    pub as_json: bool,
}

impl Report {
    /// Writes it; `exit` is the command's exit code if it can be written.
    pub fn write(&self, exit: Exit, out: &mut impl Write) -> Exit {
        let text = if self.as_json { format!("{:#}\n", self.json()) } else { self.text() };
        output::end(output::print(&text, out).map(|()| exit))
    }

    fn json(&self) -> Value {
        let taken: Vec<Value> = (self.taken.iter())
            .map(|one| json!({ "instance": one.instance, "master": one.by }))
            .collect();
        json!({
            "format": FORMAT,
            "director": { "drained": self.drained.director.is_some(), "taken_over": taken },
            "server": {
                "drained": self.drained.server.is_some(),
                "refused_from": self.drained.server.as_ref().map(|refusal| &refusal.from),
                "ports": self.drained.server.as_ref().map(|refusal| &refusal.ports),
                "sessions": self.sessions,
            },
            "until": self.until.map(|until| match until {
                Until::Undrain => "undrain",
                Until::Boot => "boot",
            }),
        })
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for Taken { instance, by } in &self.taken {
            text += &format!("{instance}: {by} is MASTER now\n");
        }
        text += &match &self.drained.director {
            Some(file) => format!("director: drained ({})\n", file.display()),
            None => "director: in service\n".to_owned(),
        };
        text += &match &self.drained.server {
            Some(refusal) => format!("server: drained ({})\n", refused(refusal)),
            None => "server: in service\n".to_owned(),
        };
        if let Some(sessions) = self.sessions {
            text += &format!("sessions left: {sessions}\n");
        }
        text += match self.until {
            Some(Until::Undrain) => "it lasts until `lvskit undrain`, over reboots too\n",
            Some(Until::Boot) => "it lasts until the next boot or `lvskit undrain`\n",
            None => "",
        };
        text
    }
}

/// `checks of 4 addresses to 192.168.3.101 port 25 are refused`
fn refused(refusal: &Refusal) -> String {
    let ports = refusal.ports.iter().map(|(own, ports)| {
        let ports: Vec<_> = ports.iter().map(u16::to_string).collect();
        format!("{own} port {}", ports.join(", "))
    });
    let ports: Vec<_> = ports.collect();
    format!("checks of {} addresses to {} are refused", refusal.from.len(), ports.join("; "))
}
