//! Asks all nodes of a cluster at once, each with a deadline of its own: by ssh, by a command that the
//! caller names, or from files that were collected before. What comes back may be hostile: it is bounded,
//! and made printable before anybody sees it.
//!
//! - [`options`] say how; `safe` makes text and JSON of others printable.

pub mod options;
pub(crate) mod safe;

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use options::Reach;

use crate::child::{self, ChildError};
use crate::cluster::{Cluster, Family};
use crate::node::config::Config;
use crate::node::state::NodeState;
use crate::transitions::now;

/// The ssh client.
const SSH: &str = "/usr/bin/ssh";

/// How many nodes are asked at the same time.
const AT_ONCE: usize = 64;

/// The largest file of a node that is read, in bytes; commands may write as much.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The longest text of a failed command that is shown, in characters.
const SHOWN: usize = 300;

/// A node to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Its name.
    pub(crate) name: String,
    /// Its own address, where it is known.
    pub(crate) address: Option<IpAddr>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    /// The node's name.
    pub(crate) name: String,
    /// What it said, or why it said nothing that can be read.
    pub(crate) outcome: Result<T, Failure>,
    /// When it was asked, in milliseconds since 1970.
    pub(crate) asked: u64,
    /// When it had answered.
    pub(crate) answered: u64,
}

/// Why a node has no answer. The texts are printable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It could not be reached, or said nothing in time.
    Unreachable(String),
    /// It said something else than was asked.
    Garbage(String),
}

/// How nodes are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Way {
    Ssh,
    Via(Vec<String>),
    Files(PathBuf),
}

impl Target {
    /// The nodes of an inventory.
    pub(crate) fn of(cluster: &Cluster) -> Vec<Target> {
        let one = |node: &crate::cluster::Node| Target {
            name: node.name.as_str().to_owned(),
            address: Some(node.address),
        };
        cluster.nodes.iter().map(one).collect()
    }

    /// The nodes that a node's own keepalived.conf names: where every server is a director too these are
    /// the real servers, else the unicast peers and itself. By their addresses.
    pub(crate) fn of_config(config: &Config) -> Vec<Target> {
        let mut all = config.real_servers();
        for instance in &config.instances {
            all.extend(instance.peers.iter().chain(&instance.source).copied());
        }
        all.sort();
        all.dedup();
        all.into_iter().map(|one| Target { name: one.to_string(), address: Some(one) }).collect()
    }
}

/// The name of a node that answered: as it calls itself, if it was asked by its address.
pub(crate) fn name(asked: &str, node: &NodeState) -> String {
    match asked.parse::<IpAddr>() {
        Ok(_) if !node.host.is_empty() => node.host.clone(),
        _ => asked.to_owned(),
    }
}

/// Splits and checks what `--via` says.
///
/// # Errors
/// When it is no absolute command, or names no node.
pub(crate) fn command(text: &str) -> Result<Vec<String>, String> {
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    match words.first() {
        Some(program) if program.starts_with('/') => {}
        _ => return Err("expected an absolute path, such as /usr/bin/ssh {node}".to_owned()),
    }
    let names =
        words.iter().skip(1).any(|word| word.contains("{node}") || word.contains("{address}"));
    match names {
        true => Ok(words),
        false => Err("expected {node} or {address} in it, such as /usr/bin/ssh {node}".to_owned()),
    }
}

/// Whether a name can be given to a command without being taken for an option or several words by whatever
/// comes behind it.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:%-".contains(&byte);
    !name.is_empty() && !name.starts_with(['-', '.']) && name.bytes().all(plain)
}

