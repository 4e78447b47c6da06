//! Placeholders in the lines of programs: `{address}` and `{node}`, so that one command says what differs from
//! server to server or from node to node.

use std::net::IpAddr;

use super::statement::Statement;

/// In a check the server's address, elsewhere the node's own.
pub const ADDRESS: &str = "{address}";

/// The name of the node whose file it is.
pub const NODE: &str = "{node}";

/// What placeholders stand for.
#[derive(Clone, Copy)]
pub(super) struct Meaning<'a> {
    pub(super) address: IpAddr,
    pub(super) node: &'a str,
}

impl Meaning<'_> {
    /// A text with what is meant.
    pub(super) fn of(self, text: &str) -> String {
        text.replace(ADDRESS, &self.address.to_string()).replace(NODE, self.node)
    }

    /// The lines of programs among statements, with what is meant.
    pub(super) fn fill(self, statements: &mut [Statement]) {
        for one in statements {
            let keyword = one.line.split(' ').next().unwrap_or_default();
            let program = matches!(keyword, "script" | "misc_path")
                || keyword.starts_with("notify")
                || keyword.ends_with("_script");
            if program && (one.line.contains(ADDRESS) || one.line.contains(NODE)) {
                one.line = self.of(&one.line);
            }
            self.fill(one.block.as_deref_mut().unwrap_or_default());
        }
    }
}

/// Whether statements name the node that has them.
pub(super) fn names_node(statements: &[Statement]) -> bool {
    statements
        .iter()
        .any(|one| one.line.contains(NODE) || one.block.as_deref().is_some_and(names_node))
}
