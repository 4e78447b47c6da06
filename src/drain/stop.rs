//! What keepalived.service runs besides keepalived, by its drop-in: before keepalived stops the node hands over,
//! after that the drain ends; before it starts what an administrator drained is drained again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::director::Director;
use super::file::{self, Word};
use super::report::Failure;
use crate::exit::Exit;
use crate::files;
use crate::guard::drained::Drained;
use crate::guard::nft::Nft;
use crate::guard::refusal::InForce;
use crate::node::process::Where;
use crate::node::state::NodeState;
use crate::output;

/// Names the drain file while keepalived stops; its command line, which names its files, is gone then.
const NOTE: &str = "/run/keepalived-lvskit/stopping";

/// Who may read that.
const MODE: u32 = 0o644;

/// Before keepalived stops. Does nothing where it follows no drain file of ours, is drained, or is not MASTER.
pub(super) fn before(places: &Where<'_>, stop: &AtomicBool) -> Result<(), Failure> {
    let (node, tree) = NodeState::read(places);
    let Some(file) = file::followed(&tree).filter(|_| node.keepalived.pid.is_some()) else {
        return Ok(());
    };
    let director = Director { file, node };
    if !director.holds_any() || file::read(&director.file).is_ok_and(|word| word != Word::Off) {
        return Ok(());
    }
    let name = director.file.as_os_str().as_encoded_bytes();
    files::publish(Path::new(NOTE), name, MODE).map_err(|error| failed(NOTE.as_ref(), &error))?;
    let taken = director.hand_over(Word::Stopping, stop).map_err(|refused| {
        Failure::new(Exit::No, format!("not handed over: {refused}"), refused.help())
    })?;
    for one in taken {
        output::say(format_args!("{}: {} is MASTER now", one.instance, one.by));
    }
    Ok(())
}

/// After keepalived stopped, however.
pub(super) fn after() -> Result<(), Failure> {
    let name = match fs::read_to_string(NOTE) {
        Ok(name) => PathBuf::from(name),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(NOTE.as_ref(), &error)),
    };
    if file::read(&name).map_err(|error| failed(&name, &error))? == Word::Stopping {
        file::write(&name, Word::Off).map_err(|error| failed(&name, &error))?;
    }
    fs::remove_file(NOTE).map_err(|error| failed(NOTE.as_ref(), &error))
}

/// Puts in force what is noted.
pub(super) fn restore(nft: &Nft) -> Result<(), Failure> {
    let Some((drained, _)) = Drained::read()? else { return Ok(()) };
    if let Some(file) = &drained.director {
        file::write(file, Word::Asked).map_err(|error| failed(file, &error))?;
    }
    if let Some(refusal) = &drained.server
        && !matches!(refusal.in_force()?, InForce::Yes { .. })
    {
        nft.apply(&refusal.transaction())?;
    }
    Ok(())
}

/// A file that can't be read or written.
pub(super) fn failed(file: &Path, error: &io::Error) -> Failure {
    let help = "systemd-tmpfiles --create lvskit.conf makes /run/keepalived-lvskit";
    Failure::new(Exit::File, format!("{}: {error}", file.display()), help)
}
