//! What a server may do to a check, and what the two checks make of it: keepalived's SMTP_CHECK
//! and our `smtp-check --compat`, run by the same keepalived as MISC_CHECK with the arguments that
//! gen-conf renders. Each behaviour says what both must find, so that they can't pass by being
//! wrong together.
//!
//! A [`behaviour::Chapter`] is a list of behaviours; [`stage`] plays them in a network namespace,
//! [`conf`] points keepalived at them, [`verdict`] reads what it found. [`weights`] is about the
//! probe's other exit codes.

pub mod behaviour;
pub mod conf;
pub mod network;
pub mod stage;
pub mod verdict;
pub mod weights;

mod arrival;
mod ends;
mod replies;

use behaviour::Chapter;

/// All of them.
pub fn chapters() -> Vec<Chapter> {
    vec![
        replies::greetings(),
        replies::to_helo_and_quit(),
        arrival::pieces(),
        arrival::sizes(),
        arrival::times(),
        ends::ends(),
        network::ipv4(),
        network::ipv6(),
        network::retries(),
        network::decoys(),
    ]
}
