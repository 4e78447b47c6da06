//! The blocks of keepalived.conf(5) that gen-conf writes, each with the statements that belong
//! into it, and how they are printed.

use std::fmt::{self, Display, Formatter};
use std::net::IpAddr;

use super::statement::{Statement, write_all};
use super::word::Word;
use super::writer::Writer;
use crate::cluster::{
    Forwarding, Preempt, Protocol, Scheduler, Seconds, SmtpServer, State, Version, VirtualAddress,
};

/// A whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conf {
    /// Must come first: later blocks copy several of its values when they are read.
    pub global_defs: GlobalDefs,
    /// What drains a node.
    pub drain: Option<TrackFile>,
    /// `track_file`, `vrrp_script` and `vrrp_sync_group` blocks, before the instances that they name
    /// or that name them.
    pub tracked: Vec<Statement>,
    /// Lines that have no key, before whatever may name them.
    pub raw: Vec<Statement>,
    /// One per set of addresses that move together.
    pub vrrp_instances: Vec<VrrpInstance>,
    /// `virtual_server_group` blocks.
    pub groups: Vec<Statement>,
    /// One per service address and port.
    pub virtual_servers: Vec<VirtualServer>,
}

/// `global_defs`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalDefs {
    /// Whether keepalived runs as root only what nobody else can replace.
    pub script_security: bool,
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
    /// Whatever else the inventory says.
    pub more: Vec<Statement>,
}

/// `lvs_sync_daemon`, without an instance: it sends and receives all the time. With one, keepalived
/// stops and starts it at every transition, and 2.2.7 was seen to hang for good while it waited for
/// the kernel's answer, the VIP still on the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncDaemon {
    /// What its datagrams are sent by.
    pub interface: Word,
    /// What it puts into its datagrams and wants to find in others'; keepalived takes 0 if this is
    /// missing. 0–255.
    pub id: Option<u8>,
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
    /// Said where it is not keepalived's own choice.
    pub version: Option<Version>,
    /// 1–254; the highest wins.
    pub priority: u8,
    /// Whole seconds in VRRP version 2, hundredths in version 3.
    pub advert_int: Seconds,
    /// The password of `auth_type PASS`, at most 8 characters.
    pub auth_pass: Option<Word>,
    /// Where adverts come from and go to; a multicast group where this is missing.
    pub unicast: Option<(IpAddr, Vec<IpAddr>)>,
    /// The addresses.
    pub virtual_ipaddress: Vec<VirtualAddress>,
    /// Those that do not stand in adverts.
    pub virtual_ipaddress_excluded: Vec<VirtualAddress>,
    /// Whether a node of higher priority takes over from a working MASTER.
    pub preempt: Preempt,
    /// `track_interface`, `track_script` and `track_file` blocks.
    pub tracked: Vec<Statement>,
    /// The commands of notify_master, _backup, _fault, _stop, where they are ours.
    pub notify: Option<Notify>,
    /// Whatever else the inventory says.
    pub more: Vec<Statement>,
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
    /// What is balanced: `ADDRESS PORT`, `fwmark NUMBER`, `group NAME`.
    pub service: String,
    /// How often the servers are checked.
    pub delay_loop: Option<Seconds>,
    /// `lb_algo`
    pub scheduler: Scheduler,
    /// The scheduler's flags.
    pub flags: Vec<Statement>,
    /// `lb_kind`
    pub forwarding: Forwarding,
    /// `protocol`; keepalived ignores it where a firewall's mark decides.
    pub protocol: Option<Protocol>,
    /// Whatever else the inventory says.
    pub more: Vec<Statement>,
    /// Who serves.
    pub real_servers: Vec<RealServer>,
    /// Lines for the end of the block.
    pub raw: Vec<Statement>,
}

/// `real_server`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealServer {
    /// The server's own address.
    pub address: IpAddr,
    /// Its port; LVS-DR can't change that of the virtual server.
    pub port: Option<u16>,
    /// 0–2147483647.
    pub weight: u32,
    /// Whatever else the inventory says.
    pub more: Vec<Statement>,
    /// How it is checked.
    pub checks: Vec<Statement>,
    /// Lines for the end of the block.
    pub raw: Vec<Statement>,
}

