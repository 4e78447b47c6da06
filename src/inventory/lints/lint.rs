//! What gen-conf can find in an inventory: a name that stays the same, how bad it is, what it means and what
//! to do. `lvskit doctor` has the same for what it finds on a node.

use std::ops::Range;

use super::Drafts;
use crate::cluster::Release;
use crate::inventory::problems::Problems;

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
    /// Finds all cases of it; `None` where it is found on the way of something else.
    pub(in crate::inventory) check: Option<Check>,
}

/// Notes the cases of one finding.
pub(in crate::inventory) type Check = fn(&Drafts<'_>, &mut Found<'_>);

/// Takes the cases of one [`Lint`].
pub(in crate::inventory) struct Found<'a> {
    lint: &'static Lint,
    problems: &'a mut Problems,
}

impl Lint {
    pub(in crate::inventory) const fn error(
        id: &'static str,
        title: &'static str,
        why: &'static str,
        help: &'static str,
    ) -> Lint {
        Lint { id, severity: Severity::Error, title, why, help, check: None }
    }

    pub(in crate::inventory) const fn warning(
        id: &'static str,
        title: &'static str,
        why: &'static str,
        help: &'static str,
    ) -> Lint {
        Lint { id, severity: Severity::Warning, title, why, help, check: None }
    }

    /// Runs its check, if it has one.
    pub(super) fn find(&'static self, drafts: &Drafts<'_>, problems: &mut Problems) {
        if let Some(check) = self.check {
            check(drafts, &mut Found { lint: self, problems });
        }
    }
}

impl Found<'_> {
    /// What the files are for.
    pub(super) fn target(&self) -> Release {
        self.problems.target()
    }

    /// A case, with the help that all cases have.
    pub(super) fn at(&mut self, at: Range<usize>, title: impl Into<String>) {
        self.problems.found(self.lint, at, title, self.lint.help);
    }

    /// A case, with help of its own.
    pub(super) fn with(
        &mut self,
        at: Range<usize>,
        title: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems.found(self.lint, at, title, help);
    }
}
