//! `bypass-ipvs` from outside, as keepalived starts it: without a terminal, with a strange umask,
//! and with nobody to listen but syslog. What its rules do to packets is the test `guard`'s.

#![allow(clippy::unwrap_used)]

mod common;

#[path = "bypass_ipvs/command_line.rs"]
mod command_line;
#[path = "bypass_ipvs/dev.rs"]
mod dev;
#[path = "bypass_ipvs/environment.rs"]
mod environment;
#[path = "bypass_ipvs/hook.rs"]
mod hook;
#[path = "bypass_ipvs/last_look.rs"]
mod last_look;
#[path = "bypass_ipvs/nft_failures.rs"]
mod nft_failures;
#[path = "bypass_ipvs/route_failures.rs"]
mod route_failures;
#[path = "bypass_ipvs/shortages.rs"]
mod shortages;
#[path = "bypass_ipvs/syslog.rs"]
mod syslog;
