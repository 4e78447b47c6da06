//! keepalived.conf(5): what a file consists of, in which quoting has one place, and which prints itself;
//! [`build`] makes the files of a cluster, `blocks` what differs in them from node to node.

pub(crate) mod blocks;
pub mod build;
pub mod detection;
pub mod grammar;
pub mod group;
pub mod guards;
pub mod inhibit;
pub mod placeholder;
pub mod probe;
mod served;
pub mod statement;
pub mod word;
