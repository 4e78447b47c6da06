//! `lvskit gen-conf` from outside: what it renders, what it refuses, what it leaves on disk; and
//! what the real keepalived says to its files.

#![allow(clippy::unwrap_used)]

mod common;

#[path = "gen_conf/article.rs"]
mod article;
#[path = "gen_conf/blocks.rs"]
mod blocks;
#[path = "gen_conf/contract.rs"]
mod contract;
#[path = "gen_conf/crosswise.rs"]
mod crosswise;
#[path = "gen_conf/detection.rs"]
mod detection;
#[path = "gen_conf/diff.rs"]
mod diff;
#[path = "gen_conf/drain.rs"]
mod drain;
#[path = "gen_conf/everything.rs"]
mod everything;
#[path = "gen_conf/failures.rs"]
mod failures;
#[path = "gen_conf/families.rs"]
mod families;
#[path = "gen_conf/firewall.rs"]
mod firewall;
#[path = "gen_conf/foreign.rs"]
mod foreign;
#[path = "gen_conf/guard_file.rs"]
mod guard_file;
#[path = "gen_conf/hostile.rs"]
mod hostile;
#[path = "gen_conf/injection.rs"]
mod injection;
#[path = "gen_conf/keepalived.rs"]
mod keepalived;
#[path = "gen_conf/keys.rs"]
mod keys;
#[path = "gen_conf/matrix.rs"]
mod matrix;
#[path = "gen_conf/missing.rs"]
mod missing;
#[path = "gen_conf/output.rs"]
mod output;
#[path = "gen_conf/place.rs"]
mod place;
#[path = "gen_conf/probe.rs"]
mod probe;
#[path = "gen_conf/problems.rs"]
mod problems;
#[path = "gen_conf/properties.rs"]
mod properties;
#[path = "gen_conf/read_back.rs"]
mod read_back;
#[path = "gen_conf/remarks.rs"]
mod remarks;
#[path = "gen_conf/schema.rs"]
mod schema;
#[path = "gen_conf/secrets.rs"]
mod secrets;
#[path = "gen_conf/sense.rs"]
mod sense;
#[path = "gen_conf/services.rs"]
mod services;
#[path = "gen_conf/spots.rs"]
mod spots;
#[path = "gen_conf/variants.rs"]
mod variants;
