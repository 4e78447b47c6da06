//! What several test programs need: network namespaces with real interfaces in them, keepalived
//! and firewalld there, users, mail servers that misbehave, repeatable chance, patience.

#![allow(dead_code)] // each test program uses a part of this
#![allow(clippy::unwrap_used)]

pub mod accounts;
pub mod firewalld;
pub mod hostile;
pub mod keepalived;
pub mod netns;
pub mod patience;
pub mod random;
pub mod releases;
pub mod server;
