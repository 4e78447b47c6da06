//! A netlink socket that asks one question at a time and never waits for ever: requests, changes with
//! an acknowledgement, and dumps, which are repeated when the kernel says that what it listed changed
//! in between. It carries any family whose messages implement the traits of netlink-packet-core.

use std::io;
use std::ops::RangeInclusive;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkBuffer, NetlinkDeserializable,
    NetlinkHeader, NetlinkMessage, NetlinkPayload, NetlinkSerializable,
};
use netlink_sys::{Socket, SocketAddr};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::MsgFlags;

use crate::exit::Exit;

pub use netlink_sys::protocols::{NETLINK_GENERIC, NETLINK_NETFILTER, NETLINK_ROUTE};

/// How long the kernel may take for one answer. Normally microseconds; a busy kernel takes turns.
pub const LIMIT: Duration = Duration::from_secs(10);

/// How often a dump is repeated because it changed while it was read.
const ATTEMPTS: usize = 10;

/// More than the kernel puts into one datagram (`netlink_dump`: 32 KiB).
const LARGEST: usize = 64 * 1024;

/// The kernel's port.
const KERNEL: u32 = 0;

/// Why the kernel could not be asked, or what it answered.
#[derive(Debug, thiserror::Error)]
pub enum NetlinkError {
    /// No socket: the kernel has no such family, or the process may open no more files.
    #[error("can't open a netlink socket: {0}")]
    Open(io::Error),
    /// The socket failed.
    #[error("netlink socket: {0}")]
    Socket(io::Error),
    /// The kernel said no.
    #[error("the kernel refused: {0}")]
    Refused(Errno),
    /// The kernel said nothing.
    #[error("no answer of the kernel within {0:?}")]
    Deadline(Duration),
    /// What it said is not understood.
    #[error("the kernel's answer can't be read: {0}")]
    Malformed(String),
    /// It said something else each time.
    #[error("changed {ATTEMPTS} times while it was read")]
    Changing,
}

impl NetlinkError {
    /// The exit code that tells a caller what kind of failure this was.
    pub fn exit(&self) -> Exit {
        match self {
            NetlinkError::Deadline(_) => Exit::Timeout,
            NetlinkError::Open(_)
            | NetlinkError::Socket(_)
            | NetlinkError::Refused(_)
            | NetlinkError::Malformed(_)
            | NetlinkError::Changing => Exit::Refused,
        }
    }

    /// The error number of the kernel or the socket, if there is one.
    pub fn errno(&self) -> Option<Errno> {
        match self {
            NetlinkError::Open(error) | NetlinkError::Socket(error) => {
                error.raw_os_error().map(Errno::from_raw)
            }
            NetlinkError::Refused(errno) => Some(*errno),
            NetlinkError::Deadline(_) | NetlinkError::Malformed(_) | NetlinkError::Changing => None,
        }
    }
}

/// A netlink socket of one family.
#[derive(Debug)]
pub struct Netlink {
    socket: Socket,
    sequence: u32,
    limit: Duration,
    /// Room for one datagram.
    bytes: Vec<u8>,
}

impl AsFd for Netlink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Netlink {
    /// Opens a socket in the caller's network namespace; `protocol` is one of [`NETLINK_ROUTE`],
    /// [`NETLINK_NETFILTER`] and [`NETLINK_GENERIC`].
    pub fn open(protocol: isize) -> Result<Netlink, NetlinkError> {
        let socket = Socket::new(protocol).map_err(NetlinkError::Open)?;
        // Kernels before 4.20 know no filters, and send more than was asked for.
        let _ = socket.set_netlink_get_strict_chk(true);
        Ok(Netlink { socket, sequence: 0, limit: LIMIT, bytes: Vec::with_capacity(LARGEST) })
    }

    /// With another limit for one answer than [`LIMIT`].
    #[must_use]
    pub fn within(self, limit: Duration) -> Netlink {
        Netlink { limit, ..self }
    }

