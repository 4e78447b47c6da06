//! `lvskit doctor`: what is wrong with this node's part of the cluster, why that matters, and what to do.
//!
//! - [`lint`] says what a finding is, and [`REGISTRY`] lists all that there can be;
//! - [`facts`] are what the checks go by: the node's status, and what was heard on the wire;
//! - `findings` are the checks, a file for each group; all of them are pure;
//! - `run` is the command, `explain` that of `lvskit explain`.

pub mod explain;
pub mod facts;
mod findings;
pub mod lint;
mod run;

pub use findings::REGISTRY;
pub use run::run;
