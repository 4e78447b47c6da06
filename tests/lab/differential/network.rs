//! Servers that can't be reached, IPv6, further attempts; and decoys, which show that a difference
//! is seen.

use super::behaviour::{
    ANYTHING, Behaviour, CONNECT, CONNECT_LATE, Chapter, GREETING, HELO, Place, READ, TIMEOUT,
    UNREACHABLE, UP, Verdict, Verdicts, at, down, good, greeting, helo, replies, up,
};
use crate::common::server::Step::{Abort, Close};
use crate::common::server::say;

pub fn ipv4() -> Chapter {
    let mut all = unreachable();
    all.push(with_option("bindto an address that is not here", ("bindto", "192.0.2.77")));
    all.push(with_option("bind_if a missing interface", ("bind_if", "eth77")));
    // keepalived checks as root, and runs the probe as a user that has no such right.
    let marked = with_option("fwmark", ("fwmark", "7"));
    let expected = Verdicts { smtp_check: Verdict::Up, probe: Verdict::Down };
    all.push(Behaviour { expected, logged: UP, ..marked });
    Chapter::new("network", all)
}

/// The same again, with samples of all else.
pub fn ipv6() -> Chapter {
    let mut all = unreachable();
    all.extend([
        up("a good server", good()),
        down("refused by 554", GREETING, greeting(vec![say("554 x\r\n")])),
        down("250- to HELO", HELO, helo(vec![say("250-b\r\n250 c\r\n")])),
        down("no greeting", TIMEOUT, vec![]),
        down("close at once", READ, vec![Close]),
        up("511 bytes of junk and the greeting", {
            greeting(vec![say([&[b'A'; 511][..], b"220 a\n"].concat())])
        }),
    ]);
    Chapter { ipv6: true, ..Chapter::new("IPv6", all) }
}

fn unreachable() -> Vec<Behaviour> {
    let (down, none) = (Verdicts::both(Verdict::Down), not_tried());
    vec![
        at("wrong port", Place::WrongPort, down, CONNECT),
        at("reset by a filter", Place::Filtered("reject with tcp reset"), down, CONNECT),
        at("dropped by a filter", Place::Filtered("drop"), down, CONNECT_LATE),
        at("rejected by a filter", filtered("host-unreachable"), down, CONNECT),
        at("prohibited by a filter", filtered("admin-prohibited"), down, CONNECT),
        at("route unreachable", Place::Route("unreachable"), down, UNREACHABLE),
        at("route throw", Place::Route("throw"), down, UNREACHABLE),
        at("route prohibit", Place::Route("prohibit"), none, ANYTHING),
        at("route blackhole", Place::Route("blackhole"), none, ANYTHING),
    ]
}

fn filtered(code: &str) -> Place {
    Place::Filtered(match code {
        "host-unreachable" => "reject with icmpx type host-unreachable",
        _ => "reject with icmpx type admin-prohibited",
    })
}

/// The system refuses on this side. SMTP_CHECK then knows nothing of the server and changes
/// nothing; a program that keepalived runs must say something.
fn not_tried() -> Verdicts {
    Verdicts { smtp_check: Verdict::None, probe: Verdict::Down }
}

fn with_option(name: &str, option: (&'static str, &'static str)) -> Behaviour {
    let server = Place::Server(vec![good()]);
    Behaviour { option: Some(option), ..at(name, server, not_tried(), ANYTHING) }
}

/// Two more attempts, the first time too that a server is checked.
pub fn retries() -> Chapter {
    let bad = || replies("554 x\r\n", "", "");
    let bad_helo = || helo(vec![say("500 x\r\n")]);
    let plays = |name: &str, logged, verdict, scripts| {
        at(name, Place::Server(scripts), Verdicts::both(verdict), logged)
    };
    let all = vec![
        plays("bad, then good", UP, Verdict::Up, vec![bad(), good()]),
        plays("bad HELO reply, then good", UP, Verdict::Up, vec![bad_helo(), good()]),
        plays("silent, then good", UP, Verdict::Up, vec![vec![], good()]),
        plays("reset, then closed, then good", UP, Verdict::Up, {
            vec![vec![Abort], vec![Close], good()]
        }),
        plays("bad twice, then good", UP, Verdict::Up, vec![bad(), bad(), good()]),
        plays("good too late", GREETING, Verdict::Down, vec![bad(), bad(), bad(), good()]),
        plays("never good", HELO, Verdict::Down, vec![bad_helo()]),
        at("never there", Place::WrongPort, Verdicts::both(Verdict::Down), CONNECT),
    ];
    Chapter { retry: 2, ..Chapter::new("retries", all) }
}

/// Servers that treat the two checks differently, so that they can't agree.
pub fn decoys() -> Chapter {
    let bad = || replies("554 x\r\n", "", "");
    let (for_probe, for_smtp_check) =
        (Place::TwoFaces(bad(), good()), Place::TwoFaces(good(), bad()));
    let to_probe = Verdicts { smtp_check: Verdict::Down, probe: Verdict::Up };
    let to_smtp_check = Verdicts { smtp_check: Verdict::Up, probe: Verdict::Down };
    let all = vec![
        at("good to the probe only", for_probe, to_probe, GREETING),
        at("good to SMTP_CHECK only", for_smtp_check, to_smtp_check, UP),
    ];
    Chapter::new("decoys", all)
}
