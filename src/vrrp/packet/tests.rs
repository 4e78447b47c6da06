//! What keepalived 2.2.7 sent, captured on a veth; tcpdump 4.99 reads them the same way.

use proptest::prelude::*;

use super::*;

/// VRRP version 2 with two addresses and the password `mrelay`.
const V2: &str =
    "45c0002c00010000ff701681c0a80365e0000012210b64020101bd80c0a80364c0a803636d72656c61790000";
/// Without authentication, every two seconds.
const V2_PLAIN: &str =
    "45c0002800010000ff701685c0a80365e0000012210c9601000284e3c0a803640000000000000000";
/// Version 3, every half second.
const V3: &str = "45c0002000010000ff70168dc0a80365e0000012310b640100320218c0a80364";
/// IPv6 with its link-local address.
const V6: &str = "6c070a6d002870fffe80000000000000dc08b8fffe376a07ff020000000000000000000000000012\
                  31335a0200647c6afe800000000000000000000000000001fd000003000000000000000000000100";
/// Unicast, with a password of eight bytes.
const UNICAST: &str =
    "45c0002800010000ff703289c0a80365c0a80366210b64010101e510c0a803643132333435363738";
/// With an authentication header.
const AH: &str = "45c0004000010000ff3316aac0a80365e000001270040000c0a8036500000001d7c16e0c1a76d461b6d2aaa7\
                  210b64010201b4e5c0a803640000000000000000";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn version_2_is_read_with_its_password() {
    let advert = read(&bytes(V2)).unwrap();
    assert_eq!(
        advert,
        Advert {
            source: "192.168.3.101".parse().unwrap(),
            destination: "224.0.0.18".parse().unwrap(),
            ttl: TTL,
            version: 2,
            vrid: 11,
            priority: 100,
            interval: 1000,
            authentication: Authentication::Password(b"mrelay".to_vec()),
            checksum: Checksum::Right,
            vips: ips(&["192.168.3.100", "192.168.3.99"]),
        }
    );
}

#[test]
fn every_kind_of_keepaliveds_adverts_is_read() {
    let all = [V2_PLAIN, V3, V6, UNICAST, AH].map(|hex| read(&bytes(hex)).unwrap());
    for advert in &all {
        assert_eq!((advert.checksum, advert.ttl), (Checksum::Right, TTL), "{advert:?}");
    }
    let [plain, v3, v6, unicast, ah] = all;
    assert_eq!((plain.version, plain.vrid, plain.priority, plain.interval), (2, 12, 150, 2000));
    assert_eq!(plain.authentication, Authentication::None);
    assert_eq!((v3.version, v3.interval, v3.vips), (3, 500, ips(&["192.168.3.100"])));
    assert_eq!((v6.version, v6.vrid, v6.priority, v6.interval), (3, 51, 90, 1000));
    assert_eq!(v6.vips, ips(&["fe80::1", "fd00:3::100"]));
    assert_eq!(v6.destination, ips(&["ff02::12"])[0]);
    assert_eq!(unicast.destination, ips(&["192.168.3.102"])[0]);
    assert_eq!(unicast.authentication, Authentication::Password(b"12345678".to_vec()));
    assert_eq!((ah.vrid, ah.authentication), (11, Authentication::Header));
    assert_eq!(ah.vips, ips(&["192.168.3.100"]));
}

#[test]
fn a_changed_byte_makes_the_checksum_wrong() {
    for hex in [V2, V2_PLAIN, V3, UNICAST] {
        let mut packet = bytes(hex);
        // The priority.
        packet[22] ^= 1;
        assert_eq!(read(&packet).unwrap().checksum, Checksum::Wrong, "{hex}");
    }
    // The checksum of version 3 covers the sender's address; that of version 2 does not.
    for (hex, checksum) in [(V2, Checksum::Right), (V3, Checksum::Wrong)] {
        let mut packet = bytes(hex);
        packet[15] ^= 1;
        assert_eq!(read(&packet).unwrap().checksum, checksum, "{hex}");
    }
    // `v3_checksum_as_v2`: that of the packet without addresses of the IP header.
    let mut packet = bytes(V3);
    packet[26..28].copy_from_slice(&[0, 0]);
    let sum = sum(&[&packet[20..]]);
    packet[26..28].copy_from_slice(&sum.to_be_bytes());
    assert_eq!(read(&packet).unwrap().checksum, Checksum::AsVersion2);
}

#[test]
fn other_packets_are_told_from_broken_ones() {
    let with = |hex: &str, at: usize, value: u8| {
        let mut packet = bytes(hex);
        packet[at] = value;
        read(&packet)
    };
    assert_eq!(with(V2, 9, 6), Err(Malformed::Other), "TCP");
    assert_eq!(with(V2, 6, 0x20), Err(Malformed::Other), "a fragment");
    assert_eq!(with(V6, 6, 17), Err(Malformed::Other), "UDP");
    assert_eq!(with(AH, 20, 6), Err(Malformed::Other), "TCP, authenticated");
    assert_eq!(with(V2, 20, 0x11), Err(Malformed::Version(1)));
    assert_eq!(with(V2, 20, 0x22), Err(Malformed::Type(2)));
    assert_eq!(with(V2, 23, 200), Err(Malformed::Cut), "more addresses than there are");
    assert_eq!(with(V2, 0, 0x40).unwrap().vrid, 11, "a header without a length has the least");
    assert_eq!(read(&[]), Err(Malformed::Other));
    for hex in [V2, V2_PLAIN, V3, V6, UNICAST, AH] {
        let packet = bytes(hex);
        for cut in 1..packet.len() {
            assert!(read(&packet[..cut]).is_err(), "{hex} at {cut}");
        }
        // Ethernet fills short frames up.
        let filled = [&packet[..], &[0; 6]].concat();
        assert_eq!(read(&filled), read(&packet));
    }
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(packet in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&packet);
    }

    /// Behind the beginning of a real one, where most of the code is.
    #[test]
    fn nothing_behind_a_real_header_does(
        which in 0usize..4,
        changes in prop::collection::vec((0usize..80, any::<u8>()), 1..8),
    ) {
        let mut packet = bytes([V2, V3, V6, AH][which]);
        for (at, value) in changes {
            let length = packet.len();
            packet[at % length] = value;
        }
        if let Ok(advert) = read(&packet) {
            prop_assert!(advert.vips.len() <= 255);
            prop_assert!([2, 3].contains(&advert.version));
        }
    }
}
