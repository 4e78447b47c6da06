//! One node's file, taken apart into what an inventory has sections for.

use std::net::IpAddr;

use anyhow::{Result, bail};

use super::Source;
use super::hooks::Hook;
use super::instance::{self, Instance, Untaken};
use super::notes::Notes;
use super::section::{Body, Section};
use super::server::Server;
use super::yaml::Yaml;
use crate::conf::grammar::{Place, Statement};
use crate::inventory::keys::{
    BFD_INSTANCE, GLOBAL_DEFS, TRACK_FILE, Table, VRRP_SCRIPT, VRRP_SYNC_GROUP, VRRP_TRACK_PROCESS,
};

/// What the drain file is called in rendered files.
const DRAIN: &str = "lvskit_drain";

/// A file, taken apart.
pub(super) struct File<'a> {
    pub(super) at: Place,
    /// The config id that it was read with.
    pub(super) id: Option<&'a str>,
    pub(super) tree: &'a [Statement],
    /// Whether gen-conf rendered it.
    rendered: bool,
    pub(super) router_id: Option<(&'a str, &'a Place)>,
    pub(super) global_defs: Section,
    /// `lvs_sync_daemon`
    pub(super) sync_daemon: Option<&'a Statement>,
    pub(super) drain_file: Option<String>,
    pub(super) track_files: Vec<(String, Section)>,
    pub(super) scripts: Vec<(String, Section)>,
    /// `vrrp_track_process`
    pub(super) processes: Vec<(String, Section)>,
    /// `bfd_instance`
    pub(super) bfd: Vec<(String, Section)>,
    pub(super) sync_groups: Vec<(String, Section)>,
    pub(super) instances: Vec<Instance>,
    /// Instances that stay whole.
    pub(super) untaken: Vec<Untaken>,
    pub(super) server_groups: Vec<(String, Yaml, Place)>,
    pub(super) servers: Vec<Server>,
    /// What has no section.
    pub(super) raw: Section,
}

