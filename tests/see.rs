//! `lvskit status`, `connections`, `doctor` and `explain` on nodes that are network namespaces, with real
//! keepalived and nft.

#![allow(clippy::unwrap_used)]

mod common;

#[path = "see/command_line.rs"]
mod command_line;
#[path = "see/doctor.rs"]
mod doctor;
#[path = "see/node.rs"]
mod node;
#[path = "see/status.rs"]
mod status;
#[path = "see/wire.rs"]
mod wire;
