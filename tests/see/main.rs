//! `lvskit status`, `connections`, `doctor` and `explain` on nodes that are network namespaces, with real
//! keepalived and nft.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod browser;
mod captures;
mod cluster;
mod command_line;
mod doctor;
mod drain;
mod drain_refused;
mod firewall;
mod node;
mod prometheus;
mod recorder;
mod status;
mod wire;
