//! `failure_detection` of files that gen-conf rendered: the checks that stand beside those of each other
//! node, and the sessions that they ask. It is recognised only where all files have just what gen-conf
//! writes; else the checks stay what they are.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::file::File;
use super::nodes::Node;
use super::section::Section;
use super::server::{RealServer, Server};
use super::yaml::{Map, Yaml};
use crate::cluster::{Family, Method, Seconds};
use crate::conf::detection::session_name;
use crate::conf::inhibit::INHIBIT;
use crate::inventory::keys::BFD_INSTANCE;
use crate::smtp::timer;

/// A failure detection, and the sites that it tells apart.
pub(super) struct Found {
    /// Its section.
    pub(super) section: Yaml,
    /// The site of each node, by name, where questions between sites are others.
    pub(super) sites: BTreeMap<String, String>,
}

/// How a node is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Timing {
    /// Microseconds, so that the shortest is the first.
    micros: u128,
    interval: String,
    attempts: u32,
    max_hops: Option<String>,
    multihop: bool,
}

/// The `bfd_instance` sections of a file, by name.
pub(super) fn sessions(file: &File<'_>) -> Map {
    let own = file.bfd.iter();
    own.map(|(name, one)| (name.clone(), Yaml::Map(one.clone().into_map(&BFD_INSTANCE)))).collect()
}

