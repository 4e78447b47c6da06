//! Where commands look for keepalived: options of all that read this node's state.

use std::path::PathBuf;

use clap::Args;

use super::process::Where;
use crate::paths;

/// Where keepalived's files are, where its process does not say.
#[derive(Debug, Args)]
pub struct Places {
    /// keepalived's configuration, where its process does not say which
    #[arg(long, value_name = "FILE", default_value = paths::KEEPALIVED_CONF)]
    pub config: PathBuf,

    /// The file with the number of keepalived's main process
    #[arg(long, value_name = "FILE", default_value = paths::KEEPALIVED_PID)]
    pub keepalived_pid: PathBuf,
}

impl Places {
    /// Where to look.
    pub(crate) fn to_read(&self) -> Where<'_> {
        Where { pid_file: &self.keepalived_pid, file: &self.config }
    }
}
