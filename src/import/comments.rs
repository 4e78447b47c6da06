//! The comments of the files, for the places of the inventory that say what they stood beside.

use std::collections::HashMap;

use super::Source;
use super::yaml::{Map, Yaml};
use crate::conf::grammar::Statement;
use crate::secrets::Secrets;

/// Where something stands in an inventory: keys and names, outermost first.
type Path = Vec<String>;

/// Comments by the place that they stand before.
#[derive(Default)]
pub(super) struct Comments(Vec<(Path, String)>);

/// The comments of a text, by the line of the statement that they stand before or behind.
pub(super) fn by_line(text: &str) -> HashMap<usize, Vec<String>> {
    let mut all: HashMap<usize, Vec<String>> = HashMap::new();
    let mut before = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let mut quoted = false;
        let start = line.find(|c| {
            quoted ^= c == '"';
            !quoted && matches!(c, '#' | '!')
        });
        let (statement, comment) = line.split_at(start.unwrap_or(line.len()));
        let comment = comment.trim_start_matches(['#', '!', ' ', '\t']).trim_end();
        let comment: String =
            comment.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if !comment.is_empty() {
            before.push(comment);
        }
        if !statement.trim().is_empty() {
            all.entry(at + 1).or_default().append(&mut before);
        }
    }
    all
}

impl Comments {
    /// Those of all files, whose statements are `trees`; each text once at a place.
    pub(super) fn of(sources: &[Source], trees: &[Vec<Statement>]) -> Comments {
        let mut all = Comments::default();
        for (source, tree) in sources.iter().zip(trees).filter(|(source, _)| !source.rendered) {
            for statement in tree {
                all.add(source, statement, &[]);
            }
        }
        all
    }

    fn add(&mut self, source: &Source, statement: &Statement, around: &[String]) {
        let mut path = around.to_vec();
        path.extend(names(statement, around.is_empty()));
        if *statement.at.file == *source.name {
            for text in source.comments.get(&statement.at.line).into_iter().flatten() {
                let masked = Secrets::of(&[text]).mask(text).into_owned();
                let entry = (path.clone(), masked);
                // What begins on a line has its comment, what else is there has not.
                let outer =
                    |(own, other): &(Path, String)| path.starts_with(own) && *other == entry.1;
                if !self.0.iter().any(outer) {
                    self.0.push(entry);
                }
            }
        }
        for inner in statement.inner() {
            self.add(source, inner, &path);
        }
    }

    /// The services with comments whose item this is, in the section that `path` names.
    pub(super) fn services(&self, path: &[String], item: &Map) -> Vec<String> {
        let [section] = path else { return Vec::new() };
        let mut found: Vec<String> = Vec::new();
        for (own, _) in &self.0 {
            if let [first, service, ..] = own.as_slice()
                && first == section
                && is_item(item, service)
                && !found.contains(service)
            {
                found.push(service.clone());
            }
        }
        found
    }

    /// The comments whose place is a key, or below one that stands in one line or has no such place.
    pub(super) fn at(&self, path: &[String], value: Option<&Yaml>) -> Vec<&str> {
        let here = |own: &Path| {
            own.starts_with(path)
                && match own.get(path.len()) {
                    None => true,
                    Some(next) => !has(value, next),
                }
        };
        self.0.iter().filter(|(own, _)| here(own)).map(|(_, text)| text.as_str()).collect()
    }
}

/// Whether a value has lines of its own for a key or an item.
fn has(value: Option<&Yaml>, next: &str) -> bool {
    match value {
        Some(Yaml::Map(map)) => map.iter().any(|(key, _)| key == next),
        Some(Yaml::List(items)) => {
            items.iter().any(|item| matches!(item, Yaml::Map(map) if is_item(map, next)))
        }
        _ => false,
    }
}

/// Where a statement stands in an inventory, below what is around it.
fn names(statement: &Statement, outermost: bool) -> Vec<String> {
    let keyword = match statement.keyword() {
        "vrrp_track_file" => "track_file",
        "lvs_sched" => "lb_algo",
        "lvs_method" => "lb_kind",
        "nb_get_retry" => "retry",
        same => same,
    };
    match (outermost, statement.block.is_some()) {
        (true, true) if !statement.values().is_empty() => {
            vec![keyword.to_owned(), statement.values().join(" ")]
        }
        _ => vec![keyword.to_owned()],
    }
}

/// Whether an item of `virtual_server` is that of the service `ADDRESS PORT`, `fwmark N` or `group NAME`; an
/// item without an address is every address'.
fn is_item(map: &Map, service: &str) -> bool {
    let value = |key: &str| {
        map.iter().find(|(own, _)| own == key).and_then(|(_, value)| match value {
            Yaml::Plain(text) | Yaml::Text(text) => Some(text.as_str()),
            _ => None,
        })
    };
    let mut words = service.split(' ');
    match (words.next(), words.next()) {
        (Some("fwmark"), mark) => value("fwmark") == mark,
        (Some("group"), name) => value("group") == name,
        (address, port) => {
            (value("address").is_none() || value("address") == address)
                && value("port") == port
                && value("fwmark").is_none()
                && value("group").is_none()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::by_line;

    #[test]
    fn comments_belong_to_the_next_statement_or_to_that_before_them() {
        let text = "! All.\n\nglobal_defs { # here\n  ## \n  a \"#\" # b\n  # c\n}\n";
        let all = by_line(text);
        assert_eq!(all[&3], ["All.", "here"]);
        assert_eq!(all[&5], ["b"]);
        assert_eq!(all[&7], ["c"]);
    }
}
