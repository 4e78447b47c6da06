//! The setting that clients of a dead server take, and where it does no harm.

use crate::conf::grammar::Statement;
use crate::conf::inhibit::{INHIBIT, flag, stays};

/// Where every server that fails stays in its table with weight 0: a client that repeats its SYN, because
/// the first went to a server that was dead already, gets another server. Where servers leave the table it
/// would also end the sessions of one that a check takes for dead by mistake.
pub const WHERE_SERVERS_STAY: (&str, &str) = ("net.ipv4.vs.expire_nodest_conn", "1");

/// Whether in these statements of a keepalived.conf every server that fails stays in its table.
pub fn servers_stay(statements: &[Statement]) -> bool {
    let said = |block: &Statement| flag(block.inner(), INHIBIT);
    let all_stay = |service: &Statement| {
        let mut servers = service.inner().iter().filter(|one| one.keyword() == "real_server");
        servers.all(|server| stays(said(service), said(server)))
    };
    let mut services = statements.iter().filter(|one| one.keyword() == "virtual_server").peekable();
    services.peek().is_some() && services.all(all_stay)
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
        // A server's own word stands before its service's.
        let one_off =
            service(&format!("inhibit_on_failure\n{}", server("inhibit_on_failure false")));
        assert!(stay(&all));
        assert!(stay(&each));
        assert!(stay(&format!("{all}{each}")));
        for other in [&one, &off, &one_off, &format!("{all}{one}"), &String::new()] {
            assert!(!stay(other), "{other}");
        }
    }
}
