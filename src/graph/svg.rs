//! Lays a picture out and draws it as SVG: instances on top, sites with their nodes below, a line from each
//! instance to who is MASTER of it. Lines run between the boxes, never across them.

use std::fmt::Write;

use super::escaped;
use super::picture::{Card, Picture, State};

/// Sizes, in pixels.
const WIDE: usize = 264;
const GAP: usize = 44;
const EDGE: usize = 44;
const LINE: usize = 18;
const HEAD: usize = 30;
const FOOT: usize = 12;
const SITE: usize = 34;
const LANE: usize = 8;

/// So many boxes stand beside each other.
const COLUMNS: usize = 5;

/// How many characters of a title and of a line have room in a box.
const TITLE: usize = 30;
const TEXT: usize = 33;

/// Both backgrounds; without variables, which not every program that shows SVG knows.
pub(crate) const STYLE: &str = "\
.lk{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:12px}
.lk-t{font-size:13px;font-weight:bold}
.lk text{fill:#1f2328}.lk .lk-d{fill:#57606a}
.lk-bg{fill:#ffffff}.lk-site{fill:none;stroke:#8c959f;stroke-dasharray:5 4}
.lk-box{fill:#f6f8fa;stroke:#6e7781;stroke-width:1.5}
.lk-edge{fill:none;stroke:#0969da;stroke-width:2}
.lk-good{stroke:#1a7f37;stroke-width:2.5}.lk-warn{stroke:#9a6700;stroke-width:3}
.lk-bad{stroke:#cf222e;stroke-width:3.5}.lk-none{stroke:#cf222e;stroke-width:2.5;stroke-dasharray:3 3}
.lk .lk-w-good{fill:#1a7f37}.lk .lk-w-warn{fill:#9a6700}.lk .lk-w-bad,.lk .lk-w-none{fill:#cf222e}
@media (prefers-color-scheme:dark){
.lk text{fill:#e6edf3}.lk .lk-d{fill:#9198a1}
.lk-bg{fill:#0d1117}.lk-site{stroke:#6e7681}
.lk-box{fill:#161b22;stroke:#7d8590}
.lk-edge{stroke:#4493f8}
.lk-good{stroke:#3fb950}.lk-warn{stroke:#d29922}.lk-bad,.lk-none{stroke:#f85149}
.lk .lk-w-good{fill:#3fb950}.lk .lk-w-warn{fill:#d29922}.lk .lk-w-bad,.lk .lk-w-none{fill:#f85149}
}
";

/// A box with its place.
struct Placed<'a> {
    card: &'a Card,
    x: usize,
    y: usize,
    height: usize,
}

/// A site's frame: name, x, y, width, height.
type Frame<'a> = (&'a str, usize, usize, usize, usize);

/// The picture as a file of its own.
pub(crate) fn svg(picture: &Picture) -> String {
    let style = format!("<style>\n{STYLE}</style>\n");
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", drawing(picture, &style))
}

/// The picture as an element; `style` is what comes first in it.
pub(crate) fn drawing(picture: &Picture, style: &str) -> String {
    let largest = picture.sites.iter().map(|(_, nodes)| nodes.len()).max().unwrap_or(1);
    let columns = largest.max(picture.instances.len()).clamp(1, COLUMNS);
    let width = 2 * EDGE + columns * WIDE + (columns - 1) * GAP;
    let mut y = EDGE;
    let instances = grid(&picture.instances, columns, &mut y);
    let several = picture.instances.len() > columns;
    let edges: usize = picture.instances.iter().map(|one| one.nodes.len()).sum();
    // With several rows lines would cross boxes; the boxes name the MASTER too.
    let edges = if several { 0 } else { edges };
    y += edges * LANE;
    let mut frames = Vec::new();
    let mut nodes = Vec::new();
    for (name, cards) in &picture.sites {
        let top = y;
        y += SITE;
        nodes.extend(grid(cards, columns, &mut y));
        let across = cards.len().min(columns);
        let wide = EDGE + across * WIDE + (across - 1) * GAP;
        frames.push((name.as_str(), EDGE / 2, top, wide, y - top - GAP + EDGE / 2));
        y += FOOT;
    }
    let height = y - GAP + EDGE;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"lk\" role=\"img\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\">\n<title>Cluster</title>\n{style}\
         <rect class=\"lk-bg\" width=\"{width}\" height=\"{height}\"/>\n"
    );
    frames.iter().for_each(|one| frame(one, &mut out));
    if !several {
        lines(&instances, &nodes, &mut out);
    }
    instances.iter().chain(&nodes).for_each(|one| card(one, &mut out));
    out + "</svg>\n"
}

/// Puts boxes into rows; `y` is where the first row begins, and then where the next thing can.
fn grid<'a>(cards: &'a [Card], columns: usize, y: &mut usize) -> Vec<Placed<'a>> {
    let mut all = Vec::new();
    for row in cards.chunks(columns) {
        let lines = row.iter().map(|card| card.lines.len()).max().unwrap_or_default();
        let height = HEAD + lines * LINE + FOOT;
        for (at, card) in row.iter().enumerate() {
            all.push(Placed { card, x: EDGE + at * (WIDE + GAP), y: *y, height });
        }
        *y += height + GAP;
    }
    all
}

fn frame((name, x, y, width, height): &Frame<'_>, out: &mut String) {
    // Writing to a String can't fail.
    let _ = writeln!(
        out,
        "<rect class=\"lk-site\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>"
    );
    if !name.is_empty() {
        // Lines come in at the left.
        let (x, y) = (x + width - 12, y + 22);
        let name = escaped(&clipped(name, TEXT));
        let _ = writeln!(
            out,
            "<text class=\"lk-d\" text-anchor=\"end\" x=\"{x}\" y=\"{y}\">site {name}</text>"
        );
    }
}

/// From an instance's lower edge along a lane of its own to the gap left of the node, and down to it.
fn lines(instances: &[Placed<'_>], nodes: &[Placed<'_>], out: &mut String) {
    let mut lane = 0;
    for instance in instances {
        for (number, master) in instance.card.nodes.iter().enumerate() {
            let Some(node) = nodes.iter().find(|node| node.card.nodes == [*master]) else {
                continue;
            };
            let bottom = instances.iter().map(|one| one.y + one.height).max().unwrap_or_default();
            let start = instance.x + WIDE / 2 + number * LANE;
            let along = bottom + 14 + lane * LANE;
            let gap = node.x.saturating_sub(8 + (lane % 4) * LANE);
            let (above, end) = (node.y - 12, node.x + 40 + (lane % 20) * LANE);
            let from = instance.y + instance.height;
            let _ = writeln!(
                out,
                "<path class=\"lk-edge\" d=\"M{start} {from}V{along}H{gap}V{above}H{end}V{}\"/>",
                node.y
            );
            let _ =
                writeln!(out, "<circle class=\"lk-edge\" cx=\"{end}\" cy=\"{}\" r=\"3\"/>", node.y);
            lane += 1;
        }
    }
}

fn card(Placed { card, x, y, height }: &Placed<'_>, out: &mut String) {
    let class = match card.state {
        State::Plain => "",
        State::Good => "good",
        State::Warning => "warn",
        State::Bad => "bad",
        State::Silent => "none",
    };
    let full: Vec<&str> =
        std::iter::once(card.title.as_str()).chain(card.lines.iter().map(String::as_str)).collect();
    let _ = writeln!(
        out,
        "<g><title>{}</title><rect class=\"lk-box{}{class}\" x=\"{x}\" y=\"{y}\" width=\"{WIDE}\" \
         height=\"{height}\" rx=\"6\"/>",
        escaped(&full.join("; ")),
        if class.is_empty() { "" } else { " lk-" },
    );
    let (left, mut base) = (x + 12, y + 21);
    // The word for the state stands at the right of the title.
    let word = card.state.word();
    let room = TITLE.saturating_sub(if word.is_empty() { 0 } else { word.len() + 1 });
    let title = escaped(&clipped(&card.title, room));
    let _ = writeln!(out, "<text class=\"lk-t\" x=\"{left}\" y=\"{base}\">{title}</text>");
    if !word.is_empty() {
        let right = x + WIDE - 10;
        let _ = writeln!(
            out,
            "<text class=\"lk-w-{class}\" text-anchor=\"end\" x=\"{right}\" y=\"{base}\">{word}</text>"
        );
    }
    for line in &card.lines {
        base += LINE;
        let line = escaped(&clipped(line, TEXT));
        let _ = writeln!(out, "<text class=\"lk-d\" x=\"{left}\" y=\"{base}\">{line}</text>");
    }
    let _ = writeln!(out, "</g>");
}

fn clipped(text: &str, room: usize) -> String {
    match text.chars().count() > room {
        true => text.chars().take(room.saturating_sub(1)).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(inventory: &str) -> String {
        let parsed = crate::inventory::parse(inventory, &crate::inventory::no_secrets).unwrap();
        svg(&Picture::of(&parsed.cluster))
    }

    #[test]
    fn the_picture_has_everything_by_its_name() {
        let text = drawn(
            "nodes: [{name: a, address: 10.0.0.1, site: west}, {name: b, address: 10.0.0.2, site: east}]\n\
             vrrp_instance: {mail: {interface: eth0, virtual_router_id: 1, virtual_ipaddress: 10.0.0.9}}\n\
             virtual_server: [{port: 25, lb_algo: mh, lb_kind: DR, protocol: TCP, check: {type: TCP_CHECK}}]\n",
        );
        for words in [
            "site west",
            "site east",
            ">a<",
            ">mail<",
            "10.0.0.9",
            "25: mh to 2",
            "MASTER: a",
            "lk-edge",
        ] {
            assert!(text.contains(words), "no {words}: {text}");
        }
        assert!(!text.contains("<script") && !text.contains("href"));
    }

    #[test]
    fn what_is_too_long_is_clipped() {
        assert_eq!(clipped("server01", 5), "serv…");
        assert_eq!(clipped("server01", 8), "server01");
    }
}
