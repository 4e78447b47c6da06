//! The probe as keepalived runs it: the real program against servers that misbehave, judged by
//! its exit code and by the line it prints.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod certificates;
mod command_line;
mod compat;
mod connection;
#[path = "../bypass_ipvs/dev.rs"]
#[allow(dead_code)] // the tests of bypass-ipvs need more of it
mod dev;
mod esmtp;
mod hostile;
mod lmtp;
mod output;
mod process;
mod real;
mod run;
mod servers;
mod shortages;
mod syslog;
mod tls;
mod tls_options;

use common::server;
