//! The setting that clients of a dead server take, and where it does no harm.

use crate::conf::detection::INHIBIT;
use crate::conf::grammar::Statement;

/// Where every server that fails stays in its table with weight 0: a client that repeats its SYN, because
/// the first went to a server that was dead already, gets another server. Where servers leave the table it
/// would also end the sessions of one that a check takes for dead by mistake.
pub const WHERE_SERVERS_STAY: (&str, &str) = ("net.ipv4.vs.expire_nodest_conn", "1");

/// Whether in these statements of a keepalived.conf every server that fails stays in its table.
pub fn servers_stay(statements: &[Statement]) -> bool {
    let of = |block: &Statement, keyword: &str| {
        block.inner().iter().filter(|one| one.keyword() == keyword).cloned().collect::<Vec<_>>()
    };
    let says_so = |block: &Statement| {
        let word = of(block, INHIBIT).first().map(|one| one.values().first().cloned());
        word.is_some_and(|word| !matches!(word.as_deref(), Some("off" | "no" | "false")))
    };
    let stays =
        |service: &&Statement| says_so(service) || of(service, "real_server").iter().all(says_so);
    let mut services = statements.iter().filter(|one| one.keyword() == "virtual_server").peekable();
    services.peek().is_some() && services.all(|service| stays(&service))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conf::grammar;

    #[test]
    fn servers_stay_where_all_that_fail_do() {
        let stay = |text: &str| {
            servers_stay(&grammar::parse("k.conf", text, None, &mut grammar::NoFiles).unwrap())
        };
        let service = |lines: &str| format!("virtual_server 10.0.0.9 25 {{\n{lines}\n}}\n");
        let server = |line: &str| format!("real_server 10.0.0.1 25 {{\n weight 1\n {line}\n}}");
        let all = service(&format!("inhibit_on_failure\n{}", server("")));
        let each = service(&format!("{0}\n{0}", server("inhibit_on_failure")));
        let one = service(&format!("{}\n{}", server("inhibit_on_failure"), server("")));
        let off = service(&server("inhibit_on_failure off"));
        assert!(stay(&all));
        assert!(stay(&each));
        assert!(stay(&format!("{all}{each}")));
        for other in [&one, &off, &format!("{all}{one}"), &String::new()] {
            assert!(!stay(other), "{other}");
        }
    }
}
