//! What the library reads of a node, against what ip(8) and nft(8) made there, in network namespaces
//! on a real kernel.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod addresses;
mod nft;
mod routes;
