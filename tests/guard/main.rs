//! The guard against a real kernel: real nft, real packets, network namespaces. No IPVS is needed
//! to see whether a packet for the VIP is redirected; the lab has the rest.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod boot;
mod conflict_cases;
mod conflicts;
mod datagrams;
mod following;
mod handover;
mod healing;
mod holding;
mod interfaces;
mod interleavings;
mod late;
mod local;
mod node;
mod own;
mod rules;
mod segments;
mod sessions;
mod versions;
