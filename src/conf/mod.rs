//! keepalived.conf(5) as a typed tree: what can't be nested in keepalived can't be written here,
//! and quoting has one place. A tree prints itself; [`build`] makes one from a cluster.

pub mod build;
pub mod detection;
pub mod grammar;
pub mod guards;
pub mod placeholder;
pub mod probe;
pub mod statement;
pub mod tree;
pub mod word;
mod writer;