/// Takes the checks of a failure detection out of the files, if that is what they are.
pub(super) fn take(files: &mut [File<'_>], nodes: &[Node]) -> Option<Found> {
    let read = Reading::of(files, nodes)?;
    let timings: Vec<Timing> = read.timings().into_iter().collect();
    let (near, far, sites) = read.sites(nodes, &timings)?;
    let section = section(read.method, near, far);
    for (place, file) in files.iter_mut().enumerate() {
        let viewer = read.viewer(place, nodes);
        for server in &mut file.servers {
            let watched = read.watched.contains(&id(server));
            let mut any = false;
            for one in &mut server.real_servers {
                let Some(other) = node_with(nodes, one.address) else { continue };
                any = true;
                if watched && Some(other) != viewer {
                    without_last(&mut one.checks);
                }
            }
            if watched {
                server.section.entries.retain(|entry| entry.key != INHIBIT);
            } else if any {
                let at = server.section.at.clone();
                server.section.set("failure_detection", Yaml::plain(false), &at);
            }
        }
        if let (Method::Bfd, Some(viewer)) = (read.method, viewer) {
            file.bfd.retain(|(name, section)| {
                let ours = read.timing_of_session(nodes, viewer, name, section);
                !ours.is_some_and(|timing| read.timings().contains(&timing))
            });
        }
    }
    Some(Found { section, sites })
}

/// What all files say together.
struct Reading {
    method: Method,
    uniform: bool,
    /// How each node asks each other one.
    asked: BTreeMap<(usize, usize), Timing>,
    /// The virtual servers that have it.
    watched: BTreeSet<String>,
}

impl Reading {
    fn of(files: &[File<'_>], nodes: &[Node]) -> Option<Reading> {
        let uniform = matches!(files, [file] if file.router_id.is_none()) && nodes.len() > 1;
        let servers = || files.iter().flat_map(|file| &file.servers);
        let last =
            servers().flat_map(|server| &server.real_servers).find_map(|one| kind(&one.checks));
        let mut read =
            Reading { method: last?, uniform, asked: BTreeMap::new(), watched: BTreeSet::new() };
        let mut unwatched = BTreeSet::new();
        for (place, file) in files.iter().enumerate() {
            let viewer = read.viewer(place, nodes);
            if viewer.is_none() && !uniform {
                return None;
            }
            for server in &file.servers {
                for one in &server.real_servers {
                    let Some(other) = node_with(nodes, one.address) else { continue };
                    let timing = read.timing(file, nodes, viewer, other, one);
                    if Some(other) == viewer {
                        // A node does not ask itself.
                        if timing.is_some() {
                            return None;
                        }
                        continue;
                    }
                    let Some(timing) = timing else {
                        unwatched.insert(id(server));
                        continue;
                    };
                    read.watched.insert(id(server));
                    let pair = (viewer.unwrap_or(other), other);
                    if read.asked.insert(pair, timing.clone()).is_some_and(|old| old != timing) {
                        return None;
                    }
                }
            }
        }
        let kept = |server: &Server| server.section.get(INHIBIT).is_some();
        let all = servers().filter(|server| read.watched.contains(&id(server))).all(kept);
        let whole = read.watched.is_disjoint(&unwatched);
        (all && whole && !read.watched.is_empty()).then_some(read)
    }

    /// The node whose file it is; none where all have the same.
    fn viewer(&self, file: usize, nodes: &[Node]) -> Option<usize> {
        match self.uniform {
            true => None,
            false => nodes.iter().position(|node| node.file == Some(file)),
        }
    }

    fn timings(&self) -> BTreeSet<Timing> {
        self.asked.values().cloned().collect()
    }

    /// How a server is asked by the last of its checks.
    fn timing(
        &self,
        file: &File<'_>,
        nodes: &[Node],
        viewer: Option<usize>,
        other: usize,
        one: &RealServer,
    ) -> Option<Timing> {
        let check = last(&one.checks)?;
        match self.method {
            Method::Ping => ping(check),
            Method::Bfd => {
                let name =
                    text(check, "name").filter(|_| kind(&one.checks) == Some(Method::Bfd))?;
                if !is_named(&nodes[other], one.address, name) {
                    return None;
                }
                let (_, section) = file.bfd.iter().find(|(own, _)| own == name)?;
                self.timing_of_session(nodes, viewer?, name, section)
            }
        }
    }

    /// How a session asks, if it is one that gen-conf renders for a node.
    fn timing_of_session(
        &self,
        nodes: &[Node],
        viewer: usize,
        name: &str,
        section: &Section,
    ) -> Option<Timing> {
        let value = |key: &str| match &section.get(key)?.value {
            Yaml::Plain(text) | Yaml::Text(text) => Some(text.clone()),
            _ => None,
        };
        let neighbor: IpAddr = value("neighbor_ip")?.parse().ok()?;
        let family = Family::of(neighbor);
        let other = node_with(nodes, neighbor)?;
        let source: IpAddr = value("source_ip")?.parse().ok()?;
        let rendered = is_named(&nodes[other], neighbor, name)
            && nodes[viewer].addresses.contains(&source)
            && value("min_rx") == value("min_tx")
            && value("hoplimit").as_deref() == (family == Family::V6).then_some("255")
            && section.get("checker").is_some()
            && section.raw.is_empty();
        let millis: u64 = value("min_rx")?.parse().ok()?;
        let interval = Seconds::new(std::time::Duration::from_millis(millis))?;
        rendered.then_some(Timing {
            micros: interval.duration().as_micros(),
            interval: interval.to_string(),
            attempts: value("multiplier")?.parse().ok()?,
            max_hops: value("max_hops"),
            multihop: section.get("multihop").is_some(),
        })
    }

    /// How nodes of one site and of others are asked, and the sites of nodes where that differs; `None` where it
    /// makes no sites.
    fn sites<'t>(&self, nodes: &[Node], timings: &'t [Timing]) -> Option<Sites<'t>> {
        match timings {
            // Only nodes of different sites are asked over routers.
            [far] if far.max_hops.is_some() || far.multihop => {
                Some((None, Some(far), self.named(nodes, None)?))
            }
            [near] => Some((Some(near), None, BTreeMap::new())),
            // The nearer ones are mostly those that are asked more often.
            [one, other] => [(one, other), (other, one)].into_iter().find_map(|(near, far)| {
                let fits = near.max_hops.is_none() && !near.multihop;
                let sites = self.named(nodes, Some(near)).filter(|_| fits)?;
                Some((Some(near), Some(far), sites))
            }),
            _ => None,
        }
    }

    /// The site of each node, by name, if all nodes that are asked so make one.
    fn named(&self, nodes: &[Node], near: Option<&Timing>) -> Option<BTreeMap<String, String>> {
        let mut sites: Vec<Vec<usize>> = Vec::new();
        for node in 0..nodes.len() {
            let with = |site: &&mut Vec<usize>| {
                site.iter().any(|&other| {
                    let pair = self.asked.get(&(node, other)).or(self.asked.get(&(other, node)));
                    pair.is_some() && pair == near
                })
            };
            match sites.iter_mut().find(with) {
                Some(site) => site.push(node),
                None => sites.push(vec![node]),
            }
        }
        let site_of = |node: usize| sites.iter().position(|site| site.contains(&node));
        let right = |((one, other), timing): (&(usize, usize), &Timing)| {
            (site_of(*one) == site_of(*other)) == (Some(timing) == near)
        };
        if !self.asked.iter().all(right) {
            return None;
        }
        let named = |(place, site): (usize, &Vec<usize>)| {
            let name = format!("site{}", place + 1);
            site.iter().map(move |&node| (node, name.clone())).collect::<Vec<_>>()
        };
        let all = sites.iter().enumerate().flat_map(named);
        Some(all.map(|(node, site)| (nodes[node].name.clone(), site)).collect())
    }
}

