//! The verdict in words and numbers: for people, for programs, for Nagios and for keepalived.

use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use crate::log::Log;
use crate::smtp::history::{self, History};
use crate::smtp::options::Args;
use crate::smtp::tls::certificate::{now, rfc3339};
use crate::smtp::{Failure, Report, weight};
use serde_json::{Value, json};

/// A check that is over.
pub struct Outcome<'a> {
    /// Who was asked.
    pub server: SocketAddr,
    /// What came of it.
    pub verdict: Result<(), Failure>,
    /// How it went, the last attempt that is.
    pub report: Report,
    /// The limit for the whole run.
    pub deadline: Duration,
    /// What was asked for.
    pub args: &'a Args,
    /// Why a drain file takes the server out, if it does.
    pub drained: Option<String>,
}

impl Outcome<'_> {
    /// The line, and the exit code.
    pub fn tell(&self) -> (String, u8) {
        if self.args.nagios {
            return self.nagios();
        }
        let weight = self.weight();
        let code = match (&self.verdict, weight) {
            (Err(_), _) => 1,
            (Ok(()), None) => 0,
            (Ok(()), Some(weight)) => weight::exit_code(weight),
        };
        let line = match (self.args.confirm, self.args.json) {
            (true, _) => format!("smtp-check {code}"),
            (_, true) => self.json(weight).to_string(),
            (_, false) => self.text(weight),
        };
        (line + "\n", code)
    }

    /// Says in the log what changed since this check, of these words, was made last. The words may
    /// differ in all but the server.
    pub fn log(&self, words: &[OsString]) {
        let mut hasher = DefaultHasher::new();
        words.hash(&mut hasher);
        // No name of a file has a slash, and no address; an interface may have most other things.
        let key = format!("{}-{:016x}", self.server, hasher.finish()).replace('/', "-");
        let history = History::new(Path::new(history::FOLDER), &key);
        let reason = self.verdict.as_ref().err().map(Failure::to_string);
        let second = u64::try_from(now()).unwrap_or_default();
        if let Some(line) = history.line(reason.as_deref(), second) {
            let line = format!("{} {line}", self.server);
            Log::open("smtp-check", false).verdict(self.verdict.is_ok(), &line);
        }
    }

    /// The weight to tell keepalived, if there is one to tell.
    fn weight(&self) -> Option<u8> {
        if self.verdict.is_err() || !self.args.dynamic {
            None
        } else if self.drained.is_some() {
            Some(0)
        } else {
            self.args.latency_weight.map(|formula| formula.weight(self.report.latency()))
        }
    }

    /// What will be wrong soon with a server that is up.
    fn warning(&self) -> Option<String> {
        self.verdict.as_ref().ok()?;
        let days = self.args.cert_days.and_then(|days| days.warning);
        let failure = self.report.tls.as_ref()?.check(days).err()?;
        Some(failure.to_string())
    }

    fn text(&self, weight: Option<u8>) -> String {
        let verdict = match &self.verdict {
            Ok(()) => match self.warning() {
                Some(warning) => format!("{} up, warning: {warning}", self.server),
                None => format!("{} up", self.server),
            },
            Err(failure) => format!("{} down: {failure}", self.server),
        };
        match (weight, &self.drained) {
            (Some(weight), Some(reason)) => format!("{verdict}, weight {weight} ({reason})"),
            (Some(weight), None) => format!("{verdict}, weight {weight}"),
            (None, _) => verdict,
        }
    }

    fn json(&self, weight: Option<u8>) -> Value {
        let steps: Vec<_> = self
            .report
            .steps
            .iter()
            .map(|(step, time)| json!({ "step": step.key(), "ms": milliseconds(*time) }))
            .collect();
        let tls = self.report.tls.as_ref().map(|info| {
            let certificate = info.certificate.as_ref();
            let validity = certificate.and_then(|certificate| certificate.validity);
            json!({
                "version": info.version,
                "cipher": info.cipher,
                "verified": info.verified,
                "subject": certificate.map(|certificate| &certificate.subject),
                "names": certificate.map(|certificate| &certificate.names),
                "issuer": certificate.map(|certificate| &certificate.issuer),
                "not_after": validity.map(|validity| rfc3339(validity.not_after)),
                "days_left": validity.map(|validity| validity.days_left(now())),
            })
        });
        json!({
            "server": self.server,
            "verdict": if self.verdict.is_ok() { "up" } else { "down" },
            "kind": self.verdict.as_ref().err().map(Failure::kind),
            "reason": self.verdict.as_ref().err().map(Failure::to_string),
            "warning": self.warning(),
            "attempts": self.report.attempt,
            "ms": milliseconds(self.report.latency()),
            "steps": steps,
            "greeting": self.report.greeting,
            "capabilities": self.report.capabilities,
            "tls": tls,
            "weight": weight,
            "drained": self.drained,
        })
    }

    /// Monitoring Plugins' guidelines: one line, a bar, performance data.
    fn nagios(&self) -> (String, u8) {
        let latency = self.report.latency();
        let (warn, crit) = (self.args.warn_latency, self.args.crit_latency);
        let reached = |limit: Option<Duration>| limit.is_some_and(|limit| latency >= limit);
        let warning = self.warning();
        let (word, code) = match &self.verdict {
            Err(_) => ("CRITICAL", 2),
            Ok(()) if reached(crit) => ("CRITICAL", 2),
            Ok(()) if reached(warn) || warning.is_some() => ("WARNING", 1),
            Ok(()) => ("OK", 0),
        };
        let warning = warning.map(|text| format!(": {text}")).unwrap_or_default();
        let text = match &self.verdict {
            Ok(()) => format!("{} up in {:.3} s{warning}", self.server, latency.as_secs_f64()),
            // A bar would begin the performance data.
            Err(failure) => format!("{} down: {failure}", self.server).replace('|', "/"),
        };
        let seconds = |limit: Option<Duration>| {
            limit.map(|limit| limit.as_secs_f64().to_string()).unwrap_or_default()
        };
        let line = format!(
            "SMTP {word} - {text} | time={:.6}s;{};{};0;{}\n",
            latency.as_secs_f64(),
            seconds(warn),
            seconds(crit),
            self.deadline.as_secs_f64(),
        );
        (line, code)
    }
}

