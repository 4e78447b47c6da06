//! `lvskit import`: existing keepalived.conf files of a cluster back into an inventory.
//!
//! - `file`, `instance`, `server`, `check` and `section` take one node's file apart, by the tables
//!   of keys; what has no key is kept as it is;
//! - `modern` says older spellings as an inventory does, before that;
//! - `nodes` finds out who the nodes are, `hooks` whose their notify scripts are, `takeover` what becomes
//!   of these, `programs` whom all programs run as;
//! - `merge`, `shared`, `instances`, `addresses`, `election`, `password`, `services`, `target` and `inventory`
//!   make one inventory of all files, `document` writes it as `yaml` with the files' `comments`;
//! - `compare` holds what gen-conf renders against the files and tells what is not as it was; `notes`
//!   collects what is told.

mod addresses;
mod check;
mod comments;
mod compare;
mod detection;
mod document;
mod election;
mod file;
mod hooks;
mod instance;
mod instances;
mod inventory;
mod merge;
mod modern;
mod nodes;
mod notes;
mod password;
mod programs;
mod run;
mod section;
mod server;
mod services;
mod shared;
mod takeover;
mod target;
pub(crate) mod yaml;

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::cluster::Cluster;
use crate::conf::build;
use crate::conf::grammar::{self, NoFiles, Place, Statement};
use comments::Comments;
use compare::Told;
use file::File;
use nodes::Node;
use notes::Notes;

pub use run::{Import, run};

/// A file that was read.
pub struct Source {
    /// Its name.
    pub name: String,
    /// The config id that it was read with.
    pub id: Option<String>,
    /// The folder that stands for `/` of its node; none where that is this machine.
    pub root: Option<PathBuf>,
    /// Its statements.
    pub tree: Vec<Statement>,
    /// Its comments, by the line of the statement that they belong to; not those of what it includes.
    pub comments: HashMap<usize, Vec<String>>,
    /// Whether gen-conf rendered it.
    pub rendered: bool,
    /// What is worth knowing of how it was read, and of which line.
    pub notes: Vec<(Place, String)>,
}

/// What the files do not say.
#[derive(Debug, Default)]
pub struct Options<'a> {
    /// The nodes' addresses, in the order of the files; may be none.
    pub addresses: &'a [IpAddr],
    /// Where the inventory shall look for the password.
    pub auth_pass_file: Option<&'a str>,
}

/// An inventory.
pub struct Imported {
    /// YAML.
    pub text: String,
    /// Assumptions, differences and what was left out. Never a password.
    pub notes: Vec<String>,
    /// What is wrong in it, as `lvskit gen-conf` would tell.
    pub problems: Vec<crate::inventory::Problem>,
}

/// What is worth knowing of how files were read, for when no inventory can be made of them.
pub fn notes_of(sources: &[Source]) -> Vec<String> {
    reading(sources).into_lines()
}

fn reading(sources: &[Source]) -> Notes {
    let mut notes = Notes::default();
    for (at, words) in sources.iter().flat_map(|source| &source.notes) {
        notes.at(at, words);
    }
    notes
}

/// Makes an inventory of the files of a cluster.
///
/// # Errors
/// When the files have no instances, do not tell the nodes' addresses, or say what no inventory can.
pub fn import(sources: &[Source], options: &Options<'_>) -> Result<Imported> {
    let mut notes = reading(sources);
    let mut trees: Vec<Vec<Statement>> =
        sources.iter().map(|source| programs::with_users(&source.tree)).collect();
    modern::rewrite(&mut trees, sources, &mut notes);
    let mut files: Vec<File<'_>> =
        (sources.iter().zip(&trees)).map(|(source, tree)| File::of(source, tree)).collect();
    let ours = sources.iter().all(|source| source.rendered);
    for file in &files {
        file.tell_untaken(&mut notes)?;
    }
    if options.auth_pass_file.is_some()
        && let Some(at) = password::in_raw(&files)
    {
        bail!(
            "error: {at}: this auth_pass would go to `raw`, and into the inventory with it, in spite \
             of --auth-pass-file; import a copy of the file without it"
        );
    }
    let nodes = nodes::of(&files, options.addresses, ours, &mut notes)?;
    let found = detection::take(&mut files, &nodes);
    let with_bypass = bypass(&files);
    for (source, tree) in sources.iter().zip(&trees) {
        programs::tell(&source.tree, with_bypass, &mut notes);
        programs::tell_insecure(tree, source.root.as_deref(), with_bypass, &mut notes);
    }
    let hooks_told = takeover::tell(&files, &nodes, ours, &mut notes);
    let services_told = takeover::tell_services(&files, &mut notes);
    let (map, pass_files) =
        inventory::inventory(&files, nodes.clone(), found, options.auth_pass_file, &mut notes);
    let text = document::document(&map, &Comments::of(sources, &trees));
    let secrets = |source: &crate::inventory::Source| {
        let found = match source {
            crate::inventory::Source::File(file) => pass_files.read(file),
            crate::inventory::Source::Env(_) => None,
        };
        found.ok_or_else(|| "the files have no password".to_owned())
    };
    let draft = crate::inventory::draft(&text, &secrets);
    let told =
        Told { hooks: hooks_told, services: services_told, refused: !draft.problems.is_empty() };
    match draft.cluster.as_ref().map_or(Ok(None), |cluster| rendered(cluster, &nodes)) {
        Ok(Some(rendered)) => {
            for (name, file, tree) in &rendered {
                compare::compare(name, files[*file].tree, tree, told, &mut notes);
            }
        }
        Err(error) if !told.refused => return Err(error),
        Ok(None) | Err(_) => compare::nothing(&files, &mut notes),
    }
    let problems = draft.problems;
    Ok(Imported { text, notes: notes.into_lines(), problems })
}

/// A node's name, the place of its file, and what gen-conf writes for it.
type Rendered<'a> = (&'a str, usize, Vec<Statement>);

/// What gen-conf writes for the nodes that have files; `None` if it lacks a node.
fn rendered<'a>(cluster: &Cluster, nodes: &'a [Node]) -> Result<Option<Vec<Rendered<'a>>>> {
    let mut all = Vec::new();
    let files = build::Files::new(cluster);
    for node in nodes {
        let Some(file) = node.file else { continue };
        let named = |other: &crate::cluster::Node| other.name.as_str() == node.name;
        let Some(place) = cluster.nodes.iter().position(named) else { return Ok(None) };
        let text = files.text(place)?;
        all.push((
            node.name.as_str(),
            file,
            grammar::parse(&node.name, &text, None, &mut NoFiles)?,
        ));
    }
    Ok(Some(all))
}

/// Whether bypass-ipvs is run at every transition, or takes the place of what is.
fn bypass(files: &[File<'_>]) -> bool {
    files.iter().all(|file| file.hooks().is_some())
}
