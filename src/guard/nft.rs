//! The way to the kernel: hands a ruleset to nft(8) in one transaction and reads our table back.

use std::path::PathBuf;
use std::time::Duration;

use nftables::schema::Nftables;
use serde_json::Value;

use super::senders::Senders;
use super::{TABLE, json, ruleset};
use crate::child::{self, ChildError};
use crate::vip::{Family, Vip};

/// Where every distribution that ships keepalived installs nft.
pub const NFT: &str = "/usr/sbin/nft";

/// How long nft may take. Normally milliseconds; seconds on a host with very large sets.
pub const LIMIT: Duration = Duration::from_secs(10);

/// How often a transaction is put together anew after what the kernel said to the last one.
const ATTEMPTS: usize = 4;

/// Makes the transaction for some VIPs, of whose sets some have to be created.
type Transaction = fn(&[Vip], &[Senders]) -> Nftables<'static>;

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
        let (mut missing, mut transaction) = (Vec::new(), ruleset::transaction as Transaction);
        let mut outcome = self.apply(&transaction(vips, &missing));
        for _ in 0..ATTEMPTS {
            let Err(ChildError::Failed { stderr, .. }) = &outcome else { break };
            if stderr.contains("not supported") {
                // Somebody's chain of that name at another hook, or none: it is not a guard.
                transaction = ruleset::rebuild;
            } else if stderr.contains("No such file") || stderr.contains("File exists") {
                // The first time here, or other programs create or delete the sets meanwhile.
                missing = self.sets(vips, false)?;
            } else {
                break;
            }
            outcome = self.apply(&transaction(vips, &missing));
        }
        outcome
    }

    /// Takes the guards of `vips` away, all or none; every guard there is with an empty list.
    pub fn purge(&self, vips: &[Vip]) -> Result<(), ChildError> {
        match vips {
            [] => self.apply(&ruleset::purge_all()),
            _ => self.apply(&ruleset::purge(vips, &self.sets(vips, true)?)),
        }
    }

    /// The sets of `vips` that are present in the kernel, or those that are not.
    fn sets(&self, vips: &[Vip], present: bool) -> Result<Vec<Senders>, ChildError> {
        let mut sets = Vec::new();
        for family in Family::ALL {
            let vips = vips.iter().filter(|vip| vip.family() == family);
            let all: Vec<Senders> = vips.flat_map(|&vip| Senders::of(vip)).collect();
            if !all.is_empty() {
                let listing = self.list(family)?.unwrap_or_default();
                sets.extend(all.iter().filter(|senders| senders.stand_in(&listing) == present));
            }
        }
        Ok(sets)
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
