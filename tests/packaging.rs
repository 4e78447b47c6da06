//! What administrators get: the RPM, `make install`, units and settings, manual pages, completions,
//! the playbook.
//! Everything is built and run for real; tests/deps installs the tools.

#![allow(clippy::unwrap_used)]

mod common;

#[path = "packaging/built.rs"]
mod built;
#[path = "smtp_check/certificates.rs"]
#[allow(dead_code)] // the tests of smtp-check need more of it
mod certificates;
#[path = "packaging/deb.rs"]
mod deb;
#[path = "packaging/docs.rs"]
mod docs;
#[path = "packaging/package.rs"]
mod package;
#[path = "packaging/pages.rs"]
mod pages;
#[path = "packaging/playbook.rs"]
mod playbook;
#[path = "packaging/replace.rs"]
mod replace;
#[path = "packaging/restart.rs"]
mod restart;
#[path = "packaging/site.rs"]
mod site;
#[path = "packaging/system.rs"]
mod system;
#[path = "packaging/user.rs"]
mod user;
