//! Every key of the inventory, once: its values, its default, the keepalived that knows it, and what
//! it means. The reader, "did you mean", `lvskit schema`, `--explain` and `lvskit import` all go by
//! these tables. Names are those of keepalived.conf(5) wherever keepalived has one.

mod bfd;
mod check;
mod detection;
pub mod form;
mod global;
mod instance;
mod server;
mod top;
mod track;

pub use bfd::BFD_INSTANCE;
pub use check::{CHECKS, COMMON, CONNECTION, Check, PROBE};
pub use detection::{BETWEEN_SITES, FAILURE_DETECTION};
pub use global::GLOBAL_DEFS;
pub use instance::{AUTHENTICATION, SECRET, VIRTUAL_ADDRESS, VRRP_INSTANCE};
pub use server::{REAL_SERVER, VIRTUAL_SERVER};
pub use top::{NODE, NODE_GLOBAL_DEFS, NODE_INSTANCE, TOP};
pub use track::{COMMAND, TRACK_FILE, VRRP_SCRIPT, VRRP_SYNC_GROUP};

use self::form::Form;
use crate::cluster::Release;

/// A key of the inventory.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// What it is called.
    pub name: &'static str,
    /// What it can be.
    pub value: Value,
    /// Whether it is a statement of keepalived.conf or something that statements are derived from.
    pub role: Role,
    /// What holds if it is missing; "required" where it may not be.
    pub default: &'static str,
    /// The oldest target that has it.
    pub since: Release,
    /// What keepalived 2.1.5 calls it, where that is something else.
    pub name_in_2_1_5: Option<&'static str>,
    /// What it means, in a sentence.
    pub doc: &'static str,
}

/// What becomes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It becomes the statement of the same name in the block of the same name.
    Plain,
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
}

