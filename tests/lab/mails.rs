//! Whole mails in an open loop, each with a Message-ID of its own, sent until a server takes it, as
//! a mail server does. What was acknowledged is looked for in the logs of all nodes' Postfixes.
//! (smtp-source ends at the first broken connection and tells of no mail what became of it.)

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::cluster::Cluster;
use crate::common::netns::Netns;
use crate::traffic::Session;

/// How long a step of the dialogue may take, and between two attempts.
const PATIENCE: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_secs(1);

/// How often a mail is tried.
const ATTEMPTS: usize = 30;

/// How many lines a mail has.
const LINES: usize = 40;

/// How many runs there were: no Message-ID may come again.
static RUNS: AtomicUsize = AtomicUsize::new(0);

pub struct Mails {
    stop: Arc<AtomicBool>,
    attempts: Arc<Mutex<BTreeMap<String, Result<usize, String>>>>,
    generator: JoinHandle<()>,
}

/// What became of the mails.
#[derive(Debug)]
pub struct Delivered {
    /// Mails that were to be sent.
    pub sent: usize,
    pub acknowledged: usize,
    /// Mails that needed more than one attempt.
    pub repeated: usize,
    /// Acknowledged ones that no node delivered.
    pub lost: Vec<String>,
    /// Delivered more than once.
    pub twice: Vec<String>,
}

impl Mails {
    /// Starts `per_second` mails a second.
    pub fn start(client: &Netns, server: SocketAddr, per_second: u32) -> Mails {
        let stop = Arc::new(AtomicBool::new(false));
        let attempts = Arc::new(Mutex::new(BTreeMap::new()));
        let (stopped, told) = (stop.clone(), attempts.clone());
        let interval = Duration::from_secs(1) / per_second;
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        let generator = client.run(|| {
            std::thread::spawn(move || {
                let (mut next, mut running) = (Instant::now(), Vec::new());
                while !stopped.load(Ordering::Relaxed) {
                    let id = format!("{run}.{}@lab", running.len());
                    let told = told.clone();
                    running.push(std::thread::spawn(move || {
                        let outcome = deliver(server, &id);
                        told.lock().unwrap().insert(id, outcome);
                    }));
                    next += interval;
                    std::thread::sleep(next.saturating_duration_since(Instant::now()));
                }
                running.into_iter().for_each(|mail: JoinHandle<()>| mail.join().unwrap());
            })
        });
        Mails { stop, attempts, generator }
    }

    /// Starts no more, waits for those under way, and looks for all in the nodes' logs.
    pub fn stop(self, cluster: &Cluster) -> Delivered {
        self.stop.store(true, Ordering::Relaxed);
        self.generator.join().unwrap();
        // What was taken last may still be in a queue.
        std::thread::sleep(Duration::from_secs(5));
        let logs: Vec<String> = cluster.nodes.iter().map(|node| node.mail_log()).collect();
        let deliveries = deliveries(&logs);
        let attempts = self.attempts.lock().unwrap();
        let count = |id: &String| deliveries.get(id).copied().unwrap_or_default();
        let ids = |wanted: &dyn Fn(&String, &Result<usize, String>) -> bool| {
            let chosen = attempts.iter().filter(|(id, outcome)| wanted(id, outcome));
            chosen.map(|(id, _)| id.clone()).collect::<Vec<_>>()
        };
        Delivered {
            sent: attempts.len(),
            acknowledged: ids(&|_, outcome| outcome.is_ok()).len(),
            repeated: ids(&|_, outcome| outcome.as_ref().map_or(true, |&n| n > 1)).len(),
            lost: ids(&|id, outcome| outcome.is_ok() && count(id) == 0),
            twice: ids(&|id, _| count(id) > 1),
        }
    }
}

/// Tries a mail until it is taken; returns how many attempts that took.
fn deliver(server: SocketAddr, id: &str) -> Result<usize, String> {
    let mut last = String::new();
    for attempt in 1..=ATTEMPTS {
        match attempt_one(server, id) {
            Ok(()) => return Ok(attempt),
            Err(error) => last = error,
        }
        std::thread::sleep(AGAIN);
    }
    Err(last)
}

fn attempt_one(server: SocketAddr, id: &str) -> Result<(), String> {
    let mut session = Session::open(server, PATIENCE)?;
    session.ask("HELO client.domain.ru", "250")?;
    session.ask("MAIL FROM:<from@domain.ru>", "250")?;
    session.ask("RCPT TO:<to@example.org>", "250")?;
    session.ask("DATA", "354")?;
    let body = "a line of a mail that is long enough to need a few packets\r\n".repeat(LINES);
    session.ask(&format!("Message-ID: <{id}>\r\nSubject: lab\r\n\r\n{body}."), "250")?;
    // It is acknowledged; how the session ends does not matter any more.
    let _ = session.quit();
    Ok(())
}

/// How often each mail was delivered. A log names the Message-ID once for each queue file, and the
/// queue file's name again when the mail left it.
fn deliveries(logs: &[String]) -> BTreeMap<String, usize> {
    let mut deliveries = BTreeMap::new();
    for log in logs {
        let mut ids = BTreeMap::new();
        for line in log.lines() {
            let mut words = line.split("]: ").nth(1).unwrap_or_default().splitn(2, ": ");
            let (Some(queue), Some(rest)) = (words.next(), words.next()) else { continue };
            if let Some(id) = rest.strip_prefix("message-id=<") {
                ids.insert(queue, id.trim_end_matches('>'));
            } else if rest.contains("status=sent")
                && let Some(id) = ids.get(queue)
            {
                *deliveries.entry((*id).to_owned()).or_default() += 1;
            }
        }
    }
    deliveries
}
