//! From a checked cluster to one node's tree: here the facts of the inventory become the
//! statements that keepalived wants, and everything that differs between nodes is derived.

use std::net::IpAddr;

use anyhow::{Context, Result};

use super::tree::{
    Checker, Conf, GlobalDefs, Notify, RealServer, SyncDaemon, Timers, TrackFile, VirtualServer,
    VrrpInstance,
};
use super::word::Word;
use crate::cluster::{self, Check, CheckKind, Cluster, Family, RouterId, Version};
use crate::paths;
use crate::vip::Vip;

/// Whom the probe runs as: it only opens a connection. Not `nobody`, who owns what others gave up;
/// sysusers.d/lvskit.conf makes this one.
const PROBE_USER: &str = "lvskit";

/// The name of the file that drains a node, in the rendered files.
const DRAIN: &str = "lvskit_drain";

/// The sync daemon's group where there is no IPv4; the number is that of the kernel's own group,
/// 224.0.0.81.
pub const SYNC_GROUP_IPV6: &str = "ff02::81";

/// keepalived.conf of node number `node` of the cluster.
///
/// # Errors
/// When a command line grows longer than keepalived reads.
pub fn conf(cluster: &Cluster, node: usize) -> Result<Conf> {
    let instances = cluster.vrrp_instances.iter();
    let servers = cluster.virtual_servers.iter();
    Ok(Conf {
        global_defs: global_defs(cluster, node),
        drain: TrackFile { name: DRAIN.parse()?, file: cluster.drain_file.clone() },
        vrrp_instances: instances
            .map(|instance| vrrp_instance(cluster, instance, node))
            .collect::<Result<_>>()?,
        virtual_servers: servers
            .flat_map(|server| {
                let instance = &cluster.vrrp_instances[server.vrrp_instance];
                instance.vips().map(|vip| virtual_server(cluster, server, vip))
            })
            .collect::<Result<_>>()?,
    })
}

fn global_defs(cluster: &Cluster, node: usize) -> GlobalDefs {
    let defs = cluster.global_defs.clone();
    GlobalDefs {
        notification_email: defs.notification_email,
        notification_email_from: defs.notification_email_from,
        smtp_server: defs.smtp_server,
        smtp_connect_timeout: defs.smtp_connect_timeout,
        router_id: match defs.router_id {
            RouterId::NodeName => Some(cluster.nodes[node].name.clone()),
            RouterId::HostName => None,
        },
        // keepalived's own default stays unsaid.
        vrrp_version: (defs.vrrp_version != Version::V2).then_some(defs.vrrp_version),
        lvs_sync_daemon: cluster.sync_daemon().map(|daemon| SyncDaemon {
            interface: daemon.interface.clone(),
            group: (daemon.family == Family::V6).then_some(SYNC_GROUP_IPV6),
        }),
    }
}

fn vrrp_instance(
    cluster: &Cluster,
    instance: &cluster::VrrpInstance,
    node: usize,
) -> Result<VrrpInstance> {
    let hook = |option: &str| hook_command(cluster, option, instance.vips());
    let given_up = hook("-a")?;
    Ok(VrrpInstance {
        name: instance.name.clone(),
        state: cluster.state(instance, node),
        interface: instance.interface.clone(),
        virtual_router_id: instance.virtual_router_id,
        priority: cluster.priority(instance, node),
        advert_int: instance.advert_int,
        auth_pass: instance.auth_pass.clone(),
        virtual_ipaddress: instance.virtual_ipaddress.clone(),
        preempt: instance.preempt,
        track_file: DRAIN.parse()?,
        notify: Notify {
            master: hook("-r")?,
            backup: given_up.clone(),
            fault: given_up.clone(),
            stop: given_up,
        },
    })
}

fn hook_command(cluster: &Cluster, option: &str, vips: impl Iterator<Item = Vip>) -> Result<Word> {
    // Before -a, which takes all words after it.
    let keep = if cluster.keep_sessions { "--keep-sessions " } else { "" };
    let mut command = format!("{} {keep}{option}", paths::libexec("bypass-ipvs"));
    for vip in vips {
        command.push_str(&format!(" {vip}"));
    }
    command.parse().context("the hook's command line; put some addresses into another instance")
}

fn virtual_server(
    cluster: &Cluster,
    server: &cluster::VirtualServer,
    vip: Vip,
) -> Result<VirtualServer> {
    Ok(VirtualServer {
        address: vip,
        port: server.port,
        delay_loop: server.delay_loop,
        scheduler: server.scheduler,
        hash: server.hash,
        protocol: server.protocol,
        real_servers: (cluster.nodes.iter())
            .map(|node| {
                let address = node
                    .address_of(Family::of(vip.address()))
                    .with_context(|| format!("{} has no address of {vip}'s family", node.name))?;
                let check = checker(&server.check, address, server.port)?;
                Ok(RealServer { address, port: server.port, weight: server.weight, check })
            })
            .collect::<Result<_>>()?,
    })
}

fn checker(check: &Check, server: IpAddr, port: u16) -> Result<Checker> {
    let timers = Timers {
        connect_timeout: check.connect_timeout,
        retry: check.retry,
        delay_before_retry: check.delay_before_retry,
    };
    match check.kind {
        CheckKind::Tcp => Ok(Checker::Tcp(timers)),
        CheckKind::Udp => Ok(Checker::Udp(timers)),
        CheckKind::Smtp => Ok(Checker::Smtp(timers, check.helo_name.clone())),
        CheckKind::SmtpProbe => probe(check, server, port),
    }
}

/// Our probe as a MISC_CHECK. The retries are the probe's, not keepalived's: MISC_CHECK takes the
/// first failure after a start as final, SMTP_CHECK and the probe do not.
fn probe(check: &Check, server: IpAddr, port: u16) -> Result<Checker> {
    // The verdicts of SMTP_CHECK, whose place it takes.
    let program = paths::libexec("smtp-check");
    let mut path = format!("{program} --compat {server} --port {port}");
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            path.push_str(&format!(" --{name} {value}"));
        }
    };
    option("helo-name", check.helo_name.as_ref().map(|name| name.as_str().to_owned()));
    option("connect-timeout", check.connect_timeout.map(|time| time.to_string()));
    option("retry", check.retry.map(|count| count.to_string()));
    option("delay-before-retry", check.delay_before_retry.map(|time| time.to_string()));
    Ok(Checker::Misc {
        path: path.parse().context("the probe's command line")?,
        timeout: check.probe_timeout(),
        user: PROBE_USER.parse().context("the probe's user")?,
    })
}
