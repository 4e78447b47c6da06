//! All that a node has to say of itself, for `lvskit doctor --cluster`: its status, what doctor found, and
//! what was heard on its wires. One line of JSON; what comes back from another node is read here too.

use std::collections::BTreeMap;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::Facts;
use super::lint::{Finding, Severity};
use crate::node::state::mac;
use crate::reach::safe;
use crate::status::Status;

/// The version of the format: it grows when a field changes its meaning or goes.
pub const FORMAT: u32 = 1;

/// What `lvskit doctor --report` writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The version of this format: 1.
    pub format: u32,
    /// When it was begun, in milliseconds since 1970; absent where only a status was collected.
    pub began: Option<u64>,
    /// When it was written.
    pub ended: Option<u64>,
    /// What `lvskit status --json` writes.
    pub status: Status,
    /// What doctor found; absent where only a status was collected.
    pub findings: Option<Vec<Found>>,
    /// The findings that could not be looked for.
    pub not_looked_for: Vec<NotLookedFor>,
    /// Who advertises which instance; absent where nobody could listen.
    pub heard: Option<Vec<Sender>>,
    /// Who answers ARP for the instances' IPv4 addresses; absent where nobody could ask.
    pub owners: Option<Vec<Owner>>,
}

/// A finding of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Found {
    /// Its name.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// What it is, in one line.
    pub title: String,
    /// What was read, and where.
    pub evidence: String,
    /// Why it matters.
    pub why: String,
    /// What to do.
    pub help: String,
}

/// A finding that could not be looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotLookedFor {
    /// Its name.
    pub id: String,
    /// Why.
    pub why: String,
}

/// Who was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sender {
    /// The instance, by its VRID.
    pub instance: String,
    /// The advertisements' source.
    pub source: IpAddr,
    /// The last priority; 0 gave the addresses up.
    pub priority: u8,
    /// Whether it is this node itself.
    pub own: bool,
    /// How many were heard.
    pub count: u64,
}

/// Who says that it has an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Owner {
    /// The address.
    pub address: IpAddr,
    /// The MAC address of who says so.
    pub mac: String,
}

impl Report {
    /// Of this node.
    pub(super) fn of(
        facts: Facts,
        findings: &[Finding],
        not_looked_for: Vec<NotLookedFor>,
        [began, ended]: [u64; 2],
    ) -> Report {
        let found = |one: &Finding| Found {
            id: one.id.to_owned(),
            severity: one.severity,
            title: one.title.to_owned(),
            evidence: one.evidence.clone(),
            why: one.why.to_owned(),
            help: one.help.to_owned(),
        };
        let owner = |one: &crate::node::arp::Answer| Owner {
            address: one.address.into(),
            mac: mac(one.mac),
        };
        let listened = facts.wire.is_ok();
        Report {
            format: FORMAT,
            began: Some(began),
            ended: Some(ended),
            findings: Some(findings.iter().map(found).collect()),
            not_looked_for,
            heard: listened.then(|| heard(&facts)),
            owners: listened.then(|| facts.answers.iter().map(owner).collect()),
            status: facts.status,
        }
    }

    /// Reads what a node wrote, made printable: a report, or the status alone. Whatever a login shell wrote
    /// before it is passed over.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Report, String> {
        let value = safe::json(text)?;
        let read = match value.get("status") {
            Some(_) => serde_json::from_value(value),
            None => serde_json::from_value(value).map(Report::without_findings),
        };
        let report: Report = read.map_err(|_| safe::not_ours("report"))?;
        match (report.format, report.status.format) {
            (FORMAT, crate::status::FORMAT) => Ok(report),
            (report, status) => {
                Err(format!("its format is {report}/{status}, which this lvskit does not know"))
            }
        }
    }

    fn without_findings(status: Status) -> Report {
        Report {
            format: FORMAT,
            began: None,
            ended: None,
            status,
            findings: None,
            not_looked_for: Vec::new(),
            heard: None,
            owners: None,
        }
    }
}

fn heard(facts: &Facts) -> Vec<Sender> {
    let mut all: BTreeMap<(String, IpAddr), Sender> = BTreeMap::new();
    for instance in &facts.config().instances {
        for (heard, advert) in facts.adverts(instance) {
            let key = (instance.name.clone(), advert.source);
            let sender = all.entry(key).or_insert_with(|| Sender {
                instance: instance.name.clone(),
                source: advert.source,
                priority: advert.priority,
                own: heard.own,
                count: 0,
            });
            sender.priority = advert.priority;
            sender.count += 1;
        }
    }
    all.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::state::NodeState;

    #[test]
    fn a_status_alone_is_read_and_a_greeting_before_it() {
        let status = crate::status::of(NodeState::default(), Vec::new());
        let text = serde_json::to_string(&status).unwrap();
        let read = Report::parse(&format!("Welcome to server01\n{text}\n")).unwrap();
        assert_eq!((read.status, read.findings), (status.clone(), None));
        let report = Report::without_findings(status);
        let again = Report::parse(&serde_json::to_string(&report).unwrap()).unwrap();
        assert_eq!(again, report);
    }

    #[test]
    fn garbage_is_told_and_can_be_shown() {
        for (text, why) in [
            ("", "it wrote nothing"),
            ("\x1b[2Jhi", "not JSON; it begins with `\\u{1b}[2Jhi`"),
            ("{}", "not a report of this version of lvskit: compare `lvskit --version`"),
            ("[1, 2]", "not a report of this version of lvskit: compare `lvskit --version`"),
        ] {
            let told = Report::parse(text).unwrap_err();
            assert!(told.starts_with(why), "{told}");
            assert!(!told.chars().any(char::is_control), "{told}");
        }
        let deep = "[".repeat(100_000);
        assert!(Report::parse(&deep).unwrap_err().starts_with("not JSON"));
    }
}
