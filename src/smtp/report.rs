//! What a check found out beside its verdict. Measured while it happens, told afterwards.

use std::time::{Duration, Instant};

use super::step::Step;
use super::tls;

/// One attempt, as far as it came.
#[derive(Debug, Default)]
pub struct Report {
    /// Which attempt it was; the first is 1.
    pub attempt: u32,
    /// The finished steps, in order, with the time each took.
    pub steps: Vec<(Step, Duration)>,
    /// The greeting: code and first line. Not known with SMTP_CHECK's rules.
    pub greeting: Option<String>,
    /// What was offered last, each with its parameters.
    pub capabilities: Vec<String>,
    /// What the handshake came to, also where the certificate was refused.
    pub tls: Option<tls::Info>,
    current: Option<(Step, Instant)>,
}

impl Report {
    /// Begins a step; the one before ends. A step that goes on is not begun anew.
    pub fn begin(&mut self, step: Step) {
        if self.current.is_none_or(|(current, _)| current != step) {
            self.end();
            self.current = Some((step, Instant::now()));
        }
    }

    /// Ends the current step, if there is one.
    pub fn end(&mut self) {
        if let Some((step, start)) = self.current.take() {
            self.steps.push((step, start.elapsed()));
        }
    }

    /// The time of all steps together.
    pub fn latency(&self) -> Duration {
        self.steps.iter().map(|(_, time)| *time).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_follow_each_other() {
        let mut report = Report::default();
        for step in [Step::Connect, Step::Greeting, Step::Greeting, Step::Quit] {
            report.begin(step);
        }
        report.end();
        report.end();
        let steps: Vec<_> = report.steps.iter().map(|(step, _)| *step).collect();
        assert_eq!(steps, [Step::Connect, Step::Greeting, Step::Quit]);
        let sum: Duration = report.steps.iter().map(|(_, time)| *time).sum();
        assert_eq!(report.latency(), sum);
    }
}
