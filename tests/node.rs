//! What the library reads of a node, against what ip(8) and nft(8) made there, in network namespaces
//! on a real kernel.

#![allow(clippy::unwrap_used)]

mod common;

#[path = "node/addresses.rs"]
mod addresses;
#[path = "node/nft.rs"]
mod nft;
#[path = "node/routes.rs"]
mod routes;
