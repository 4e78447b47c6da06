//! Sessions that stay open, as between busy mail servers: each says NOOP every second and is
//! watched by one thread, so that hundreds are cheap. What became of each is known: which server,
//! and if it was lost, when and how.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::common::netns::Netns;
use crate::traffic::Session;

/// Between an answer and the next NOOP, usually.
pub const INTERVAL: Duration = Duration::from_secs(1);

/// A session without an answer for so long counts as lost. TCP repeats after 0.2, 0.6, 1.4, 3,
/// 6.2, 12.6 and 25.4 s: an outage of 12 s leaves it time.
pub const SILENCE: Duration = Duration::from_secs(30);

/// How often the watcher looks.
const LOOK: Duration = Duration::from_millis(20);

/// Sessions that are opened at the same time. Each may need a new smtpd: without KVM more at once
/// keep the checks waiting for their greetings, until no server is left in the balance.
const AT_ONCE: usize = 3;

/// How long the opening of one may take; what is measured begins later.
const PATIENCE: Duration = Duration::from_secs(120);

/// A session that ended without being told to.
#[derive(Debug, Clone)]
pub struct Lost {
    pub server: String,
    pub when: Instant,
    pub how: String,
}

impl Lost {
    /// Whether nobody ended it: its answer did not come in time.
    pub fn is_silent(&self) -> bool {
        self.how == silence()
    }
}

fn silence() -> String {
    format!("silent for {} s", SILENCE.as_secs())
}

struct One {
    stream: TcpStream,
    server: String,
    next: Instant,
    asked: Option<Instant>,
    /// When the last NOOP that was answered had been said.
    checked: Instant,
    slowest: Duration,
}

pub struct Sessions {
    client: Arc<Netns>,
    service: SocketAddr,
    wanted: usize,
    open: Arc<Mutex<Vec<One>>>,
    lost: Arc<Mutex<Vec<Lost>>>,
    stop: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

impl Sessions {
    /// Opens `count` sessions; each must be greeted. `interval`: between an answer and the next NOOP.
    pub fn open(
        client: &Arc<Netns>,
        service: SocketAddr,
        count: usize,
        interval: Duration,
    ) -> Result<Sessions> {
        let open = Arc::new(Mutex::new(Vec::new()));
        let lost = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let watcher = std::thread::spawn({
            let (open, lost, stop) = (open.clone(), lost.clone(), stop.clone());
            move || watch(&open, &lost, &stop, interval)
        });
        let client = client.clone();
        let watcher = Some(watcher);
        let sessions = Sessions { client, service, wanted: count, open, lost, stop, watcher };
        sessions.refill()?;
        Ok(sessions)
    }

    /// Opens as many again as were lost.
    pub fn refill(&self) -> Result<()> {
        let missing = AtomicUsize::new(self.wanted - self.count());
        let failures = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    while take_one(&missing) {
                        match self.client.run(|| Session::open(self.service, PATIENCE)) {
                            Ok(session) => lock(&self.open).push(One::new(session)),
                            Err(error) => lock(&failures).push(error),
                        }
                    }
                });
            }
        });
        match lock(&failures).first() {
            Some(error) => bail!("a session could not be opened: {error}"),
            None => Ok(()),
        }
    }

    /// How many are open.
    pub fn count(&self) -> usize {
        lock(&self.open).len()
    }

    /// How many are open on each server.
    pub fn spread(&self) -> BTreeMap<String, usize> {
        let mut spread = BTreeMap::new();
        for one in lock(&self.open).iter() {
            *spread.entry(one.server.clone()).or_default() += 1;
        }
        spread
    }

    /// Waits until each session has answered a NOOP said after this call, or is lost. Returns
    /// those lost since the last call, and the longest time that one of the others was silent.
    pub fn check(&self) -> (Vec<Lost>, Duration) {
        let asked = Instant::now();
        while lock(&self.open).iter().any(|one| one.checked < asked) {
            std::thread::sleep(LOOK);
        }
        let mut open = lock(&self.open);
        let slowest = open.iter().map(|one| one.slowest).max().unwrap_or_default();
        open.iter_mut().for_each(|one| one.slowest = Duration::ZERO);
        (std::mem::take(&mut *lock(&self.lost)), slowest)
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(watcher) = self.watcher.take() {
            watcher.join().unwrap();
        }
    }
}

impl One {
    fn new(session: Session) -> One {
        let (stream, server) = session.into_parts();
        let now = Instant::now();
        stream.set_nonblocking(true).unwrap();
        One { stream, server, next: now, asked: None, checked: now, slowest: Duration::ZERO }
    }

    /// Says the next NOOP or looks for the answer to the last.
    fn look(&mut self, now: Instant, interval: Duration) -> Result<(), String> {
        let Some(asked) = self.asked else {
            if now >= self.next {
                self.stream.write_all(b"NOOP\r\n").map_err(|error| error.to_string())?;
                self.asked = Some(now);
            }
            return Ok(());
        };
        let mut answer = [0; 512];
        match self.stream.read(&mut answer) {
            Ok(0) => Err("closed".to_owned()),
            Ok(length) if answer[..length].starts_with(b"250") => {
                self.checked = asked;
                self.slowest = self.slowest.max(now - asked);
                self.asked = None;
                self.next = now + interval;
                Ok(())
            }
            Ok(length) => Err(String::from_utf8_lossy(&answer[..length]).trim().to_owned()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => match now - asked < SILENCE {
                true => Ok(()),
                false => Err(silence()),
            },
            Err(error) => Err(error.to_string()),
        }
    }
}

fn watch(open: &Mutex<Vec<One>>, lost: &Mutex<Vec<Lost>>, stop: &AtomicBool, interval: Duration) {
    while !stop.load(Ordering::Relaxed) {
        let now = Instant::now();
        lock(open).retain_mut(|one| match one.look(now, interval) {
            Ok(()) => true,
            Err(how) => {
                lock(lost).push(Lost { server: one.server.clone(), when: now, how });
                false
            }
        });
        std::thread::sleep(LOOK);
    }
}

fn take_one(left: &AtomicUsize) -> bool {
    let less = |count: usize| count.checked_sub(1);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}
