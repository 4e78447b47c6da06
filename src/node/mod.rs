//! What this node's kernel says of itself, typed: addresses, routes, the ruleset of nf_tables. Asked
//! by netlink, because a process of `ip` or `nft` takes longer to start than a whole hook may.
//!
//! - [`netlink`] is the one kind of socket for all of it, [`attributes`] what its messages are made of;
//! - [`addresses`] are the interfaces and what is configured on them, [`routes`] the local routes;
//! - [`nft`] is the ruleset: tables, chains, rules, sets.

pub mod addresses;
pub mod attributes;
pub mod netlink;
pub mod nft;
pub mod routes;
