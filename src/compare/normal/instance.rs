//! An instance in one spelling: keepalived's defaults said, or left out where they are no number;
//! what is said of its addresses in one order.

use super::Normal;
use crate::conf::grammar::Place;

/// What keepalived uses of a password, in bytes.
const PASSWORD_LENGTH: usize = 8;

/// Makes its block the same as others.
pub(super) fn normal(at: &Place, block: &mut Vec<Normal>) {
    let master = block.iter().any(|one| one.line == "state MASTER");
    let missing = match master {
        true => "priority 255",
        false => "priority 100",
    };
    Normal::default(at, block, missing);
    Normal::default(at, block, "advert_int 1");
    // Of both the last counts.
    let flags = ["preempt", "nopreempt"];
    if let Some(last) = block.iter().rposition(|one| flags.contains(&one.keyword())) {
        let mut at = 0..;
        block.retain(|one| at.next() == Some(last) || !flags.contains(&one.keyword()));
    }
    block
        .retain(|one| !matches!(one.line.as_str(), "preempt" | "state BACKUP" | "preempt_delay 0"));
    let interface = block.iter().rfind(|one| one.keyword() == "interface");
    // An interface of the instance's own gets the addresses unless they say another.
    let vmac = block.iter().any(|one| one.keyword() == "use_vmac");
    let device = interface.filter(|_| !vmac).and_then(|one| one.line.split(' ').nth(1));
    let device = device.map(str::to_owned);
    for list in block.iter_mut().filter(|one| one.keyword().starts_with("virtual_ipaddress")) {
        for address in list.block.iter_mut().flatten() {
            address.line = virtual_address(&address.line, device.as_deref());
        }
    }
}

/// An address with what is said of it in the order of the alphabet, without the instance's own
/// interface.
fn virtual_address(line: &str, device: Option<&str>) -> String {
    let mut words = line.split(' ');
    let address = words.next().unwrap_or_default();
    // Without its length an address is alone in its network.
    let single = if address.contains(':') { "/128" } else { "/32" };
    let address = address.strip_suffix(single).unwrap_or(address);
    let mut options = Vec::new();
    while let Some(word) = words.next() {
        let option = match word {
            "broadcast" => "brd",
            same => same,
        };
        let value = match option {
            "dev" | "scope" | "label" | "peer" | "preferred_lft" | "brd" => words.next(),
            _ => None,
        };
        match value {
            Some(value) if option == "dev" && Some(value) == device => {}
            Some("global") if option == "scope" => {}
            Some(value) => options.push(format!(" {option} {value}")),
            None => options.push(format!(" {option}")),
        }
    }
    options.sort();
    format!("{address}{}", options.concat())
}

/// Cuts what keepalived does not use off the password of `auth_type PASS`.
pub(super) fn password(block: &mut [Normal]) {
    if !block.iter().any(|one| one.line == "auth_type PASS") {
        return;
    }
    for one in block.iter_mut().filter(|one| one.keyword() == "auth_pass") {
        if let Some(used) = one.line.get(.."auth_pass ".len() + PASSWORD_LENGTH) {
            one.line.truncate(used.len());
        }
    }
}

/// keepalived ignores the length of a network behind an address that adverts come from or go to.
pub(super) fn without_length(one: &mut Normal) {
    one.line = without_length_of(&one.line);
}

/// The same of a line.
pub(super) fn without_length_of(line: &str) -> String {
    let words: Vec<&str> =
        line.split(' ').map(|word| word.split('/').next().unwrap_or(word)).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::virtual_address;

    #[test]
    fn options_have_one_order_and_the_own_interface_goes_unsaid() {
        for (line, normal) in [
            ("10.0.0.9", "10.0.0.9"),
            ("10.0.0.9/32 scope global", "10.0.0.9"),
            ("fd00::9/128", "fd00::9"),
            ("10.0.0.9/24 dev eth0 label a:1", "10.0.0.9/24 label a:1"),
            ("10.0.0.9/24 scope host dev eth1", "10.0.0.9/24 dev eth1 scope host"),
            ("10.0.0.9 home broadcast + -nodad", "10.0.0.9 -nodad brd + home"),
            ("10.0.0.9 label", "10.0.0.9 label"),
        ] {
            assert_eq!(virtual_address(line, Some("eth0")), normal);
        }
        assert_eq!(virtual_address("10.0.0.9 dev eth0", None), "10.0.0.9 dev eth0");
    }
}