impl Display for Conf {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let w = &mut Writer::new(f);
        w.line("# Rendered by `lvskit gen-conf`: change the inventory, not this file.")?;
        w.gap()?;
        self.global_defs.write(w)?;
        if let Some(drain) = &self.drain {
            w.gap()?;
            drain.write(w)?;
        }
        apart(&self.tracked, w)?;
        if !self.raw.is_empty() {
            w.gap()?;
        }
        write_all(&self.raw, w)?;
        for instance in &self.vrrp_instances {
            w.gap()?;
            instance.write(w)?;
        }
        apart(&self.groups, w)?;
        for server in &self.virtual_servers {
            w.gap()?;
            server.write(w)?;
        }
        Ok(())
    }
}

/// Blocks with an empty line before each.
fn apart(blocks: &[Statement], w: &mut Writer<'_, '_>) -> fmt::Result {
    blocks.iter().try_for_each(|block| {
        w.gap()?;
        block.write(w)
    })
}

impl GlobalDefs {
    fn write(&self, w: &mut Writer<'_, '_>) -> fmt::Result {
        w.block("global_defs", |w| {
            // First, because keepalived looks at both when it reads a script's line. The hook
            // changes the firewall: it needs root, said explicitly.
            if self.script_security {
                w.line("enable_script_security")?;
            }
            w.set("script_user", "root")?;
            if !self.notification_email.is_empty() {
                w.list("notification_email", &self.notification_email)?;
            }
            w.set_some("notification_email_from", &self.notification_email_from)?;
            w.set_some("smtp_server", &self.smtp_server)?;
            w.set_some("smtp_connect_timeout", &self.smtp_connect_timeout)?;
            w.set_some("router_id", &self.router_id)?;
            w.set_some("vrrp_version", &self.vrrp_version)?;
            w.set_some("lvs_sync_daemon", &self.lvs_sync_daemon)?;
            write_all(&self.more, w)
        })
    }
}

impl Display for SyncDaemon {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.interface)?;
        self.id.map_or(Ok(()), |id| write!(f, " id {id}"))?;
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
            w.set_some("version", &self.version)?;
            w.set("virtual_router_id", self.virtual_router_id)?;
            w.set("priority", self.priority)?;
            w.set("advert_int", self.advert_int)?;
            if let Some(pass) = &self.auth_pass {
                w.block("authentication", |w| {
                    w.set("auth_type", "PASS")?;
                    w.set("auth_pass", pass)
                })?;
            }
            if let Some((source, peers)) = &self.unicast {
                w.set("unicast_src_ip", source)?;
                w.list("unicast_peer", peers)?;
            }
            w.list("virtual_ipaddress", &self.virtual_ipaddress)?;
            if !self.virtual_ipaddress_excluded.is_empty() {
                w.list("virtual_ipaddress_excluded", &self.virtual_ipaddress_excluded)?;
            }
            match self.preempt {
                Preempt::AtOnce => w.line("preempt")?,
                Preempt::After(delay) => w.set("preempt_delay", delay)?,
                Preempt::Never => w.line("nopreempt")?,
            }
            write_all(&self.tracked, w)?;
            if let Some(notify) = &self.notify {
                w.set("notify_master", &notify.master)?;
                w.set("notify_backup", &notify.backup)?;
                w.set("notify_fault", &notify.fault)?;
                w.set("notify_stop", &notify.stop)?;
            }
            write_all(&self.more, w)
        })
    }
}

impl Display for VirtualServer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write(&mut Writer::new(f))
    }
}

impl VirtualServer {
    fn write(&self, w: &mut Writer<'_, '_>) -> fmt::Result {
        w.block(format_args!("virtual_server {}", self.service), |w| {
            w.set_some("delay_loop", &self.delay_loop)?;
            w.set("lb_algo", self.scheduler)?;
            // After the scheduler, or keepalived refuses them.
            write_all(&self.flags, w)?;
            w.set("lb_kind", &self.forwarding)?;
            w.set_some("protocol", &self.protocol)?;
            write_all(&self.more, w)?;
            self.real_servers.iter().try_for_each(|server| {
                w.gap()?;
                server.write(w)
            })?;
            write_all(&self.raw, w)
        })
    }
}

impl RealServer {
    fn write(&self, w: &mut Writer<'_, '_>) -> fmt::Result {
        let body = |w: &mut Writer<'_, '_>| {
            w.set("weight", self.weight)?;
            write_all(&self.more, w)?;
            write_all(&self.checks, w)?;
            write_all(&self.raw, w)
        };
        match self.port {
            Some(port) => w.block(format_args!("real_server {} {port}", self.address), body),
            None => w.block(format_args!("real_server {}", self.address), body),
        }
    }
}
