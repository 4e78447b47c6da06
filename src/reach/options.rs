//! How the other nodes are asked: options of `lvskit doctor --cluster` and `lvskit status --all`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// How the nodes are asked.
#[derive(Debug, Args)]
pub struct Reach {
    /// Ask each node by this command, an absolute path and words, with {node} or {address} in it; without a
    /// shell. By default /usr/bin/ssh {node}, with your own configuration and without asking for passwords
    #[arg(long, value_name = "COMMAND", value_parser = words, requires = "every")]
    pub via: Option<Words>,

    /// Ask nobody: read DIR/NODE.json, which Ansible or others have collected
    #[arg(long, value_name = "DIR", conflicts_with = "via", requires = "every")]
    pub from: Option<PathBuf>,

    /// How long a node may take to answer, in seconds, beside the time that it listens
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub timeout: Duration,
}

/// The words of a command.
pub type Words = Vec<String>;

/// Splits and checks what `--via` says.
fn words(text: &str) -> Result<Words, String> {
    super::command(text)
}

/// The longest time that makes sense, in seconds.
const LONGEST: f64 = 600.0;

pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "expected seconds, such as 3 or 0.5".to_owned())?;
    match (0.0..=LONGEST).contains(&number) {
        true => Ok(Duration::from_secs_f64(number)),
        false => Err(format!("expected 0 to {LONGEST} seconds")),
    }
}
