//! Values of a shape that keepalived wants: masks, hexadecimal digits, lists of options. In any other
//! it refuses them, or worse, takes them for something else: the IPv4 mask `24` for 0.0.0.24. Each
//! says in words, in a pattern and in code what it is.

use std::net::{IpAddr, Ipv4Addr};

use ipnetwork::IpNetwork;

use crate::guard::plan::Service;

/// A shape.
#[derive(Debug)]
pub struct Form {
    /// In a few words.
    pub shown: &'static str,
    /// As JSON schemas have it (ECMA-262); it may let more through than `fits`.
    pub pattern: &'static str,
    /// One that fits.
    pub good: &'static str,
    /// One that does not.
    pub bad: &'static str,
    /// Whether words, with single blanks between them, are of the shape.
    pub fits: fn(&str) -> bool,
}

/// `bypass_ports`
pub const SERVICE: Form = Form {
    shown: "a protocol and its port or ports, such as tcp/25 or udp/1000-1010",
    pattern: "^(tcp|udp)/[0-9]+(-[0-9]+)?$",
    good: "tcp/25",
    bad: "tcp/smtp",
    fits: |text| text.parse::<Service>().is_ok(),
};

/// `bfd_process_name`; keepalived cuts longer ones, as the kernel has 15 characters for one.
pub const PROCESS_NAME: Form = Form {
    shown: "a name of 1-15 characters",
    pattern: "^[^ ]{1,15}$",
    good: "keepalived_bfd",
    bad: "keepalived_for_bfd",
    fits: |text| (1..=15).contains(&text.len()) && !text.contains(' '),
};

/// `lvs_timeouts`
pub const TIMEOUTS: Form = Form {
    shown: "`tcp`, `tcpfin` and `udp`, each with seconds up to 2678400",
    pattern: "^(tcp|tcpfin|udp) [0-9]+( (tcp|tcpfin|udp) [0-9]+)*$",
    good: "tcp 900 udp 300",
    bad: "tcp many",
    fits: |text| {
        let words: Vec<&str> = text.split(' ').collect();
        words.chunks(2).all(|two| match two {
            ["tcp" | "tcpfin" | "udp", seconds] => number(seconds, 0, 2_678_400),
            _ => false,
        })
    },
};

/// `umask`
pub const UMASK: Form = Form {
    shown: "octal digits after a 0, such as 0177, or `IRGRP|IWOTH` and the like",
    pattern: "^(0[0-7]{0,3}|I[RWX](USR|GRP|OTH)([ |]+I[RWX](USR|GRP|OTH))*)$",
    good: "0177",
    bad: "group",
    fits: |text| {
        let bit = |word: &str| {
            let (kind, who) = word.split_at_checked(2).unwrap_or_default();
            ["IR", "IW", "IX"].contains(&kind) && ["USR", "GRP", "OTH"].contains(&who)
        };
        // Without the 0 keepalived reads decimal digits: 22 would be 026.
        let octal = |digits: &str| {
            digits.len() <= 3 && digits.bytes().all(|b| b.is_ascii_digit() && b < b'8')
        };
        text.strip_prefix('0').is_some_and(octal) || text.split('|').all(|word| bit(word.trim()))
    },
};

/// `garp_extra_if`
pub const EXTRA_IF: Form = Form {
    shown: "`SECONDS` or `all SECONDS`, up to 86400",
    pattern: "^(all )?[0-9]+$",
    good: "all 60",
    bad: "some 60",
    fits: |text| number(text.strip_prefix("all ").unwrap_or(text), 1, 86_400),
};

/// `use_vmac`
pub const VMAC: Form = Form {
    shown: "`[INTERFACE] [MAC]`",
    pattern: "^[^ ]+( [0-9a-fA-F:]+)?$",
    good: "vrrp.11",
    bad: "vrrp.11.has.a.long.name",
    fits: |text| {
        let mac = |word: &str| {
            let parts: Vec<&str> = word.split(':').collect();
            let byte = |part: &&str| hexadecimal(part) && part.len() <= 2;
            [5, 6].contains(&parts.len()) && parts.iter().all(byte)
        };
        // keepalived takes what has colons for an address.
        let name = |word: &str| word.len() <= 15 && !word.contains(':');
        match text.split(' ').collect::<Vec<_>>().as_slice() {
            [one] => mac(one) || name(one),
            [first, address] => name(first) && mac(address),
            _ => false,
        }
    },
};

