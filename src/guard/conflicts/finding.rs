//! What keeps a guard from working although it is in force: what it is, what it means for clients, and
//! what to do about it. Each kind has a name that stays the same, for scripts and for packaging/troubleshooting.md.

use std::fmt;

use serde_json::{Value, json};

use crate::vip::Vip;

/// The kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Id {
    /// The VIP is on an interface that no packet comes in by.
    VipOnLo,
    /// Another rule gives the VIP's packets another destination before IPVS or the guard see them.
    PortTaken,
    /// Connection tracking, and so the guard, does not see the VIP's packets.
    Notrack,
    /// Another chain drops the VIP's packets, gives them to a socket, or takes those of local programs.
    EarlierChain,
    /// The guard also sees what the node only bridges.
    Bridged,
    /// The VIP is the address that the node's own packets go out from.
    VipFirst,
}

impl Id {
    /// The name in messages, in JSON and in packaging/troubleshooting.md.
    pub fn name(self) -> &'static str {
        match self {
            Id::VipOnLo => "vip-on-lo",
            Id::PortTaken => "port-taken",
            Id::Notrack => "notrack",
            Id::EarlierChain => "earlier-chain",
            Id::Bridged => "bridged",
            Id::VipFirst => "vip-first",
        }
    }
}

/// Something that keeps the guard of a VIP from working.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What kind.
    pub id: Id,
    /// Whose guard.
    pub vip: Vip,
    /// Whether the VIP's service certainly suffers, now or after the next failover.
    pub breaks: bool,
    /// What is there.
    pub what: String,
    /// What it means for clients.
    pub effect: String,
    /// What to do.
    pub help: String,
}

impl Finding {
    /// `error` or `warning`.
    fn severity(&self) -> &'static str {
        if self.breaks { "error" } else { "warning" }
    }

    /// One element of `findings` in the output of `--check --json`.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id.name(),
            "severity": self.severity(),
            "message": self.what,
            "effect": self.effect,
            "help": self.help,
        })
    }

    /// One line for the log.
    pub fn line(&self) -> String {
        let Finding { id, vip, what, effect, help, .. } = self;
        format!("{vip}: {what} [{}]: {effect}; {help}", id.name())
    }
}

/// As `--check` prints it below the state of the guard.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { id, what, effect, help, .. } = self;
        writeln!(f, "  {}: {what} [{}]", self.severity(), id.name())?;
        writeln!(f, "    effect: {effect}")?;
        writeln!(f, "    help: {help}")
    }
}