    /// Asks for one object; `None` if there is none (ENOENT).
    pub fn get<A>(&mut self, question: impl NetlinkSerializable) -> Result<Option<A>, NetlinkError>
    where
        A: NetlinkDeserializable,
    {
        let sequence = self.send(&[(question, NLM_F_REQUEST)])?;
        let deadline = Instant::now() + self.limit;
        let mut found = None;
        loop {
            for message in self.receive::<A>(deadline)? {
                if message.header.sequence_number != sequence {
                    continue;
                }
                match message.payload {
                    NetlinkPayload::InnerMessage(answer) => found = Some(answer),
                    NetlinkPayload::Error(error) => match errno(error.raw_code()) {
                        Some(Errno::ENOENT) => return Ok(None),
                        Some(errno) => return Err(NetlinkError::Refused(errno)),
                        None => {}
                    },
                    _ => {}
                }
            }
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// Asks for all objects of a kind, in the kernel's order. What kinds of filters there are in the
    /// question depends on the kernel, so the answer may hold more than was asked for.
    pub fn dump<A>(
        &mut self,
        question: impl NetlinkSerializable + Clone,
    ) -> Result<Vec<A>, NetlinkError>
    where
        A: NetlinkDeserializable,
    {
        for _ in 0..ATTEMPTS {
            if let Some(answers) = self.dump_once(question.clone())? {
                return Ok(answers);
            }
        }
        Err(NetlinkError::Changing)
    }

    /// `None` if it changed meanwhile.
    fn dump_once<A>(
        &mut self,
        question: impl NetlinkSerializable,
    ) -> Result<Option<Vec<A>>, NetlinkError>
    where
        A: NetlinkDeserializable,
    {
        let sequence = self.send(&[(question, NLM_F_REQUEST | NLM_F_DUMP)])?;
        let deadline = Instant::now() + self.limit;
        let (mut answers, mut intact) = (Vec::new(), true);
        loop {
            for message in self.receive(deadline)? {
                if message.header.sequence_number != sequence {
                    continue;
                }
                intact &= message.header.flags & NLM_F_DUMP_INTR == 0;
                let code = match message.payload {
                    NetlinkPayload::InnerMessage(answer) => {
                        answers.push(answer);
                        continue;
                    }
                    NetlinkPayload::Done(done) => done.code,
                    NetlinkPayload::Error(error) => error.raw_code(),
                    _ => continue,
                };
                return match errno(code) {
                    None => Ok(intact.then_some(answers)),
                    Some(errno) => Err(NetlinkError::Refused(errno)),
                };
            }
        }
    }

    /// Has something changed, and waits for the kernel's acknowledgement. `flags` beside
    /// NLM_F_REQUEST and NLM_F_ACK, such as NLM_F_CREATE.
    pub fn change(
        &mut self,
        order: impl NetlinkSerializable,
        flags: u16,
    ) -> Result<(), NetlinkError> {
        let sequence = self.send(&[(order, NLM_F_REQUEST | NLM_F_ACK | flags)])?;
        self.acknowledged(sequence..=sequence, 1)
    }

    /// Sends messages in one datagram, with their flags; returns the sequence number of the last, which
    /// those of the others precede.
    pub(super) fn send<M>(&mut self, messages: &[(M, u16)]) -> Result<u32, NetlinkError>
    where
        M: NetlinkSerializable,
    {
        let mut bytes = Vec::new();
        for (message, flags) in messages {
            // A process does not live long enough for four billion questions.
            self.sequence += 1;
            let start = bytes.len();
            let mut header = NetlinkHeader::default();
            header.flags = *flags;
            header.sequence_number = self.sequence;
            header.message_type = message.message_type();
            serialize(&mut bytes, start, header, message);
        }
        let kernel = SocketAddr::new(KERNEL, 0);
        loop {
            match self.socket.send_to(&bytes, &kernel, 0) {
                Ok(_) => return Ok(self.sequence),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(NetlinkError::Socket(error)),
            }
        }
    }

    /// Waits for `count` acknowledgements of the messages with these sequence numbers, or for the first
    /// error among them.
    pub(super) fn acknowledged(
        &mut self,
        ours: RangeInclusive<u32>,
        count: usize,
    ) -> Result<(), NetlinkError> {
        let deadline = Instant::now() + self.limit;
        let mut missing = count;
        while missing > 0 {
            for message in self.receive::<Unread>(deadline)? {
                let NetlinkPayload::Error(error) = message.payload else { continue };
                if !ours.contains(&message.header.sequence_number) {
                    continue;
                }
                if let Some(errno) = errno(error.raw_code()) {
                    return Err(NetlinkError::Refused(errno));
                }
                missing -= 1;
            }
        }
        Ok(())
    }

    /// The messages of the next datagram of the kernel.
    fn receive<A>(&mut self, deadline: Instant) -> Result<Vec<NetlinkMessage<A>>, NetlinkError>
    where
        A: NetlinkDeserializable,
    {
        loop {
            self.bytes.clear();
            let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_TRUNC;
            match self.socket.recv_from(&mut self.bytes, flags.bits()) {
                Ok((length, _)) if length > self.bytes.len() => {
                    return Err(NetlinkError::Malformed(format!("{length} bytes at once")));
                }
                Ok((_, sender)) if sender.port_number() == KERNEL => return parse(&self.bytes),
                // Another process.
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait(deadline)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(NetlinkError::Socket(error)),
            }
        }
    }

    fn wait(&self, deadline: Instant) -> Result<(), NetlinkError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(NetlinkError::Deadline(self.limit));
        }
        let millis = PollTimeout::try_from(left.as_millis() + 1).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(self.as_fd(), PollFlags::POLLIN)], millis) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(errno) => Err(NetlinkError::Socket(errno.into())),
        }
    }
}

/// An answer of which only the acknowledgement counts.
struct Unread;

impl NetlinkDeserializable for Unread {
    type Error = std::convert::Infallible;

    fn deserialize(_: &NetlinkHeader, _: &[u8]) -> Result<Unread, Self::Error> {
        Ok(Unread)
    }
}

/// Appends a message, and the zeros up to the next multiple of four.
fn serialize(
    bytes: &mut Vec<u8>,
    start: usize,
    mut header: NetlinkHeader,
    message: &impl NetlinkSerializable,
) {
    use netlink_packet_core::Emitable;
    let (head, body) = (header.buffer_len(), message.buffer_len());
    header.length = (head + body) as u32;
    bytes.resize((start + head + body).next_multiple_of(4), 0);
    header.emit(&mut bytes[start..start + head]);
    message.serialize(&mut bytes[start + head..start + head + body]);
}

/// The messages of a datagram.
fn parse<A>(mut bytes: &[u8]) -> Result<Vec<NetlinkMessage<A>>, NetlinkError>
where
    A: NetlinkDeserializable,
{
    let malformed =
        |error: netlink_packet_core::DecodeError| NetlinkError::Malformed(error.to_string());
    let mut messages = Vec::new();
    while !bytes.is_empty() {
        let length = NetlinkBuffer::new_checked(bytes).map_err(malformed)?.length() as usize;
        messages.push(NetlinkMessage::deserialize(&bytes[..length]).map_err(malformed)?);
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(messages)
}

/// The error of an acknowledgement; 0 is none.
fn errno(code: i32) -> Option<Errno> {
    (code != 0).then(|| Errno::from_raw(code.saturating_abs()))
}
