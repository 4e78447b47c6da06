//! The blocks of keepalived.conf(5) that differ from node to node, each as the node has it: here the facts of
//! the inventory become the statements that keepalived wants.

use std::net::IpAddr;

use super::guards::Hooks;
use super::statement::Statement;
use super::word::Word;
use crate::cluster::{
    Cluster, Family, Member, Node, Preempt, RouterId, Version, VirtualAddress, VirtualServer,
    VrrpInstance,
};

/// The name of the file that drains a node, in the rendered files.
const DRAIN: &str = "lvskit_drain";

/// The sync daemon's group where there is no IPv4; the number is that of the kernel's own group,
/// 224.0.0.81.
pub const SYNC_GROUP_IPV6: &str = "ff02::81";

/// `global_defs`; `more` is what the inventory says beside.
pub(super) fn global_defs(cluster: &Cluster, node: usize, more: Vec<Statement>) -> Statement {
    let defs = &cluster.global_defs;
    let own: &Node = &cluster.nodes[node];
    let some = |keyword, value: &Option<Word>| value.as_ref().map(|it| Statement::set(keyword, it));
    let mut all = Vec::new();
    // First, because keepalived looks at both when it reads a script's line. The hook changes the
    // firewall: it needs root, said explicitly.
    if !defs.unprotected_scripts {
        all.push(Statement::line("enable_script_security"));
    }
    all.push(Statement::set("script_user", "root"));
    if !defs.notification_email.is_empty() {
        all.push(Statement::list("notification_email", &defs.notification_email));
    }
    all.extend(some("notification_email_from", &defs.notification_email_from));
    all.extend(defs.smtp_server.as_ref().map(|server| Statement::set("smtp_server", server)));
    let timeout = defs.smtp_connect_timeout;
    all.extend(timeout.map(|seconds| Statement::set("smtp_connect_timeout", seconds)));
    if defs.router_id == RouterId::NodeName {
        all.push(Statement::set("router_id", &own.name));
    }
    // keepalived's own default stays unsaid.
    if defs.vrrp_version != Version::V2 {
        all.push(Statement::set("vrrp_version", defs.vrrp_version));
    }
    all.extend(sync_daemon(cluster, node));
    Statement::block("global_defs", all.into_iter().chain(more).collect())
}

/// `lvs_sync_daemon`, without an instance: it sends and receives all the time. With one, keepalived
/// stops and starts it at every transition, and 2.2.7 was seen to hang for good while it waited for
/// the kernel's answer, the VIP still on the node.
fn sync_daemon(cluster: &Cluster, node: usize) -> Option<Statement> {
    let daemon = cluster.sync_daemon(node)?;
    let id = daemon.id.map_or(String::new(), |id| format!(" id {id}"));
    let group = match daemon.family {
        Family::V4 => String::new(),
        Family::V6 => format!(" group {SYNC_GROUP_IPV6}"),
    };
    Some(Statement::set("lvs_sync_daemon", format!("{}{id}{group}", daemon.interface)))
}

/// What drains a node: a `track_file`, which keepalived before 2.1.0 knew as `vrrp_track_file` only.
/// Without `init_file`: keepalived then takes a missing file for 0, and without a word ignores a missing
/// folder.
pub(super) fn drain(file: &Word) -> Statement {
    let lines = vec![Statement::set("file", file), Statement::set("weight", 0)];
    Statement::block(format!("track_file {DRAIN}"), lines)
}

/// `vrrp_instance`, as a member has it; `more` is what the inventory says beside.
pub(super) fn vrrp_instance(
    cluster: &Cluster,
    instance: &VrrpInstance,
    member: &Member,
    hooks: Option<&Hooks>,
    more: Vec<Statement>,
) -> Statement {
    let mut all =
        vec![Statement::set("state", member.state), Statement::set("interface", &member.interface)];
    if instance.says_version {
        all.push(Statement::set("version", instance.version));
    }
    all.extend([
        Statement::set("virtual_router_id", instance.virtual_router_id),
        Statement::set("priority", member.priority),
        Statement::set("advert_int", instance.advert_int),
    ]);
    if let Some(pass) = &instance.auth_pass {
        let lines = vec![Statement::set("auth_type", "PASS"), Statement::set("auth_pass", pass)];
        all.push(Statement::block("authentication", lines));
    }
    if let Some(own) = &member.unicast {
        all.push(Statement::set("unicast_src_ip", own.source));
        all.push(Statement::list("unicast_peer", &instance.peers(member)));
    }
    all.push(addresses(cluster, "virtual_ipaddress", &instance.virtual_ipaddress));
    if !instance.virtual_ipaddress_excluded.is_empty() {
        let excluded = &instance.virtual_ipaddress_excluded;
        all.push(addresses(cluster, "virtual_ipaddress_excluded", excluded));
    }
    all.push(match instance.preempt {
        Preempt::AtOnce => Statement::line("preempt"),
        Preempt::After(delay) => Statement::set("preempt_delay", delay),
        Preempt::Never => Statement::line("nopreempt"),
    });
    let mut tracked = member.tracked.clone();
    if cluster.drain_file.is_some() {
        tracked.file.insert(0, format!("{DRAIN} weight 0"));
    }
    all.extend(tracked.blocks());
    if let Some(hooks) = hooks {
        all.push(Statement::set("notify_master", &hooks.master));
        let given_up = ["notify_backup", "notify_fault", "notify_stop"];
        all.extend(given_up.map(|keyword| Statement::set(keyword, &hooks.given_up)));
    }
    let head = format!("vrrp_instance {}", instance.name);
    Statement::block(head, all.into_iter().chain(more).collect())
}

/// An IPv6 address with its network's length would be the source of whatever the MASTER sends there,
/// its checks of the other nodes too, whose answers never come back: these nodes take the VIP for
/// theirs. So it is deprecated, as keepalived does with a /128 by itself.
fn addresses(cluster: &Cluster, head: &str, all: &[VirtualAddress]) -> Statement {
    let line = |address: &VirtualAddress| {
        let network = address.prefix_length.is_some_and(|length| length < 128);
        let source = cluster.bypass && network && address.vip.family() == Family::V6;
        let deprecate = source && !address.options.contains(" preferred_lft ");
        Statement::line(format!("{address}{}", if deprecate { " preferred_lft 0" } else { "" }))
    };
    Statement::block(head, all.iter().map(line).collect())
}

/// `virtual_server`, for a service as keepalived names it: `ADDRESS PORT`, `fwmark NUMBER`, `group NAME`.
pub(super) fn virtual_server(
    service: &str,
    server: &VirtualServer,
    real_servers: Vec<Statement>,
) -> Statement {
    let mut all = server.settings.clone().into_statements(real_servers);
    all.extend(server.raw.iter().cloned());
    Statement::block(format!("virtual_server {service}"), all)
}

/// The head of a `real_server`; LVS-DR can't change the port of the virtual server.
pub(super) fn real_server(address: IpAddr, port: Option<u16>) -> String {
    match port {
        Some(port) => format!("real_server {address} {port}"),
        None => format!("real_server {address}"),
    }
}
