//! `lvskit import` from outside, and the grammar of keepalived.conf that it reads with: keepalived
//! itself is the judge of both.

#![allow(clippy::unwrap_used)]

mod common;

#[path = "import/article.rs"]
mod article;
#[path = "import/grammar.rs"]
mod grammar;
#[path = "import/keepalived.rs"]
mod keepalived;
#[path = "import/lossless.rs"]
mod lossless;
#[path = "gen_conf/place.rs"]
#[allow(dead_code)] // the tests of gen-conf use the rest
mod place;
#[path = "import/round_trip.rs"]
mod round_trip;
#[path = "import/told.rs"]
mod told;
#[path = "import/wild.rs"]
mod wild;
