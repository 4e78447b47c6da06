//! Hostile packets against the reader of VRRP advertisements. Nothing panics, and what is read keeps its
//! promises. The fuzzer calls this, and so does an ordinary test.

use lvskit::vrrp::packet::{Authentication, read};

/// Reads a packet; panics where a promise is broken.
pub fn advert(packet: &[u8]) {
    let Ok(advert) = read(packet) else { return };
    assert!([2, 3].contains(&advert.version));
    assert!(advert.vips.iter().all(|vip| vip.is_ipv4() == advert.source.is_ipv4()));
    assert_eq!(advert.source.is_ipv4(), advert.destination.is_ipv4());
    let size = if advert.source.is_ipv4() { 4 } else { 16 };
    assert!(advert.vips.len() * size < packet.len());
    // Version 2 counts seconds in a byte, version 3 hundredths in twelve bits.
    assert!(advert.interval <= if advert.version == 2 { 255_000 } else { 40_950 });
    if let Authentication::Password(password) = &advert.authentication {
        assert!(password.len() <= 8 && !password.contains(&0));
    }
    // What stands behind the packet is not part of it.
    let longer = [packet, &[0xff; 8]].concat();
    assert_eq!(read(&longer), Ok(advert));
}
