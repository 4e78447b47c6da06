//! A folder with an inventory in it where the program is run, and the inventory of the article's
//! cluster, of which the tests make theirs by small edits.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_lvskit");

/// The inventory of the article's cluster.
pub const ARTICLE: &str = include_str!("../../keepalived/samples/article.yml");

/// The nodes of the article's cluster, in order of preference.
pub const NODES: [&str; 4] =
    ["server01.domain.ru", "server02.domain.ru", "server03.domain.ru", "server04.domain.ru"];

/// The article's inventory after replacing texts; each must be there exactly once.
pub fn edited(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(ARTICLE.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from:?} in:\n{text}");
        text.replace(from, to)
    })
}

/// What a run left behind.
#[derive(Debug)]
pub struct Run {
    /// `None` after a signal.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn of(output: Output) -> Run {
        Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Standard output of a run that must have succeeded, perhaps with warnings.
    pub fn accepted(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }

    /// Standard output of a run that must have succeeded without a word on standard error.
    pub fn success(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{self:?}");
        self.stdout
    }
}

/// All that can be seen of a file from outside.
#[derive(Debug, PartialEq, Eq)]
pub struct Trace {
    pub path: PathBuf,
    pub inode: u64,
    pub mode: u32,
    pub modified: (i64, i64),
    pub bytes: Vec<u8>,
}

/// A folder of its own, with the inventory in `inventory.yml`.
pub struct Place(TempDir);

impl Place {
    pub fn with(inventory: impl AsRef<[u8]>) -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        place.write("inventory.yml", inventory);
        place
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, relative: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap()
    }

    /// A program that will run in the folder.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.0).stdin(Stdio::null());
        command
    }

    /// Runs gen-conf on the inventory; options are separated by blanks.
    pub fn run(&self, options: &str) -> Run {
        let mut command = self.command(PROGRAM);
        command.args(["gen-conf", "-i", "inventory.yml"]).args(options.split_whitespace());
        Run::of(command.output().unwrap())
    }

    /// The file of one node.
    pub fn rendered(&self, node: &str) -> String {
        self.run(&format!("--stdout --node {node}")).success()
    }

    /// Every file in the folder, by path.
    pub fn files(&self) -> Vec<Trace> {
        let mut files = Vec::new();
        collect(self.0.path(), &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }

    /// The paths of all files but the inventory, relative to the folder.
    pub fn written(&self) -> Vec<String> {
        let relative = |file: &Trace| {
            file.path.strip_prefix(self.0.path()).unwrap().to_string_lossy().into_owned()
        };
        let files = self.files();
        files.iter().map(relative).filter(|path| path != "inventory.yml").collect()
    }
}

fn collect(folder: &Path, files: &mut Vec<Trace>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let meta = fs::symlink_metadata(&path).unwrap();
        if meta.is_dir() {
            collect(&path, files);
            continue;
        }
        files.push(Trace {
            inode: meta.ino(),
            mode: meta.mode() & 0o7777,
            modified: (meta.mtime(), meta.mtime_nsec()),
            bytes: fs::read(&path).unwrap(),
            path,
        });
    }
}
