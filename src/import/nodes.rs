//! Who the nodes are: their names from the files or where these lie, their addresses from what the
//! files say of senders and servers. What is guessed is said.

use std::net::IpAddr;
use std::path::Path;

use anyhow::{Result, bail};
use ipnetwork::IpNetwork;

use super::file::File;
use super::instance::Instance;
use super::notes::Notes;
use crate::cluster::Family;
use crate::inventory::keys::node;

/// A node.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) name: String,
    /// One, or one of each family; or one in each of its networks, where it serves nothing.
    pub(super) addresses: Vec<IpAddr>,
    /// The place of its file; `None` for a node that only other nodes' files tell of.
    pub(super) file: Option<usize>,
}

impl Node {
    pub(super) fn address_of(&self, family: Family) -> Option<IpAddr> {
        self.addresses.iter().copied().find(|own| Family::of(*own) == family)
    }

    /// The one that gen-conf takes for an instance with addresses in these networks.
    pub(super) fn address_in(&self, family: Family, networks: &[IpNetwork]) -> Option<IpAddr> {
        let near = |own: &&IpAddr| networks.iter().any(|network| network.contains(**own));
        let mut of_family = self.addresses.iter().filter(|own| Family::of(**own) == family);
        of_family.find(near).copied().or_else(|| self.address_of(family))
    }
}

/// Folders that say nothing about whose file lies in them.
const COMMON_FOLDERS: [&str; 5] = ["", ".", "..", "keepalived", "etc"];

