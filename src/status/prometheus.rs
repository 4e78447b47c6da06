//! The status in Prometheus' text format, for node_exporter's textfile collector
//! (prometheus.io/docs/instrumenting/exposition_formats). Names and labels are part of the interface.

use std::fmt::Write;

use super::{GuardState, Role, RouteState, ServerDrain, Status};
use crate::node::ipvs::SyncRole;

/// A metric: its name, what it means, whether it only grows, and its samples.
struct Metric {
    name: &'static str,
    help: &'static str,
    counter: bool,
    samples: Vec<(Vec<(&'static str, String)>, u64)>,
}

/// All metrics; those without a sample are left out.
pub(super) fn metrics(status: &Status) -> String {
    let mut out = String::new();
    for metric in all(status).iter().filter(|metric| !metric.samples.is_empty()) {
        let Metric { name, help, counter, samples } = metric;
        let kind = if *counter { "counter" } else { "gauge" };
        // Writing to a String can't fail.
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in samples {
            let labels: Vec<String> = labels
                .iter()
                .map(|(label, text)| format!("{label}=\"{}\"", escaped(text)))
                .collect();
            let _ = match labels.is_empty() {
                true => writeln!(out, "{name} {value}"),
                false => writeln!(out, "{name}{{{}}} {value}", labels.join(",")),
            };
        }
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn all(status: &Status) -> Vec<Metric> {
    let node = &status.node;
    let gauge = |name, help, samples| Metric { name, help, counter: false, samples };
    let counter = |name, help, samples| Metric { name, help, counter: true, samples };
    let instances =
        || status.instances.iter().map(|one| (one.name.clone().unwrap_or_default(), one));
    let vips = instances().flat_map(|(name, one)| {
        one.vips.iter().map(move |vip| {
            let labels = vec![("vrrp_instance", name.clone()), ("vip", vip.address.to_string())];
            (labels, u64::from(vip.on.is_some()))
        })
    });
    let guards = status.guards.iter().map(|guard| {
        (vec![("vip", guard.vip.to_string())], u64::from(guard.state == GuardState::InForce))
    });
    let routes = status.guards.iter().filter_map(|guard| {
        let route = guard.fallback_route? == RouteState::InPlace;
        Some((vec![("vip", guard.vip.to_string())], u64::from(route)))
    });
    let services = |value: fn(&crate::node::ipvs::Service) -> u64| -> Vec<_> {
        let one = |service: &crate::node::ipvs::Service| {
            (vec![("service", service.key.to_string())], value(service))
        };
        node.ipvs.services.iter().map(one).collect()
    };
    let servers = |value: fn(&crate::node::ipvs::Server) -> u64| -> Vec<_> {
        let of = |service: &crate::node::ipvs::Service| -> Vec<_> {
            let key = service.key.to_string();
            let one = |server: &crate::node::ipvs::Server| {
                let endpoint = std::net::SocketAddr::new(server.address, server.port);
                (vec![("service", key.clone()), ("server", endpoint.to_string())], value(server))
            };
            service.servers.iter().map(one).collect()
        };
        node.ipvs.services.iter().flat_map(of).collect()
    };
    let daemons = node.ipvs.sync_daemons.iter().map(|daemon| {
        let role = if daemon.role == SyncRole::Sends { "sends" } else { "receives" };
        let labels = vec![
            ("role", role.to_owned()),
            ("interface", daemon.interface.clone()),
            ("id", daemon.id.to_string()),
        ];
        (labels, 1)
    });
    let single = |value: Option<u64>| value.map(|value| (Vec::new(), value)).into_iter().collect();
    let conntrack = node.settings.conntrack();
    vec![
        gauge(
            "lvskit_keepalived_running",
            "Whether keepalived runs.",
            single(Some(node.keepalived.pid.is_some().into())),
        ),
        gauge(
            "lvskit_keepalived_start_time_seconds",
            "When keepalived was started, in seconds since 1970.",
            single(node.keepalived.started),
        ),
        gauge(
            "lvskit_instance_master",
            "Whether this node holds all addresses of the VRRP instance.",
            instances()
                .map(|(name, one)| {
                    (vec![("vrrp_instance", name)], u64::from(one.role == Role::Master))
                })
                .collect(),
        ),
        gauge("lvskit_vip_held", "Whether the address is on an interface here.", vips.collect()),
        gauge(
            "lvskit_guard_in_force",
            "Whether the address's guard is as it should be.",
            guards.collect(),
        ),
        gauge(
            "lvskit_fallback_route_in_place",
            "Whether the address's sessions outlive a failover.",
            routes.collect(),
        ),
        gauge(
            "lvskit_drained",
            "Whether a drain file keeps this node from being MASTER.",
            single((!node.drain.is_empty()).then(|| node.is_drained().into())),
        ),
        gauge(
            "lvskit_server_drained",
            "Whether `lvskit drain --server` keeps new connections from this node.",
            single(Some((status.server_drain != ServerDrain::Off).into())),
        ),
        counter(
            "lvskit_ipvs_service_connections_total",
            "Connections that IPVS scheduled since the service was made.",
            services(|one| one.counters.connections),
        ),
        counter(
            "lvskit_ipvs_service_received_packets_total",
            "Packets from clients since the service was made.",
            services(|one| one.counters.packets_in),
        ),
        counter(
            "lvskit_ipvs_service_received_bytes_total",
            "Bytes from clients since the service was made.",
            services(|one| one.counters.bytes_in),
        ),
        gauge(
            "lvskit_ipvs_server_weight",
            "Weight of the real server; 0 gets no new connections.",
            servers(|one| one.weight.into()),
        ),
        gauge(
            "lvskit_ipvs_server_active_connections",
            "Established connections to the real server.",
            servers(|one| one.active.into()),
        ),
        gauge(
            "lvskit_ipvs_server_inactive_connections",
            "Other connections to the real server.",
            servers(|one| one.inactive.into()),
        ),
        counter(
            "lvskit_ipvs_server_connections_total",
            "Connections scheduled to the real server since it was added.",
            servers(|one| one.counters.connections),
        ),
        gauge("lvskit_sync_daemon", "1 for each sync daemon of IPVS that runs.", daemons.collect()),
        gauge(
            "lvskit_conntrack_entries",
            "Connections that the kernel tracks.",
            single(conntrack.map(|(count, _)| count)),
        ),
        gauge(
            "lvskit_conntrack_entries_limit",
            "Connections that the kernel can track.",
            single(conntrack.map(|(_, max)| max)),
        ),
        gauge(
            "lvskit_status_unread",
            "1 for each source that could not be read.",
            node.unread.iter().map(|one| (vec![("source", one.source.clone())], 1)).collect(),
        ),
        gauge(
            "lvskit_status_time_seconds",
            "When this was read, in seconds since 1970.",
            single(Some(node.time)),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::state::{NodeState, Unread};
    use crate::status::collect::of;

    #[test]
    fn labels_are_escaped_and_nothing_is_told_without_a_sample() {
        let unread = Unread { source: "a \"b\"\\\nc".into(), why: String::new() };
        let node = NodeState { unread: vec![unread], time: 7, ..NodeState::default() };
        let text = metrics(&of(node, Vec::new()));
        assert!(
            text.contains("lvskit_status_unread{source=\"a \\\"b\\\"\\\\\\nc\"} 1\n"),
            "{text}"
        );
        assert!(
            text.contains(
                "# TYPE lvskit_status_time_seconds gauge\nlvskit_status_time_seconds 7\n"
            )
        );
        assert!(!text.contains("lvskit_ipvs") && !text.contains("lvskit_drained"), "{text}");
        let names = |prefix: &str| -> Vec<String> {
            let named = text.lines().filter_map(|line| line.strip_prefix(prefix));
            named.map(|rest| rest.split(' ').next().unwrap().to_owned()).collect()
        };
        assert_eq!(names("# HELP "), names("# TYPE "));
    }
}
