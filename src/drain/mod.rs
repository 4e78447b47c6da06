//! `lvskit drain` and `undrain`: takes this node out without losing anything, and back.
//!
//! - [`director`] gives the node's addresses up to another node, by the drain [`file`](mod@file) that keepalived follows;
//! - [`server`] plans which checks have to be refused here, so that no director sends anything new;
//! - `options` is the command lines, `run` the commands, `back` the end of a drain, `stop` what keepalived.service runs before and after keepalived; `wait` waits for the
//!   last session, `report` tells.

mod back;
pub mod director;
pub mod file;
mod options;
mod report;
mod run;
pub mod server;
mod stop;
mod wait;

pub use options::{Drain, Undrain};
pub use run::{drain, undrain};
