//! The blocks of keepalived.conf(5) that gen-conf writes, each with the statements that belong
//! into it, and how they are printed.

use std::fmt::{self, Display, Formatter};
use std::net::IpAddr;

use super::word::Word;
use super::writer::Writer;
use crate::cluster::{
    HashFlags, Preempt, Protocol, Scheduler, Seconds, SmtpServer, State, Version, VirtualAddress,
};
use crate::vip::Vip;

/// A whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conf {
    /// Must come first: later blocks copy several of its values when they are read.
    pub global_defs: GlobalDefs,
    /// What drains a node.
    pub drain: TrackFile,
    /// One per set of addresses that move together.
    pub vrrp_instances: Vec<VrrpInstance>,
    /// One per service address and port.
    pub virtual_servers: Vec<VirtualServer>,
}

/// `global_defs`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalDefs {
    /// Who gets keepalived's mails.
    pub notification_email: Vec<Word>,
    /// Whom they come from.
    pub notification_email_from: Option<Word>,
    /// The relay that takes them.
    pub smtp_server: Option<SmtpServer>,
    /// Seconds.
    pub smtp_connect_timeout: Option<u16>,
    /// keepalived takes the host's name if this is missing.
    pub router_id: Option<Word>,
    /// keepalived takes 2 for IPv4 and 3 for IPv6 if this is missing.
    pub vrrp_version: Option<Version>,
    /// Not started if this is missing.
    pub lvs_sync_daemon: Option<SyncDaemon>,
}

/// `lvs_sync_daemon`, without an instance: it sends and receives all the time. With one, keepalived
/// stops and starts it at every transition, and 2.2.7 was seen to hang for good while it waited for
/// the kernel's answer, the VIP still on the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncDaemon {
    /// What its datagrams are sent by.
    pub interface: Word,
    /// The kernel takes 224.0.0.81 if this is missing.
    pub group: Option<&'static str>,
}

/// `track_file`, which keepalived before 2.1.0 knew as `vrrp_track_file` only. Without `init_file`:
/// keepalived then takes a missing file for 0, and without a word ignores a missing folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackFile {
    /// What instances call it.
    pub name: Word,
    /// An absolute path.
    pub file: Word,
}

/// `vrrp_instance`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VrrpInstance {
    /// Unique in the file.
    pub name: Word,
    /// Where it starts; the election decides the rest.
    pub state: State,
    /// Where adverts are sent and the addresses live.
    pub interface: Word,
    /// 1–255.
    pub virtual_router_id: u8,
    /// 1–254; the highest wins.
    pub priority: u8,
    /// Whole seconds in VRRP version 2, hundredths in version 3.
    pub advert_int: Seconds,
    /// The password of `auth_type PASS`, at most 8 characters.
    pub auth_pass: Option<Word>,
    /// The addresses.
    pub virtual_ipaddress: Vec<VirtualAddress>,
    /// Whether a node of higher priority takes over from a working MASTER.
    pub preempt: Preempt,
    /// The name of a [`TrackFile`]: FAULT while it holds a number other than 0.
    pub track_file: Word,
    /// The commands of notify_master, _backup, _fault, _stop.
    pub notify: Notify,
}

/// The hooks of an instance; each is one word, program and arguments together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notify {
    /// After the node took the addresses over.
    pub master: Word,
    /// After it gave them up to another.
    pub backup: Word,
    /// After it gave them up because of a fault of its own.
    pub fault: Word,
    /// When keepalived stops.
    pub stop: Word,
}

/// `virtual_server`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualServer {
    /// The service's address.
    pub address: Vip,
    /// The service's port; the same on the real servers, LVS-DR can't change it.
    pub port: u16,
    /// How often the servers are checked.
    pub delay_loop: Option<Seconds>,
    /// `lb_algo`
    pub scheduler: Scheduler,
    /// Of `mh` and `sh` only.
    pub hash: HashFlags,
    /// `protocol`
    pub protocol: Protocol,
    /// The nodes.
    pub real_servers: Vec<RealServer>,
}

/// `real_server`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealServer {
    /// The node's own address.
    pub address: IpAddr,
    /// The port of the virtual server.
    pub port: u16,
    /// 1–2147483647.
    pub weight: u32,
    /// How it is checked.
    pub check: Checker,
}

/// A checker block of a real server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checker {
    /// keepalived opens a connection and closes it.
    Tcp(Timers),
    /// keepalived sends a datagram and listens whether it is refused.
    Udp(Timers),
    /// keepalived speaks SMTP.
    Smtp(Timers, Option<Word>),
    /// keepalived runs a program.
    Misc {
        /// Program and arguments, one word.
        path: Word,
        /// Whole seconds after which keepalived kills it.
        timeout: u64,
        /// Whom it runs as.
        user: Word,
    },
}

/// The timers that TCP_CHECK and SMTP_CHECK have in common; keepalived's default where `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timers {
    /// For the connect and each read.
    pub connect_timeout: Option<Seconds>,
    /// Further attempts after the first.
    pub retry: Option<u32>,
    /// Between attempts.
    pub delay_before_retry: Option<Seconds>,
}

