//! What keepalived of several releases put on the wire, read by our parser and by tshark: every field of
//! every advertisement is the same. `captures/README` says how they were made.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use lvskit::vrrp::packet::{Advert, Authentication, Checksum, TTL, read};

/// Where the captures are, and tshark's reading of them.
pub const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/see/captures");
pub const READING: &str = "tshark.tsv";

/// The fields that tshark is asked for; the first line of its reading, behind the capture's name.
pub const FIELDS: [&str; 18] = [
    "ip.src",
    "ip.dst",
    "ip.ttl",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.hlim",
    "vrrp.version",
    "vrrp.virt_rtr_id",
    "vrrp.prio",
    "vrrp.addr_count",
    "vrrp.auth_type",
    "vrrp.auth_string",
    // Seconds in version 2, hundredths in version 3.
    "vrrp.adver_int",
    "vrrp.short_adver_int",
    "vrrp.checksum.status",
    "vrrp.type",
    "vrrp.ip_addr",
    "vrrp.ipv6_addr",
];

/// A frame's Ethernet header: keepalived's have no VLAN tag here.
const ETHERNET: usize = 14;

/// How a capture begins, as tcpdump writes it on a little-endian machine: its magic number, and the length of
/// its header and of that of each frame (pcap-savefile(5)).
pub const MAGIC: [u8; 4] = [0xd4, 0xc3, 0xb2, 0xa1];
pub const FILE_HEADER: usize = 24;
pub const FRAME_HEADER: usize = 16;

/// The frames of a capture; a last one that is half written is left out.
pub fn frames(capture: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    let mut rest = capture.get(FILE_HEADER..).unwrap_or_default();
    while let Some((header, behind)) = rest.split_at_checked(FRAME_HEADER) {
        let length = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
        let Some((frame, behind)) = behind.split_at_checked(length as usize) else { break };
        frames.push(frame);
        rest = behind;
    }
    frames
}

/// The packet in a frame, from its IP header on.
pub fn packet(frame: &[u8]) -> &[u8] {
    &frame[ETHERNET..]
}

/// All captures by their names.
fn captures() -> Vec<(String, PathBuf)> {
    let all = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
    let captures = all.filter(|path| path.extension().is_some_and(|end| end == "pcap"));
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut captures: Vec<_> = captures.map(|path| (name(&path), path)).collect();
    captures.sort();
    captures
}

/// Every packet with its capture's name.
pub fn packets() -> Vec<(String, Vec<u8>)> {
    let of = |(name, path): (String, PathBuf)| {
        let capture = fs::read(path).unwrap();
        assert_eq!(capture[..4], MAGIC, "{name}");
        let packets = frames(&capture).into_iter().map(|frame| packet(frame).to_vec());
        packets.map(|packet| (name.clone(), packet)).collect::<Vec<_>>()
    };
    captures().into_iter().flat_map(of).collect()
}

/// An advert in tshark's words.
fn told(advert: &Advert) -> [String; FIELDS.len()] {
    let is = |wanted: bool, value: String| if wanted { value } else { String::new() };
    let (v2, v4) = (advert.version == 2, advert.source.is_ipv4());
    let (kind, password) = match &advert.authentication {
        Authentication::None => (0, String::new()),
        Authentication::Password(password) => (1, String::from_utf8(password.clone()).unwrap()),
        Authentication::Header => (2, String::new()),
        Authentication::Unknown(kind) => (*kind, String::new()),
    };
    let vips: Vec<String> = advert.vips.iter().map(IpAddr::to_string).collect();
    // tshark knows one right checksum of each version.
    let right = u8::from(advert.checksum == Checksum::Right);
    [
        is(v4, advert.source.to_string()),
        is(v4, advert.destination.to_string()),
        is(v4, advert.ttl.to_string()),
        is(!v4, advert.source.to_string()),
        is(!v4, advert.destination.to_string()),
        is(!v4, advert.ttl.to_string()),
        advert.version.to_string(),
        advert.vrid.to_string(),
        advert.priority.to_string(),
        vips.len().to_string(),
        is(v2, kind.to_string()),
        password,
        is(v2, (advert.interval / 1000).to_string()),
        is(!v2, (advert.interval / 10).to_string()),
        right.to_string(),
        // An advertisement: all that is read.
        "1".to_owned(),
        is(v4, vips.join(",")),
        is(!v4, vips.join(",")),
    ]
}

#[test]
fn every_field_is_read_as_tshark_reads_it() {
    let head = format!("capture\t{}\n", FIELDS.join("\t"));
    let line = |(name, packet): &(String, Vec<u8>)| {
        let advert = read(packet).unwrap_or_else(|error| panic!("{name}: {error}"));
        format!("{name}\t{}\n", told(&advert).join("\t"))
    };
    let ours: String = std::iter::once(head).chain(packets().iter().map(line)).collect();
    let tsharks = fs::read_to_string(Path::new(FOLDER).join(READING)).unwrap();
    for (ours, tsharks) in ours.lines().zip(tsharks.lines()) {
        assert_eq!(ours, tsharks);
    }
    assert_eq!(ours.lines().count(), tsharks.lines().count());
}

/// What tshark does not judge: which checksum it is, and where the packet comes from.
#[test]
fn only_what_is_meant_to_differ_does() {
    let mut kinds = [0; 2];
    for (name, packet) in packets() {
        let advert = read(&packet).unwrap();
        let as_v2 = name.ends_with("v3-checksum-as-v2");
        let checksum = if as_v2 { Checksum::AsVersion2 } else { Checksum::Right };
        // With unicast over IPv6 keepalived leaves the hop limit to the kernel.
        let ttl = if name.ends_with("v6-unicast") { 64 } else { TTL };
        assert_eq!((advert.checksum, advert.ttl), (checksum, ttl), "{name}");
        kinds[usize::from(as_v2)] += 1;
    }
    assert!(kinds.iter().all(|kind| *kind > 0), "{kinds:?}");
}