/// `persistence_granularity`; which of the two is right hangs on the service's family.
pub const GRANULARITY: Form = Form {
    shown: "for IPv4 a netmask such as 255.255.255.0, for IPv6 a prefix length from 1 to 128",
    pattern: "^([0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+|[0-9]{1,3})$",
    good: "255.255.255.0",
    bad: "wide",
    fits: |text| match text.parse::<Ipv4Addr>() {
        Ok(mask) => ipnetwork::ipv4_mask_to_prefix(mask).is_ok_and(|length| length > 0),
        Err(_) => number(text, 1, 128),
    },
};

/// `status_code`
pub const STATUS_CODES: Form = Form {
    shown: "codes from 100 to 599 and ranges of them, such as 200-299",
    pattern: "^[1-5][0-9]{2}(-[1-5][0-9]{2})?( [1-5][0-9]{2}(-[1-5][0-9]{2})?)*$",
    good: "200-299 404",
    bad: "2xx",
    fits: |text| {
        text.split(' ').all(|word| match word.split_once('-') {
            None => number(word, 100, 599),
            Some((from, to)) => number(from, 100, 599) && number(to, 100, 599) && from <= to,
        })
    },
};

/// `digest`
pub const DIGEST: Form = Form {
    shown: "32 hexadecimal digits",
    pattern: "^[0-9a-fA-F]{32}$",
    good: "9b3a0c85a887a256d6939da88aabd8cd",
    bad: "9b3a",
    fits: |text| text.len() == 32 && hexadecimal(text),
};

/// `payload`
pub const PAYLOAD: Form = Form {
    shown: "hexadecimal digits",
    pattern: "^[0-9a-fA-F ]+$",
    good: "ab 12",
    bad: "xyz",
    fits: |text| text.split(' ').all(hexadecimal),
};

/// `require_reply`
pub const REPLY: Form = Form {
    shown: "hexadecimal digits, x for any",
    pattern: "^[0-9a-fA-FxX ]+$",
    good: "ab 1x",
    bad: "what",
    fits: |text| text.chars().all(|c| c.is_ascii_hexdigit() || "xX ".contains(c)),
};

/// `regex_options`
pub const REGEX_OPTIONS: Form = Form {
    shown: "options of pcre2api(3) that keepalived.conf(5) lists, such as caseless multiline",
    pattern: "^[a-z_]+( [a-z_]+)*$",
    good: "caseless multiline",
    bad: "sloppy",
    fits: |text| text.split(' ').all(|word| PCRE2.contains(&word)),
};

const PCRE2: [&str; 24] = [
    "allow_empty_class",
    "alt_bsux",
    "alt_circumflex",
    "alt_verbnames",
    "auto_callout",
    "caseless",
    "dollar_endonly",
    "dotall",
    "dupnames",
    "extended",
    "firstline",
    "match_unset_backref",
    "multiline",
    "never_backslash_c",
    "never_ucp",
    "never_utf",
    "no_auto_capture",
    "no_auto_possess",
    "no_dotstar_anchor",
    "no_start_optimize",
    "ucp",
    "ungreedy",
    "use_offset_limit",
    "utf",
];

/// `init_file`
pub const INIT_FILE: Form = Form {
    shown: "a number, `overwrite`, or both",
    pattern: "^(-?[0-9]+|overwrite|-?[0-9]+ overwrite|overwrite -?[0-9]+)$",
    good: "0 overwrite",
    bad: "zero",
    fits: |text| {
        let is_value = |word: &str| word.parse::<i32>().is_ok();
        match text.split(' ').collect::<Vec<_>>().as_slice() {
            [word] => *word == "overwrite" || is_value(word),
            [value, "overwrite"] | ["overwrite", value] => is_value(value),
            _ => false,
        }
    },
};

/// What stands behind `TUN`.
pub const TUNNEL: Form = Form {
    shown: "`type ipip`, `type gre` or `type gue port NUMBER`, and nocsum, csum or remcsum",
    pattern: "^type (ipip|gre|gue)( (port [0-9]+|nocsum|csum|remcsum))*$",
    good: "type gue port 6080 csum",
    bad: "type foo",
    fits: |text| {
        let Some((kind, options)) = text
            .strip_prefix("type ")
            .map(|rest| rest.split_once(' ').map_or((rest, ""), |(kind, options)| (kind, options)))
        else {
            return false;
        };
        let mut words = options.split_whitespace();
        let (mut ports, mut sums) = (0, 0);
        while let Some(word) = words.next() {
            match (word, kind) {
                ("port", "gue") if words.next().is_some_and(|port| number(port, 1, 65_535)) => {
                    ports += 1;
                }
                ("nocsum", _) | ("csum", "gre" | "gue") | ("remcsum", "gue") => sums += 1,
                _ => return false,
            }
        }
        ["ipip", "gre", "gue"].contains(&kind) && ports == usize::from(kind == "gue") && sums <= 1
    },
};

