//! The guard against a real kernel: real nft, real packets, network namespaces. No IPVS is needed
//! to see whether a packet for the VIP is redirected; the lab has the rest.

#![allow(clippy::unwrap_used)]

mod common;

#[path = "guard/boot.rs"]
mod boot;
#[path = "guard/conflict_cases.rs"]
mod conflict_cases;
#[path = "guard/conflicts.rs"]
mod conflicts;
#[path = "guard/datagrams.rs"]
mod datagrams;
#[path = "guard/following.rs"]
mod following;
#[path = "guard/handover.rs"]
mod handover;
#[path = "guard/healing.rs"]
mod healing;
#[path = "guard/holding.rs"]
mod holding;
#[path = "guard/interfaces.rs"]
mod interfaces;
#[path = "guard/interleavings.rs"]
mod interleavings;
#[path = "guard/late.rs"]
mod late;
#[path = "guard/local.rs"]
mod local;
#[path = "guard/node.rs"]
mod node;
#[path = "guard/own.rs"]
mod own;
#[path = "guard/rules.rs"]
mod rules;
#[path = "guard/segments.rs"]
mod segments;
#[path = "guard/sessions.rs"]
mod sessions;
#[path = "guard/versions.rs"]
mod versions;