/// The nodes of these files, in their order; `told` are addresses from the command line. Of files
/// that gen-conf `rendered` the servers are the nodes, unless there are more or fewer.
///
/// # Errors
/// When nothing tells a node's address.
pub(super) fn of(
    files: &[File<'_>],
    told: &[IpAddr],
    rendered: bool,
    notes: &mut Notes,
) -> Result<Vec<Node>> {
    let names = names(files, notes);
    let servers = servers(files);
    let ours = super::bypass(files);
    if let ([file], [name], true, []) = (files, names.as_slice(), ours, told) {
        let mut nodes = of_one(file, name, &servers, notes);
        add_peers(&mut nodes, files, notes);
        return Ok(nodes);
    }
    let mut nodes: Vec<Node> = (names.into_iter().enumerate())
        .map(|(place, name)| Node { name, addresses: Vec::new(), file: Some(place) })
        .collect();
    if !told.is_empty() {
        if told.len() != nodes.len() {
            let (told, files) = (told.len(), nodes.len());
            bail!("error: {told} addresses for {files} files; write one --address for each");
        }
        for (node, address) in nodes.iter_mut().zip(told) {
            node.addresses.push(*address);
        }
    }
    for family in [Family::V4, Family::V6] {
        let of_family = |address: &IpAddr| Family::of(*address) == family;
        let servers: Vec<IpAddr> = servers.iter().copied().filter(of_family).collect();
        for (node, file) in nodes.iter_mut().zip(files) {
            if node.address_of(family).is_some() {
                continue;
            }
            let source = file.sources().find(of_family).or_else(|| left_out(files, file, family));
            node.addresses.extend(source);
        }
        let without = nodes.iter().filter(|node| node.address_of(family).is_none()).count();
        let known: Vec<IpAddr> = nodes.iter().filter_map(|node| node.address_of(family)).collect();
        let free: Vec<IpAddr> = servers.into_iter().filter(|one| !known.contains(one)).collect();
        if without == 0 || free.len() != without || !(ours || rendered) && known.is_empty() {
            continue;
        }
        let mut free = free.into_iter();
        for node in nodes.iter_mut().filter(|node| node.address_of(family).is_none()) {
            let Some(address) = free.next() else { break };
            let name = &node.name;
            notes.of(name, format_args!("assumed to be {address}, by the order of real servers"));
            node.addresses.push(address);
        }
    }
    if let Some(node) = nodes.iter().find(|node| node.addresses.is_empty()) {
        let file = node.file.map_or("", |place| &files[place].at.file);
        bail!(
            "error: {file}: the address of {} is unknown; name the nodes' addresses with \
             --address, once for each file",
            node.name
        );
    }
    if !serve(&nodes, files) {
        for (node, file) in nodes.iter_mut().zip(files) {
            let near = |one: &&Instance| {
                let own = one.source;
                own.is_some_and(|own| one.networks.iter().any(|network| network.contains(own)))
            };
            for source in file.instances.iter().filter(near).filter_map(|one| one.source) {
                if !node.addresses.contains(&source) {
                    node.addresses.push(source);
                }
            }
        }
    }
    add_peers(&mut nodes, files, notes);
    Ok(nodes)
}

/// Whether nodes are real servers: which of its addresses each has as such is not for others to say.
fn serve(nodes: &[Node], files: &[File<'_>]) -> bool {
    let servers = servers(files);
    let peers = files.iter().flat_map(|file| &file.instances).filter_map(|one| one.peers.as_ref());
    let mut all = nodes.iter().flat_map(|node| &node.addresses).chain(peers.flatten());
    all.any(|own| servers.contains(own))
}

/// Adds the nodes that adverts go to and whose files were not given.
fn add_peers(nodes: &mut Vec<Node>, files: &[File<'_>], notes: &mut Notes) {
    // Those that the first node of an instance sends to from one address.
    let alone = !serve(nodes, files);
    let sender = |name: &str| {
        let mut all = files.iter().flat_map(|file| &file.instances);
        all.find(|one| one.name == name).and_then(|one| one.source).filter(|_| alone)
    };
    let (mut senders, mut lists) = (Vec::new(), Vec::<Vec<IpAddr>>::new());
    let is_known = |peer: &IpAddr| {
        nodes.iter().any(|node| node.addresses.contains(peer))
            || files.iter().any(|file| file.sources().any(|source| source == *peer))
    };
    for instance in files.iter().flat_map(|file| &file.instances) {
        for peer in instance.peers.iter().flatten().filter(|peer| !is_known(peer)) {
            if lists.iter().any(|list| list.contains(peer)) {
                continue;
            }
            let from = (peer.is_ipv6(), sender(&instance.name));
            match senders.iter().position(|own| *own == from) {
                Some(at) => lists[at].push(*peer),
                None => {
                    senders.push(from);
                    lists.push(vec![*peer]);
                }
            }
        }
    }
    // Where there are as many from each address, those in one place are one node's.
    let count = lists.first().map_or(0, Vec::len);
    let found: Vec<Vec<IpAddr>> = match lists.iter().all(|list| list.len() == count) {
        true => (0..count).map(|at| lists.iter().map(|list| list[at]).collect()).collect(),
        false => lists.into_iter().flatten().map(|one| vec![one]).collect(),
    };
    // A node that says BACKUP leaves the first place to another.
    let first = files.iter().filter_map(|file| file.instances.first());
    let backup = first.clone().all(|one| !one.master && !one.nopreempt && one.priority() <= 100)
        && files.len() == 1;
    let base = nodes.first().map(|node| node.name.clone()).unwrap_or_default();
    let mut further = 1;
    let mut added = Vec::new();
    for addresses in found {
        let mut name = counted(&base, further);
        while nodes.iter().chain(&added).any(|node: &Node| node.name == name) {
            further += 1;
            name = counted(&base, further);
        }
        let shown: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
        let are = if shown.len() == 1 { "is" } else { "are" };
        let order = if shown.len() > 1 && count > 1 { ", by the order of the peers" } else { "" };
        notes.add(format_args!(
            "{} {are} a peer whose file was not given: it becomes the node {name}{order}, with the settings of the others",
            shown.join(" and ")
        ));
        added.push(Node { name, addresses, file: None });
    }
    let at = if backup { 0 } else { nodes.len() };
    nodes.splice(at..at, added);
}

/// The only address that all others send their adverts to, and the node itself does not.
fn left_out(files: &[File<'_>], file: &File<'_>, family: Family) -> Option<IpAddr> {
    let peers = |file: &File<'_>| -> Vec<IpAddr> {
        let all = file.instances.iter().filter_map(|instance| instance.peers.clone());
        all.flatten().filter(|address| Family::of(*address) == family).collect()
    };
    let own = peers(file);
    let mut others: Vec<IpAddr> = files.iter().flat_map(peers).collect();
    others.retain(|address| !own.contains(address));
    others.dedup();
    match others.as_slice() {
        [one] if !own.is_empty() => Some(*one),
        _ => None,
    }
}

/// The addresses of all real servers, each once, in their order.
fn servers(files: &[File<'_>]) -> Vec<IpAddr> {
    let mut all = Vec::new();
    let servers = files.iter().flat_map(|file| &file.servers);
    for server in servers.flat_map(|server| &server.real_servers) {
        if !all.contains(&server.address) {
            all.push(server.address);
        }
    }
    all
}

/// The nodes of a cluster of which there is one file, in which every server is a director too.
fn of_one(file: &File<'_>, name: &str, servers: &[IpAddr], notes: &mut Notes) -> Vec<Node> {
    let of = |family| -> Vec<IpAddr> {
        servers.iter().copied().filter(|address| Family::of(*address) == family).collect()
    };
    let (v4, v6) = (of(Family::V4), of(Family::V6));
    let count = v4.len().max(v6.len());
    let own = file.sources().find_map(|source| {
        v4.iter().chain(&v6).position(|server| *server == source).map(|at| at % count)
    });
    let own = own.unwrap_or(0);
    let mut nodes = Vec::new();
    for at in 0..count {
        let both = [v4.get(at), v6.get(at)];
        let addresses: Vec<IpAddr> = both.into_iter().flatten().copied().collect();
        let (name, file) = match at == own {
            true => (name.to_owned(), Some(0)),
            false => (counted(name, at as i64 - own as i64), None),
        };
        let shown: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
        notes.of(&name, format_args!("assumed to be {}", shown.join(" and ")));
        nodes.push(Node { name, addresses, file });
    }
    nodes
}

/// server03.domain.ru for server01.domain.ru and 2.
fn counted(name: &str, further: i64) -> String {
    let (label, domain) = name.split_at(name.find('.').unwrap_or(name.len()));
    let stem = label.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &label[stem.len()..];
    match digits.parse::<i64>() {
        Ok(number) if number + further >= 0 => {
            let width = digits.len();
            format!("{stem}{:0width$}{domain}", number + further)
        }
        _ => format!("{label}-{}{domain}", further + 1),
    }
}

/// A name for each file: its router_id, the config id that it was read with, its folder, its own
/// name, or a number; the first of these that names all of them, each differently.
fn names(files: &[File<'_>], notes: &mut Notes) -> Vec<String> {
    let router_ids = files.iter().map(|file| Some(file.router_id?.0.to_owned())).collect();
    let ids = files.iter().map(|file| file.id.map(str::to_owned)).collect();
    let folders = {
        let folder = |file: &File<'_>| {
            let name = Path::new(&*file.at.file).parent()?.file_name()?.to_str()?;
            (!COMMON_FOLDERS.contains(&name)).then(|| name.to_owned())
        };
        files.iter().map(folder).collect()
    };
    let own = {
        let name = |file: &File<'_>| {
            let name = Path::new(&*file.at.file).file_name()?.to_str()?;
            let name = name.trim_end_matches(".conf").trim_end_matches(".keepalived");
            let name = name.trim_start_matches("keepalived-").trim_start_matches("keepalived.");
            (name != "keepalived").then(|| name.to_owned())
        };
        files.iter().map(name).collect()
    };
    let good = |names: &Vec<String>| {
        let host = |name: &String| node::NAME.value.accepts(name);
        let unique = |at: usize| !names[..at].contains(&names[at]);
        names.iter().all(host) && (0..names.len()).all(unique)
    };
    let sources: [Option<Vec<String>>; 4] = [router_ids, ids, folders, own];
    for (at, source) in sources.into_iter().enumerate() {
        if let Some(names) = source.filter(good) {
            if at > 0 {
                notes.add(format_args!("the nodes are assumed to be called {}", names.join(", ")));
            }
            return names;
        }
    }
    let names: Vec<String> = (1..=files.len()).map(|number| format!("node{number}")).collect();
    notes.add(format_args!(
        "the nodes are assumed to be called {}; their names are unknown",
        names.join(", ")
    ));
    names
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn names_are_counted_on() {
        assert_eq!(counted("server01.domain.ru", 2), "server03.domain.ru");
        assert_eq!(counted("server09", 1), "server10");
        assert_eq!(counted("mail.domain.ru", 1), "mail-2.domain.ru");
    }
}
