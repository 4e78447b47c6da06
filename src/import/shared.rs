//! The instances of all nodes' files, each once: which nodes run it, and what each of them says of it.

use std::collections::HashSet;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::Duration;

use super::file::File;
use super::instance::Instance;
use super::nodes::Node;
use super::section::Section;
use crate::cluster::{Seconds, Version};
use crate::vip::Family;

/// An instance of the cluster.
pub(super) struct Shared<'a> {
    pub(super) name: String,
    /// The places of the nodes that run it.
    pub(super) members: Vec<usize>,
    /// Their parts; of nodes without a file there is none.
    pub(super) parts: Vec<(usize, &'a Instance)>,
    /// All its addresses, in order.
    pub(super) vips: Vec<IpAddr>,
    /// See [`Version::skew_base`].
    pub(super) skew_base: Duration,
    /// Whether there is one file for several nodes, which does not say whose it is.
    one_for_all: bool,
}

impl Shared<'_> {
    /// Whether its only part can be every node's.
    pub(super) fn of_nobody(&self) -> bool {
        self.one_for_all
            && self.members.len() > 1
            && self.parts.iter().all(|(_, part)| part.peers.is_none())
    }
}

/// All instances, in an order that is that of every file.
pub(super) fn shared<'a>(files: &'a [File<'_>], nodes: &[Node]) -> Vec<Shared<'a>> {
    let names = |file: &'a File<'_>| file.instances.iter().map(|one| one.name.clone()).collect();
    let of_node = |node: &Node| node.file.map(|place| &files[place]);
    let lists: Vec<Vec<String>> = nodes.iter().filter_map(of_node).map(names).collect();
    let one_for_all = matches!(files, [file] if file.router_id.is_none());
    let share = |name: String| {
        let part = |node: &Node| of_node(node)?.instances.iter().find(|one| one.name == name);
        let parts: Vec<(usize, &Instance)> = (nodes.iter().enumerate())
            .filter_map(|(place, node)| Some((place, part(node)?)))
            .collect();
        // Of a node without a file the others tell, where they name whom adverts go to.
        let told = |node: &Node| {
            let mut lists = parts.iter().filter_map(|(_, part)| part.peers.as_ref()).peekable();
            lists.peek().is_none()
                || lists.any(|peers| node.addresses.iter().any(|own| peers.contains(own)))
        };
        let runs = |&place: &usize| match nodes[place].file {
            None => told(&nodes[place]),
            Some(_) => parts.iter().any(|(part, _)| *part == place),
        };
        let members = (0..nodes.len()).filter(runs).collect();
        let first = parts.first();
        let vips = first.map(|(_, part)| part.vips.clone()).unwrap_or_default();
        let file = first.and_then(|(place, _)| of_node(&nodes[*place]));
        let skew_base = file.zip(first).map(|(file, (_, part))| skew_base(file, part));
        let skew_base = skew_base.unwrap_or(Seconds::ONE.duration());
        Shared { name, members, parts, vips, skew_base, one_for_all }
    };
    union(lists).into_iter().map(share).collect()
}

/// All items of lists, each once, in an order that is that of every list where there is one.
pub(super) fn union<T: Eq + Hash + Clone>(lists: Vec<Vec<T>>) -> Vec<T> {
    let mut all: Vec<T> = Vec::new();
    for list in lists {
        let known: HashSet<T> = all.iter().cloned().collect();
        let mut added = HashSet::new();
        for (at, item) in list.iter().enumerate() {
            if known.contains(item) || !added.insert(item) {
                continue;
            }
            let later = list[at..].iter().find(|later| known.contains(later));
            let next = later.and_then(|later| all.iter().position(|one| one == later));
            all.insert(next.unwrap_or(all.len()), item.clone());
        }
    }
    all
}

/// The base of the skew time in the inventory that this becomes.
fn skew_base(file: &File<'_>, part: &Instance) -> Duration {
    let said = |section: &Section, key| section.get(key)?.value.flow()?.parse().ok();
    let family = part.vips.first().map(|vip| Family::of(*vip));
    let cluster = said(&file.global_defs, "vrrp_version").unwrap_or_default();
    let version = Version::of(said(&part.section, "version"), family, cluster);
    let advert_int = part.section.get("advert_int").and_then(|entry| entry.value.flow());
    version.skew_base(advert_int.and_then(|text| text.parse().ok()).unwrap_or(Seconds::ONE))
}

#[cfg(test)]
mod tests {
    use super::union;

    #[test]
    fn unions_keep_every_order() {
        let lists = vec![vec!["a", "c"], vec!["b", "c", "d"], vec!["a", "d", "e"]];
        assert_eq!(union(lists), ["a", "b", "c", "d", "e"]);
    }
}
