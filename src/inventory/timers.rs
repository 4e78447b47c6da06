//! The timers that checks share: what a check does not say it has from its real server, and that from
//! the virtual server. keepalived hands them down to its own checks; to our probe, which is a program
//! to keepalived, they are handed here.

use crate::conf::statement::Settings;

/// What is handed down; SMTP_CHECK and `smtp-check` call them the same.
const NAMES: [&str; 3] = ["connect_timeout", "retry", "delay_before_retry"];

/// The sections around a check.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'a> {
    /// Of the virtual server.
    pub(super) virtual_server: &'a Settings,
    /// Of the real server, if the check is of one alone.
    pub(super) real_server: Option<&'a Settings>,
}

/// A timer of a check.
pub(super) struct Timer<'a> {
    pub(super) name: &'static str,
    pub(super) value: &'a str,
    /// Whether a section around the check says it.
    pub(super) inherited: bool,
}

/// The timers of a check with these keys, as far as they are said. `has` tells what its `options` say
/// besides, which is narrower than any section.
pub(super) fn of<'a>(
    check: &'a Settings,
    around: Around<'a>,
    has: impl Fn(&str) -> bool,
) -> Vec<Timer<'a>> {
    let timer = |name: &'static str| {
        let outer = || {
            let own = around.real_server.and_then(|server| server.value(name));
            own.or(around.virtual_server.value(name)).filter(|_| !has(name))
        };
        let (value, inherited) = match check.value(name) {
            Some(own) => (own, false),
            None => (outer()?, true),
        };
        Some(Timer { name, value, inherited })
    };
    NAMES.into_iter().filter_map(timer).collect()
}

/// Whether a section says one.
pub(super) fn any(settings: &Settings) -> bool {
    NAMES.iter().any(|name| settings.has(name))
}
