//! Passwords: one of an instance, in the inventory or in a file beside it.

use super::file::File;
use super::instance::Instance;
use super::notes::Notes;
use super::shared::Shared;
use super::yaml::Yaml;
use crate::conf::grammar::{Place, Statement};

/// The files that passwords are put into, and which goes into each.
#[derive(Default)]
pub(super) struct PassFiles<'a> {
    /// What the command line says; without it passwords stay in the inventory.
    file: Option<&'a str>,
    /// Of each instance that has one.
    passwords: Vec<(String, String)>,
}

impl<'a> PassFiles<'a> {
    pub(super) fn new(file: Option<&'a str>, instances: &[Shared<'_>]) -> PassFiles<'a> {
        let password = |one: &Shared<'_>| {
            let (password, _) = first(one)?.password.as_ref()?;
            Some((one.name.clone(), password.clone()))
        };
        PassFiles { file, passwords: instances.iter().filter_map(password).collect() }
    }

    /// Where the password of an instance goes: one file for all, or where passwords differ one each,
    /// which has the instance's name.
    fn of(&self, instance: &str) -> Option<String> {
        let file = self.file?;
        let same = self.passwords.windows(2).all(|two| two[0].1 == two[1].1);
        match same {
            true => Some(file.to_owned()),
            false => Some(format!("{file}.{}", instance.replace('/', "_"))),
        }
    }

    /// What will be in a file.
    pub(super) fn read(&self, file: &str) -> Option<String> {
        let mut all = self.passwords.iter();
        let found = all.find(|(instance, _)| self.of(instance).as_deref() == Some(file));
        found.map(|(_, password)| password.clone())
    }
}

/// A password in what has no key.
pub(super) fn in_raw(files: &[File<'_>]) -> Option<Place> {
    fn find(statements: &[Statement]) -> Option<Place> {
        statements.iter().find_map(|one| match one.keyword() {
            "auth_pass" => Some(one.at.clone()),
            _ => find(one.block.as_deref()?),
        })
    }
    files.iter().find_map(|file| {
        let instances = file.instances.iter().map(|instance| &instance.section);
        instances.chain([&file.raw]).find_map(|section| find(&section.raw))
    })
}

/// `authentication` of an instance.
pub(super) fn authentication(
    instance: &Shared<'_>,
    files: &PassFiles<'_>,
    notes: &mut Notes,
) -> Option<Yaml> {
    let parts = || instance.parts.iter().map(|(_, part)| *part);
    let first = first(instance)?;
    let (password, at) = first.password.as_ref()?;
    if first.password_cut {
        notes.at(at, "auth_pass is longer than the 8 characters that keepalived uses; cut");
    }
    for part in parts() {
        match &part.password {
            Some((other, there)) if other != password => {
                notes.difference(
                    there,
                    "auth_pass",
                    format_args!("auth_pass differs from {at}, and all nodes get that one's"),
                );
            }
            None => notes.at(&part.at, format_args!("auth_pass is missing here and not at {at}")),
            Some(_) => {}
        }
    }
    let password = match files.of(&instance.name) {
        Some(file) => {
            notes
                .at(at, format_args!("put this auth_pass into {file}, for yourself alone to read"));
            Yaml::Map(vec![("file".to_owned(), Yaml::text(file))])
        }
        None => Yaml::text(password),
    };
    let both = [("auth_type", Yaml::text("PASS")), ("auth_pass", password)];
    let both = both.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Some(Yaml::Map(both))
}

/// The part whose password is the inventory's.
fn first<'a>(instance: &Shared<'a>) -> Option<&'a Instance> {
    instance.parts.iter().map(|(_, part)| *part).find(|part| part.password.is_some())
}
