//! The items of `virtual_ipaddress`: an address, or a section of it and what `ip address` may be
//! told besides.

use super::keys::{Role, VIRTUAL_ADDRESS, Value, instance as key};
use super::problems::{Placed, Problems, value};
use super::read::Section;
use super::tree::{Kind, Node};
use crate::cluster::VirtualAddress;

/// `ADDRESS[/LENGTH]`, or `{address: ADDRESS[/LENGTH], dev: IFACE}`.
pub(super) fn read(node: &Node, problems: &mut Problems) -> Option<Placed<VirtualAddress>> {
    if !matches!(node.kind, Kind::Mapping(_)) {
        return problems.get(key::VIRTUAL_ADDRESS_TEXT, node);
    }
    let at = node.at.clone();
    let section = Section::open(node, &VIRTUAL_ADDRESS, "virtual_ipaddress", at, problems)?;
    let address = section.get(key::ADDRESS, problems);
    let dev = section.get(key::DEV, problems);
    let mut options = String::new();
    for key in VIRTUAL_ADDRESS.keys().filter(|key| key.role == Role::Plain) {
        let Some(written) = section.written(*key, problems).pop() else { continue };
        match (&key.value, written.value.as_str()) {
            (Value::Flag, "true") => options.push_str(&format!(" {}", key.keyword)),
            (Value::Flag, _) => {}
            (_, value) => options.push_str(&format!(" {} {value}", key.keyword)),
        }
    }
    section.close(problems);
    let mut address = address?;
    address.value.dev = value(dev);
    address.value.options = options;
    Some(address)
}
