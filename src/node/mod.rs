//! What this node's kernel, its processes and its files say, typed and read-only. Asked by netlink and
//! /proc, because a process of `ip` or `nft` takes longer to start than a whole hook may.
//!
//! - [`netlink`] is the one kind of socket for all of it, [`attributes`] what its messages are made of;
//! - [`addresses`] are the interfaces and what is configured on them, [`routes`] the local routes;
//! - [`arp`] asks the network who has an address, [`ear`] hears packets, [`sync`] those of the sync daemons;
//! - [`nft`] is the ruleset: tables, chains, rules, sets;
//! - [`ipvs`] is what is balanced here, [`settings`] are sysctls, [`listeners`] sockets;
//! - [`process`] is keepalived, [`config`] what its file says, [`loaded`] what it read of that, [`journal`]
//!   what it wrote;
//! - [`selinux`] are the types of keepalived and its files;
//! - [`state`] is all of that, collected once; [`options`] say where to look.

pub mod addresses;
pub mod arp;
pub mod attributes;
pub mod config;
pub mod ear;
pub mod ipvs;
pub mod journal;
pub mod listeners;
pub mod loaded;
pub mod netlink;
pub mod nft;
pub mod options;
pub mod process;
pub mod routes;
pub mod selinux;
pub mod settings;
pub mod state;
pub mod sync;

/// A file of /proc/net, in the network namespace of the calling thread: /proc/net itself is that of the
/// process.
fn proc_net(name: &str) -> String {
    format!("/proc/thread-self/net/{name}")
}
