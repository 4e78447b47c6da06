//! One node's part of a `vrrp_instance`.

use std::net::IpAddr;

use ipnetwork::IpNetwork;

use super::hooks::{self, Hook};
use super::section::{Body, Section};
use super::yaml::{Map, Yaml};
use crate::conf::grammar::{Place, Statement};
use crate::inventory::keys::{VIRTUAL_ADDRESS, VRRP_INSTANCE};

/// The line by which a node is drained, in rendered files.
const DRAIN: &str = "lvskit_drain weight 0";

/// What keepalived uses of a password.
const PASSWORD_LENGTH: usize = 8;

/// The highest priority of a node that is no owner.
pub(super) const MOST_PRIORITY: u8 = 254;

/// A node's part of an instance.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    pub(super) name: String,
    pub(super) at: Place,
    pub(super) interface: Option<String>,
    /// Whether it says MASTER.
    pub(super) master: bool,
    pub(super) priority: Option<u8>,
    /// Where its adverts come from.
    pub(super) source: Option<IpAddr>,
    pub(super) peers: Option<Vec<IpAddr>>,
    /// Where the peers stand.
    pub(super) peers_at: Option<Place>,
    pub(super) nopreempt: bool,
    /// The password, and where it stands.
    pub(super) password: Option<(String, Place)>,
    /// Whether the file has more of the password than keepalived uses.
    pub(super) password_cut: bool,
    /// Those for the redirection; `None` if there are others.
    pub(super) hooks: Option<Vec<Hook>>,
    /// Their statements.
    pub(super) hook_statements: Vec<Statement>,
    /// Its bare addresses, in order.
    pub(super) vips: Vec<IpAddr>,
    /// The networks of those that say its length.
    pub(super) networks: Vec<IpNetwork>,
    /// The rest.
    pub(super) section: Section,
}

/// Why an instance can't be taken apart.
pub(super) struct Untaken {
    /// The line.
    pub(super) at: Place,
    /// What has no key there.
    pub(super) why: String,
}

