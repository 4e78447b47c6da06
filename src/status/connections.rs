//! The command `lvskit connections`: one connection after the other, or their counts. Memory does not grow
//! with the table, only with the number of services, servers and states.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::net::{IpAddr, SocketAddr};

use clap::Args;
use ipnetwork::IpNetwork;
use serde_json::json;

use crate::exit::Exit;
use crate::node::ipvs::connections::{self, Connection};
use crate::output::fail;

const EXAMPLES: &str = "\
Examples:
  lvskit connections                             source, service, server, state, seconds to expiry
  lvskit connections --summary                   counts by server and state
  lvskit connections --server 192.168.3.101 --state ESTABLISHED
  lvskit connections --source 192.168.3.0/24 --json

  On a BACKUP these are the connections that the sync daemon has received.

Exit codes:
  0  done; also where there is no connection
  1  the kernel has no IPVS (modprobe ip_vs)
  2  wrong command line, nothing was tried
  4  the table could not be read
  6  the output could not be written";

/// By protocol, service, server and state.
type Counts = BTreeMap<(String, SocketAddr, SocketAddr, String), u64>;

/// List the connections that IPVS balances
///
/// One line each, in bounded memory however many there are.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Connections {
    /// Only those to this real server
    #[arg(long, value_name = "ADDRESS")]
    pub server: Option<IpAddr>,

    /// Only those in this state, such as ESTABLISHED or FIN_WAIT
    #[arg(long, value_name = "STATE", ignore_case = true)]
    pub state: Option<String>,

    /// Only those of clients in this network, such as 192.168.3.0/24
    #[arg(long, value_name = "NET")]
    pub source: Option<IpNetwork>,

    /// Count them by service, server and state
    #[arg(long)]
    pub summary: bool,

    /// Write a JSON object for each line
    #[arg(long)]
    pub json: bool,
}

/// Why the command failed.
enum Failure {
    /// No IPVS.
    None,
    /// The table could not be read.
    Read(io::Error),
    /// The output could not be written.
    Write(io::Error),
}

/// Runs the command; results go to `out`, the rest to standard error.
pub fn run(args: &Connections, out: &mut impl Write) -> Exit {
    let outcome = connections::all()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Failure::None,
            _ => Failure::Read(error),
        })
        .and_then(|all| list(args, all, out));
    match outcome {
        Ok(()) => Exit::Ok,
        // Whoever reads it has seen enough, as `head` has.
        Err(Failure::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
        Err(Failure::None) => fail(Exit::No, "the kernel has no IPVS; `modprobe ip_vs` loads it"),
        Err(Failure::Read(error)) => {
            fail(Exit::Refused, format_args!("/proc/net/ip_vs_conn: {error}"))
        }
        Err(Failure::Write(error)) => fail(Exit::File, format_args!("standard output: {error}")),
    }
}

fn list(
    args: &Connections,
    all: impl Iterator<Item = io::Result<Connection>>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(64 * 1024, out);
    let mut counts = Counts::new();
    for connection in all {
        let connection = connection.map_err(Failure::Read)?;
        if !wanted(args, &connection) {
            continue;
        }
        if args.summary {
            *counts.entry(key(connection)).or_default() += 1;
        } else {
            write_one(args, &connection, &mut out).map_err(Failure::Write)?;
        }
    }
    summary(args, &counts, &mut out).and_then(|()| out.flush()).map_err(Failure::Write)
}

fn wanted(args: &Connections, connection: &Connection) -> bool {
    args.server.is_none_or(|server| server == connection.server)
        && args.source.is_none_or(|net| net.contains(connection.source))
        && args.state.as_ref().is_none_or(|state| state.eq_ignore_ascii_case(&connection.state))
}

fn key(connection: Connection) -> (String, SocketAddr, SocketAddr, String) {
    let Connection { protocol, vip, port, server, server_port, state, .. } = connection;
    (protocol, SocketAddr::new(vip, port), SocketAddr::new(server, server_port), state)
}

