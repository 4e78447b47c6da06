//! What administrators get: the RPM, `make install`, units and settings, manual pages, completions,
//! the playbook.
//! Everything is built and run for real; tests/deps installs the tools.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod ansibles;
mod booted;
mod built;
#[path = "../smtp_check/certificates.rs"]
#[allow(dead_code)] // the tests of smtp-check need more of it
mod certificates;
mod collection;
mod crates;
mod deb;
mod docs;
mod firewall;
mod package;
mod pages;
mod playbook;
mod release;
mod replace;
mod restart;
mod rolling;
mod site;
mod system;
mod user;
mod walk;
