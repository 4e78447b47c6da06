//! A real HAProxy before Postfix: what a check sees that goes through a load balancer.

use std::process::Command;

use super::Files;
use crate::real::{Daemon, Machine, program};

/// Where its connections to Postfix come from.
pub const SOURCE: &str = "127.0.0.67";

/// Name, what follows `bind 127.0.0.1:`, and what follows `server relay 127.0.0.1:`.
const WAYS: &[(&str, &str, &str)] = &[
    ("tcp", "5025", "25"),
    ("v1", "5026", "27 send-proxy"),
    ("v2", "5027", "27 send-proxy-v2"),
    ("proxied", "5028 accept-proxy", "25"),
    ("both", "5029 accept-proxy", "27 send-proxy-v2"),
    ("unknowing", "5030", "25 send-proxy"),
    // Nobody listens on this port.
    ("dead", "5031", "9"),
    ("tls", "5465 ssl crt CHAIN", "25"),
];

pub fn start(machine: &Machine, files: &Files) -> Daemon {
    let mut conf =
        "global\n nbthread 1\ndefaults\n mode tcp\n timeout connect 30s\n timeout client 30s\n \
                    timeout server 30s\n"
            .to_owned();
    for (name, bind, server) in WAYS {
        let bind = bind.replace("CHAIN", &files.chain.display().to_string());
        conf += &format!(
            "listen {name}\n bind 127.0.0.1:{bind}\n server relay 127.0.0.1:{server} source {SOURCE}\n"
        );
    }
    let conf = machine.write("haproxy.conf", &conf);
    let haproxy = program("/usr/sbin/haproxy").unwrap();
    machine.start("haproxy", Command::new(haproxy).arg("-db").arg("-f").arg(conf))
}
