//! A mail server that behaves as badly as its script says, and never longer than a test may last.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use openssl::ssl::{NameType, Ssl, SslContext, SslStream};
use socket2::SockRef;

use super::patience::until;

/// How long the server waits for its client before it gives up.
const PATIENCE: Duration = Duration::from_secs(10);

/// One step of a script. At the end of a script the server keeps silent until the client goes.
#[derive(Debug, Clone)]
pub enum Step {
    /// Sends these bytes at once.
    Say(Vec<u8>),
    /// Sends these bytes one by one, with a pause after each.
    Drip(Vec<u8>, Duration),
    /// Waits for a line.
    Hear,
    /// Waits for so many bytes; heard as printable ASCII.
    Take(usize),
    /// Does nothing for a while.
    Pause(Duration),
    /// Sends no more, but goes on listening.
    HalfClose,
    /// Closes the connection.
    Close,
    /// Holds a TLS handshake; all that follows is in TLS. The name that the client asks for is
    /// heard as `SNI name`.
    Tls(SslContext),
    /// Waits until the client sent something, then closes without reading it: a TCP reset.
    Reset,
    /// Breaks the connection at once: a TCP reset, behind all that was sent.
    Abort,
}

/// [`Step::Say`] for all that looks like bytes.
pub fn say(bytes: impl AsRef<[u8]>) -> Step {
    Step::Say(bytes.as_ref().to_vec())
}

/// What all connections together came to.
#[derive(Debug, Default)]
struct Record {
    connections: usize,
    heard: Vec<String>,
    peers: Vec<SocketAddr>,
}

/// A running server. It ends when it is dropped.
pub struct FakeServer {
    address: SocketAddr,
    record: Arc<Mutex<Record>>,
    listener: Arc<TcpListener>,
    thread: Option<JoinHandle<()>>,
}

impl FakeServer {
    /// Starts a server that plays the first script to its first client and so on, and the last
    /// one to all further clients.
    pub fn start(listener: TcpListener, scripts: Vec<Vec<Step>>) -> FakeServer {
        let address = listener.local_addr().expect("a bound socket has an address");
        let (record, listener) = (Arc::new(Mutex::new(Record::default())), Arc::new(listener));
        let thread = thread::spawn({
            let (record, listener) = (Arc::clone(&record), Arc::clone(&listener));
            move || {
                while let Ok((stream, peer)) = listener.accept() {
                    let client = {
                        let mut record = record.lock().expect("no holder panics");
                        record.connections += 1;
                        record.peers.push(peer);
                        record.connections
                    };
                    let script = &scripts[client.min(scripts.len()) - 1];
                    // An error means that the client left in the middle of the script.
                    let _ = play(script, stream, &record);
                }
            }
        });
        FakeServer { address, record, listener, thread: Some(thread) }
    }

    /// Starts a server on 127.0.0.1 that plays the same script to every client.
    pub fn local(script: Vec<Step>) -> FakeServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("127.0.0.1 has a free port");
        FakeServer::start(listener, vec![script])
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many clients have come.
    pub fn connections(&self) -> usize {
        self.record.lock().expect("no holder panics").connections
    }

    /// Waits until so many clients have come; fails where there are more. One that has connected may be gone
    /// before it is accepted.
    pub fn meets(&self, clients: usize) {
        let came = || format!("{} clients came, not {clients}", self.connections());
        until(PATIENCE, came, || self.connections() >= clients);
        assert_eq!(self.connections(), clients);
    }

    /// Where clients came from.
    pub fn peers(&self) -> Vec<SocketAddr> {
        self.record.lock().expect("no holder panics").peers.clone()
    }

    /// The lines that clients sent where the script said [`Step::Hear`].
    pub fn heard(&self) -> Vec<String> {
        self.record.lock().expect("no holder panics").heard.clone()
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        // On Linux this also ends an accept() that waits, with an error.
        let _ = SockRef::from(&*self.listener).shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The way to the client.
enum Wire {
    Plain(TcpStream),
    Tls(SslStream<TcpStream>),
}

impl Read for Wire {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Wire::Plain(stream) => stream.read(room),
            Wire::Tls(stream) => stream.read(room),
        }
    }
}

impl Wire {
    fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Wire::Plain(stream) => stream.write_all(bytes),
            Wire::Tls(stream) => stream.write_all(bytes),
        }
    }

    fn tcp(&self) -> &TcpStream {
        match self {
            Wire::Plain(stream) => stream,
            Wire::Tls(stream) => stream.get_ref(),
        }
    }
}

fn play(script: &[Step], stream: TcpStream, record: &Mutex<Record>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let hears = |line| record.lock().expect("no holder panics").heard.push(line);
    let mut reader = BufReader::new(Wire::Plain(stream));
    for step in script {
        match step {
            Step::Say(bytes) => reader.get_mut().say(bytes)?,
            Step::Drip(bytes, pause) => {
                for byte in bytes {
                    reader.get_mut().say(&[*byte])?;
                    thread::sleep(*pause);
                }
            }
            Step::Hear => {
                let mut line = String::new();
                reader.read_line(&mut line)?;
                hears(line);
            }
            Step::Take(count) => {
                let mut bytes = vec![0; *count];
                reader.read_exact(&mut bytes)?;
                hears(bytes.escape_ascii().to_string());
            }
            Step::Tls(context) => {
                let stream = reader.get_ref().tcp().try_clone()?;
                let ssl = Ssl::new(context)?;
                let stream = ssl.accept(stream).map_err(io::Error::other)?;
                if let Some(name) = stream.ssl().servername(NameType::HOST_NAME) {
                    hears(format!("SNI {name}"));
                }
                reader = BufReader::new(Wire::Tls(stream));
            }
            Step::Pause(pause) => thread::sleep(*pause),
            Step::HalfClose => reader.get_ref().tcp().shutdown(Shutdown::Write)?,
            Step::Close => return Ok(()),
            Step::Reset => {
                reader.get_ref().tcp().peek(&mut [0])?;
                return Ok(());
            }
            Step::Abort => {
                return SockRef::from(reader.get_ref().tcp()).set_linger(Some(Duration::ZERO));
            }
        }
    }
    io::copy(&mut reader, &mut io::sink())?;
    Ok(())
}
