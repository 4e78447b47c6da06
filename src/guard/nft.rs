//! The way to the kernel: hands a ruleset to nft(8) in one transaction and reads our table back.

use std::path::PathBuf;
use std::time::Duration;

use nftables::schema::Nftables;
use serde_json::Value;

use super::{TABLE, json, ruleset};
use crate::child::{self, ChildError};
use crate::vip::{Family, Vip};

/// Where every distribution that ships keepalived installs nft.
pub const NFT: &str = "/usr/sbin/nft";

/// How long nft may take. Normally milliseconds; seconds on a host with very large sets.
pub const LIMIT: Duration = Duration::from_secs(10);

/// The nft program and how long it may take.
#[derive(Debug, Clone)]
pub struct Nft {
    /// Absolute path.
    pub program: PathBuf,
    /// Time limit of one call.
    pub limit: Duration,
}

impl Nft {
    /// Puts the guards of `vips` in force, all or none.
    pub fn install(&self, vips: &[Vip]) -> Result<(), ChildError> {
        match self.apply(&ruleset::transaction(vips)) {
            // Somebody's chain of that name at another hook, or none: it is not a guard.
            Err(ChildError::Failed { stderr, .. }) if stderr.contains("not supported") => {
                self.apply(&ruleset::rebuild(vips))
            }
            other => other,
        }
    }

    /// Takes the guards of `vips` away, all or none; every guard there is with an empty list.
    pub fn purge(&self, vips: &[Vip]) -> Result<(), ChildError> {
        match vips {
            [] => self.apply(&ruleset::purge_all()),
            _ => self.apply(&ruleset::purge(vips)),
        }
    }

    /// Lists our table of a family, nft's JSON; `None` if there is none.
    ///
    /// Only this table is read: one statement elsewhere that a reader does not know must not
    /// spoil the answer.
    pub fn list(&self, family: Family) -> Result<Option<Value>, ChildError> {
        let args = ["-j", "list", "table", family.nft(), TABLE];
        match child::run(&self.program, &args, b"", self.limit) {
            Ok(listing) => json(&self.program, &listing).map(Some),
            // The C locale's words for ENOENT; nft has one exit code, 1, for every error.
            Err(ChildError::Failed { status, stderr, .. })
                if status.code() == Some(1) && stderr.contains("No such file or directory") =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn apply(&self, ruleset: &Nftables<'_>) -> Result<(), ChildError> {
        let ruleset = serde_json::to_vec(ruleset).map_err(|error| ChildError::Pipe {
            program: self.program.clone(),
            source: error.into(),
        })?;
        child::run(&self.program, &["-j", "-f", "-"], &ruleset, self.limit).map(drop)
    }
}

/// What an administrator can do about an error of nft.
pub fn advice(error: &ChildError) -> &'static str {
    match error {
        ChildError::Start { .. } => {
            "install nftables, or name its program with --nft; the node drops its share until then"
        }
        ChildError::Deadline { .. } => {
            "look for hung nft processes and very large sets; the next hook tries again"
        }
        ChildError::Failed { stderr, .. } if stderr.contains("Operation not permitted") => {
            "run it as root (script_user root in keepalived.conf) with CAP_NET_ADMIN"
        }
        ChildError::Failed { stderr, .. } if stderr.contains("Operation not supported") => {
            "the kernel needs nf_tables, nft_redir and nft_fib; if `--check` says altered, \
             `nft delete table ip lvskit` (or ip6) and run the hook again"
        }
        ChildError::Failed { .. } | ChildError::Pipe { .. } => {
            "see `bypass-ipvs --dry-run`; the kernel needs nf_tables, nft_redir and nft_fib"
        }
    }
}
