//! `lvskit gen-conf` from outside: what it renders, what it refuses, what it leaves on disk; and
//! what the real keepalived says to its files.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod allow;
mod article;
mod bfd;
mod blocks;
mod contract;
mod crosswise;
mod detection;
mod diff;
mod drain;
mod elsewhere;
mod everything;
mod failures;
mod families;
mod firewall;
mod foreign;
mod guard_file;
mod hostile;
mod init;
mod injection;
mod interrupt;
mod keepalived;
mod keys;
mod lints;
mod matrix;
mod missing;
mod mutants;
mod nonsense;
mod output;
mod place;
mod placeholders;
mod probe;
mod problems;
mod properties;
mod read_back;
mod remarks;
mod schema;
mod secrets;
mod services;
mod spots;
mod variants;
