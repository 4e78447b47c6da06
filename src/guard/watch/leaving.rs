//! Addresses that have left keepalived.conf. Their guards must go, or this node would be cut off from
//! them; but not before keepalived itself has let go of them, which it does when it is reloaded.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use crate::vip::Vip;

/// How long the kernel must show that keepalived has dropped an address: a last hook may still run, and
/// other nodes may be reloaded a moment later.
const SETTLED: Duration = Duration::from_secs(3);

/// The same where IPVS has services by firewall mark, which don't show whose address they are for.
const SETTLED_WITH_MARKS: Duration = Duration::from_secs(60);

/// The addresses, and since when keepalived has no use for each.
#[derive(Debug, Default)]
pub struct Leaving(BTreeMap<Vip, Instant>);

/// What IPVS balances.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Balanced {
    addresses: BTreeSet<IpAddr>,
    marks: bool,
}

impl Leaving {
    /// Whether any is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes what the file wanted before and does not want now. What it wants again stays.
    pub fn note<'a>(
        &mut self,
        before: impl Iterator<Item = &'a Vip>,
        wants: impl Fn(&Vip) -> bool,
        now: Instant,
    ) {
        self.0.extend(before.map(|&vip| (vip, now)));
        self.0.retain(|vip, _| !wants(vip));
    }

    /// The addresses that may go: on none of the node's interfaces, which have `local`, and without an
    /// IPVS service, for a while.
    pub fn due(&mut self, local: &[IpAddr], balanced: &Balanced, now: Instant) -> Vec<Vip> {
        let patience = if balanced.marks { SETTLED_WITH_MARKS } else { SETTLED };
        let mut due = Vec::new();
        for (&vip, since) in &mut self.0 {
            if local.contains(&vip.address()) || balanced.addresses.contains(&vip.address()) {
                *since = now;
            } else if now.duration_since(*since) >= patience {
                due.push(vip);
            }
        }
        due
    }

    /// These are gone.
    pub fn forget(&mut self, vips: &[Vip]) {
        self.0.retain(|vip, _| !vips.contains(vip));
    }
}

impl Balanced {
    /// What /proc/net/ip_vs says: `TCP  C0A80364:0019 mh`, `UDP  [fd00::100]:0035 rr`, `FWM  00000001 rr`.
    pub fn of(listing: &str) -> Balanced {
        let mut balanced = Balanced::default();
        for line in listing.lines() {
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some("TCP" | "UDP" | "SCTP"), Some(service)) => {
                    balanced.addresses.extend(address(service));
                }
                (Some("FWM"), Some(_)) => balanced.marks = true,
                _ => {}
            }
        }
        balanced
    }
}

fn address(service: &str) -> Option<IpAddr> {
    let (address, _) = service.rsplit_once(':')?;
    match address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(v6) => v6.parse().ok(),
        None => u32::from_str_radix(address, 16).ok().map(|number| Ipv4Addr::from(number).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "IP Virtual Server version 1.2.1 (size=4096)\n\
        Prot LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n\
        TCP  C0A80364:0019 mh  (mh-port)\n  -> C0A80366:0019      Route   1      0          0\n\
        UDP  [fd00:0003:0000:0000:0000:0000:0000:0100]:0035 rr\n";

    fn vip(text: &str) -> Vip {
        text.parse().unwrap()
    }

    #[test]
    fn ipvs_services_are_read() {
        let balanced = Balanced::of(LISTING);
        let addresses: Vec<String> = balanced.addresses.iter().map(IpAddr::to_string).collect();
        assert_eq!(addresses, ["192.168.3.100", "fd00:3::100"]);
        assert!(!balanced.marks && Balanced::of("FWM  00000001 rr").marks);
        assert_eq!(Balanced::of(""), Balanced::default());
    }

    #[test]
    fn an_address_goes_when_keepalived_has_dropped_it() {
        let (mut leaving, start) = (Leaving::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let (one, two) = (vip("192.168.3.100"), vip("192.168.3.110"));
        leaving.note([one, two].iter(), |_| false, at(0));
        let (busy, idle) = (Balanced::of(LISTING), Balanced::default());
        // One is balanced still, the other on an interface.
        assert_eq!(leaving.due(&[two.address()], &busy, at(10)), []);
        assert_eq!(leaving.due(&[], &busy, at(12)), []);
        assert_eq!(leaving.due(&[], &idle, at(13)), [two]);
        leaving.forget(&[two]);
        assert_eq!(leaving.due(&[], &idle, at(15)), [one]);
        // Back in the file before it went.
        leaving.note([].iter(), |wanted| *wanted == one, at(16));
        assert!(leaving.is_empty());
    }

    #[test]
    fn with_services_by_mark_it_takes_longer() {
        let (mut leaving, start) = (Leaving::default(), Instant::now());
        leaving.note([vip("fd00:3::100")].iter(), |_| false, start);
        let marks = Balanced::of("FWM  00000001 rr");
        assert_eq!(leaving.due(&[], &marks, start + Duration::from_secs(59)), []);
        assert_eq!(leaving.due(&[], &marks, start + Duration::from_secs(60)).len(), 1);
    }
}
