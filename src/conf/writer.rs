//! Lines, blocks and indentation of keepalived.conf: one statement per line, since keepalived
//! silently ignores what follows the first.

use std::fmt::{self, Display, Formatter, Write};

/// Four blanks a level, as keepalived's own samples and the article have it.
const INDENT: &str = "    ";

pub(super) struct Writer<'a, 'b> {
    out: &'a mut Formatter<'b>,
    depth: usize,
}

impl<'a, 'b> Writer<'a, 'b> {
    pub(super) fn new(out: &'a mut Formatter<'b>) -> Self {
        Writer { out, depth: 0 }
    }

    /// One statement: a keyword alone, or the first word of a list.
    pub(super) fn line(&mut self, text: impl Display) -> fmt::Result {
        for _ in 0..self.depth {
            self.out.write_str(INDENT)?;
        }
        writeln!(self.out, "{text}")
    }

    /// `keyword value`
    pub(super) fn set(&mut self, keyword: &str, value: impl Display) -> fmt::Result {
        self.line(format_args!("{keyword} {value}"))
    }

    /// `keyword value` where there is a value; keepalived's default where there is none.
    pub(super) fn set_some(&mut self, keyword: &str, value: &Option<impl Display>) -> fmt::Result {
        value.as_ref().map_or(Ok(()), |value| self.set(keyword, value))
    }

    /// `head {`, the body one level deeper, `}`
    pub(super) fn block(
        &mut self,
        head: impl Display,
        body: impl FnOnce(&mut Self) -> fmt::Result,
    ) -> fmt::Result {
        self.line(format_args!("{head} {{"))?;
        self.depth += 1;
        body(self)?;
        self.depth -= 1;
        self.line("}")
    }

    /// A block with one item a line.
    pub(super) fn list(&mut self, head: &str, items: &[impl Display]) -> fmt::Result {
        self.block(head, |w| items.iter().try_for_each(|item| w.line(item)))
    }

    /// An empty line between sections.
    pub(super) fn gap(&mut self) -> fmt::Result {
        self.out.write_char('\n')
    }
}