impl<'a> File<'a> {
    /// Takes a file apart, whose statements are `tree` now.
    pub(super) fn of(source: &'a Source, tree: &'a [Statement]) -> File<'a> {
        let at = Place { file: source.name.as_str().into(), line: 1 };
        let empty = || Section { at: at.clone(), entries: Vec::new(), raw: Vec::new() };
        let mut file = File {
            at: at.clone(),
            id: source.id.as_deref(),
            tree,
            rendered: source.rendered,
            router_id: None,
            global_defs: empty(),
            sync_daemon: None,
            drain_file: None,
            track_files: Vec::new(),
            scripts: Vec::new(),
            processes: Vec::new(),
            bfd: Vec::new(),
            sync_groups: Vec::new(),
            instances: Vec::new(),
            untaken: Vec::new(),
            server_groups: Vec::new(),
            servers: Vec::new(),
            raw: empty(),
        };
        for statement in tree {
            file.add(statement);
        }
        let blocks: Vec<&Statement> = tree.iter().filter(|one| is_global(one)).collect();
        if let Some(first) = blocks.first() {
            file.global_defs(Body::of_all(&blocks), &first.at);
        }
        file
    }

    fn add(&mut self, statement: &'a Statement) {
        let named = |table: &'static Table| match statement.values() {
            [name] if statement.block.is_some() => {
                Some((name.clone(), Body::of(statement).section(table, &statement.at)))
            }
            _ => None,
        };
        let found = match statement.keyword() {
            "global_defs" => is_global(statement),
            "track_file" | "vrrp_track_file" => match named(&TRACK_FILE) {
                Some((name, section)) if name == DRAIN => {
                    self.drain_file = section.get("file").and_then(|entry| match &entry.value {
                        Yaml::Text(path) => Some(path.clone()),
                        _ => None,
                    });
                    true
                }
                Some(block) => push(&mut self.track_files, block),
                None => false,
            },
            "vrrp_script" => {
                named(&VRRP_SCRIPT).is_some_and(|block| push(&mut self.scripts, block))
            }
            "vrrp_track_process" => {
                named(&VRRP_TRACK_PROCESS).is_some_and(|block| push(&mut self.processes, block))
            }
            "bfd_instance" => named(&BFD_INSTANCE).is_some_and(|block| push(&mut self.bfd, block)),
            "vrrp_sync_group" => {
                sync_group(statement).is_some_and(|block| push(&mut self.sync_groups, block))
            }
            "vrrp_instance" => match Instance::of(statement) {
                Ok(instance) => push(&mut self.instances, instance),
                Err(untaken) => !push(&mut self.untaken, untaken),
            },
            "virtual_server_group" => {
                server_group(statement).is_some_and(|group| push(&mut self.server_groups, group))
            }
            "virtual_server" => {
                Server::of(statement).is_some_and(|server| push(&mut self.servers, server))
            }
            _ => false,
        };
        if !found {
            self.raw.raw.push(statement.clone());
        }
    }

    /// Takes all its global_defs apart, which are one for keepalived; they begin `at` there.
    fn global_defs(&mut self, mut body: Body<'a>, at: &Place) {
        // gen-conf writes both itself.
        body.take_all("enable_script_security");
        body.take_all("script_user");
        self.router_id = body.take_value("router_id");
        self.sync_daemon =
            body.take("lvs_sync_daemon").or_else(|| body.take("lvs_sync_daemon_interface"));
        let mut taken = Vec::new();
        let mails = body.take_all("notification_email");
        if let Some(first) = mails.first() {
            let lines = mails.iter().flat_map(|mails| mails.inner());
            let all = lines.flat_map(|line| &line.words).map(Yaml::text);
            taken.push(("notification_email", Yaml::one_or_more(all.collect()), &first.at));
        }
        for key in
            ["notification_email_from", "smtp_server", "smtp_connect_timeout", "vrrp_version"]
        {
            let Some(one) = body.take(key) else { continue };
            let text = one.values().join(" ");
            let value = match text.parse::<u32>() {
                Ok(_) => Yaml::Plain(text),
                Err(_) => Yaml::Text(text),
            };
            taken.push((key, value, &one.at));
        }
        let mut section = body.section(&GLOBAL_DEFS, at);
        for (key, value, at) in taken {
            section.set(key, value, at);
        }
        self.global_defs = section;
    }

    /// Says which instances have no section, and why.
    ///
    /// # Errors
    /// When no instance has one, and nothing is balanced.
    pub(super) fn tell_untaken(&self, notes: &mut Notes) -> Result<()> {
        if self.instances.is_empty() && self.servers.is_empty() {
            match self.untaken.first() {
                Some(Untaken { at, why }) => bail!(
                    "error: {at}: {why}, so the whole vrrp_instance would go to `raw`, and an \
                     inventory needs one that does not, or a virtual_server; import a copy of the file without that"
                ),
                None => bail!(
                    "error: {}: neither vrrp_instance nor virtual_server; an inventory is about nodes that \
                     share addresses or balance services",
                    self.at.file
                ),
            }
        }
        for Untaken { at, why } in &self.untaken {
            notes.at(at, format_args!("{why}, so the whole vrrp_instance goes to `raw`"));
        }
        Ok(())
    }

    /// All addresses of the instances that are of its node.
    pub(super) fn sources(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.instances.iter().filter_map(|instance| instance.source)
    }

    /// All hooks for the redirection; `None` where an instance has none, or others. gen-conf renders none
    /// where nothing is balanced.
    pub(super) fn hooks(&self) -> Option<Vec<&Hook>> {
        let mut all = Vec::new();
        for instance in &self.instances {
            match &instance.hooks {
                Some(own) => all.extend(own),
                None if self.rendered => {}
                None => return None,
            }
        }
        (!all.is_empty()).then_some(all)
    }
}

fn is_global(statement: &Statement) -> bool {
    statement.keyword() == "global_defs" && statement.block.is_some()
}

fn push<T>(all: &mut Vec<T>, one: T) -> bool {
    all.push(one);
    true
}

fn sync_group(statement: &Statement) -> Option<(String, Section)> {
    let [name] = statement.values() else { return None };
    statement.block.as_ref()?;
    let mut body = Body::of(statement);
    let members = body.take("group")?;
    let names = members.inner().iter().flat_map(|line| &line.words).map(Yaml::text).collect();
    let tracked = instance::take_tracked(&mut body);
    let mut section = body.section(&VRRP_SYNC_GROUP, &statement.at);
    section.set("group", Yaml::one_or_more(names), &members.at);
    for (key, value, at) in tracked {
        section.set(key, value, &at);
    }
    Some((name.clone(), section))
}

fn server_group(statement: &Statement) -> Option<(String, Yaml, Place)> {
    let [name] = statement.values() else { return None };
    let lines = statement.block.as_ref()?.iter().map(|line| line.words.join(" "));
    Some((name.clone(), Yaml::List(lines.map(Yaml::Text).collect()), statement.at.clone()))
}
