//! keepalived.conf as the watcher follows it: the file, what it includes, and the kernel's word when one
//! of them changes.

use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use glob::Pattern;

use super::folders::{Folders, Step};
use crate::conf::grammar::{self, Include, NEEDED, Statement};
use crate::node::process::default_config_id;

/// A file and its includes.
#[derive(Debug)]
pub struct Follow {
    path: PathBuf,
    id: Option<String>,
    folders: Folders,
    files: Vec<PathBuf>,
}

/// Why there are no statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// There is no such file.
    Missing,
    /// It can't be read, or is no keepalived.conf. The text says where and why.
    Broken(String),
}

impl Follow {
    /// Follows `path` from now on; lines that begin with `@ID` count where the `id` is this one, and
    /// without one where it is the host's name, as for keepalived.
    ///
    /// # Errors
    /// Where the path is empty, or relative and the current folder is gone.
    pub fn new(path: &Path, id: Option<&str>) -> io::Result<Follow> {
        let path = std::path::absolute(path)?;
        let id = id.map(str::to_owned);
        Ok(Follow { path, id, folders: Folders::new(), files: Vec::new() })
    }

    /// The file, an absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads all of it. Whatever changes while it is read is told by [`Follow::changed`].
    ///
    /// # Errors
    /// When there is nothing that keepalived could read.
    pub fn read(&mut self) -> Result<Vec<Statement>, Unread> {
        self.files.clear();
        self.folders.begin();
        let read = self.statements();
        self.folders.end();
        read
    }

    fn statements(&mut self) -> Result<Vec<Statement>, Unread> {
        self.folders.watch(Step::all(&self.path));
        let text = grammar::text(&self.path).map_err(|error| {
            let cause = error.root_cause().downcast_ref::<io::Error>().map(io::Error::kind);
            match cause {
                Some(io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Unread::Missing,
                _ => Unread::Broken(format!("{error:#}").trim_start_matches("error: ").to_owned()),
            }
        })?;
        self.files.push(self.path.clone());
        let id = self.id.clone().or_else(default_config_id);
        let name = self.path.to_string_lossy().into_owned();
        grammar::parse(&name, &text, id.as_deref(), self)
            .map_err(|error| Unread::Broken(error.to_string()))
    }

    /// The files that were read last.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// What becomes readable when something changes; `None` where the kernel has no inotify to give.
    pub fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.folders.as_fd()
    }

    /// Whether something changed since the last call that concerns what [`Follow::read`] read. True also
    /// where the kernel may have forgotten to tell.
    pub fn changed(&self) -> bool {
        self.folders.changed()
    }
}

