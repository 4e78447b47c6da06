//! UDP on the nodes, for what TCP can't show: who gets the datagrams of one flow.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::common::netns::Netns;

/// Counts the datagrams that arrive at a port of a node, until it is dropped.
pub struct Counter {
    count: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Counter {
    /// Listens on all addresses of the node.
    pub fn start(node: &Netns, port: u16) -> Result<Counter> {
        // With IPv4 too: Linux' default.
        let bound = node.run(|| UdpSocket::bind((Ipv6Addr::UNSPECIFIED, port)));
        let socket = bound.with_context(|| format!("UDP port {port}"))?;
        socket.set_read_timeout(Some(Duration::from_millis(100)))?;
        let (count, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, stopped) = (count.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                if socket.recv(&mut [0; 64]).is_ok() {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Ok(Counter { count, stop, thread: Some(thread) })
    }

    /// How many have arrived.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// One flow: always the same source port.
pub struct Flow {
    socket: UdpSocket,
    to: SocketAddr,
}

impl Flow {
    /// A flow from `port` of the client.
    pub fn open(client: &Netns, port: u16, to: SocketAddr) -> Result<Flow> {
        let bound = client.run(|| match to {
            SocketAddr::V4(_) => UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)),
            SocketAddr::V6(_) => UdpSocket::bind((Ipv6Addr::UNSPECIFIED, port)),
        });
        Ok(Flow { socket: bound.with_context(|| format!("UDP port {port}"))?, to })
    }

    /// Sends some, evenly over two seconds.
    pub fn send(&self, count: u32) -> Result<()> {
        for _ in 0..count {
            self.socket.send_to(b"datagram", self.to)?;
            std::thread::sleep(Duration::from_secs(2) / count);
        }
        Ok(())
    }
}
