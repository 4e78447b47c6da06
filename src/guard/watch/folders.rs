//! The folders on the way to a file, watched by inotify. Files are replaced by rename, edited in place,
//! reached by links; folders appear later. So each folder on the way is watched, for the one name there
//! that leads on.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Component, Path, PathBuf};

use glob::Pattern;
use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};

use crate::conf::grammar::MATCHING;

/// What happens to a name in a folder.
const EVENTS: AddWatchFlags = AddWatchFlags::IN_CREATE
    .union(AddWatchFlags::IN_CLOSE_WRITE)
    .union(AddWatchFlags::IN_ATTRIB)
    .union(AddWatchFlags::IN_DELETE)
    .union(AddWatchFlags::IN_MOVED_FROM)
    .union(AddWatchFlags::IN_MOVED_TO)
    .union(AddWatchFlags::IN_ONLYDIR);

/// Links on one way; the kernel follows no more either (MAXSYMLINKS).
const LINKS: usize = 40;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `/`
    Root,
    /// `..`
    Up,
    /// What has this name.
    Name(OsString),
    /// Whatever has a name that matches.
    Matching(Pattern),
}

impl Step {
    /// The steps of a path.
    pub fn all(path: &Path) -> Vec<Step> {
        let step = |component| match component {
            Component::RootDir => Some(Step::Root),
            Component::ParentDir => Some(Step::Up),
            Component::Normal(name) => Some(Step::Name(name.to_owned())),
            Component::CurDir | Component::Prefix(_) => None,
        };
        path.components().filter_map(step).collect()
    }

    /// The steps of a pattern such as `conf.d/*.conf`.
    pub fn matching(pattern: &str) -> Vec<Step> {
        let step = |step| match step {
            Step::Name(name) => match name.to_str() {
                Some(text) if text.contains(['*', '?', '[']) => {
                    Pattern::new(text).ok().map(Step::Matching)
                }
                _ => Some(Step::Name(name)),
            },
            step => Some(step),
        };
        Step::all(Path::new(pattern)).into_iter().filter_map(step).collect()
    }

    fn is(&self, other: &OsStr) -> bool {
        match self {
            Step::Root | Step::Up => false,
            Step::Name(name) => name == other,
            Step::Matching(pattern) => pattern.matches_with(&other.to_string_lossy(), MATCHING),
        }
    }
}

/// Watched folders, each for some names.
#[derive(Debug)]
pub struct Folders {
    inotify: Option<Inotify>,
    names: HashMap<WatchDescriptor, Vec<Step>>,
    /// Those of the time before.
    before: HashMap<WatchDescriptor, Vec<Step>>,
}

impl Folders {
    /// None so far.
    pub fn new() -> Folders {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).ok();
        Folders { inotify, names: HashMap::new(), before: HashMap::new() }
    }

    /// What becomes readable when something changes; `None` where the kernel gives no inotify.
    pub fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.inotify.as_ref().map(AsFd::as_fd)
    }

    /// Wants nothing any more, until [`Folders::watch`] says what; the kernel goes on to tell.
    pub fn begin(&mut self) {
        self.before = std::mem::take(&mut self.names);
    }

    /// Gives up the folders that nothing is wanted of.
    pub fn end(&mut self) {
        let before = std::mem::take(&mut self.before);
        let Some(inotify) = &self.inotify else { return };
        for folder in before.into_keys().filter(|folder| !self.names.contains_key(folder)) {
            // One that was deleted is none any more.
            let _ = inotify.rm_watch(folder);
        }
    }

    /// Watches every step on the way to what an absolute path names, links included.
    pub fn watch(&mut self, path: Vec<Step>) {
        self.walk(PathBuf::from("/"), &path, &mut 0);
    }

    fn walk(&mut self, mut folder: PathBuf, mut path: &[Step], links: &mut usize) {
        while let Some((step, rest)) = path.split_first() {
            path = rest;
            let next: Vec<OsString> = match step {
                Step::Root => {
                    folder = PathBuf::from("/");
                    continue;
                }
                Step::Up => {
                    folder.pop();
                    continue;
                }
                Step::Name(name) => {
                    self.add(&folder, step);
                    vec![name.clone()]
                }
                Step::Matching(_) => {
                    // Before it is listed, so that none is missed.
                    self.add(&folder, step);
                    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
                    entries.map(|entry| entry.file_name()).filter(|name| step.is(name)).collect()
                }
            };
            for path in next.into_iter().map(|name| folder.join(name)) {
                match fs::read_link(&path) {
                    Ok(target) if *links < LINKS => {
                        *links += 1;
                        self.walk(
                            folder.clone(),
                            &[Step::all(&target), rest.to_vec()].concat(),
                            links,
                        );
                        *links -= 1;
                    }
                    Err(_) if !rest.is_empty() => self.walk(path, rest, links),
                    _ => {}
                }
            }
            return;
        }
    }

    fn add(&mut self, folder: &Path, name: &Step) {
        let Some(inotify) = &self.inotify else { return };
        // One that is missing is noticed in the folder above it when it appears.
        let Ok(folder) = inotify.add_watch(folder, EVENTS) else { return };
        let names = self.names.entry(folder).or_default();
        if !names.contains(name) {
            names.push(name.clone());
        }
    }

    /// Whether something wanted changed since the last call, or may have.
    pub fn changed(&self) -> bool {
        let Some(inotify) = &self.inotify else { return false };
        let mut changed = false;
        loop {
            match inotify.read_events() {
                Ok(events) => {
                    changed |= events.iter().any(|event| {
                        let names = self.names.get(&event.wd);
                        match &event.name {
                            Some(name) => {
                                names.is_some_and(|names| names.iter().any(|step| step.is(name)))
                            }
                            // A watched folder is gone, or there was more than the kernel keeps.
                            None => {
                                names.is_some() || event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW)
                            }
                        }
                    })
                }
                Err(Errno::EINTR) => {}
                Err(_) => return changed,
            }
        }
    }
}
