//! Makes `captures/` again, with keepalived of Debian's releases, tcpdump and tshark. Not part of `make test`:
//! what is kept there is what was on the wire once.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lvskit::vrrp::packet::read;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::captures::{FIELDS, FILE_HEADER, FOLDER, FRAME_HEADER, READING, frames, packet};
use crate::common::netns::{Netns, inside};
use crate::common::patience::until;

/// An advert comes within seconds.
const HANGS: Duration = Duration::from_secs(60);

const RELEASES: [&str; 3] = ["2.1.5", "2.2.7", "2.3.3"];

const VIP: &str = "192.168.3.100";
const VIPS: &str = "192.168.3.100\n192.168.3.99\n10.20.30.40\n192.168.3.97\n172.16.0.1";
const V6: &str = "fe80::100\nfd00:3::100";
const PASSWORD: &str = "authentication {\nauth_type PASS\nauth_pass mrelay\n}";
const HEADER: &str = "authentication {\nauth_type AH\nauth_pass mrelay\n}";
const UNICAST: &str = "unicast_src_ip 192.168.3.101\nunicast_peer {\n192.168.3.102\n}";
const UNICAST_V6: &str = "unicast_src_ip fd00:3::101\nunicast_peer {\nfd00:3::102\n}";

/// Name, addresses and further lines of its instance.
const KINDS: [(&str, &str, &[&str]); 14] = [
    ("v2", VIP, &[]),
    ("v2-pass", VIP, &[PASSWORD]),
    ("v2-pass-unicast", VIP, &[PASSWORD, UNICAST]),
    ("v2-header", VIP, &[HEADER]),
    ("v2-vips", VIPS, &[]),
    ("v2-slow", VIP, &["advert_int 3"]),
    ("v3", VIP, &["version 3"]),
    ("v3-tenths", VIP, &["version 3", "advert_int 0.3"]),
    ("v3-unicast", VIP, &["version 3", UNICAST]),
    ("v3-vips", VIPS, &["version 3"]),
    ("v3-checksum-as-v2", VIP, &["version 3", "v3_checksum_as_v2"]),
    ("v6", V6, &[]),
    ("v6-tenths", V6, &["advert_int 0.2"]),
    ("v6-unicast", V6, &[UNICAST_V6]),
];

/// keepalived's options with files of its own; 2.3 shares none with another that runs.
const FILES: [(&str, &str); 4] =
    [("-f", "keepalived.conf"), ("-p", "pid"), ("-r", "vrrp.pid"), ("-b", "bfd.pid")];

/// Of these releases only the last knows `v3_checksum_as_v2`.
fn knows(release: &str, kind: &str) -> bool {
    kind != "v3-checksum-as-v2" || release == "2.3.3"
}

/// A link whose addresses are the same each time; its other end answers nothing, but is known.
fn network() -> Netns {
    let netns = Netns::new();
    netns.ip("link add eth0 address 02:00:00:00:00:01 type veth peer name peer0");
    netns.tool(
        "sysctl",
        "-qw net.ipv6.conf.eth0.accept_dad=0 net.ipv6.conf.eth0.router_solicitations=0",
    );
    for end in ["eth0", "peer0"] {
        netns.ip(&format!("link set {end} up"));
    }
    netns.wait_for_carrier("eth0");
    for (own, other) in [("192.168.3.101/24", "192.168.3.102"), ("fd00:3::101/64", "fd00:3::102")] {
        netns.ip(&format!("address add {own} dev eth0"));
        netns.ip(&format!("neighbour add {other} lladdr 02:00:00:00:00:02 dev eth0"));
    }
    netns
}

/// Ended with the test, whatever becomes of it.
struct Running(Child);

impl Running {
    fn start(netns: &Netns, command: &mut Command, says: &Path) -> Running {
        let says = File::create(says).unwrap();
        command.stdin(Stdio::null()).stdout(says.try_clone().unwrap()).stderr(says);
        Running(netns.run(|| command.spawn()).unwrap())
    }

