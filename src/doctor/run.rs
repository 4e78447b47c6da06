//! The command `lvskit doctor`: reads the facts, runs the checks, tells what they found.

use std::fmt::Write as _;
use std::io::Write;

use serde::Serialize;
use serde_json::json;

use super::cluster;
use super::facts::Facts;
use super::findings::REGISTRY;
use super::lint::{Finding, Lint, Needs, Severity};
use super::options::Doctor;
use super::report::{NotLookedFor, Report};
use crate::exit::Exit;
use crate::node::config;
use crate::output::{self, Failure};
use crate::transitions::now;

/// The version of the JSON.
const FORMAT: u32 = 1;

/// So many names are told, not counted.
const FEW: usize = 12;

/// A finding that could not be looked for.
#[derive(Debug, Serialize)]
struct Skipped {
    id: &'static str,
    why: String,
}

/// What came of it.
struct Outcome {
    findings: Vec<Finding>,
    skipped: Vec<Skipped>,
}

/// Runs the command; results go to `out`, the rest to standard error.
pub fn run(args: &Doctor, out: &mut impl Write) -> Exit {
    let unknown = |id: &&String| !super::all().any(|one| one.id == id.as_str());
    if let Some(unknown) = args.only.iter().chain(&args.skip).find(unknown) {
        let what = format!("there is no finding `{unknown}`; `lvskit doctor --list` lists them");
        return output::fail(Exit::Usage, what);
    }
    output::end(if args.list {
        output::print(&list(args.json), out).map(|()| Exit::Ok)
    } else if args.cluster {
        cluster::run(args, |id| wanted(args, id), out)
    } else {
        here(args, out)
    })
}

/// Looks at this node.
fn here(args: &Doctor, out: &mut impl Write) -> Result<Exit, Failure> {
    let lints: Vec<&Lint> = REGISTRY.iter().copied().filter(|lint| wanted(args, lint.id)).collect();
    let began = now();
    let deaf = !lints.iter().any(|lint| lint.needs == Needs::Wire);
    let listen = if deaf { Some(std::time::Duration::ZERO) } else { args.listen };
    let facts = Facts::read(&args.places.to_read(), listen);
    let outcome = look(&lints, &facts);
    let exit = outcome.exit(args.allow_partial);
    let text = if args.report {
        outcome.report(facts, began)
    } else if args.json {
        outcome.json()
    } else {
        outcome.text()
    };
    output::print(&text, out).map(|()| exit)
}

fn wanted(args: &Doctor, lint: &str) -> bool {
    let named = |ids: &[String]| ids.iter().any(|id| id == lint);
    (args.only.is_empty() || named(&args.only)) && !named(&args.skip)
}

fn look(lints: &[&Lint], facts: &Facts) -> Outcome {
    let mut outcome = Outcome { findings: Vec::new(), skipped: Vec::new() };
    for lint in lints {
        match facts.missing(lint.needs) {
            Some(why) => outcome.skipped.push(Skipped { id: lint.id, why }),
            None => outcome.findings.extend(lint.find(facts)),
        }
    }
    // Stable: within a severity they stay in the order of the table.
    outcome.findings.sort_by_key(|finding| finding.severity);
    outcome
}

impl Outcome {
    fn exit(&self, allow_partial: bool) -> Exit {
        let any = |severity| self.findings.iter().any(|finding| finding.severity == severity);
        if any(Severity::Error) {
            Exit::No
        } else if any(Severity::Warning) {
            Exit::Changes
        } else if !self.skipped.is_empty() && !allow_partial {
            Exit::Refused
        } else {
            Exit::Ok
        }
    }

    fn json(&self) -> String {
        let all = json!({
            "format": FORMAT,
            "findings": self.findings,
            "not_looked_for": self.skipped,
        });
        format!("{all:#}\n")
    }

    fn report(self, mut facts: Facts, began: u64) -> String {
        // The whole file, so that who asks all nodes can tell what differs from the inventory.
        if let Some(config) = &mut facts.status.node.config {
            config.statements = Some(config::masked(&facts.statements));
        }
        let skipped = self.skipped.into_iter();
        let skipped = skipped.map(|one| NotLookedFor { id: one.id.to_owned(), why: one.why });
        let report = Report::of(facts, &self.findings, skipped.collect(), [began, now()]);
        // Only maps whose keys are no text could fail, and there are none.
        serde_json::to_string(&report).unwrap_or_default() + "\n"
    }

    fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String can't fail.
        for Finding { id, severity, title, evidence, why, help } in &self.findings {
            let _ = writeln!(text, "{}: {title} [{id}]", severity.word());
            let _ = writeln!(text, "  found: {evidence}\n  why: {why}\n  help: {help}\n");
        }
        let mut reasons: Vec<&str> = self.skipped.iter().map(|one| one.why.as_str()).collect();
        reasons.sort_unstable();
        reasons.dedup();
        for reason in reasons {
            let ids = self.skipped.iter().filter(|one| one.why == reason).map(|one| one.id);
            let ids: Vec<&str> = ids.collect();
            let what = match ids.len() {
                0..=FEW => ids.join(", "),
                many => format!("{many} findings (--json names them)"),
            };
            let _ = writeln!(text, "not looked for: {what}\n  because of {reason}\n");
        }
        let count = |severity| self.findings.iter().filter(|one| one.severity == severity).count();
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        let _ = match (errors, warnings) {
            (0, 0) => writeln!(text, "nothing found"),
            _ => writeln!(text, "{}, {}", counted(errors, "error"), counted(warnings, "warning")),
        };
        text
    }
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

fn list(json: bool) -> String {
    let mut text = String::new();
    if json {
        let all: Vec<_> = super::all().map(|one| json!(one)).collect();
        return format!("{:#}\n", json!({ "format": FORMAT, "findings": all }));
    }
    for one in super::all() {
        let _ = writeln!(text, "{:<28}{:<9}{}", one.id, one.severity.word(), one.title);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(severities: &[Severity], skipped: bool) -> Outcome {
        let finding = |severity: &Severity| Finding {
            id: "x",
            severity: *severity,
            title: "t",
            evidence: "e".into(),
            why: "w",
            help: "h",
        };
        let skipped = skipped.then(|| Skipped { id: "y", why: "no root".into() });
        Outcome {
            findings: severities.iter().map(finding).collect(),
            skipped: skipped.into_iter().collect(),
        }
    }

    #[test]
    fn the_exit_code_tells_the_worst() {
        use Severity::{Error, Warning};
        assert_eq!(outcome(&[Warning, Error], true).exit(true), Exit::No);
        assert_eq!(outcome(&[Warning], true).exit(false), Exit::Changes);
        assert_eq!(outcome(&[], true).exit(false), Exit::Refused);
        assert_eq!(outcome(&[], true).exit(true), Exit::Ok);
        assert_eq!(outcome(&[], false).exit(false), Exit::Ok);
    }

    #[test]
    fn what_could_not_be_looked_for_is_told_by_its_reason() {
        let text = outcome(&[Severity::Warning], true).text();
        assert!(text.contains("warning: t [x]\n  found: e\n  why: w\n  help: h\n"), "{text}");
        assert!(text.contains("not looked for: y\n  because of no root\n"), "{text}");
        assert!(text.ends_with("0 errors, 1 warning\n"), "{text}");
    }
}
