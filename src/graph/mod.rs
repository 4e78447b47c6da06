//! `lvskit graph`: the cluster as a picture; the page of `lvskit doctor --cluster --html` has it too.
//!
//! - `picture` is what is drawn: boxes with words, and who belongs to whom;
//! - `svg` lays it out and draws it.

pub(crate) mod picture;
pub(crate) mod svg;

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::exit::Exit;
use crate::{files, gen_conf, output};

const EXAMPLES: &str = "\
Examples:
  lvskit graph -i inventory.yml -o cluster.svg
  lvskit graph -i inventory.yml -o - > cluster.svg
  lvskit doctor --cluster -i inventory.yml --html cluster.html
                                           the same picture, coloured by what the nodes say

  Sites, nodes, addresses, services, and who is MASTER while all nodes work. It can be read on a
  light and a dark background, and has no script.

Exit codes:
  0  done
  1  the inventory is wrong
  2  wrong command line, nothing was tried
  6  the inventory could not be read, or the output not be written";

/// Who may read the picture: it has no secrets.
const MODE: u32 = 0o644;

/// Draw the cluster of an inventory as SVG
///
/// Sites, nodes, addresses, services, and who is MASTER.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Graph {
    /// The inventory, a YAML or JSON file; - for standard input
    #[arg(short, long, value_name = "FILE")]
    pub inventory: PathBuf,

    /// The SVG file, replaced in one step; - is standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

/// Runs the command; results go to `out`, the rest to standard error.
pub fn run(args: &Graph, out: &mut impl Write) -> Exit {
    let drawn = gen_conf::load(&args.inventory).and_then(|cluster| {
        let text = svg::svg(&picture::Picture::of(&cluster));
        match files::is_stdout(&args.output) {
            true => output::print(&text, out),
            false => output::publish(&args.output, &text, MODE),
        }
    });
    output::end(drawn.map(|()| Exit::Ok))
}

/// Text for SVG and HTML, in attributes too.
pub(crate) fn escaped(text: &str) -> String {
    let safe = crate::reach::safe::text(text);
    let mut out = String::with_capacity(safe.len());
    for one in safe.chars() {
        match one {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_opens_no_element() {
        assert_eq!(escaped("<script>&\"'\x1b\n"), "&lt;script&gt;&amp;&quot;&#39;\\u{1b}\\u{a}");
    }
}
