//! Statements of lines: conditions, definitions, included files, and which block each belongs to.

use std::sync::Arc;

use super::definitions::{Definitions, Line, Unfinished};
use super::line::{self, Wrong};
use super::{Error, Include, Place, Statement, Wanted, sequence};

/// Blocks in blocks; keepalived's own go five deep.
const DEEPEST: usize = 16;

/// Files that include files.
const DEEPEST_INCLUDE: usize = 16;

/// Lines that come out of definitions; more are definitions in definitions in definitions.
const MOST: usize = 100_000;

/// Keywords before the name of a file that is read in place of the line.
pub const INCLUDE: [&str; 6] =
    ["include", "includer", "includem", "includew", "includeb", "includea"];

/// Where keepalived.conf lies.
const FOLDER: &str = "/etc/keepalived";

pub(super) struct Reader<'a> {
    id: Option<&'a str>,
    include: &'a mut dyn Include,
    included: usize,
    definitions: Definitions,
    /// The blocks that are open, outermost first: the statements before each, and its own.
    open: Vec<(Vec<Statement>, Statement)>,
    /// The statements of the innermost block so far.
    block: Vec<Statement>,
    grown: usize,
    at: Place,
    /// The blanks at the beginning of the line, until a statement has taken them.
    indent: Option<usize>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(id: Option<&'a str>, include: &'a mut dyn Include) -> Self {
        let at = Place { file: Arc::from(""), line: 0 };
        let definitions = Definitions::default();
        Reader {
            id,
            include,
            included: 0,
            definitions,
            open: Vec::new(),
            block: Vec::new(),
            grown: 0,
            at,
            indent: None,
        }
    }

    pub(super) fn read(mut self, file: &str, text: &str) -> Result<Vec<Statement>, Error> {
        self.file(file, text)?;
        Ok(self.block)
    }

    fn wrong<T>(&self, (what, help): Wrong) -> Result<T, Error> {
        Err(Error { at: self.at.clone(), what, help: help.to_owned() })
    }

    /// Reads a file from its first line to its last; the blocks that it opens, it closes.
    fn file(&mut self, file: &str, text: &str) -> Result<(), Error> {
        let depth = self.open.len();
        let parent = file.rsplit_once('/').map(|(parent, _)| parent.to_owned());
        let parent = parent.filter(|parent| parent.starts_with('/'));
        self.definitions.set_folder(parent.unwrap_or_else(|| FOLDER.to_owned()));
        let file: Arc<str> = Arc::from(file);
        let mut unfinished = None;
        for (number, line) in text.split('\n').enumerate() {
            self.at = Place { file: Arc::clone(&file), line: number + 1 };
            let line = line.trim_end_matches('\r');
            self.indent = Some(line.len() - line.trim_start_matches([' ', '\t']).len());
            match line::without_comment(line) {
                Ok(line) => unfinished = self.line(line, unfinished)?,
                Err(wrong) => return self.wrong(wrong),
            }
            if self.open.len() < depth {
                return self.wrong(("a } without its {".into(), "put both into the same file"));
            }
        }
        match self.open.get(depth) {
            Some((_, head)) => Err(Error {
                at: head.at.clone(),
                what: format!("the block of `{}` is never closed", head.keyword()),
                help: "close it with }".into(),
            }),
            None => Ok(()),
        }
    }

    fn line(
        &mut self,
        line: String,
        unfinished: Option<Unfinished>,
    ) -> Result<Option<Unfinished>, Error> {
        if let Some(begun) = unfinished {
            return Ok(self.definitions.go_on(begun, &line));
        }
        // What is still to be read, the next last.
        let mut pending = vec![line];
        while let Some(line) = pending.pop() {
            match self.resolved(line, &mut pending)? {
                Resolved::Nothing => {}
                Resolved::Unfinished(begun) => return Ok(Some(begun)),
                Resolved::Text(text) => {
                    let words = line::words(&text).or_else(|wrong| self.wrong(wrong))?;
                    match (words.as_slice(), line::cut(&text)) {
                        ([keyword, pattern], _) if INCLUDE.contains(&keyword.as_str()) => {
                            self.included(keyword, pattern)?;
                        }
                        (_, (first, "")) => self.part(first, words)?,
                        (_, (first, rest)) => {
                            let words = line::words(first).or_else(|wrong| self.wrong(wrong))?;
                            self.part(first, words)?;
                            pending.push(rest.to_owned());
                        }
                    }
                }
            }
        }
        Ok(None)
    }

    /// A line whose condition holds and whose definitions are replaced.
    fn resolved(&mut self, line: String, pending: &mut Vec<String>) -> Result<Resolved, Error> {
        let mut line = line;
        loop {
            match self.conditional(&line)? {
                Some(rest) if rest.len() < line.len() => line = rest.to_owned(),
                Some(_) => {}
                None => return Ok(Resolved::Nothing),
            }
            if line.starts_with("~LST") {
                return self
                    .wrong(("`~LST` is not supported".into(), "write its lines one by one"));
            }
            let found = sequence::sequence(&line).or_else(|wrong| self.wrong(wrong))?;
            if let Some(sequence) = found {
                self.grown += sequence.values.len();
                if self.grown > MOST {
                    return self.wrong((
                        format!("sequences that grow to more than {MOST} lines"),
                        "write shorter ones",
                    ));
                }
                for value in sequence.values.into_iter().rev() {
                    pending.push(sequence.rest.clone());
                    pending.push(format!("${}={value}", sequence.name));
                }
                return Ok(Resolved::Nothing);
            }
            if line.contains("_PWD}") || line.ends_with("$_PWD") || line.contains("$_PWD ") {
                let folder = self.folder(&line);
                self.definitions.set_folder(folder);
            }
            match self.definitions.take(line).or_else(|wrong| self.wrong(wrong))? {
                Line::Definition(None) => return Ok(Resolved::Nothing),
                Line::Definition(Some(begun)) => return Ok(Resolved::Unfinished(begun)),
                Line::Text { text, replaced, more } => {
                    self.grown += more.len();
                    if self.grown > MOST {
                        return self.wrong((
                            format!("definitions that grow to more than {MOST} lines"),
                            "write shorter ones",
                        ));
                    }
                    pending.extend(more.into_iter().rev());
                    // From 2.2 on, keepalived reads what it replaced once more.
                    if replaced
                        && !matches!(line::without_comment(&text), Ok(again) if again == text)
                    {
                        return self.wrong((
                            "a definition that brings a quote or a comment with it".into(),
                            "replace it with its value",
                        ));
                    }
                    // What was replaced may have brought a condition.
                    if !replaced || !text.starts_with(['@', '~']) {
                        return Ok(Resolved::Text(text));
                    }
                    line = text;
                }
            }
        }
    }

    /// What `${_PWD}` in a line stands for: the folder of the file. For a file that was brought here from a
    /// node, it is keepalived's own.
    fn folder(&mut self, line: &str) -> String {
        let file = std::path::PathBuf::from(&*self.at.file);
        let parent = file.parent().map(|parent| parent.to_string_lossy().into_owned());
        match parent {
            Some(parent) if parent.starts_with('/') => parent,
            // What is included lies here, beside the file.
            _ if line.starts_with("include") => ".".to_owned(),
            _ => {
                let words = format!("${{_PWD}} is assumed to be {FOLDER}");
                self.include.note(&self.at, words);
                FOLDER.to_owned()
            }
        }
    }

    /// The rest of a line whose condition holds; a line without condition as it is.
    fn conditional<'l>(&self, line: &'l str) -> Result<Option<&'l str>, Error> {
        let Some(condition) = line.strip_prefix('@') else { return Ok(Some(line)) };
        let (condition, other) = match condition.strip_prefix('^') {
            Some(rest) => (rest, true),
            None => (condition, false),
        };
        let Some((wanted, rest)) = condition.split_once([' ', '\t']) else { return Ok(None) };
        let Some(id) = self.id else {
            return self.wrong((
                format!("a line for the nodes with the config id `{wanted}`"),
                "say with --id whose file it is",
            ));
        };
        Ok(((wanted == id) != other).then(|| rest.trim_start_matches([' ', '\t'])))
    }

    fn included(&mut self, keyword: &str, pattern: &str) -> Result<(), Error> {
        if self.included == DEEPEST_INCLUDE {
            return self.wrong(("a file that includes itself".into(), "remove the include"));
        }
        let at = self.at.clone();
        let files = match self.include.files(Wanted { at: &at, keyword, pattern }) {
            Ok(files) => files,
            Err([what, help]) => return Err(Error { at, what, help }),
        };
        self.included += 1;
        for (name, text) in files {
            self.file(&name, &text)?;
        }
        self.included -= 1;
        self.at = at;
        Ok(())
    }

    /// A brace, or a statement without one, of these words.
    fn part(&mut self, text: &str, words: Vec<String>) -> Result<(), Error> {
        match text {
            "" => Ok(()),
            "{" => self.open(),
            "}" => match self.open.pop() {
                None => self.wrong(("a } without its {".into(), "remove it")),
                Some((before, mut head)) => {
                    head.block = Some(std::mem::replace(&mut self.block, before));
                    self.block.push(head);
                    Ok(())
                }
            },
            _ => {
                if text.ends_with('\\') {
                    return self.wrong((
                        "a backslash at the end of a line, and keepalived has no continued lines"
                            .into(),
                        "write the statement in one line",
                    ));
                }
                let (at, text) = (self.at.clone(), text.to_owned());
                let indent = self.indent.take();
                self.block.push(Statement { at, words, text, indent, block: None });
                Ok(())
            }
        }
    }

    fn open(&mut self) -> Result<(), Error> {
        if self.open.len() == DEEPEST {
            return self.wrong(("blocks in blocks without end".into(), "close some with }"));
        }
        match self.block.pop() {
            Some(head) if head.block.is_none() => {
                self.open.push((std::mem::take(&mut self.block), head));
                Ok(())
            }
            _ => self.wrong(("a { without a keyword before it".into(), "remove it")),
        }
    }
}

enum Resolved {
    /// For other nodes, or a definition.
    Nothing,
    Unfinished(Unfinished),
    Text(String),
}
