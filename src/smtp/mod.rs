//! The SMTP probe: is a mail server up? Told by exit code, so that keepalived can run it as a
//! MISC_CHECK.
//!
//! The verdict comes from pure parts that know no socket: [`compat`] judges as keepalived's own
//! SMTP_CHECK does, [`esmtp`] as RFC 5321 wants it. Around them a thin shell talks to the network: a [`target`] is connected to, a
//! [`wire`] carries bytes, its [`limited`] socket ends every wait, a [`session`] is one attempt, and a [`probe`] makes
//! as many as `retry` allows and never outlives its [`deadline`]. [`options`] is the command line,
//! [`program`] runs it.

pub mod address;
pub mod compat;
pub mod deadline;
pub mod esmtp;
pub mod failure;
pub mod helo;
pub mod history;
pub mod limited;
pub mod options;
pub mod printable;
pub mod probe;
pub mod program;
pub mod proxy;
pub mod report;
pub mod secret;
pub mod session;
pub mod step;
pub mod target;
pub mod timer;
pub mod tls;
pub mod trace;
pub mod weight;
pub mod wire;

pub use address::Address;
pub use deadline::{Deadline, worst_case};
pub use failure::Failure;
pub use helo::HeloName;
pub use probe::Probe;
pub use report::Report;
pub use session::{Rules, Session};
pub use target::Target;
pub use trace::Trace;