impl Instance {
    /// Takes a block apart.
    pub(super) fn of(block: &Statement) -> Result<Instance, Untaken> {
        let untaken = |at: &Place, why: String| Untaken { at: at.clone(), why };
        let ([name], Some(_)) = (block.values(), &block.block) else {
            let why = format!("invalid block `{}`: expected one name", block.text);
            return Err(untaken(&block.at, why));
        };
        let mut body = Body::of(block);
        let mut taken: Vec<(&'static str, Yaml, Place)> = Vec::new();
        let (mut vips, mut networks) = (Vec::new(), Vec::new());
        for key in ["virtual_ipaddress", "virtual_ipaddress_excluded"] {
            let lists = body.take_all(key);
            let mut items = Vec::new();
            for line in lists.iter().flat_map(|list| list.inner()) {
                let (value, vip) =
                    virtual_address(&line.words).map_err(|why| untaken(&line.at, why))?;
                items.push(value);
                vips.push(vip);
                // gen-conf goes by these alone.
                let own = line.words.first().filter(|_| key == "virtual_ipaddress");
                networks.extend(own.and_then(|text| network_of(text)));
            }
            if let Some(list) = lists.first() {
                taken.push((key, Yaml::one_or_more(items), list.at.clone()));
            }
        }
        for key in ["virtual_router_id", "advert_int", "version"] {
            if let Some((value, at)) = body.take_value(key) {
                taken.push((key, Yaml::plain(value), at.clone()));
            }
        }
        let (hooks, hook_statements) = hooks::take(&mut body).unzip();
        taken.extend(take_tracked(&mut body));
        let (nopreempt, preempt) = preempt(&mut body);
        taken.extend(preempt);
        let (password, password_cut) = password(&mut body);
        let mut instance = Instance {
            name: name.clone(),
            at: block.at.clone(),
            interface: body.take_value("interface").map(|(name, _)| name.to_owned()),
            master: body.take_value("state").is_some_and(|(state, _)| state == "MASTER"),
            priority: take_parsed(&mut body, "priority"),
            source: None,
            peers: None,
            peers_at: None,
            nopreempt,
            password,
            password_cut,
            hooks,
            hook_statements: hook_statements.unwrap_or_default(),
            vips,
            networks,
            section: Section { at: block.at.clone(), entries: Vec::new(), raw: Vec::new() },
        };
        if body.has("unicast_peer") {
            instance.take_unicast(&mut body);
        }
        instance.section = body.section(&VRRP_INSTANCE, &block.at);
        for (key, value, at) in taken {
            instance.section.set(key, value, &at);
        }
        if instance.source.is_none() {
            instance.source = instance.multicast_source();
        }
        Ok(instance)
    }

    /// Its priority, said or not: keepalived gives a MASTER that says none 255. That is an owner's,
    /// which an inventory can't say; 254 is the next best.
    pub(super) fn priority(&self) -> u8 {
        self.priority.unwrap_or(if self.master { 255 } else { 100 }).min(MOST_PRIORITY)
    }

    /// Whether keepalived takes it for the owner of its addresses.
    pub(super) fn is_owner(&self) -> bool {
        self.priority.map_or(self.master, |priority| priority > MOST_PRIORITY)
    }

    /// Its virtual_router_id, if it is one.
    pub(super) fn vrid(&self) -> Option<u8> {
        match &self.section.get("virtual_router_id")?.value {
            Yaml::Plain(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Its section where bypass-ipvs does not take its hooks: they stay as they are.
    pub(super) fn with_hooks(&self) -> Section {
        let mut section = self.section.clone();
        for statement in &self.hook_statements {
            section.add(&VRRP_INSTANCE, statement);
        }
        section
    }

    /// Takes source and peers; peers with more than an address stay as they are.
    fn take_unicast(&mut self, body: &mut Body<'_>) {
        let source = body.take("unicast_src_ip");
        let lists = body.take_all("unicast_peer");
        let Some(first) = lists.first() else { return };
        let peers: Option<Vec<IpAddr>> = (lists.iter().flat_map(|list| list.inner()))
            .map(|line| match line.words.as_slice() {
                [address] => bare(address),
                _ => None,
            })
            .collect();
        self.source = source.and_then(|source| bare(source.values().first()?));
        if peers.is_none() {
            source.into_iter().chain(lists.iter().copied()).for_each(|one| body.put_back(one));
        }
        self.peers = peers;
        self.peers_at = Some(first.at.clone());
    }

    fn multicast_source(&self) -> Option<IpAddr> {
        match &self.section.get("mcast_src_ip")?.value {
            Yaml::Text(address) => address.parse().ok(),
            _ => None,
        }
    }
}

/// The network of `ADDRESS/LENGTH`; none of an address alone.
pub(super) fn network_of(text: &str) -> Option<IpNetwork> {
    let network: IpNetwork = text.contains('/').then(|| text.parse().ok()).flatten()?;
    let single = if network.is_ipv4() { 32 } else { 128 };
    (network.prefix() < single).then_some(network)
}

/// An address, without the length of its network, which keepalived ignores there.
fn bare(text: &str) -> Option<IpAddr> {
    text.split('/').next()?.parse().ok()
}

fn take_parsed<T: std::str::FromStr>(body: &mut Body<'_>, keyword: &str) -> Option<T> {
    let statement = body.take(keyword)?;
    let value = statement.values().first().and_then(|text| text.parse().ok());
    if value.is_none() {
        body.put_back(statement);
    }
    value
}

/// `track_interface`, `track_script` and `track_file`, without what drains the node.
pub(super) fn take_tracked(body: &mut Body<'_>) -> Vec<(&'static str, Yaml, Place)> {
    let mut taken = Vec::new();
    for key in ["track_interface", "track_script", "track_file"] {
        let lists = body.take_all(key);
        let lines = lists.iter().flat_map(|list| list.inner()).map(|line| line.words.join(" "));
        let lines: Vec<Yaml> = lines.filter(|line| line != DRAIN).map(Yaml::Text).collect();
        if let (Some(list), false) = (lists.first(), lines.is_empty()) {
            taken.push((key, Yaml::one_or_more(lines), list.at.clone()));
        }
    }
    taken
}

/// Whether the instance says `nopreempt`, and what the inventory says of it; keepalived's default
/// stays unsaid.
fn preempt(body: &mut Body<'_>) -> (bool, Option<(&'static str, Yaml, Place)>) {
    body.take_all("preempt");
    let delay = body.take_value("preempt_delay");
    match (body.take("nopreempt"), delay) {
        (Some(never), _) => (true, Some(("preempt", Yaml::plain(false), never.at.clone()))),
        (None, Some((delay, at))) => {
            (false, Some(("preempt_delay", Yaml::plain(delay), at.clone())))
        }
        (None, None) => (false, None),
    }
}

/// The password of `auth_type PASS`, and whether it was longer than keepalived uses; other kinds
/// of authentication stay.
fn password(body: &mut Body<'_>) -> (Option<(String, Place)>, bool) {
    let Some(block) = body.take("authentication") else { return (None, false) };
    let value = |keyword: &str| {
        let found = block.inner().iter().rfind(|one| one.keyword() == keyword)?;
        Some((found.values().first()?, &found.at))
    };
    match (value("auth_type"), value("auth_pass")) {
        (Some((kind, _)), Some((password, at))) if kind == "PASS" && password.is_ascii() => {
            let used = password.get(..PASSWORD_LENGTH).unwrap_or(password);
            (Some((used.to_owned(), at.clone())), used != password)
        }
        _ => {
            body.put_back(block);
            (None, false)
        }
    }
}

/// An item of `virtual_ipaddress`, and its bare address; or what has no key.
fn virtual_address(words: &[String]) -> Result<(Yaml, IpAddr), String> {
    let (address, options) = words.split_first().ok_or("an address is missing")?;
    let bare = address.split('/').next().and_then(|bare| bare.parse().ok());
    let bare = bare.ok_or_else(|| format!("invalid address `{address}`"))?;
    if options.is_empty() {
        return Ok((Yaml::text(address), bare));
    }
    let mut map: Map = vec![("address".to_owned(), Yaml::text(address))];
    let mut set = |key: &str, value: Yaml| map.push((key.to_owned(), value));
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let mut value =
            || options.next().map(Yaml::text).ok_or_else(|| format!("`{option}` lacks its value"));
        match option.as_str() {
            "dev" | "scope" | "label" | "peer" | "preferred_lft" => set(option, value()?),
            "brd" | "broadcast" => set("brd", value()?),
            "-nodad" => set("nodad", Yaml::plain(true)),
            "home" | "mngtmpaddr" | "noprefixroute" | "autojoin" | "no_track" => {
                set(option, Yaml::plain(true));
            }
            _ => return Err(format!("`{option}` of the address {address} has no key")),
        }
    }
    let place = |(key, _): &(String, Yaml)| VIRTUAL_ADDRESS.keys().position(|one| one.name == key);
    map.sort_by_key(place);
    Ok((Yaml::Map(map), bare))
}
