//! `lvskit import` from outside, and the grammar of keepalived.conf that it reads with: keepalived
//! itself is the judge of both.

#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod article;
#[path = "../gen_conf/bfd.rs"]
#[allow(dead_code)] // for its clusters
mod bfd;
#[path = "../gen_conf/blocks.rs"]
#[allow(dead_code)] // what reads them
mod blocks;
mod clusters;
mod comments;
mod grammar;
mod keepalived;
mod kinds;
mod lossless;
mod meaning;
mod nodes;
#[path = "../gen_conf/place.rs"]
#[allow(dead_code)] // the tests of gen-conf use the rest
mod place;
mod round_trip;
mod told;
mod wild;