/// How nodes of one site and of others are asked, and the site of each node by name.
type Sites<'t> = (Option<&'t Timing>, Option<&'t Timing>, BTreeMap<String, String>);

/// The key's value.
fn section(method: Method, near: Option<&Timing>, far: Option<&Timing>) -> Yaml {
    let (interval, attempts) = method.default_timing();
    let usual = (interval.as_micros(), u32::from(attempts));
    let said = |timing: &Timing, usual: (u128, u32), map: &mut Map| {
        if timing.micros != usual.0 {
            map.push(("interval".to_owned(), Yaml::plain(&timing.interval)));
        }
        if timing.attempts != usual.1 {
            map.push(("attempts".to_owned(), Yaml::plain(timing.attempts)));
        }
    };
    let word = if method == Method::Ping { "ping" } else { "bfd" };
    let mut map: Map = vec![("method".to_owned(), Yaml::text(word))];
    if let Some(near) = near {
        said(near, usual, &mut map);
    }
    if let Some(far) = far {
        let mut between = Map::new();
        said(far, near.map_or(usual, |near| (near.micros, near.attempts)), &mut between);
        if let Some(hops) = &far.max_hops {
            between.push(("max_hops".to_owned(), Yaml::plain(hops)));
        }
        if far.multihop {
            between.push(("multihop".to_owned(), Yaml::plain(true)));
        }
        map.push(("between_sites".to_owned(), Yaml::Map(between)));
    }
    Yaml::Map(map)
}

/// Whether it is a name that gen-conf gives to a session with a node.
fn is_named(node: &Node, neighbor: IpAddr, name: &str) -> bool {
    [true, false].iter().any(|first| session_name(&node.name, neighbor, *first) == name)
}

/// A virtual server in all files.
fn id(server: &Server) -> String {
    format!("{:?} {}", server.service, server.protocol)
}

fn node_with(nodes: &[Node], address: IpAddr) -> Option<usize> {
    nodes.iter().position(|node| node.addresses.contains(&address))
}

/// The check that stands last, if there are several or it is the only one.
fn last(checks: &Yaml) -> Option<&Map> {
    let check = match checks {
        Yaml::List(all) => all.last()?,
        one => one,
    };
    match check {
        Yaml::Map(map) => Some(map),
        _ => None,
    }
}

fn text<'a>(map: &'a Map, key: &str) -> Option<&'a str> {
    match &map.iter().find(|(own, _)| own == key)?.1 {
        Yaml::Plain(text) | Yaml::Text(text) => Some(text),
        _ => None,
    }
}

/// Who asks by the last check.
fn kind(checks: &Yaml) -> Option<Method> {
    let check = last(checks)?;
    match text(check, "type")? {
        "PING_CHECK" => ping(check).map(|_| Method::Ping),
        "BFD_CHECK" => Some(Method::Bfd),
        _ => None,
    }
}

/// The timers of a PING_CHECK, if they are those of gen-conf.
fn ping(check: &Map) -> Option<Timing> {
    let keys = ["type", "connect_timeout", "retry", "delay_before_retry", "delay_loop"];
    if check.len() != keys.len() || text(check, "type") != Some("PING_CHECK") {
        return None;
    }
    let interval = text(check, "delay_loop")?;
    let seconds = timer::seconds(interval).ok()?;
    let pause = Seconds::new(seconds / 2)?.to_string();
    let fits = text(check, "connect_timeout") == Some(interval)
        && text(check, "delay_before_retry") == Some(pause.as_str());
    let retry: u32 = text(check, "retry")?.parse().ok()?;
    fits.then(|| Timing {
        micros: seconds.as_micros(),
        interval: interval.to_owned(),
        attempts: retry.saturating_add(1),
        max_hops: None,
        multihop: false,
    })
}

/// Takes the last check away.
fn without_last(checks: &mut Yaml) {
    let rest = match std::mem::replace(checks, Yaml::List(Vec::new())) {
        Yaml::List(mut all) => {
            all.pop();
            all
        }
        _ => Vec::new(),
    };
    *checks = Yaml::one_or_more(rest);
}
