//! Messages byte by byte, as the kernel writes them, and what it would not take.

use super::*;

const PORT: u16 = 8848;

/// A message of version 1 with one connection.
const NEW: [u8; 44] = message(&[0, 11, 0, 44, 1, 1, 0, 0]);

/// One of version 0.
const OLD: [u8; 28] = message(&[1, 11, 0, 28]);

const fn message<const N: usize>(header: &[u8]) -> [u8; N] {
    let mut all = [0; N];
    let mut at = 0;
    while at < header.len() {
        all[at] = header[at];
        at += 1;
    }
    all
}

fn udp(data: &[u8], port: u16) -> Vec<u8> {
    let length = (data.len() + HEADER) as u16;
    let numbers = [50_000, port, length, 0].map(u16::to_be_bytes);
    [numbers.as_flattened(), data].concat()
}

/// In IPv4, from 192.168.3.102, with options of so many words.
fn v4(datagram: &[u8], options: u8) -> Vec<u8> {
    let mut header = vec![0; 20 + 4 * usize::from(options)];
    (header[0], header[9]) = (0x45 + options, UDP);
    header[12..20].copy_from_slice(&[192, 168, 3, 102, 224, 0, 0, 81]);
    [&header, datagram].concat()
}

fn v6(datagram: &[u8]) -> Vec<u8> {
    let mut header = vec![0; 40];
    (header[0], header[6]) = (0x60, UDP);
    header[8..24].copy_from_slice(&"fe80::2".parse::<Ipv6Addr>().unwrap().octets());
    [&header, datagram].concat()
}

fn sent(source: &str, version: u8) -> Option<Message> {
    Some(Message { source: source.parse().unwrap(), id: 11, version })
}

#[test]
fn both_versions_are_read_in_both_families() {
    assert_eq!(read(&v4(&udp(&NEW, PORT), 0), PORT), sent("192.168.3.102", 1));
    assert_eq!(read(&v4(&udp(&OLD, PORT), 0), PORT), sent("192.168.3.102", 0));
    assert_eq!(read(&v4(&udp(&NEW, PORT), 2), PORT), sent("192.168.3.102", 1), "options");
    assert_eq!(read(&v6(&udp(&NEW, PORT)), PORT), sent("fe80::2", 1));
    assert_eq!(read(&v4(&udp(&NEW, 9000), 0), 9000), sent("192.168.3.102", 1));
    // What a network card adds behind a short packet.
    let padded = [v4(&udp(&OLD, PORT), 0), vec![0; 9]].concat();
    assert_eq!(read(&padded, PORT), sent("192.168.3.102", 0));
}

#[test]
fn what_the_kernel_would_not_take_is_none() {
    let changed = |at: usize, value: u8| {
        let mut data = NEW;
        data[at] = value;
        read(&v4(&udp(&data, PORT), 0), PORT)
    };
    assert_eq!(changed(3, 43), None, "another size");
    assert_eq!(changed(4, 0), None, "no connection");
    assert_eq!(changed(4, 2), None, "more connections than there is room for");
    // With another version it is of version 0, whose first byte counts its connections: none here.
    assert_eq!(changed(5, 2), None);
    assert_eq!(read(&v4(&udp(b"hello, world", PORT), 0), PORT), None);
    assert_eq!(read(&v4(&udp(&NEW, 53), 0), PORT), None, "another port");
    let mut fragment = v4(&udp(&NEW, PORT), 0);
    fragment[6] = 0x20;
    assert_eq!(read(&fragment, PORT), None);
    let mut tcp = v4(&udp(&NEW, PORT), 0);
    tcp[9] = 6;
    assert_eq!(read(&tcp, PORT), None);
}

#[test]
fn nothing_makes_it_panic() {
    for packet in [v4(&udp(&NEW, PORT), 2), v4(&udp(&OLD, PORT), 0), v6(&udp(&NEW, PORT))] {
        for end in 0..packet.len() {
            assert_eq!(read(&packet[..end], PORT), None);
        }
        for at in 0..packet.len() {
            for value in [0, 0x0f, 0x7f, 0xff] {
                let mut changed = packet.clone();
                changed[at] = value;
                let _ = read(&changed, PORT);
            }
        }
    }
}
