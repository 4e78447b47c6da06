//! `bypass-ipvs` from outside, as keepalived starts it: without a terminal, with a strange umask,
//! and with nobody to listen but syslog. What its rules do to packets is the test `guard`'s.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod command_line;
mod dev;
mod environment;
mod hook;
mod last_look;
mod nft_failures;
mod route_failures;
mod shortages;
mod syslog;
