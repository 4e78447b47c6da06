//! Where the check of one finding puts its cases: it can note no other finding.

use std::ops::Range;

use super::lint::Lint;
use crate::cluster::Release;
use crate::inventory::problems::Problems;

/// Takes the cases of one [`Lint`].
pub(in crate::inventory) struct Found<'a> {
    lint: &'static Lint,
    problems: &'a mut Problems,
}

impl<'a> Found<'a> {
    pub(super) fn of(lint: &'static Lint, problems: &'a mut Problems) -> Found<'a> {
        Found { lint, problems }
    }

    /// What the files are for.
    pub(super) fn target(&self) -> Release {
        self.problems.target()
    }

    /// A case, with the help that all cases have.
    pub(super) fn at(&mut self, at: Range<usize>, title: impl Into<String>) {
        self.problems.case(self.lint, at, title);
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