impl Display for Conf {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let w = &mut Writer::new(f);
        w.line("# Rendered by `lvskit gen-conf`: change the inventory, not this file.")?;
        w.gap()?;
        self.global_defs.write(w)?;
        w.gap()?;
        self.drain.write(w)?;
        for instance in &self.vrrp_instances {
            w.gap()?;
            instance.write(w)?;
        }
        for server in &self.virtual_servers {
            w.gap()?;
            server.write(w)?;
        }
        Ok(())
    }
}

impl GlobalDefs {
    fn write(&self, w: &mut Writer<'_, '_>) -> fmt::Result {
        w.block("global_defs", |w| {
            // First, because keepalived looks at both when it reads a script's line. The hook
            // changes the firewall: it needs root, said explicitly.
            w.line("enable_script_security")?;
            w.set("script_user", "root")?;
            if !self.notification_email.is_empty() {
                w.list("notification_email", &self.notification_email)?;
            }
            w.set_some("notification_email_from", &self.notification_email_from)?;
            w.set_some("smtp_server", &self.smtp_server)?;
            w.set_some("smtp_connect_timeout", &self.smtp_connect_timeout)?;
            w.set_some("router_id", &self.router_id)?;
            w.set_some("vrrp_version", &self.vrrp_version)?;
            w.set_some("lvs_sync_daemon", &self.lvs_sync_daemon)
        })
    }
}

impl Display for SyncDaemon {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.interface)?;
        self.group.map_or(Ok(()), |group| write!(f, " group {group}"))
    }
}

impl TrackFile {
    fn write(&self, w: &mut Writer<'_, '_>) -> fmt::Result {
        w.block(format_args!("track_file {}", self.name), |w| {
            w.set("file", &self.file)?;
            w.set("weight", 0)
        })
    }
}

impl VrrpInstance {
    fn write(&self, w: &mut Writer<'_, '_>) -> fmt::Result {
        w.block(format_args!("vrrp_instance {}", self.name), |w| {
            w.set("state", self.state)?;
            w.set("interface", &self.interface)?;
            w.set("virtual_router_id", self.virtual_router_id)?;
            w.set("priority", self.priority)?;
            w.set("advert_int", self.advert_int)?;
            if let Some(pass) = &self.auth_pass {
                w.block("authentication", |w| {
                    w.set("auth_type", "PASS")?;
                    w.set("auth_pass", pass)
                })?;
            }
            w.list("virtual_ipaddress", &self.virtual_ipaddress)?;
            match self.preempt {
                Preempt::AtOnce => w.line("preempt")?,
                Preempt::After(delay) => w.set("preempt_delay", delay)?,
                Preempt::Never => w.line("nopreempt")?,
            }
            w.list("track_file", &[format_args!("{} weight 0", self.track_file)])?;
            w.set("notify_master", &self.notify.master)?;
            w.set("notify_backup", &self.notify.backup)?;
            w.set("notify_fault", &self.notify.fault)?;
            w.set("notify_stop", &self.notify.stop)
        })
    }
}

impl VirtualServer {
    fn write(&self, w: &mut Writer<'_, '_>) -> fmt::Result {
        w.block(format_args!("virtual_server {} {}", self.address, self.port), |w| {
            w.set_some("delay_loop", &self.delay_loop)?;
            w.set("lb_algo", self.scheduler)?;
            // After the scheduler, or keepalived refuses them.
            if self.hash.port {
                w.line(format_args!("{}-port", self.scheduler))?;
            }
            if self.hash.fallback {
                w.line(format_args!("{}-fallback", self.scheduler))?;
            }
            w.set("lb_kind", "DR")?;
            w.set("protocol", self.protocol)?;
            self.real_servers.iter().try_for_each(|server| {
                w.gap()?;
                server.write(w)
            })
        })
    }
}

impl RealServer {
    fn write(&self, w: &mut Writer<'_, '_>) -> fmt::Result {
        w.block(format_args!("real_server {} {}", self.address, self.port), |w| {
            w.set("weight", self.weight)?;
            self.check.write(w)
        })
    }
}

impl Checker {
    fn write(&self, w: &mut Writer<'_, '_>) -> fmt::Result {
        match self {
            Checker::Tcp(timers) => w.block("TCP_CHECK", |w| timers.write(w)),
            Checker::Udp(timers) => w.block("UDP_CHECK", |w| timers.write(w)),
            Checker::Smtp(timers, helo_name) => w.block("SMTP_CHECK", |w| {
                timers.write(w)?;
                w.set_some("helo_name", helo_name)
            }),
            Checker::Misc { path, timeout, user } => w.block("MISC_CHECK", |w| {
                w.set("misc_path", path)?;
                w.set("misc_timeout", timeout)?;
                w.set("user", user)
            }),
        }
    }
}

impl Timers {
    fn write(&self, w: &mut Writer<'_, '_>) -> fmt::Result {
        w.set_some("connect_timeout", &self.connect_timeout)?;
        w.set_some("retry", &self.retry)?;
        w.set_some("delay_before_retry", &self.delay_before_retry)
    }
}
