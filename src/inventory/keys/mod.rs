//! Every key of the inventory, once: its values, its default, the keepalived that knows it, and what
//! it means. The reader, "did you mean", `lvskit schema`, `lvskit explain` and `lvskit import` all go by
//! these tables. Names are those of keepalived.conf(5) wherever keepalived has one.

pub mod bfd;
pub mod check;
pub mod detection;
pub mod form;
pub mod global;
pub mod instance;
pub mod node;
mod numbers;
pub mod real_server;
pub mod server;
pub mod top;
pub mod track;
mod value;
pub mod values;
pub mod wrong;

use std::marker::PhantomData;
use std::str::FromStr;

pub use bfd::BFD_INSTANCE;
pub use check::{CHECKS, COMMON, CONNECTION, Check, PROBE};
pub use detection::{BETWEEN_SITES, FAILURE_DETECTION};
pub use global::GLOBAL_DEFS;
pub use instance::{AUTHENTICATION, SECRET, VIRTUAL_ADDRESS, VRRP_INSTANCE};
pub use node::{NODE, NODE_GLOBAL_DEFS, NODE_INSTANCE};
pub use real_server::REAL_SERVER;
pub use server::VIRTUAL_SERVER;
pub use top::{ALLOW, TOP};
pub use track::{COMMAND, TRACK_FILE, VRRP_SCRIPT, VRRP_SYNC_GROUP, VRRP_TRACK_PROCESS};
pub use value::{COUNT, COUNT_OR_0, PORT, SIGNED_COUNT, TIMER, TIMER_OR_0, Value, WHOLE_SECONDS};

use self::wrong::{Read, Wrong};
use crate::cluster::Release;

/// A key of the inventory, whose values the program has as `T`; `()` where that is not asked for. The
/// reader can ask a section for a value only by such a key.
#[derive(Debug)]
pub struct Key<T = ()> {
    /// What it is called.
    pub name: &'static str,
    /// What it can be.
    pub value: Value,
    /// Whether it is a statement of keepalived.conf or something that statements are derived from.
    pub role: Role,
    /// What its statement is called, where that is something else.
    pub keyword: &'static str,
    /// What holds if it is missing; begins with "required" where it may not be.
    pub default: &'static str,
    /// The oldest target that has it.
    pub since: Release,
    /// What releases before one call its statement.
    pub renamed: Option<(Release, &'static str)>,
    /// What else keepalived takes for its statement's keyword.
    pub also: Option<&'static str>,
    /// Another key of its section that must have one of these values, or it has no effect.
    pub only_with: Option<(&'static str, &'static [&'static str])>,
    /// What to do about a wrong value, where that is more than to write another.
    pub help: &'static str,
    /// The fewest and the most items of its list.
    pub items: (usize, usize),
    /// What it means, in a sentence.
    pub doc: &'static str,
    read_as: PhantomData<fn() -> T>,
}

/// Keys that must be there, and keys that may not stand beside them.
pub type Either = (&'static [&'static str], &'static [&'static str]);

/// What becomes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It becomes the statement of the same name in the block of the same name.
    Plain,
    /// The same, and its value decides other things too: no line of `raw` may overrule it.
    Used,
    /// It is read by hand, and statements are derived from it.
    Ours,
}

/// A section: its keys, in the order in which their statements are written.
#[derive(Debug)]
pub struct Table {
    /// The section's name in keepalived.conf, or in the inventory where keepalived has none.
    pub name: &'static str,
    /// Its keys, in groups that several sections may share.
    pub groups: &'static [&'static [Key]],
    /// Keys of which one set must be there, and what may not stand beside it.
    pub either: &'static [Either],
}