fn write_one(args: &Connections, connection: &Connection, out: &mut impl Write) -> io::Result<()> {
    if args.json {
        serde_json::to_writer(&mut *out, connection)?;
        return writeln!(out);
    }
    let Connection { protocol, state, expires, .. } = connection;
    let source = SocketAddr::new(connection.source, connection.source_port).to_string();
    let service = SocketAddr::new(connection.vip, connection.port).to_string();
    let server = SocketAddr::new(connection.server, connection.server_port).to_string();
    writeln!(
        out,
        "{protocol:<4} {source:<22} {service:<22} {server:<22} {state:<12} {expires:>6} s"
    )
}

fn summary(args: &Connections, counts: &Counts, out: &mut impl Write) -> io::Result<()> {
    for ((protocol, service, server, state), count) in counts {
        if args.json {
            let line = json!({
                "protocol": protocol,
                "service": service,
                "server": server,
                "state": state,
                "count": count,
            });
            writeln!(out, "{line}")?;
        } else {
            let (service, server) = (service.to_string(), server.to_string());
            writeln!(out, "{protocol:<4} {service:<22} {server:<22} {state:<12} {count:>8}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: Connections,
    }

    const TABLE: &str = "\
Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
TCP C0A80303 A0B4 C0A80364 0019 C0A80365 0019 ESTABLISHED     899
TCP C0A80303 A0B5 C0A80364 0019 C0A80365 0019 ESTABLISHED     898
TCP C0A80404 A0B4 C0A80364 0019 C0A80366 0019 FIN_WAIT        100
TCP fd000003000000000000000000000003 A0B4 garbage
";

    fn listed(options: &[&str]) -> Vec<String> {
        let Cli { args } = Cli::parse_from(["x"].iter().chain(options));
        let mut out = Vec::new();
        let all = connections::connections(TABLE.as_bytes());
        assert!(list(&args, all, &mut out).is_ok());
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn connections_are_listed_filtered_and_counted() {
        let all = listed(&[]);
        assert_eq!(
            all[0],
            "TCP  192.168.3.3:41140      192.168.3.100:25       192.168.3.101:25       ESTABLISHED     899 s"
        );
        assert_eq!(all.len(), 3);
        assert_eq!(listed(&["--server", "192.168.3.102"]).len(), 1);
        assert_eq!(listed(&["--state", "established"]).len(), 2);
        assert_eq!(listed(&["--source", "192.168.4.0/24"]).len(), 1);
        assert_eq!(listed(&["--source", "fd00::/8"]).len(), 0);
        let counts = listed(&["--summary"]);
        assert_eq!(counts.len(), 2, "{counts:?}");
        assert!(counts[0].ends_with("ESTABLISHED         2"), "{counts:?}");
        let json = listed(&["--summary", "--json"]);
        assert_eq!(
            json[1],
            "{\"count\":1,\"protocol\":\"TCP\",\"server\":\"192.168.3.102:25\",\
             \"service\":\"192.168.3.100:25\",\"state\":\"FIN_WAIT\"}"
        );
        let json: serde_json::Value = serde_json::from_str(&listed(&["--json"])[0]).unwrap();
        assert_eq!(json["expires"], 899);
    }

    /// However many connections there are: nothing of them stays in memory but their counts.
    #[test]
    fn counts_do_not_grow_with_the_table() {
        let Cli { args } = Cli::parse_from(["x", "--summary"]);
        let line = "TCP C0A80303 A0B4 C0A80364 0019 C0A80365 0019 ESTABLISHED     899\n";
        let table = io::BufReader::new(Repeated { line: line.as_bytes(), left: 200_000, at: 0 });
        let mut out = Vec::new();
        assert!(list(&args, connections::connections(table), &mut out).is_ok());
        assert!(String::from_utf8(out).unwrap().trim_end().ends_with(" 200000"));
    }

    /// A table that is made while it is read.
    struct Repeated {
        line: &'static [u8],
        left: usize,
        at: usize,
    }

    impl io::Read for Repeated {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.left == 0 {
                return Ok(0);
            }
            let rest = &self.line[self.at..];
            let length = rest.len().min(buffer.len());
            buffer[..length].copy_from_slice(&rest[..length]);
            self.at += length;
            if self.at == self.line.len() {
                (self.at, self.left) = (0, self.left - 1);
            }
            Ok(length)
        }
    }
}
