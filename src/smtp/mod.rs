//! The SMTP probe: keepalived's SMTP_CHECK dialogue, told by exit code instead of from inside the
//! checker process, so that it can run as a MISC_CHECK.
//!
//! The verdict comes from pure parts: the bytes of one read go into a [`line::LineBuffer`], its
//! line has a [`reply::code`], and the [`dialogue`] judges that. Around them a thin shell talks to
//! the network: a [`session`] is one attempt, a [`probe`] makes as many as `retry` allows and never
//! outlives its [`deadline`].

pub mod deadline;
pub mod dialogue;
pub mod failure;
pub mod helo;
pub mod line;
pub mod probe;
pub mod reply;
pub mod session;
pub mod timer;
pub mod trace;

pub use deadline::{Deadline, worst_case};
pub use failure::Failure;
pub use helo::HeloName;
pub use probe::Probe;
pub use session::Session;
pub use trace::Trace;