/// An address that adverts are sent to.
pub const GROUP: Form = Form {
    shown: "a multicast address",
    pattern: "^(2(2[4-9]|3[0-9])\\.|[fF][fF])",
    good: "224.0.0.200",
    bad: "10.0.0.5",
    fits: |text| text.parse().is_ok_and(|group: IpAddr| group.is_multicast()),
};

/// Of IPv4.
pub const GROUP4: Form =
    Form { fits: |text| text.parse().is_ok_and(|group: Ipv4Addr| group.is_multicast()), ..GROUP };

/// Of IPv6.
pub const GROUP6: Form = Form {
    good: "ff02::12",
    bad: "fd00::5",
    fits: |text| text.contains(':') && (GROUP.fits)(text),
    ..GROUP
};

/// A network: without its length an address would be a network of one.
pub const NETWORK: Form = Form {
    shown: "an address and a prefix length, such as 192.168.3.0/24",
    pattern: "^[0-9a-fA-F.:]+/[0-9.]+$",
    good: "192.168.3.0/24",
    bad: "192.168.3.0",
    fits: |text| text.contains('/') && text.parse::<IpNetwork>().is_ok(),
};

fn number(text: &str, from: u64, to: u64) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse().is_ok_and(|n| (from..=to).contains(&n))
}

fn hexadecimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&Form; 18] = [
        &PROCESS_NAME,
        &SERVICE,
        &TIMEOUTS,
        &UMASK,
        &EXTRA_IF,
        &VMAC,
        &GRANULARITY,
        &STATUS_CODES,
        &DIGEST,
        &PAYLOAD,
        &REPLY,
        &REGEX_OPTIONS,
        &INIT_FILE,
        &TUNNEL,
        &GROUP,
        &GROUP4,
        &GROUP6,
        &NETWORK,
    ];

    #[test]
    fn good_fits_and_bad_does_not() {
        for form in ALL {
            assert!((form.fits)(form.good) && !(form.fits)(form.bad), "{form:?}");
        }
    }

    #[test]
    fn each_shape_has_its_edges() {
        for (form, good, bad) in [
            (&PROCESS_NAME, "fifteen-letters", "sixteen--letters"),
            (&SERVICE, "udp/1-65535", "udp/0"),
            (&SERVICE, "tcp/10-10", "tcp/11-10"),
            (&TIMEOUTS, "tcpfin 0", "tcp 2678401"),
            (&TIMEOUTS, "udp 1 tcp 2", "tcp"),
            (&UMASK, "0777", "0788"),
            (&UMASK, "IWGRP | IWOTH", "IWALL"),
            (&UMASK, "0", "07777"),
            (&UMASK, "022", "22"),
            (&EXTRA_IF, "86400", "0"),
            (&VMAC, "02:00:5e:00:01", "02:00:5e:00:01:02:03 x"),
            (&VMAC, "vrrp 02:00:5e:00:01:0b", "vrrp eth0"),
            (&VMAC, "vrrp.1", "vrrp:1"),
            (&GRANULARITY, "64", "255.0.255.0"),
            (&GRANULARITY, "255.255.255.255", "129"),
            (&STATUS_CODES, "599", "600"),
            (&STATUS_CODES, "200-200", "300-200"),
            (&PAYLOAD, "Ab12f 3", "0x12"),
            (&INIT_FILE, "-5", "5 5"),
            (&INIT_FILE, "overwrite 5", "5 write"),
            (&INIT_FILE, "overwrite -5", "5overwrite"),
            (&INIT_FILE, "-5 overwrite", "overwrite5"),
            (&TUNNEL, "type gre csum", "type gue"),
            (&TUNNEL, "type ipip nocsum", "type ipip csum"),
            (&TUNNEL, "type gue csum port 6080", "type gre port 6080"),
            (&TUNNEL, "type gue port 1", "type gue port 0"),
            (&GROUP, "ff02::1", "::1"),
            (&GROUP4, "239.0.0.1", "ff02::1"),
            (&GROUP6, "ff05::1", "224.0.0.1"),
            (&NETWORK, "fd00::/64", "10.0.0.0/33"),
        ] {
            assert!((form.fits)(good), "{good}");
            assert!(!(form.fits)(bad), "{bad}");
        }
    }
}
