//! What the guard costs those who only want to be served: packets of a flow that is known already,
//! and new connections, through a node that does not hold the VIP. No IPVS: one veth pair, one
//! sender. The sender's share of the work is in every figure, so ratios are of the whole path.

use std::net::{TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use crate::cost::middle;
use crate::path::{PORT, Path, Way};

const ROUNDS: usize = 11;
const FOR: Duration = Duration::from_millis(120);

const WAYS: [(&str, Way); 8] = [
    ("no rule, no connection tracking", Way::Plain),
    ("no rule, connection tracking", Way::Tracked),
    ("redirect rule", Way::Redirect(1)),
    ("10 redirect rules", Way::Redirect(10)),
    ("100 redirect rules", Way::Redirect(100)),
    ("guard of 1 address", Way::Guard(1)),
    ("guards of 10 addresses", Way::Guard(10)),
    ("guards of 100 addresses", Way::Guard(100)),
];

/// What the ratios are to.
const REFERENCE: usize = 2;

pub fn all() {
    let mut packets = vec![Vec::new(); WAYS.len()];
    let mut connections = vec![Vec::new(); WAYS.len()];
    for _ in 0..ROUNDS {
        for (place, (name, way)) in WAYS.iter().enumerate() {
            // A path of its own for each: no ports in TIME_WAIT, no flows of the round before.
            let path = Path::new(*way);
            packets[place].push(flood(&path, name));
            connections[place].push(connect(&path));
        }
    }
    println!("{:32}{:>12}{:>8}{:>16}{:>8}", "median per second", "packets", "", "connections", "");
    let packets: Vec<f64> = packets.into_iter().map(middle).collect();
    let connections: Vec<f64> = connections.into_iter().map(middle).collect();
    for (place, (name, _)) in WAYS.iter().enumerate() {
        let (packets, of_packets) = (packets[place], packets[place] / packets[REFERENCE]);
        let rate = connections[place];
        let of_rate = rate / connections[REFERENCE];
        println!("{name:32}{packets:>12.0}{of_packets:>7.2}x{rate:>16.0}{of_rate:>7.2}x");
    }
    println!("\npackets: small datagrams of one flow, counted where the node delivers them;");
    println!("connections: opened and closed one after the other; ratios to one redirect rule;");
    println!(
        "of several addresses the last is measured; {ROUNDS} rounds of {} ms each",
        FOR.as_millis()
    );
}

/// Datagrams of one flow per second.
fn flood(path: &Path, name: &str) -> f64 {
    let socket = path.client.run(|| UdpSocket::bind(("0.0.0.0", 0)).unwrap());
    socket.connect((path.vip.as_str(), PORT)).unwrap();
    let (before, began) = (path.delivered(), Instant::now());
    let mut sent: u64 = 0;
    while began.elapsed() < FOR {
        for _ in 0..64 {
            sent += u64::from(socket.send(b"midstream").is_ok());
        }
    }
    let took = began.elapsed().as_secs_f64();
    let delivered = path.delivered() - before;
    assert!(delivered * 10 >= sent * 9, "{name}: {delivered} of {sent} datagrams arrived");
    delivered as f64 / took
}

/// New connections per second. Both ends are of one thread, so that none waits for a processor;
/// the server closes first, as it may.
fn connect(path: &Path) -> f64 {
    path.client.run(|| {
        let (began, mut made) = (Instant::now(), 0);
        while began.elapsed() < FOR {
            let client = TcpStream::connect((path.vip.as_str(), PORT)).unwrap();
            drop(path.listener.accept().unwrap());
            drop(client);
            made += 1;
        }
        f64::from(made) / began.elapsed().as_secs_f64()
    })
}