    fn stop(mut self) {
        kill(Pid::from_raw(self.0.id() as i32), Signal::SIGTERM).unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Without effect on one that has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Catches what a release sends of a kind, from its first advert to its last.
fn record(release: &str, name: &str, vips: &str, lines: &[&str]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/keepalived").join(release);
    assert!(root.is_dir(), "{} is missing: run tests/deps captures", root.display());
    let netns = network();
    let folder = tempfile::tempdir_in(root.join("tmp")).unwrap();
    let (heard, said) = (folder.path().join("heard"), folder.path().join("said"));
    let mut tcpdump = Command::new("tcpdump");
    tcpdump.args(["-i", "eth0", "-p", "-U", "--immediate-mode", "-Z", "root", "-w"]).arg(&heard);
    tcpdump.arg("ip proto 112 or ip proto 51 or ip6 proto 112");
    let tcpdump = Running::start(&netns, &mut tcpdump, &said);
    let says = || fs::read_to_string(&said).unwrap();
    until(HANGS, says, || says().contains("listening on"));

    let text = format!(
        "vrrp_instance mail {{\ninterface eth0\nvirtual_router_id 11\npriority 150\n\
         virtual_ipaddress {{\n{vips}\n}}\n{}\n}}\n",
        lines.join("\n")
    );
    fs::write(folder.path().join("keepalived.conf"), text).unwrap();
    let below = |name: &str| Path::new("/tmp").join(folder.path().file_name().unwrap()).join(name);
    let mut keepalived = Command::new("chroot");
    keepalived.arg(&root).args(["/usr/sbin/keepalived", "--dont-fork", "--log-console", "--vrrp"]);
    for (option, name) in FILES {
        keepalived.arg(option).arg(below(name));
    }
    let log = folder.path().join("log");
    let keepalived = Running::start(&netns, &mut keepalived, &log);
    let says = || format!("{release} {name}: {}", fs::read_to_string(&log).unwrap());
    let capture = || fs::read(&heard).unwrap();
    until(HANGS, says, || !frames(&capture()).is_empty());
    keepalived.stop();
    let gave_up = |frame: &&[u8]| read(packet(frame)).is_ok_and(|advert| advert.priority == 0);
    until(HANGS, says, || frames(&capture()).last().is_some_and(gave_up));
    tcpdump.stop();

    let all = capture();
    let frames = frames(&all);
    let mut kept = all[..FILE_HEADER].to_vec();
    for frame in [frames[0], frames[frames.len() - 1]] {
        // Without the time, which differs each time.
        let length = (frame.len() as u32).to_le_bytes();
        kept.extend([[0; 4], [0; 4], length, length].concat());
        kept.extend(frame);
    }
    assert_eq!(FRAME_HEADER, 16);
    fs::write(file(release, name), kept).unwrap();
}

fn file(release: &str, name: &str) -> PathBuf {
    Path::new(FOLDER).join(format!("{release}-{name}.pcap"))
}

#[test]
#[ignore = "writes tests/see/captures again, and needs tshark: tests/deps captures"]
fn captures_are_made_again() {
    if !inside("recorder::captures_are_made_again") {
        return;
    }
    let mut reading = format!("capture\t{}\n", FIELDS.join("\t"));
    for release in RELEASES {
        let kinds = || KINDS.iter().filter(|(name, ..)| knows(release, name));
        std::thread::scope(|scope| {
            for (name, vips, lines) in kinds() {
                scope.spawn(|| record(release, name, vips, lines));
            }
        });
        let mut names: Vec<&str> = kinds().map(|(name, ..)| *name).collect();
        names.sort_by_key(|name| format!("{release}-{name}"));
        for name in names {
            let mut tshark = Command::new("tshark");
            tshark.args(["-T", "fields", "-r"]).arg(file(release, name));
            tshark.args(FIELDS.iter().flat_map(|field| ["-e", field]));
            let output = tshark.output().unwrap();
            assert!(output.status.success(), "{output:?}");
            for line in String::from_utf8(output.stdout).unwrap().lines() {
                reading.push_str(&format!("{release}-{name}\t{line}\n"));
            }
        }
    }
    fs::write(Path::new(FOLDER).join(READING), reading).unwrap();
}
