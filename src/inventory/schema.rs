//! A whole inventory: reads its sections into drafts, which know their places and may have gaps where
//! something was wrong, and makes a [`Cluster`] of drafts without gaps.

use std::collections::HashMap;
use std::ops::Range;

use super::keys::{GLOBAL_DEFS, TOP, global, top};
use super::lints::elsewhere;
use super::places::Places;
use super::problems::{Placed, Problems, value};
use super::read::Section;
use super::secret::Secrets;
use super::served::Server;
use super::tree::Node;
use super::{detection, instance, lints, member, node, raw, server, settings, track};
use crate::cluster::{self, Cluster, FailureDetection, GlobalDefs, RouterId, SyncGroup, Timing};
use crate::conf::detection::Detector;
use crate::conf::guards::{Guards, Hooks};
use crate::conf::word::Word;

/// Reads a whole inventory. `None`, or problems noted, or both, if something is wrong.
pub(super) fn cluster(
    root: &Node,
    secrets: Secrets<'_>,
    problems: &mut Problems,
) -> Option<Cluster> {
    let top = Section::open(root, &TOP, TOP.name, 0..0, problems)?;
    // First: it decides which keys there are.
    if let Some(target) = top.get(top::TARGET, problems) {
        problems.set_target(target.value);
    }
    let (mut global_defs, global_places) = global_defs(&top, problems);
    let keep_sessions = top.get(top::KEEP_SESSIONS, problems);
    let bypass = top.get(top::BYPASS, problems);
    // Without instances there are no transitions at which something could be done.
    let moves = top.has(top::VRRP_INSTANCE);
    if !moves && !top.has(top::VIRTUAL_SERVER) {
        top.missing(top::VRRP_INSTANCE.name, problems);
    }
    let asked = elsewhere::Asked {
        bypass: bypass.as_ref().filter(|it| it.value).map(|it| it.at.clone()),
        keep_sessions: keep_sessions.as_ref().filter(|it| it.value).map(|it| it.at.clone()),
        drain_file: top.node(top::DRAIN_FILE).map(|(key, _)| key.at.clone()),
    };
    let bypass = value(bypass).unwrap_or(moves);
    let drain_file = drain_file(&top, moves, problems);
    let networks = top.all(top::NETWORK, problems);
    let nodes = node::read_all(&top, problems);
    let mut tracks = track::read_all(&top, problems);
    nodes.iter().for_each(|node| tracks.know(&node.tracked, false));
    let instances = instance::read_all(&top, secrets, problems);
    let detection = detection::read(&top, problems);
    let around =
        server::Cluster { instances: &instances, nodes: &nodes, detection: detection.is_some() };
    let servers = server::read_all(&top, around, problems);
    let raw = raw::read(&top, problems);
    top.close(problems);
    let places: HashMap<String, usize> = (nodes.iter().enumerate())
        .filter_map(|(place, node)| Some((node.name.as_ref()?.value.as_str().to_owned(), place)))
        .collect();
    let uniform =
        !instances.is_empty() && instances.iter().all(instance::InstanceDraft::is_uniform);
    let drafts = lints::Drafts {
        bypass,
        uniform,
        keep_sessions: keep_sessions.as_ref().map_or(bypass, |it| it.value),
        drain_file: drain_file.as_ref().and_then(Option::as_ref),
        detection: detection.as_ref(),
        networks: &networks,
        global_defs: &global_defs,
        global_places: &global_places,
        nodes: &nodes,
        places: &places,
        tracks: &tracks,
        instances: &instances,
        servers: &servers,
        raw: &raw,
        asked: &asked,
    };
    if !lints::size::check(&drafts, problems) {
        return None;
    }
    lints::check(&drafts, problems);
    let detection_at = lints::detection::At::of(&drafts);
    if uniform {
        // Nodes that are all alike have the same file.
        global_defs.router_id = RouterId::HostName;
    }
    let names: Vec<String> = instances.iter().map(|one| one.name().to_owned()).collect();
    let place = |name: &Placed<Word>| names.iter().position(|own| own == name.value.as_str());
    let sync_groups = (tracks.groups.iter())
        .map(|group| {
            let instances = group.members.iter().map(place).collect::<Option<_>>()?;
            Some(SyncGroup { instances, block: group.block.clone() })
        })
        .collect::<Option<_>>();
    let failure_detection = detection.map(|draft| FailureDetection { uniform, ..draft.detection });
    let virtual_servers = (servers.into_iter())
        .map(|server| {
            let servers = server.servers(&nodes, &instances, &places);
            let servers = servers.iter().map(Server::finish).collect::<Option<_>>()?;
            server.finish(servers)
        })
        .collect::<Option<_>>();
    let named_at: Vec<_> = instances.iter().map(|instance| instance.at.clone()).collect();
    let vrrp_instances: Vec<Option<_>> = (instances.into_iter())
        .map(|instance| member::finish(instance, &nodes, &global_defs, problems))
        .collect();
    let keep_sessions = value(keep_sessions).unwrap_or(bypass);
    let cluster = Cluster {
        nodes: nodes.iter().map(node::NodeDraft::finish).collect::<Option<_>>()?,
        global_defs,
        keep_sessions,
        bypass,
        drain_file: drain_file?,
        failure_detection,
        tracked: tracks.blocks,
        sessions: tracks.sessions.into_iter().map(|session| session.block).collect(),
        sync_groups: sync_groups?,
        vrrp_instances: vrrp_instances.into_iter().collect::<Option<_>>()?,
        groups: tracks.server_group_blocks,
        virtual_servers: virtual_servers?,
        raw,
    };
    hooks(&cluster, &named_at, problems);
    if let Some(at) = detection_at {
        lints::detection::check_cluster(&cluster, &at, problems);
    }
    Some(cluster)
}

