//! The checks, a file for each group, and all of them in one table.

mod answers;
mod firewall;
mod keepalived;
mod kernel;
mod network;
mod programs;
mod roles;
mod service;

use std::sync::LazyLock;

use super::lint::Lint;

/// Everything that doctor can find, in the order in which it is told.
pub static REGISTRY: LazyLock<Vec<&'static Lint>> = LazyLock::new(|| {
    let groups: [&'static [Lint]; 8] = [
        keepalived::LINTS,
        programs::LINTS,
        roles::LINTS,
        kernel::LINTS,
        service::LINTS,
        firewall::LINTS,
        network::LINTS,
        answers::LINTS,
    ];
    groups.into_iter().flatten().collect()
});

#[cfg(test)]
mod tests;
