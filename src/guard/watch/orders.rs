//! What a watcher goes by: the addresses of its command line, or the node's keepalived.conf, read
//! again whenever it changes. A file that can't be read changes nothing, and is told once.

use std::time::{Duration, Instant};

use super::follow::{Follow, Unread};
use crate::guard::plan::{Guard, Services};
use crate::guard::wanted::Wanted;
use crate::log::Log;

/// The file is read again this often at least: nobody tells of what is mounted over a folder.
const PERIOD: Duration = Duration::from_secs(10);

/// Who writes a file, writes several. For so long nothing must have changed, but not for ever.
const QUIET: Duration = Duration::from_millis(50);
const QUIET_AT_MOST: u32 = 6;

/// Where the wishes come from.
#[derive(Debug)]
pub struct Orders {
    wanted: Wanted,
    file: Option<File>,
}

#[derive(Debug)]
struct File {
    follow: Follow,
    read: Option<Instant>,
    /// What was said of a file that can't be read.
    trouble: Option<String>,
    /// Whether it could be read once.
    known: bool,
}

impl Orders {
    /// By the command line.
    pub fn named(guards: &[Guard], keep_sessions: bool) -> Orders {
        let mut wanted = Wanted::default();
        for guard in guards {
            wanted.add(guard.clone(), keep_sessions);
        }
        Orders { wanted, file: None }
    }

    /// By a keepalived.conf.
    pub fn file(follow: Follow) -> Orders {
        let file = File { follow, read: None, trouble: None, known: false };
        Orders { wanted: Wanted::default(), file: Some(file) }
    }

    /// What should be in force.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// The file, if there is one.
    pub fn follow(&self) -> Option<&Follow> {
        self.file.as_ref().map(|file| &file.follow)
    }

    /// Whether a guard must have exactly the services that are wanted. Who names an address without
    /// services is content with the guard that a hook or another watcher put in place.
    pub fn is_exact(&self, guard: &Guard) -> bool {
        self.file.is_some() || guard.services != Services::Legacy
    }

    /// Reads the file, if it may have changed. Returns what was wanted before, if that is something else.
    pub fn read(&mut self, log: &mut Log) -> Option<Wanted> {
        let file = self.file.as_mut()?;
        let changed = file.follow.changed();
        if !changed && file.read.is_some_and(|read| read.elapsed() < PERIOD) {
            return None;
        }
        let mut waits = 0;
        while changed && waits < QUIET_AT_MOST {
            std::thread::sleep(QUIET);
            waits = if file.follow.changed() { waits + 1 } else { QUIET_AT_MOST };
        }
        file.read = Some(Instant::now());
        let wanted = file.wanted(log)?;
        for refused in wanted.refused.iter().filter(|line| !self.wanted.refused.contains(line)) {
            log.error(&format!(
                "{refused}; this hook does nothing, and is ignored here too: `/usr/libexec/keepalived/bypass-ipvs --help` shows \
                 its options"
            ));
        }
        (wanted != self.wanted).then(|| std::mem::replace(&mut self.wanted, wanted))
    }
}

impl File {
    fn wanted(&mut self, log: &mut Log) -> Option<Wanted> {
        let name = self.follow.path().display().to_string();
        let trouble = match self.follow.read() {
            Ok(statements) => {
                let wanted = Wanted::of(&statements);
                if self.trouble.take().is_some() {
                    log.note(&format!("{name} can be read now"));
                }
                if wanted.services.is_empty() && !self.known {
                    log.note(&format!(
                        "no hook of {name} runs bypass-ipvs: nothing to guard so far"
                    ));
                }
                self.known = true;
                return Some(wanted);
            }
            Err(Unread::Missing) => format!("{name}: no such file"),
            Err(Unread::Broken(why)) => why,
        };
        if self.trouble.as_ref() != Some(&trouble) {
            match self.known {
                true => {
                    log.error(&format!("{trouble}; the guards stay as they are until it is mended"))
                }
                false => {
                    log.note(&format!("{trouble}; waiting for it, nothing is guarded until then"))
                }
            }
            self.trouble = Some(trouble);
        }
        None
    }
}
