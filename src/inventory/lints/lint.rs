//! What gen-conf can find in an inventory: a name that stays the same, how bad it is, what it means and what
//! to do. `lvskit doctor` has the same for what it finds on a node.

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is written.
    Error,
    /// The files are written all the same; `allow` in the inventory silences it.
    Warning,
    /// Worth knowing; shown on terminals and with --verbose.
    Hint,
}

impl Severity {
    /// As messages and JSON have it.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Hint => "hint",
        }
    }
}

/// Something that gen-conf can find.
#[derive(Debug)]
pub struct Lint {
    /// Its name, for `allow`, `lvskit explain`, scripts and the manual.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is, in one line.
    pub title: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to do.
    pub help: &'static str,
}

impl Lint {
    pub(in crate::inventory) const fn error(
        id: &'static str,
        title: &'static str,
        why: &'static str,
        help: &'static str,
    ) -> Lint {
        Lint { id, severity: Severity::Error, title, why, help }
    }

    pub(in crate::inventory) const fn warning(
        id: &'static str,
        title: &'static str,
        why: &'static str,
        help: &'static str,
    ) -> Lint {
        Lint { id, severity: Severity::Warning, title, why, help }
    }

    pub(in crate::inventory) const fn hint(
        id: &'static str,
        title: &'static str,
        why: &'static str,
        help: &'static str,
    ) -> Lint {
        Lint { id, severity: Severity::Hint, title, why, help }
    }
}
