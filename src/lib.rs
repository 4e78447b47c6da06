//! lvskit: what keepalived lacks in small LVS-DR clusters where every server is balancer and
//! application server at once. Three thin programs share this library.
//!
//! Data flows one way:
//! - [`inventory`] text → checked [`cluster`] → [`conf`] tree per node → bytes (`lvskit gen-conf`);
//! - flags or answers → inventory text ([`init`], `lvskit init`);
//! - files of a cluster → [`import`] → inventory text (`lvskit import`);
//! - two files → what they say differently (`lvskit diff --meaning`, `compare`);
//! - the same cluster → [`firewall`] rules per node (`lvskit gen-conf --firewall`);
//! - VIP → [`guard`] ruleset → kernel (`bypass-ipvs`);
//! - what a [`node`]'s kernel, processes and files say → [`status`] (`lvskit status`, `connections`);
//! - all nodes, asked at once → one judgement (`lvskit doctor --cluster`), a picture (`lvskit graph`, [`graph`]);
//! - the same, and what [`vrrp`] hears on the wire → findings (`lvskit doctor`, [`doctor`]);
//! - keepalived.conf and the wire → drain file and refused checks (`lvskit drain`, [`drain`]);
//! - bytes in → [`smtp`] dialogue → verdict → exit code (`smtp-check`).

pub mod child;
pub mod cli;
pub mod cluster;
mod compare;
pub mod conf;
pub mod doctor;
pub mod drain;
pub mod exit;
pub mod files;
mod fingerprint;
pub mod firewall;
pub mod gen_conf;
pub mod graph;
pub mod guard;
pub mod import;
pub mod init;
pub mod inventory;
pub mod log;
pub mod node;
pub mod paths;
pub mod reach;
mod secrets;
mod shortage;
pub mod smtp;
pub mod status;
mod stderr;
mod table;
mod transitions;
pub mod vip;
pub mod vrrp;
