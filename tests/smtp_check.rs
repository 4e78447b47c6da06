//! The probe as keepalived runs it: the real program against servers that misbehave, judged by
//! its exit code and by the line it prints.

#![allow(clippy::unwrap_used)]

mod common;

#[path = "smtp_check/certificates.rs"]
mod certificates;
#[path = "smtp_check/command_line.rs"]
mod command_line;
#[path = "smtp_check/compat.rs"]
mod compat;
#[path = "smtp_check/connection.rs"]
mod connection;
#[path = "bypass_ipvs/dev.rs"]
#[allow(dead_code)] // the tests of bypass-ipvs need more of it
mod dev;
#[path = "smtp_check/esmtp.rs"]
mod esmtp;
#[path = "smtp_check/hostile.rs"]
mod hostile;
#[path = "smtp_check/lmtp.rs"]
mod lmtp;
#[path = "smtp_check/output.rs"]
mod output;
#[path = "smtp_check/process.rs"]
mod process;
#[path = "smtp_check/real.rs"]
mod real;
#[path = "smtp_check/run.rs"]
mod run;
#[path = "smtp_check/servers/mod.rs"]
mod servers;
#[path = "smtp_check/shortages.rs"]
mod shortages;
#[path = "smtp_check/syslog.rs"]
mod syslog;
#[path = "smtp_check/tls.rs"]
mod tls;
#[path = "smtp_check/tls_options.rs"]
mod tls_options;

use common::server;