// For any `T`, which derived ones are not.
impl<T> Clone for Key<T> {
    fn clone(&self) -> Key<T> {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> Key<T> {
    /// A statement of keepalived.conf.
    const fn plain(
        name: &'static str,
        value: Value,
        default: &'static str,
        doc: &'static str,
    ) -> Key<T> {
        let (role, since) = (Role::Plain, Release::OLDEST);
        let (keyword, renamed, also, help) = (name, None, None, "");
        let only_with = None;
        let items = (0, usize::MAX);
        let read_as = PhantomData;
        Key {
            name,
            value,
            role,
            keyword,
            default,
            since,
            renamed,
            also,
            only_with,
            help,
            items,
            doc,
            read_as,
        }
    }

    /// A key that statements are derived from.
    const fn ours(
        name: &'static str,
        value: Value,
        default: &'static str,
        doc: &'static str,
    ) -> Key<T> {
        let mut key = Key::plain(name, value, default, doc);
        key.role = Role::Ours;
        key
    }

    /// Its value decides other things too.
    const fn used(mut self) -> Key<T> {
        self.role = Role::Used;
        self
    }

    /// The oldest target that has it.
    const fn since(mut self, release: Release) -> Key<T> {
        self.since = release;
        self
    }

    /// What releases before one call its statement.
    const fn renamed(mut self, release: Release, old: &'static str) -> Key<T> {
        self.renamed = Some((release, old));
        self
    }

    /// What else keepalived takes for its keyword.
    const fn also(mut self, keyword: &'static str) -> Key<T> {
        self.also = Some(keyword);
        self
    }

    /// What its statement is called.
    const fn keyword(mut self, keyword: &'static str) -> Key<T> {
        self.keyword = keyword;
        self
    }

    /// The fewest and the most items of its list.
    const fn items(mut self, least: usize, most: usize) -> Key<T> {
        self.items = (least, most);
        self
    }

    /// Another key that must have one of these values.
    const fn only_with(mut self, other: &'static str, values: &'static [&'static str]) -> Key<T> {
        self.only_with = Some((other, values));
        self
    }

    /// What to do about a wrong value.
    const fn help(mut self, help: &'static str) -> Key<T> {
        self.help = help;
        self
    }

    /// As it stands in its table.
    pub const fn any(self) -> Key {
        let Key {
            name,
            value,
            role,
            keyword,
            default,
            since,
            renamed,
            also,
            only_with,
            help,
            items,
            doc,
            ..
        } = self;
        let read_as = PhantomData;
        Key {
            name,
            value,
            role,
            keyword,
            default,
            since,
            renamed,
            also,
            only_with,
            help,
            items,
            doc,
            read_as,
        }
    }

    /// Whether it may not be missing.
    pub fn is_required(&self) -> bool {
        // With a comma there are other keys that do instead.
        self.default.starts_with("required") && !self.default.starts_with("required,")
    }

    /// What its statement is called for a release.
    pub fn keyword_in(&self, target: Release) -> &'static str {
        match self.renamed {
            Some((release, old)) if target < release => old,
            _ => self.keyword,
        }
    }

    /// Reads one value of it, as it is written into keepalived.conf.
    ///
    /// # Errors
    /// Those of [`Value::read`].
    pub fn read(&self, text: &str, target: Release) -> Read<String> {
        self.value.read(self.name, text, target).map_err(|wrong| match self.help {
            "" => wrong,
            help => Wrong {
                title: format!("{}: expected {}", wrong.title, self.value.shown()),
                help: help.to_owned(),
            },
        })
    }
}

/// `false`, or a value.
#[derive(Debug, Clone)]
pub struct OrFalse<T>(pub Option<T>);

impl<T: FromStr> FromStr for OrFalse<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<OrFalse<T>, T::Err> {
        match text {
            "false" => Ok(OrFalse(None)),
            _ => text.parse().map(|value| OrFalse(Some(value))),
        }
    }
}

/// Lines of keepalived.conf at the end of a block.
pub const RAW_LINES: Key = Key::ours(
    "raw",
    Value::Lines,
    "none",
    "Lines of keepalived.conf for the end of this block, for statements that have no key. Their braces \
     must balance. At the top level and in a node they stand before the instances.",
);

impl Table {
    /// Its keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &'static Key> + use<> {
        self.groups.iter().copied().flatten()
    }

    /// The key of that name.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name == name)
    }

    /// The place of that key among the others.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.keys().position(|key| key.name == name)
    }
}

/// The group of sections that make a block.
const RAW: &[Key] = &[RAW_LINES];

/// All sections, by the path that leads to them in an inventory; for schema, help and tests.
pub fn sections() -> impl Iterator<Item = (String, &'static Table)> {
    let checks = CHECKS.iter().map(|check| (format!("check.{}", check.name()), check.table));
    SECTIONS.iter().map(|(path, table)| ((*path).to_owned(), *table)).chain(checks)
}

/// All keys, some of them in several sections.
pub fn all() -> impl Iterator<Item = &'static Key> {
    sections().flat_map(|(_, table)| table.keys())
}

/// All sections but checks.
const SECTIONS: &[(&str, &Table)] = &[
    ("", &TOP),
    ("failure_detection", &FAILURE_DETECTION),
    ("failure_detection.between_sites", &BETWEEN_SITES),
    ("allow", &ALLOW),
    ("global_defs", &GLOBAL_DEFS),
    ("nodes", &NODE),
    ("nodes.global_defs", &NODE_GLOBAL_DEFS),
    ("nodes.vrrp_instance", &NODE_INSTANCE),
    ("bfd_instance", &BFD_INSTANCE),
    ("track_file", &TRACK_FILE),
    ("vrrp_script", &VRRP_SCRIPT),
    ("vrrp_track_process", &VRRP_TRACK_PROCESS),
    ("vrrp_sync_group", &VRRP_SYNC_GROUP),
    ("notify", &COMMAND),
    ("vrrp_instance", &VRRP_INSTANCE),
    ("vrrp_instance.authentication", &AUTHENTICATION),
    ("vrrp_instance.authentication.auth_pass", &SECRET),
    ("vrrp_instance.virtual_ipaddress", &VIRTUAL_ADDRESS),
    ("virtual_server", &VIRTUAL_SERVER),
    ("virtual_server.real_server", &REAL_SERVER),
    ("check.HTTP_GET.url", &check::URL),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_stands_twice_and_each_is_explained() {
        for (path, table) in sections() {
            for (at, key) in table.keys().enumerate() {
                let twice = table.keys().take(at).any(|earlier| earlier.name == key.name);
                assert!(!twice, "{path}: {} stands twice", key.name);
                assert!(key.doc.ends_with('.'), "{path}: {}", key.name);
                assert!(!key.default.is_empty(), "{path}: {}", key.name);
            }
        }
    }

    /// A line of `lvskit explain KEY` or of an editor's tooltip is read alone.
    #[test]
    fn each_documentation_stands_alone() {
        let elsewhere = ["likewise", "the same", "as above", "see above", "ditto", " for that."];
        let nameless =
            ["Of ", "In ", "Its ", "What ", "Who ", "Whom ", "Whose ", "Where ", "Such as "];
        for (path, table) in sections() {
            for key in table.keys() {
                let doc = key.doc.to_lowercase();
                for words in elsewhere {
                    assert!(!doc.contains(words), "{path}.{}: {}", key.name, key.doc);
                }
                let named = nameless.iter().all(|words| !key.doc.starts_with(words));
                assert!(named, "{path}.{}: {}", key.name, key.doc);
                assert!(doc.split(' ').count() >= 3, "{path}.{}: {}", key.name, key.doc);
            }
        }
    }
}
