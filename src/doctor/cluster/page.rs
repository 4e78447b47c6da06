//! The page of `lvskit doctor --cluster --html`: complete in one file, nothing is fetched and nothing runs.

use std::fmt::Write;

use super::judge::Judgement;
use super::tell::{checkers, hears, rows};
use super::whole::Whole;
use crate::cluster::VrrpInstance;
use crate::doctor::lint::Severity;
use crate::graph::picture::{Picture, State, drawn};
use crate::graph::{escaped, svg};
use crate::status::Role;

/// A browser would refuse anything that is not in the page.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE: &str = "\
body{font-family:system-ui,sans-serif;margin:1.5rem auto;padding:0 1rem;max-width:96rem;color:#1f2328;background:#fff;line-height:1.45}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
.conclusion{font-size:1.1rem;padding:.8rem 1rem;border-left:.4rem solid #1a7f37;background:#f6f8fa}
.conclusion.warn{border-color:#9a6700}.conclusion.bad{border-color:#cf222e}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem}
th,td{border:1px solid #d0d7de;padding:.25rem .6rem;text-align:left;white-space:nowrap}th{background:#f6f8fa}
li{margin-bottom:1rem}li li{margin-bottom:0}code{font-size:.95em}.dim{color:#57606a}
.picture svg{max-width:100%;height:auto}
@media (prefers-color-scheme:dark){
body{color:#e6edf3;background:#0d1117}.conclusion,th{background:#161b22}th,td{border-color:#3d444d}.dim{color:#9198a1}
}
";

/// The page.
pub(super) fn page(whole: &Whole, judgement: &Judgement) -> String {
    let worst = judgement.findings.iter().map(|one| one.severity).min();
    let class = match worst {
        Some(Severity::Error) => " bad",
        Some(Severity::Warning) => " warn",
        None => "",
    };
    let picture = svg::drawing(&judged(whole, judgement), "");
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Cluster</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<style>\n{STYLE}{}</style>\n</head>\n<body>\n\
         <h1>Cluster</h1>\n<p class=\"conclusion{class}\">{}</p>\n<div class=\"picture wide\">\n{picture}</div>\n",
        svg::STYLE,
        escaped(&judgement.conclusion),
    );
    table("Nodes", &rows(whole), &mut out);
    // Writing to a String can't fail.
    let _ = writeln!(out, "<h2>What to do, in this order</h2>");
    if judgement.findings.is_empty() {
        let _ = writeln!(out, "<p>Nothing.</p>");
    }
    let _ = writeln!(out, "<ol>");
    for one in &judgement.findings {
        let _ = writeln!(
            out,
            "<li><b>{}: {}</b> <code>{}</code> <span class=\"dim\">{}</span><ul>",
            one.severity.word(),
            escaped(&one.title),
            escaped(&one.id),
            escaped(&one.nodes.join(", ")),
        );
        for evidence in &one.evidence {
            let _ = writeln!(out, "<li>{}</li>", escaped(evidence));
        }
        let (why, help) = (escaped(&one.why), escaped(&one.help));
        let _ = writeln!(out, "</ul>{why}<br>To do: {help}</li>");
    }
    let _ = writeln!(out, "</ol>");
    table("What the directors say of the real servers", &checkers(whole, true), &mut out);
    table("Who hears whom (only a MASTER advertises)", &hears(whole), &mut out);
    for one in &judgement.not_looked_for {
        let _ = writeln!(out, "<p class=\"dim\">Not all looked for on {}</p>", escaped(one));
    }
    out + "</body>\n</html>\n"
}

fn table(title: &str, rows: &[Vec<String>], out: &mut String) {
    let Some((head, rows)) =
        rows.split_first().filter(|(head, rows)| head.len() > 1 && !rows.is_empty())
    else {
        return;
    };
    let cells = |row: &[String], tag: &str| -> String {
        row.iter().map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell))).collect()
    };
    let head = cells(head, "th");
    let _ = writeln!(out, "<h2>{title}</h2>\n<div class=\"wide\"><table>\n<tr>{head}</tr>");
    for row in rows {
        let _ = writeln!(out, "<tr>{}</tr>", cells(row, "td"));
    }
    let _ = writeln!(out, "</table></div>");
}

/// The picture, with what the nodes say.
fn judged(whole: &Whole, judgement: &Judgement) -> Picture {
    let masters = |instance: &VrrpInstance| whole.holders(instance);
    let role = |node: usize, instance: &VrrpInstance| {
        instance.member(node)?;
        let role = whole.role(node, instance).map_or("unknown", Role::word);
        Some(format!("{}: {role}", instance.name.as_str()))
    };
    let state = |node: usize| {
        let name = &whole.nodes[node].name;
        let state = match (whole.report(node), judgement.worst(name)) {
            (None, _) => State::Silent,
            (_, Some(Severity::Error)) => State::Bad,
            (_, Some(Severity::Warning)) => State::Warning,
            (_, None) => State::Good,
        };
        let mine = judgement.findings.iter().filter(|one| one.nodes.contains(name));
        let ids: Vec<&str> = mine.map(|one| one.id.as_str()).collect();
        (state, (!ids.is_empty()).then(|| ids.join(", ")))
    };
    let of = |instance: &VrrpInstance| match whole.holders(instance).len() {
        1 => State::Good,
        _ => State::Bad,
    };
    drawn(&whole.cluster, &masters, &role, &state, &of)
}
