//! Traffic in an open loop: connections arrive at a fixed rate whatever becomes of the earlier
//! ones, each with its own outcome and time. A closed loop would wait with its next connection
//! while one hangs, and hide what would have failed meanwhile.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrStorage, bind, connect, setsockopt, socket, sockopt,
};

use crate::common::netns::Netns;

/// What became of one connection.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub started: Instant,
    pub took: Duration,
    /// The server that greeted, or why none did.
    pub greeted: Result<String, String>,
}

impl Outcome {
    pub fn ended(&self) -> Instant {
        self.started + self.took
    }
}

/// An SMTP session that was greeted.
pub struct Session {
    lines: BufReader<TcpStream>,
    /// The name in `220 server01.domain.ru ESMTP Postfix`.
    pub server: String,
    /// The client's port.
    pub port: u16,
}

impl Session {
    /// Connects and waits for the greeting. Each step, later ones too, gets `patience`.
    pub fn open(server: SocketAddr, patience: Duration) -> Result<Session, String> {
        Session::open_from(next_port(), server, patience)
    }

    /// The same from this port.
    pub fn open_from(port: u16, server: SocketAddr, patience: Duration) -> Result<Session, String> {
        let connected = connect_from(port, server, patience);
        let stream =
            connected.map_err(|error| match error.raw_os_error().map(Errno::from_raw) {
                Some(Errno::EINPROGRESS) => format!("no answer within {patience:?}"),
                _ => error.to_string(),
            })?;
        let mut session = Session { lines: BufReader::new(stream), server: String::new(), port };
        let greeting = session.expect("220 ")?;
        session.server = greeting.split(' ').nth(1).unwrap_or_default().to_owned();
        Ok(session)
    }

    /// Says QUIT and waits for 221.
    pub fn quit(mut self) -> Result<(), String> {
        self.ask("QUIT", "221")
    }

    /// Says something and waits for an answer of this code.
    pub fn ask(&mut self, words: &str, code: &str) -> Result<(), String> {
        let line = format!("{words}\r\n");
        self.lines.get_mut().write_all(line.as_bytes()).map_err(|error| error.to_string())?;
        self.expect(code).map(drop)
    }

    /// The connection and the server's name.
    pub fn into_parts(self) -> (TcpStream, String) {
        (self.lines.into_inner(), self.server)
    }

    fn expect(&mut self, code: &str) -> Result<String, String> {
        let mut line = String::new();
        match self.lines.read_line(&mut line) {
            Ok(0) => Err(format!("closed before {code}")),
            Ok(_) if line.starts_with(code) => Ok(line),
            Ok(_) => Err(format!("`{}` instead of {code}", line.trim_end())),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// The port that a client connects from next; none is used again within minutes. Linux itself soon does
/// that to one server: from where it begins changes at random every ten seconds. IPVS then sends a client to
/// the server that the same port had, for a minute even to a dead one that left the connection half-open.
fn next_port() -> u16 {
    const FIRST: u16 = 10_000;
    /// Up to the first that Linux takes by itself.
    const COUNT: u16 = 22_000;
    static USED: AtomicU16 = AtomicU16::new(0);
    FIRST + USED.fetch_add(1, Ordering::Relaxed) % COUNT
}

/// Connects from a port of the client's own choice. Each step, later ones too, gets `patience`.
fn connect_from(port: u16, server: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    let (family, any): (_, IpAddr) = match server {
        SocketAddr::V4(_) => (AddressFamily::Inet, Ipv4Addr::UNSPECIFIED.into()),
        SocketAddr::V6(_) => (AddressFamily::Inet6, Ipv6Addr::UNSPECIFIED.into()),
    };
    let socket = socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(patience))?;
    // For connect(2) too.
    stream.set_write_timeout(Some(patience))?;
    bind(stream.as_raw_fd(), &SockaddrStorage::from(SocketAddr::new(any, port)))?;
    connect(stream.as_raw_fd(), &SockaddrStorage::from(server))?;
    Ok(stream)
}

/// A whole session: greeting, QUIT.
pub fn greeting(server: SocketAddr, patience: Duration) -> Outcome {
    session(server, patience, Duration::ZERO)
}

/// A whole session that lasts: greeting, a while of silence, QUIT.
fn session(server: SocketAddr, patience: Duration, lasts: Duration) -> Outcome {
    let started = Instant::now();
    let greeted = Session::open(server, patience).and_then(|session| {
        std::thread::sleep(lasts);
        let name = session.server.clone();
        session.quit().map_err(|error| format!("{error}, from {name} after its greeting"))?;
        Ok(name)
    });
    Outcome { started, took: started.elapsed(), greeted }
}

/// How long service was out after `fault`: until the first answer to a connection that began after
/// one had failed; no time at all if none failed; `None` if it never came back.
pub fn outage(outcomes: &[Outcome], fault: Instant) -> Option<Duration> {
    let after = || outcomes.iter().filter(|o| o.started >= fault);
    let Some(failed) = after().filter(|o| o.greeted.is_err()).map(|o| o.started).min() else {
        return after().next().map(|_| Duration::ZERO);
    };
    let answered = after().filter(|o| o.started > failed && o.greeted.is_ok());
    answered.map(|o| o.ended() - fault).min()
}

/// A stream of connections that runs until it is stopped.
pub struct Traffic {
    stop: Arc<AtomicBool>,
    outcomes: Arc<Mutex<Vec<Outcome>>>,
    generator: Option<JoinHandle<()>>,
}

/// A scenario that fails must leave none to those after it, which count packets.
impl Drop for Traffic {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Traffic {
    /// Starts `per_second` connections a second from `client` to `server`.
    pub fn start(
        client: &Netns,
        server: SocketAddr,
        per_second: u32,
        patience: Duration,
    ) -> Traffic {
        Traffic::lasting(client, server, per_second, patience, Duration::ZERO)
    }

    /// The same with sessions that last a while.
    pub fn lasting(
        client: &Netns,
        server: SocketAddr,
        per_second: u32,
        patience: Duration,
        lasts: Duration,
    ) -> Traffic {
        let stop = Arc::new(AtomicBool::new(false));
        let outcomes = Arc::new(Mutex::new(Vec::new()));
        let (stopped, told) = (stop.clone(), outcomes.clone());
        // Threads stay in the namespace of the thread that starts them.
        let generator = client.run(|| {
            std::thread::spawn(move || {
                let one = move || session(server, patience, lasts);
                generate(per_second, one, &stopped, &told);
            })
        });
        Traffic { stop, outcomes, generator: Some(generator) }
    }

    /// Starts no more, waits for those under way, and returns all in the order of their starts.
    pub fn stop(mut self) -> Vec<Outcome> {
        self.stop.store(true, Ordering::Relaxed);
        self.generator.take().map(JoinHandle::join).transpose().unwrap();
        let mut outcomes = self.outcomes.lock().unwrap().clone();
        outcomes.sort_by_key(|outcome| outcome.started);
        outcomes
    }
}

fn generate(
    per_second: u32,
    one: impl Fn() -> Outcome + Clone + Send + 'static,
    stop: &AtomicBool,
    outcomes: &Arc<Mutex<Vec<Outcome>>>,
) {
    let interval = Duration::from_secs(1) / per_second;
    let mut next = Instant::now();
    let mut running: Vec<JoinHandle<()>> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let (one, outcomes) = (one.clone(), outcomes.clone());
        running.push(std::thread::spawn(move || {
            let outcome = one();
            outcomes.lock().unwrap().push(outcome);
        }));
        running.retain(|connection| !connection.is_finished());
        next += interval;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    for connection in running {
        connection.join().unwrap();
    }
}