impl Include for Follow {
    fn files(&mut self, wanted: grammar::Wanted<'_>) -> Result<Vec<(String, String)>, [String; 2]> {
        let pattern = wanted.pattern;
        let wrong = |what: String| [what, "keepalived reads it at its next reload".to_owned()];
        if pattern.contains('{') {
            return Err(wrong(format!(
                "braces in `{pattern}` are not supported: write an include for each"
            )));
        }
        let folder = Path::new(&*wanted.at.file).parent().unwrap_or(Path::new("/"));
        self.folders.watch([Step::all(folder), Step::matching(pattern)].concat());
        // Only what is included may be a pattern, not the name of the folder where it is.
        let pattern = Path::new(&Pattern::escape(&folder.to_string_lossy())).join(pattern);
        let mut read = Vec::new();
        for path in grammar::matching(&pattern).map_err(|error| wrong(format!("{error:#}")))? {
            let text = grammar::text(&path).map_err(|error| wrong(format!("{error:#}")))?;
            read.push((path.display().to_string(), text));
            self.files.push(path);
        }
        match read.is_empty() && NEEDED.contains(&wanted.keyword) {
            true => Err(wrong(format!("no file is named `{}`", wanted.pattern))),
            false => Ok(read),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    const FILE: &str = "one {\n include conf.d/*.conf\n}\n";

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Place {
            let place = Place(tempfile::tempdir().unwrap());
            fs::create_dir_all(place.at("etc/conf.d")).unwrap();
            place.write("etc/k.conf", FILE);
            place.write("etc/conf.d/a.conf", "two\n");
            place
        }

        fn at(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn write(&self, name: &str, text: &str) {
            fs::write(self.at(name), text).unwrap();
        }

        /// Replaces a file as gen-conf, Ansible and most editors do.
        fn replace(&self, name: &str, text: &str) {
            self.write("new", text);
            fs::rename(self.at("new"), self.at(name)).unwrap();
        }

        fn follow(&self) -> Follow {
            Follow::new(&self.at("etc/k.conf"), Some("node1")).unwrap()
        }
    }

    /// What stands in the block, in one line.
    fn words(follow: &mut Follow) -> String {
        let tree = follow.read().unwrap();
        let words = tree.iter().flat_map(Statement::inner).flat_map(|one| one.words.clone());
        words.collect::<Vec<_>>().join(" ")
    }

    /// Each change is told once, and what is read then is what is there.
    #[test]
    fn every_change_of_a_file_is_told() {
        let place = Place::new();
        let mut follow = place.follow();
        assert_eq!(words(&mut follow), "two");
        assert!(!follow.changed(), "reading is no change");
        let mut told = |what: &str, change: &dyn Fn(), then: &str| {
            change();
            assert!(follow.changed(), "{what}");
            assert_eq!(words(&mut follow), then, "{what}");
            assert!(!follow.changed(), "once: {what}");
        };
        told("edited in place", &|| place.write("etc/conf.d/a.conf", "three"), "three");
        told("replaced", &|| place.replace("etc/conf.d/a.conf", "four"), "four");
        told("a new one", &|| place.write("etc/conf.d/b.conf", "five"), "four five");
        told("one less", &|| fs::remove_file(place.at("etc/conf.d/a.conf")).unwrap(), "five");
        told("moved away", &|| fs::rename(place.at("etc/conf.d"), place.at("old")).unwrap(), "");
        told("a folder", &|| fs::rename(place.at("old"), place.at("etc/conf.d")).unwrap(), "five");
        told("the file", &|| place.replace("etc/k.conf", "x {\n y\n include z\n}"), "y");
        told("included", &|| place.write("etc/z", "z"), "y z");
        told(
            "its folder",
            &|| {
                fs::rename(place.at("etc"), place.at("old")).unwrap();
                fs::create_dir(place.at("etc")).unwrap();
                place.write("etc/k.conf", "x {\n new\n}");
            },
            "new",
        );
        place.write("etc/other.conf", "unheeded");
        place.write("old/k.conf", "unheeded");
        assert!(!follow.changed());
    }

    #[test]
    fn hidden_files_and_folders_are_not_included() {
        let place = Place::new();
        let mut follow = place.follow();
        place.write("etc/conf.d/.a.conf", "hidden");
        fs::create_dir(place.at("etc/conf.d/c.conf")).unwrap();
        assert_eq!(words(&mut follow), "two");
        place.write("etc/conf.d/.a.conf", "hidden still");
        assert!(!follow.changed());
    }

    #[test]
    fn links_are_followed_to_their_end() {
        let place = Place::new();
        fs::create_dir_all(place.at("one")).unwrap();
        symlink("one", place.at("now")).unwrap();
        fs::remove_file(place.at("etc/k.conf")).unwrap();
        symlink("../now/k.conf", place.at("etc/k.conf")).unwrap();
        let mut follow = place.follow();
        assert_eq!(follow.read(), Err(Unread::Missing), "a link to nothing");
        place.write("one/k.conf", "x {\n first\n}");
        assert!(follow.changed());
        assert_eq!(words(&mut follow), "first");
        place.replace("one/k.conf", "x {\n second\n}");
        assert!(follow.changed());
        assert_eq!(words(&mut follow), "second");
        // As Kubernetes replaces a folder.
        fs::create_dir(place.at("two")).unwrap();
        place.write("two/k.conf", "x {\n third\n}");
        symlink("two", place.at("next")).unwrap();
        fs::rename(place.at("next"), place.at("now")).unwrap();
        assert!(follow.changed());
        assert_eq!(words(&mut follow), "third");
        place.write("one/k.conf", "x {\n old\n}");
        assert!(!follow.changed());
        // One that leads to itself ends.
        fs::remove_file(place.at("etc/k.conf")).unwrap();
        symlink("k.conf", place.at("etc/k.conf")).unwrap();
        assert!(matches!(follow.read(), Err(Unread::Broken(_))));
    }

    #[test]
    fn a_folder_that_appears_later_is_told() {
        let place = Place::new();
        let mut follow = Follow::new(&place.at("a/b/k.conf"), None).unwrap();
        for (folder, file) in [("a", false), ("a/b", true)] {
            assert_eq!(follow.read(), Err(Unread::Missing));
            fs::create_dir(place.at(folder)).unwrap();
            assert!(follow.changed(), "{folder}");
            if file {
                place.write("a/b/k.conf", "x {\n y\n}");
            }
        }
        assert_eq!(words(&mut follow), "y");
    }

    #[test]
    fn what_keepalived_would_not_start_with_is_broken() {
        let place = Place::new();
        let mut follow = place.follow();
        for (text, told) in [
            ("x {", "etc/k.conf:1: the block of `x` is never closed; close it with }"),
            ("x\n\ninclude {a,b}", "etc/k.conf:3: braces in `{a,b}` are not supported"),
            ("includea conf.d/z", "etc/k.conf:1: no file is named `conf.d/z`"),
        ] {
            place.write("etc/k.conf", text);
            let Err(Unread::Broken(why)) = follow.read() else { panic!("{text}") };
            assert!(why.contains(told), "{why}");
        }
        // Without this one it goes on.
        place.write("etc/k.conf", "x {\n include conf.d/z\n y\n}\n@node1 @^node2 z\n@node2 z {");
        assert_eq!(words(&mut follow), "y");
        fs::remove_file(place.at("etc/k.conf")).unwrap();
        fs::create_dir(place.at("etc/k.conf")).unwrap();
        assert!(matches!(follow.read(), Err(Unread::Broken(_))));
    }

    #[test]
    fn a_name_is_no_pattern() {
        let place = Place::new();
        fs::create_dir(place.at("[a]*")).unwrap();
        place.write("[a]*/k?.conf", "x {\n include b\n}");
        place.write("[a]*/b", "y");
        let mut follow = Follow::new(&place.at("[a]*/k?.conf"), None).unwrap();
        assert_eq!(words(&mut follow), "y");
        place.replace("[a]*/b", "z");
        assert!(follow.changed());
        assert_eq!(words(&mut follow), "z");
    }
}
