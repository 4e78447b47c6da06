//! What doctor can find: a name that stays the same, what it means, what to do, and how to find it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::Facts;
pub use super::facts::Needs;

// Not that of inventories, which have hints too: no exit code, report or metric of a node knows one.
/// How bad a finding is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Clients suffer, now or at the next failover.
    Error,
    /// They may.
    Warning,
}

impl Severity {
    /// As messages have it.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// Something that doctor can find.
pub struct Lint {
    /// Its name, for scripts and manuals.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is, in one line.
    pub title: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to do.
    pub help: &'static str,
    /// What its check must have read.
    pub needs: Needs,
    /// The evidence of each case of it: what was read, and where.
    pub check: fn(&Facts) -> Vec<String>,
}

/// A case of a [`Lint`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its name.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is, in one line.
    pub title: &'static str,
    /// What was read, and where.
    pub evidence: String,
    /// Why it matters.
    pub why: &'static str,
    /// What to do.
    pub help: &'static str,
}

impl Lint {
    /// All cases of it.
    pub fn find(&self, facts: &Facts) -> Vec<Finding> {
        let finding = |evidence| Finding {
            id: self.id,
            severity: self.severity,
            title: self.title,
            evidence,
            why: self.why,
            help: self.help,
        };
        (self.check)(facts).into_iter().map(finding).collect()
    }
}
