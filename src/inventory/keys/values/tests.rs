//! Each kind of text at its edges.

use super::super::wrong::tests::all;
use super::*;

#[test]
fn each_kind_has_its_edges() {
    for (kind, good, bad) in [
        (&TEXT, &["a b", "it's"][..], &["", "a\"b", "{", "$HOME", "a\nb"][..]),
        (&NAME, &["mail_relay", "почта"], &["", "a b", "a\u{a0}b"]),
        (&WORDS, &["a", "tcp 900 udp 300"], &["", " ", "a \"b", "a\nb", "include x"]),
        (
            &HOST,
            &["server01.domain.ru", "a", "x_1"],
            &["", ".", "..", "a/b", "a b", "-a", "a.", "../x", "узел"],
        ),
        (
            &HELO,
            &["smtpchecker.domain.ru", "[192.168.3.1]", "[IPv6:fd00::1]"],
            &["[x]", "a b", "a'b"],
        ),
        (
            &INTERFACE,
            &["eth0", "bond0.100", "vlan100", "br-lan"],
            &["", "lo", "averyveryverylong", "a b", "a/b", "eth*", "füß0"],
        ),
        (&UNICAST, &["192.168.3.101", "fd00::1"], &["192.168.3.101/24", "127.0.0.1", "x"]),
        (
            &MAILBOX,
            &["unix_adm@domain.ru", "root"],
            &["", "@domain.ru", "a b@c", "a@", "a b", "ü@c"],
        ),
        (
            &RELAY,
            &["192.168.3.1", "192.168.3.1 2525", "mail.domain.ru"],
            &["", "a b c", "192.168.3.1 0", "192.168.3.256", "25", "true", "300.1 25"],
        ),
        (&PASSWORD, &["mrelay", "12345678", "a#b!c{d"], &["", "123456789", "a\"b", "$HOME", "пар"]),
        (
            &PROGRAM,
            &["/bin/x", "/bin/x a b", "/bin/x 'a b'"],
            &["x", "", "/bin/x 'a", "/bin/x \"a\"", "//x", "/x\n", "/x $HOME"],
        ),
        (&USER, &["root", "a b", "_x-1"], &["", "a b c", "-x", "a;b", "a\nb c d"]),
        (&ENDPOINT, &["10.0.0.1", "fd00::1 25"], &["", "x", "10.0.0.1 0", "10.0.0.1 25 x"]),
        (&NETWORK_KIND, &["10.0.0.0/8", "fd00::/64"], &["10.0.0.0", "x/8", "10.0.0.0/33"]),
        (
            &PATH,
            &["/run/keepalived-lvskit/drain", "/run/a b"],
            &["", "drain", "./drain", "/run/", "/", "/a\nb", "/a$b"],
        ),
        (&TRACKED, &["a", "a weight -254", "a weight 3 reverse"], &["", "a b", "a weight 255"]),
        (&FORWARDING, &["NAT", "TUN", "TUN type gre csum"], &["nat", "DR x", "TUN type foo"]),
        (
            &PREFIXED,
            &[
                "192.168.3.100",
                "192.168.3.100/24",
                "192.168.3.100/32",
                "10.0.0.0/31",
                "fd00::100/64",
                "fd00::/128",
            ],
            &[
                "192.168.3.0/24",
                "192.168.3.255/24",
                "fd00::/64",
                "10.0.0.1/0",
                "192.168.3.100/33",
                "192.168.3.100/",
                "/24",
                "127.0.0.1/8",
            ],
        ),
    ] {
        all(kind.read, good, bad);
        all(kind.read, &[kind.good], &[kind.bad]);
    }
}
