//! Hands a ruleset to nft(8), in one transaction: nft knows best what a kernel wants to be told.

use std::path::PathBuf;
use std::time::Duration;

use nftables::schema::Nftables;

use super::{advice, ruleset};
use crate::child::{self, ChildError};

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
    /// Has nft carry out a transaction.
    pub fn apply(&self, ruleset: &Nftables<'_>) -> Result<(), ChildError> {
        let ruleset = ruleset::to_json(ruleset).map_err(|error| ChildError::Pipe {
            program: self.program.clone(),
            source: error.into(),
        })?;
        child::run(&self.program, &["-j", "-f", "-"], ruleset.as_bytes(), self.limit).map(drop)
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
            "see `/usr/libexec/keepalived/bypass-ipvs --dry-run`; the kernel needs nf_tables, nft_redir and nft_fib"
        }
    }
}
