//! What all nodes share beside their instances: keepalived's mails, and what goes into
//! `global_defs`.

use std::fmt;
use std::str::FromStr;

use super::{NoKeyword, Version};
use crate::conf::statement::{Settings, Statement};
use crate::conf::word::Word;

/// What keepalived.conf(5) calls `global_defs`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GlobalDefs {
    /// Who gets mails about lost nodes and servers.
    pub notification_email: Vec<Word>,
    /// Whom they come from; keepalived's default is keepalived@host.
    pub notification_email_from: Option<Word>,
    /// The relay that takes them.
    pub smtp_server: Option<SmtpServer>,
    /// Seconds, 1–4294; keepalived's default is 30.
    pub smtp_connect_timeout: Option<u16>,
    /// What stands in each node's `router_id`.
    pub router_id: RouterId,
    /// Of IPv4 instances; IPv6 ones have version 3 anyway.
    pub vrrp_version: Version,
    /// The interface of the sync daemon, where it was asked for.
    pub lvs_sync_daemon: Option<Word>,
    /// Whether `enable_script_security` is left out.
    pub unprotected_scripts: bool,
    /// What follows from nothing else.
    pub settings: Settings,
    /// Lines for the end of the block.
    pub raw: Vec<Statement>,
}

/// What `router_id` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RouterId {
    /// The node's name from the inventory.
    #[default]
    NodeName,
    /// Nothing: keepalived takes the host's own name, so all nodes can have the same file.
    HostName,
}

/// `hostname` leaves it to keepalived.
impl FromStr for RouterId {
    type Err = NoKeyword;

    fn from_str(text: &str) -> Result<RouterId, NoKeyword> {
        if text == "hostname" { Ok(RouterId::HostName) } else { Err(NoKeyword) }
    }
}

/// A mail relay, and its port if it isn't 25.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpServer {
    /// Address or name.
    pub host: Word,
    /// 1–65535.
    pub port: Option<u16>,
}

/// `HOST` or `HOST PORT`.
impl FromStr for SmtpServer {
    type Err = NoKeyword;

    fn from_str(text: &str) -> Result<SmtpServer, NoKeyword> {
        let mut words = text.split_whitespace();
        let host = words.next().unwrap_or_default().parse().map_err(|_| NoKeyword)?;
        match (words.next().map(str::parse), words.next()) {
            (None, None) => Ok(SmtpServer { host, port: None }),
            (Some(Ok(port)), None) => Ok(SmtpServer { host, port: Some(port) }),
            _ => Err(NoKeyword),
        }
    }
}

impl fmt::Display for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            None => write!(f, "{}", self.host),
            Some(port) => write!(f, "{} {port}", self.host),
        }
    }
}
