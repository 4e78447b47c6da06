//! The way to the kernel: hands a ruleset to nft(8) in one transaction and reads our table back.

use std::path::PathBuf;
use std::time::Duration;

use nftables::schema::Nftables;
use serde_json::Value;

use super::check::State;
use super::listing::{Listings, Present};
use super::plan::Guard;
use super::{TABLE, advice, json, kernel, ruleset};
use crate::child::{self, ChildError};
use crate::vip::{Family, Vip};

/// Where every distribution that ships keepalived installs nft.
pub const NFT: &str = "/usr/sbin/nft";

/// How long nft may take. Normally milliseconds; seconds on a host with very large sets.
pub const LIMIT: Duration = Duration::from_secs(10);

/// How often a transaction is put together, anew after what the kernel said to the last one.
const ATTEMPTS: usize = 5;

/// Makes the transaction for some guards, going by what there is of them.
type Transaction = fn(&[Guard], &Present) -> Nftables<'static>;

/// The nft program and how long it may take.
#[derive(Debug, Clone)]
pub struct Nft {
    /// Absolute path.
    pub program: PathBuf,
    /// Time limit of one call.
    pub limit: Duration,
}

impl Nft {
    /// Puts `guards` in force, all or none.
    ///
    /// Where nothing is there, as at boot or after a flush, when it is urgent, this is one call of
    /// nft. Where something is, the listing tells what is left to do, mostly nothing: to replace
    /// rules would cost more.
    pub fn install(&self, guards: &[Guard]) -> Result<(), ChildError> {
        let vips: Vec<Vip> = guards.iter().map(|guard| guard.vip).collect();
        let mut transaction = ruleset::transaction as Transaction;
        let mut present = Present::nothing(&vips);
        let mut look = present.missing.iter().any(|&senders| kernel::has(senders));
        let mut outcome = Ok(());
        for _ in 0..ATTEMPTS {
            if look {
                let listings = self.listings(&vips)?;
                let stands =
                    |guard: &Guard| listings.judge(guard.vip, Some(guard)) == State::InForce;
                if guards.iter().all(stands) {
                    return Ok(());
                }
                present = listings.present(&vips);
            }
            outcome = self.apply(&transaction(guards, &present));
            let Err(ChildError::Failed { stderr, .. }) = &outcome else { break };
            if stderr.contains("not supported") {
                // Somebody's chain of that name at another hook, or none: it is not a guard.
                transaction = ruleset::rebuild;
            } else if stderr.contains("No such file") || stderr.contains("File exists") {
                // Other programs create or delete the sets meanwhile.
                look = true;
            } else {
                break;
            }
        }
        outcome
    }

    /// Takes the guards of `vips` away, all or none; every guard there is with an empty list.
    pub fn purge(&self, vips: &[Vip]) -> Result<(), ChildError> {
        match vips {
            [] => self.apply(&ruleset::purge_all()),
            _ => self.apply(&ruleset::purge(vips, &self.listings(vips)?.present(vips))),
        }
    }

    /// Our tables of the families of `vips`; of both with an empty list.
    pub fn listings(&self, vips: &[Vip]) -> Result<Listings, ChildError> {
        let list = |family| match vips.is_empty() || vips.iter().any(|vip| vip.family() == family) {
            true => self.list(family),
            false => Ok(None),
        };
        let [v4, v6] = Family::ALL;
        Ok(Listings([list(v4)?, list(v6)?]))
    }

    /// Lists our table of a family, nft's JSON; `None` if there is none.
    ///
    /// Only this table is read: one statement elsewhere that a reader does not know must not
    /// spoil the answer. And of the sets not what they hold, which can be much.
    fn list(&self, family: Family) -> Result<Option<Value>, ChildError> {
        // nft -t -j list table ip lvskit
        let args = ["-t", "-j", "list", "table", family.nft(), TABLE];
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
        let ruleset = ruleset::to_json(ruleset).map_err(|error| ChildError::Pipe {
            program: self.program.clone(),
            source: error.into(),
        })?;
        child::run(&self.program, &["-j", "-f", "-"], ruleset.as_bytes(), self.limit).map(drop)
    }
}

/// What an administrator can do about an error of nft that had to read only.
pub fn reading_advice(error: &ChildError) -> &'static str {
    match error {
        ChildError::Start { .. } if advice::start(error).is_none() => {
            "install nftables, or name its program with --nft; nobody can check or repair the guard \
             until then"
        }
        _ => advice(error),
    }
}

/// What an administrator can do about an error of nft.
pub fn advice(error: &ChildError) -> &'static str {
    if let Some(advice) = advice::start(error) {
        return advice;
    }
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
        ChildError::Failed { stderr, .. }
            if ["Operation not supported", "File exists", "resource busy"]
                .iter()
                .any(|words| stderr.contains(words)) =>
        {
            "the kernel needs nf_tables, nft_redir and nft_fib; if `--check` says altered, \
             `nft delete table ip lvskit` (or ip6) and run the hook again"
        }
        ChildError::Failed { stderr, .. } if stderr.contains("JSON support not compiled") => {
            "this nft was built without JSON support (libjansson): install the distribution's \
             nftables, or name another with --nft"
        }
        ChildError::Cut { .. } => "see `nft list table ip lvskit` (or ip6): it holds too much",
        ChildError::Failed { .. } | ChildError::Pipe { .. } => {
            "see `bypass-ipvs --dry-run`; the kernel needs nf_tables, nft_redir and nft_fib"
        }
    }
}