/// To the microsecond.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::smtp::step::Step;

    fn tell(options: &str, verdict: Result<(), Failure>, ms: u64, drained: bool) -> (String, u8) {
        let words = ["smtp-check", "192.0.2.1"].into_iter().chain(options.split_whitespace());
        let args = Args::try_parse_from(words).unwrap();
        let mut report = Report::default();
        report.steps.push((Step::Connect, Duration::from_millis(ms)));
        let server = "192.0.2.1:25".parse().unwrap();
        let deadline = Duration::from_secs(41);
        let drained = drained.then(|| "drained".to_owned());
        Outcome { server, verdict, report, deadline, args: &args, drained }.tell()
    }

    fn down() -> Result<(), Failure> {
        Err(Failure::Greeting("554 a|b".to_owned()))
    }

    #[test]
    fn without_a_request_there_are_two_codes() {
        assert_eq!(tell("", Ok(()), 1, false), ("192.0.2.1:25 up\n".to_owned(), 0));
        let (line, code) = tell("", down(), 1, false);
        let reason = "Bad greeting banner from server: \"554 a|b\"";
        assert_eq!((line, code), (format!("192.0.2.1:25 down: {reason}\n"), 1));
    }

    #[test]
    fn nagios_has_four() {
        let line = |text: &str| format!("SMTP {text}\n");
        let limits = "--nagios --warn-latency 0.5 --crit-latency 2";
        let up = line("OK - 192.0.2.1:25 up in 0.100 s | time=0.100000s;;;0;41");
        assert_eq!(tell("--nagios", Ok(()), 100, false), (up, 0));
        let slow = line("WARNING - 192.0.2.1:25 up in 0.500 s | time=0.500000s;0.5;2;0;41");
        assert_eq!(tell(limits, Ok(()), 500, false), (slow, 1));
        assert_eq!(tell(limits, Ok(()), 499, false).1, 0);
        assert_eq!(tell(limits, Ok(()), 2000, false).1, 2);
        let (line, code) = tell(limits, down(), 1, false);
        assert_eq!(line.matches('|').count(), 1, "{line}");
        assert!(line.starts_with("SMTP CRITICAL - 192.0.2.1:25 down: Bad greeting"), "{line}");
        assert_eq!(code, 2);
    }

    #[test]
    fn weights_follow_the_documented_examples() {
        let formula = "--dynamic --latency-weight 100:0.1:2";
        for (ms, code) in [(50, 102), (500, 81), (1000, 55), (3000, 3)] {
            assert_eq!(tell(formula, Ok(()), ms, false).1, code, "{ms}");
        }
        assert_eq!(tell(formula, down(), 1, false).1, 1);
        assert_eq!(tell("--dynamic", Ok(()), 1, false).1, 0);
        let drained = "192.0.2.1:25 up, weight 0 (drained)\n".to_owned();
        assert_eq!(tell(formula, Ok(()), 1, true), (drained, 2));
        assert_eq!(tell("--dynamic", down(), 1, true).1, 1);
    }

    #[test]
    fn json_says_all() {
        let (line, code) = tell("--json --dynamic --latency-weight 9:1:2", Ok(()), 12, false);
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["verdict"], "up");
        assert_eq!(value["server"], "192.0.2.1:25");
        assert_eq!(value["reason"], Value::Null);
        assert_eq!(value["ms"], 12.0);
        assert_eq!(value["steps"], json!([{ "step": "connect", "ms": 12.0 }]));
        assert_eq!((value["weight"].as_u64(), code), (Some(9), 11));
        assert_eq!(value["drained"], Value::Null);
        let (line, _) = tell("--json --dynamic", Ok(()), 12, true);
        assert!(
            line.contains(r#""drained":"drained""#) && line.contains(r#""weight":0"#),
            "{line}"
        );
        let (line, code) = tell("--json", down(), 1, false);
        assert!(line.contains(r#""reason":"Bad greeting banner from server: \"554 a|b\"""#));
        assert_eq!(code, 1);
    }
}