/// Finds hooks that can't name all addresses, or can't say exactly what is balanced.
fn hooks(cluster: &Cluster, named_at: &[Range<usize>], problems: &mut Problems) {
    let guards = Guards::of(cluster);
    for (place, at) in named_at.iter().enumerate().filter(|_| cluster.bypass) {
        match Hooks::of(cluster, &guards, place) {
            Ok(Some(Hooks { coarse: true, .. })) => problems.found(&lints::reading::HOOKS_TOO_COARSE,
                at.clone(),
                "too many services for the hooks' lines: nodes redirect more ports than are balanced",
                "put some addresses into another instance; keepalived reads lines of 1024 bytes",
            ),
            Ok(_) => {}
            Err(_) => {
                let count = cluster.vrrp_instances[place].all_vips().count();
                problems.found(
                    &lints::instances::TOO_MANY_VIPS,
                    at.clone(),
                    format!("the hooks' lines can't name {count} addresses"),
                    "put some into another instance; keepalived reads lines of 1024 bytes",
                );
            }
        }
    }
}

/// A file, or `false` for none.
fn drain_file(top: &Section<'_>, moves: bool, problems: &mut Problems) -> Option<Option<Word>> {
    match top.has(top::DRAIN_FILE) {
        false if !moves => Some(None),
        false => Cluster::DRAIN_FILE.parse().ok().map(Some),
        true => top.get(top::DRAIN_FILE, problems).map(|file| file.value.0),
    }
}

fn global_defs(top: &Section<'_>, problems: &mut Problems) -> (GlobalDefs, Places) {
    let opened = top.node(top::GLOBAL_DEFS).and_then(|(key, node)| {
        Section::open(node, &GLOBAL_DEFS, "global_defs", key.at.clone(), problems)
    });
    let Some(section) = opened else { return Default::default() };
    let places = Places::of(&section);
    let emails = section.all(global::NOTIFICATION_EMAIL, problems);
    let from = section.get(global::NOTIFICATION_EMAIL_FROM, problems);
    let smtp_server = section.get(global::SMTP_SERVER, problems);
    let timeout = section.get(global::SMTP_CONNECT_TIMEOUT, problems);
    let router_id = section.get(global::ROUTER_ID, problems);
    let vrrp_version = section.get(global::VRRP_VERSION, problems);
    let sync_daemon = section.get(global::LVS_SYNC_DAEMON, problems);
    let script_security = section.get(global::ENABLE_SCRIPT_SECURITY, problems);
    if let Some(off) = script_security.as_ref().filter(|it| !it.value) {
        problems.case(
            &lints::reading::SCRIPTS_UNPROTECTED,
            off.at.clone(),
            "keepalived would run programs as root that others may replace",
        );
    }
    let settings = settings::read(&section, problems);
    let raw = raw::read(&section, problems);
    section.close(problems);
    let global_defs = GlobalDefs {
        unprotected_scripts: script_security.is_some_and(|it| !it.value),
        notification_email: emails.into_iter().map(|email| email.value).collect(),
        notification_email_from: value(from),
        smtp_server: value(smtp_server),
        smtp_connect_timeout: value(timeout),
        router_id: value(router_id).unwrap_or_default(),
        vrrp_version: value(vrrp_version).unwrap_or_default(),
        lvs_sync_daemon: value(sync_daemon),
        settings,
        raw,
    };
    (global_defs, places)
}

/// What is told of a cluster that is right: how soon a dead MASTER is replaced, and how long our probe
/// takes at most.
pub(super) fn notes(cluster: &cluster::Cluster) -> Vec<String> {
    let note = |instance: &cluster::VrrpInstance| {
        let takeover = instance.takeover(&cluster.global_defs)?.as_secs_f64();
        Some(format!("{}: a dead MASTER is replaced after {takeover:.2} s", instance.name.as_str()))
    };
    let mut notes: Vec<String> = cluster.vrrp_instances.iter().filter_map(note).collect();
    let detector = Detector::new(cluster);
    if let Some(FailureDetection { method, near, .. }) = detector.detection() {
        let longest = |timing: &Timing| timing.longest(*method).as_secs_f64();
        let far = detector.between_sites();
        let far = far.map(|far| format!(", of another site after {:.2} s", longest(far)));
        notes.push(format!(
            "failure_detection: a dead node gets no new connections after {:.2} s{}",
            longest(near),
            far.unwrap_or_default()
        ));
    }
    for server in &cluster.virtual_servers {
        let own = server.real_servers.iter().filter_map(|one| one.checks.as_ref());
        let mut told = Vec::new();
        for check in std::iter::once(&server.checks).chain(own).flatten() {
            let cluster::Check::Probe(probe) = check else { continue };
            let (deadline, timeout) = (probe.deadline.as_secs_f64(), probe.timeout());
            let line = format!(
                "virtual_server {}: smtp-check gives up after {deadline} s, and keepalived ends it after \
                 {timeout} s (misc_timeout)",
                server.service
            );
            if !told.contains(&line) {
                told.push(line);
            }
        }
        notes.extend(told);
    }
    notes
}