/// Asks all nodes for what `lvskit` with these words prints, and reads each answer with `read`. The answers
/// come in the order of the nodes. `more` is the time that a node needs for its work beside the deadline.
pub(crate) fn ask<T: Send>(
    targets: &[Target],
    reach: &Reach,
    words: &[&str],
    more: Duration,
    read: impl Fn(&str) -> Result<T, String> + Sync,
) -> Vec<Answer<T>> {
    let way = match (&reach.from, &reach.via) {
        (Some(folder), _) => Way::Files(folder.clone()),
        (None, Some(via)) => Way::Via(via.clone()),
        (None, None) => Way::Ssh,
    };
    let limit = reach.timeout + more;
    let next = AtomicUsize::new(0);
    let answers = Mutex::new(Vec::with_capacity(targets.len()));
    std::thread::scope(|scope| {
        for _ in 0..targets.len().min(AT_ONCE) {
            scope.spawn(|| {
                while let Some((at, target)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    targets.get(at).map(|target| (at, target))
                } {
                    let asked = now();
                    let outcome = way.ask(target, words, limit, &read);
                    let answer =
                        Answer { name: target.name.clone(), outcome, asked, answered: now() };
                    // Nobody panics while holding it.
                    answers.lock().unwrap_or_else(|held| held.into_inner()).push((at, answer));
                }
            });
        }
    });
    let mut answers = answers.into_inner().unwrap_or_else(|held| held.into_inner());
    answers.sort_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

impl Way {
    fn ask<T>(
        &self,
        target: &Target,
        words: &[&str],
        limit: Duration,
        read: &impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        if !is_plain(&target.name) {
            let why = "invalid host name: expected letters, digits, `.`, `-`, `:`";
            return Err(Failure::Unreachable(why.to_owned()));
        }
        let (program, mut args) = match self {
            Way::Files(folder) => return file(folder, &target.name, read),
            Way::Ssh => {
                let seconds = limit.as_secs().max(1);
                let options = ["-o", "BatchMode=yes", "-o", &format!("ConnectTimeout={seconds}")];
                let words = options.into_iter().chain(["--", &target.name]);
                (PathBuf::from(SSH), words.map(str::to_owned).collect())
            }
            Way::Via(command) => {
                let address = target.address.map(|address| address.to_string());
                let address = address.as_deref().unwrap_or(&target.name);
                let filled = command
                    .iter()
                    .map(|word| word.replace("{node}", &target.name).replace("{address}", address));
                let mut filled: Vec<String> = filled.collect();
                let program = filled.remove(0);
                (PathBuf::from(program), filled)
            }
        };
        args.push("lvskit".to_owned());
        args.extend(words.iter().map(|word| (*word).to_owned()));
        let said = child::asked(&program, &args, limit).map_err(|error| match error {
            ChildError::Cut { .. } => Failure::Garbage(safe::text(&error.to_string())),
            error => Failure::Unreachable(safe::text(&error.to_string())),
        })?;
        let why = match read(&said.stdout) {
            Ok(read) => return Ok(read),
            Err(why) => why,
        };
        // Who could not log in, or has no lvskit there, says so on standard error and nothing else.
        if said.stdout.trim().is_empty() {
            let words = safe::short(said.stderr.lines().last().unwrap_or_default(), SHOWN);
            return Err(Failure::Unreachable(format!("{}: {words}", said.status)));
        }
        Err(Failure::Garbage(why))
    }
}

/// DIR/NODE.json
fn file<T>(
    folder: &Path,
    name: &str,
    read: &impl Fn(&str) -> Result<T, String>,
) -> Result<T, Failure> {
    let path = folder.join(format!("{name}.json"));
    let mut bytes = Vec::new();
    File::open(&path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(
        |error| {
            let why = match error.kind() {
                ErrorKind::NotFound => "it was not collected".to_owned(),
                _ => error.to_string(),
            };
            Failure::Unreachable(safe::text(&format!("{}: {why}", path.display())))
        },
    )?;
    if bytes.len() as u64 > LARGEST {
        return Err(Failure::Garbage("it is larger than 4 MiB".to_owned()));
    }
    read(&String::from_utf8_lossy(&bytes)).map_err(Failure::Garbage)
}

/// The address of a node's own family, for whoever looks for it among senders.
pub(crate) fn addresses(cluster: &Cluster, node: usize) -> impl Iterator<Item = IpAddr> + '_ {
    Family::ALL.into_iter().filter_map(move |family| cluster.nodes[node].address_of(family))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_names_a_program_and_the_node() {
        assert_eq!(command("/bin/x  -y {node}").unwrap(), ["/bin/x", "-y", "{node}"]);
        for wrong in ["", "ssh {node}", "/usr/bin/ssh node", "{node}"] {
            assert!(command(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn hostile_names_reach_no_command() {
        for name in ["server01.domain.ru", "fe80::1%eth0", "a-b", "10.0.0.1"] {
            assert!(is_plain(name), "{name}");
        }
        for name in
            ["", "-oProxyCommand=x", "a b", "a;b", "$(x)", "../x", "a\nb", "a/b", "ä", "\x1b[m"]
        {
            assert!(!is_plain(name), "{name}");
        }
    }
}
