//! The inventory's text: the example's settings, with the reader's own nodes, address and services.

use std::fmt::Write;
use std::net::IpAddr;

use super::{Answers, save};
use crate::guard::plan::{Protocol, Service};
use crate::import::yaml::scalar;
use crate::vip::Vip;

/// VRRP version 3, as the example has it.
const VERSION_3: &str = "  # Version 3 has adverts below a second, and no passwords. Nodes of version 2 and of version 3 do not hear
  # each other.
  vrrp_version: 3
";

const VERSION_2: &str = "  # Version 2 has passwords, and no adverts below a second. Nodes of version 2 and of version 3 do not hear
  # each other.
  vrrp_version: 2
";

/// Up to the nodes.
const TIMERS: &str = "
# A dead node gets no new connections after half a second; `check`, below, takes seconds for that. A false alarm
# ends no session. `bfd` where keepalived is built with it, `false` for none.
failure_detection: {method: ping, interval: 0.1, attempts: 2}

keep_sessions: true # open connections live on when the VIP moves to another node

nodes: # in order of preference: the first is MASTER while it works
";

/// A virtual router ID that another cluster of the network has hardly: the last byte of the VIP.
pub(super) fn vrid(vip: Vip) -> u8 {
    let last = match vip.address() {
        IpAddr::V4(address) => address.octets()[3],
        IpAddr::V6(address) => address.octets()[15],
    };
    last.max(1)
}

pub(super) fn is_tcp(service: &Service) -> bool {
    service.protocol == Protocol::Tcp
}

/// The whole file.
pub(super) fn inventory(answers: &Answers) -> String {
    let Answers { vip, vrid, .. } = answers;
    let mut text = format!(
        "# The cluster behind {vip}, begun by `lvskit init`. Each fact stands here once; state, priority,\n\
         # router_id and the list of real servers follow from the list of nodes.\n\
         #\n\
         #   lvskit gen-conf -i FILE --out-dir conf            renders conf/NODE/keepalived.conf\n\
         #   lvskit explain KEY                                what a key means\n\
         #   man lvskit-inventory                              all keys\n\n\
         global_defs:\n{version}\n\
         network: {network} # a node's address or a VIP outside of it is refused\n{TIMERS}",
        version = if answers.password { VERSION_2 } else { VERSION_3 },
        network = scalar(&answers.network.to_string()),
    );
    for node in &answers.nodes {
        let mut line =
            format!("name: {}, address: {}", scalar(&node.name), scalar(&node.address.to_string()));
        if let Some(interface) = &node.interface {
            line.push_str(&format!(", interface: {}", scalar(interface)));
        }
        text.push_str(&format!("  - {{{line}}}\n"));
    }
    let advert = match answers.password {
        true => "advert_int: 1 # a dead MASTER is replaced within 4 s\n",
        false => "advert_int: 0.2 # a dead MASTER is replaced within 0.8 s\n",
    };
    let authentication = match answers.password {
        true => format!(
            "    authentication: {{auth_type: PASS, auth_pass: {{file: {}}}}} # beside this file\n",
            save::SECRET
        ),
        false => String::new(),
    };
    let interface = scalar(&answers.interface);
    let vip = scalar(&vip.to_string());
    // A string takes all that is written to it.
    let _ = write!(
        text,
        "\nvrrp_instance:\n  main:\n    interface: {interface}\n    \
         virtual_router_id: {vrid} # unique on the network: tcpdump -nnn ip proto 112\n    {advert}\
         {authentication}    virtual_ipaddress: {vip}\n    preempt: true\n    \
         garp_master_delay: 1 # seconds until a new MASTER repeats its gratuitous ARPs; keepalived's default is 5\n    \
         garp_master_refresh: 10 # seconds: after a split network is whole, who heard the other MASTER hears this one\n\n\
         virtual_server:\n"
    );
    answers.services.iter().for_each(|service| text.push_str(&virtual_server(service)));
    text
}

fn virtual_server(service: &Service) -> String {
    let port = service.first;
    let protocol = if is_tcp(service) { "TCP" } else { "UDP" };
    let (check, after) = match (protocol, port) {
        ("TCP", 25 | 587) => ("SMTP_CHECK # or smtp-check, our own probe, or TCP_CHECK", ""),
        ("TCP", 80) => ("TCP_CHECK # or HTTP_GET, which asks for a page", ""),
        ("TCP", 443) => ("TCP_CHECK # or SSL_GET, which asks for a page", ""),
        ("TCP", _) => ("TCP_CHECK # or HTTP_GET, SMTP_CHECK, MISC_CHECK ...", ""),
        (_, 53) => (
            "DNS_CHECK",
            "      query: SOA\n      name: . # write a name that your servers answer for\n",
        ),
        _ => ("UDP_CHECK # a server is down when its port is closed", ""),
    };
    format!(
        "  - port: {port}
    protocol: {protocol}
    delay_loop: 1
    lb_algo: mh # with mh-port: a new MASTER chooses the same servers, no session is lost
    mh-port: true
    mh-fallback: true # a server of weight 0 gets no connections, and others its share
    lb_kind: DR
    check: # a dead service is out within 4.5 s: delay_loop, two attempts and the delay between them
      type: {check}
{after}      connect_timeout: 1.5
      retry: 1
      delay_before_retry: 0.5
"
    )
}