/// What a key's value can be.
#[derive(Debug, Clone, Copy)]
pub enum Value {
    /// `true`: the keyword alone; `false`: nothing.
    Flag,
    /// `true` or `false`, which keepalived is told.
    Bool,
    /// A whole number, from and to.
    Int(i64, i64),
    /// Seconds with up to six decimal places; from and to, in microseconds.
    Seconds(u64, u64),
    /// One word or a quoted text.
    Text,
    /// Several words of one statement.
    Words,
    /// Words of a shape.
    Form(&'static Form),
    /// `true`: the keyword alone; `false`: nothing; else a value.
    FlagOr(&'static Value),
    /// A host name.
    Host,
    /// A name in HELO.
    Helo,
    /// A mail address.
    Mailbox,
    /// An IP address.
    Address,
    /// An IP address, with or without a prefix length.
    Prefixed,
    /// `ADDRESS` or `ADDRESS PORT`.
    Endpoint,
    /// The name of a network interface.
    Interface,
    /// The absolute path of a file.
    Path,
    /// The absolute path of a program, and its arguments.
    Program,
    /// The same, or a section of it and a user.
    Command,
    /// A user, and perhaps a group.
    User,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Lines of keepalived.conf: one text, or a list.
    Lines,
    /// One value, or a list of them; as a statement, a block with an item a line.
    OneOrMore(&'static Value),
    /// A section.
    Section(&'static Table),
    /// One section, or a list of them.
    Sections(&'static Table),
    /// A list of sections.
    List(&'static Table),
    /// How packets get to a server: DR, NAT, or TUN and what the tunnel is told.
    Forwarding,
    /// A number that is added to a priority, and perhaps `reverse`; from and to.
    Weight(i64, i64),
    /// Sections by name.
    Named(&'static Table),
    /// Lists of lines by name.
    NamedLines,
    /// A check of any type.
    Checks,
    /// One of several kinds.
    AnyOf(&'static [Value]),
}

/// From 1 µs to the longest timer that keepalived accepts, 4294 s.
pub const TIMER: Value = Value::Seconds(1, 4_294_000_000);

/// A timer that may be 0.
pub const TIMER_OR_0: Value = Value::Seconds(0, 4_294_000_000);

/// Whole seconds up to the longest timer, 0 included.
pub const WHOLE_SECONDS: Value = Value::Int(0, 4294);

/// 1–65535.
pub const PORT: Value = Value::Int(1, 65_535);

/// A number that fits into 32 bits, without 0.
pub const COUNT: Value = Value::Int(1, 4_294_967_295);

/// The same with 0.
pub const COUNT_OR_0: Value = Value::Int(0, 4_294_967_295);

impl Key {
    /// A statement of keepalived.conf.
    const fn plain(
        name: &'static str,
        value: Value,
        default: &'static str,
        doc: &'static str,
    ) -> Key {
        let (role, since) = (Role::Plain, Release::V2_1_5);
        Key { name, value, role, default, since, name_in_2_1_5: None, doc }
    }

    /// A key that statements are derived from.
    const fn ours(
        name: &'static str,
        value: Value,
        default: &'static str,
        doc: &'static str,
    ) -> Key {
        let (role, since) = (Role::Ours, Release::V2_1_5);
        Key { name, value, role, default, since, name_in_2_1_5: None, doc }
    }

    /// The oldest target that has it.
    const fn since(mut self, release: Release) -> Key {
        self.since = release;
        self
    }

    /// What keepalived 2.1.5 calls it.
    const fn in_2_1_5(mut self, name: &'static str) -> Key {
        self.name_in_2_1_5 = Some(name);
        self
    }

    /// Lines of keepalived.conf at the end of a block.
    const fn raw() -> Key {
        let doc = "Lines for the end of this block, as they are: the way to say what has no key. \
                   Their braces must balance. At the top and of a node: before the instances.";
        Key::ours("raw", Value::Lines, "none", doc)
    }
}

impl Table {
    /// Its keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &'static Key> + use<> {
        self.groups.iter().copied().flatten()
    }

    /// The key of that name.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name == name)
    }
}

/// The group of sections that make a block.
const RAW: &[Key] = &[Key::raw()];

/// All sections, by the path that leads to them in an inventory; for schema, help and tests.
pub const SECTIONS: &[(&str, &Table)] = &[
    ("", &TOP),
    ("failure_detection", &FAILURE_DETECTION),
    ("failure_detection.between_sites", &BETWEEN_SITES),
    ("global_defs", &GLOBAL_DEFS),
    ("nodes", &NODE),
    ("nodes.global_defs", &NODE_GLOBAL_DEFS),
    ("nodes.vrrp_instance", &NODE_INSTANCE),
    ("bfd_instance", &BFD_INSTANCE),
    ("track_file", &TRACK_FILE),
    ("vrrp_script", &VRRP_SCRIPT),
    ("vrrp_sync_group", &VRRP_SYNC_GROUP),
    ("notify", &COMMAND),
    ("vrrp_instance", &VRRP_INSTANCE),
    ("vrrp_instance.authentication", &AUTHENTICATION),
    ("vrrp_instance.authentication.auth_pass", &SECRET),
    ("vrrp_instance.virtual_ipaddress", &VIRTUAL_ADDRESS),
    ("virtual_server", &VIRTUAL_SERVER),
    ("virtual_server.real_server", &REAL_SERVER),
    ("check.smtp-check", &PROBE),
    ("check.SMTP_CHECK", &check::SMTP_CHECK),
    ("check.TCP_CHECK", &check::TCP_CHECK),
    ("check.HTTP_GET", &check::HTTP_GET),
    ("check.HTTP_GET.url", &check::URL),
    ("check.SSL_GET", &check::SSL_GET),
    ("check.DNS_CHECK", &check::DNS_CHECK),
    ("check.UDP_CHECK", &check::UDP_CHECK),
    ("check.PING_CHECK", &check::PING_CHECK),
    ("check.MISC_CHECK", &check::MISC_CHECK),
    ("check.FILE_CHECK", &check::FILE_CHECK),
    ("check.BFD_CHECK", &check::BFD_CHECK),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_stands_twice_and_each_is_explained() {
        for (path, table) in SECTIONS {
            for (at, key) in table.keys().enumerate() {
                let twice = table.keys().take(at).any(|earlier| earlier.name == key.name);
                assert!(!twice, "{path}: {} stands twice", key.name);
                assert!(key.doc.ends_with('.'), "{path}: {}", key.name);
                assert!(!key.default.is_empty(), "{path}: {}", key.name);
            }
        }
    }
}
