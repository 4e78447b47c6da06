//! The command line of `smtp-check`. Its options carry the names and the defaults they have in
//! keepalived's SMTP_CHECK, so that a block of keepalived.conf can be moved over word by word.

use std::ffi::OsString;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, value_parser};

use crate::exit::Exit;
use crate::smtp::probe::DEFAULT_RETRY;
use crate::smtp::session::DEFAULT_PORT;
use crate::smtp::target::LONGEST_INTERFACE;
use crate::smtp::{
    Failure, HeloName, Probe, Report, Session, Target, Trace, helo, timer, worst_case,
};

const AFTER_HELP: &str = "\
Examples:
  Is the server up?
      smtp-check 192.168.3.101
  Show the dialogue, every read and every command with its time:
      smtp-check -v 2001:db8::25 -p 587 --helo-name probe.example.org
  Decide at once and within three seconds:
      smtp-check 192.168.3.101 --retry 0 --deadline 3
  From an address and with a mark, as SMTP_CHECK's bindto and fwmark do:
      smtp-check 192.168.3.101 --bindto 192.168.3.1 --fwmark 7
  In keepalived.conf, with a misc_timeout above the deadline (here 41 seconds):
      MISC_CHECK {
          misc_path \"/usr/libexec/keepalived/smtp-check 192.168.3.101\"
          misc_timeout 45
      }

Where the connection can't be made as asked:
  An address that this machine does not have, a missing interface, a mark without CAP_NET_ADMIN:
  SMTP_CHECK then keeps its last verdict. No exit code says that, so here it is \"down\", exit
  code 1, and the reason is in the verdict. SMTP_CHECK's bind_port counts only with bindto;
  --bind-port always counts.

Exit codes:
  0  the server is up
  1  everything else: the server is down, or the command line is wrong
  There are no others, because misc_dynamic takes 2 to 255 for a weight.";

/// Checks a mail server with the dialogue and the verdicts of keepalived's SMTP_CHECK.
///
/// Connects, waits for a greeting with code 220, says HELO, waits for code 250, says QUIT and waits
/// for any line. Each reply must be one line. The verdict is one line on standard output.
#[derive(Debug, Parser)]
#[command(name = "smtp-check", version, after_help = AFTER_HELP)]
pub struct Args {
    /// The server, an IPv4 or IPv6 address; names are not looked up
    #[arg(value_parser = address, required_unless_present = "connect_ip")]
    host: Option<IpAddr>,

    /// Connect to this address instead of HOST
    #[arg(long, value_name = "ADDR", value_parser = address)]
    connect_ip: Option<IpAddr>,

    /// The server's port
    #[arg(short, long, visible_alias = "connect-port", default_value_t = DEFAULT_PORT)]
    #[arg(value_parser = value_parser!(u16).range(1..))]
    port: u16,

    /// Connect from this address
    #[arg(long, value_name = "ADDR", value_parser = address)]
    bindto: Option<IpAddr>,

    /// Connect from this port
    #[arg(long, value_name = "PORT", value_parser = value_parser!(u16).range(1..))]
    bind_port: Option<u16>,

    /// Connect through this interface (SO_BINDTODEVICE)
    #[arg(long, value_name = "NAME", value_parser = interface)]
    bind_if: Option<String>,

    /// Mark every packet with this number (SO_MARK; needs CAP_NET_ADMIN)
    #[arg(long, value_name = "N")]
    fwmark: Option<u32>,

    /// What to say after HELO: a domain or an address literal
    #[arg(long, value_name = "NAME", default_value = helo::DEFAULT)]
    helo_name: HeloName,

    /// Seconds to wait for the connection, and again for each read
    #[arg(long, value_name = "S", default_value = "5", value_parser = timer::positive_seconds)]
    connect_timeout: Duration,

    /// How many attempts may follow a failed one
    #[arg(long, value_name = "N", default_value_t = DEFAULT_RETRY)]
    retry: u32,

    /// Seconds between two attempts
    #[arg(long, value_name = "S", default_value = "1", value_parser = timer::seconds)]
    delay_before_retry: Duration,

    /// Seconds for the whole run, then the server is down
    /// [default: four connect timeouts per attempt, and the delays]
    #[arg(long, value_name = "S", value_parser = timer::positive_seconds)]
    deadline: Option<Duration>,

    /// Show the dialogue on standard error
    #[arg(short, long)]
    verbose: bool,
}

impl Args {
    /// The check that this command line asks for.
    ///
    /// # Errors
    /// Options that are fine by themselves contradict each other.
    fn probe(&self) -> anyhow::Result<Probe> {
        let host = self.connect_ip.or(self.host).context("HOST is missing")?;
        if let Some(bindto) = self.bindto {
            anyhow::ensure!(
                bindto.is_ipv4() == host.is_ipv4(),
                "--bindto {bindto} can't reach {host}: one is IPv4, the other IPv6"
            );
        }
        let longest = worst_case(self.connect_timeout, self.retry, self.delay_before_retry);
        Ok(Probe {
            session: Session {
                target: Target {
                    server: SocketAddr::new(host, self.port),
                    bind_ip: self.bindto,
                    bind_port: self.bind_port,
                    bind_if: self.bind_if.clone(),
                    fwmark: self.fwmark,
                },
                helo_name: self.helo_name.clone(),
                connect_timeout: self.connect_timeout,
            },
            retry: self.retry,
            delay_before_retry: self.delay_before_retry,
            deadline: self.deadline.unwrap_or(longest),
        })
    }
}

/// Runs `smtp-check` with these words, the program's name first.
///
/// # Errors
/// The command line is wrong; the server was not asked.
pub fn run(words: impl IntoIterator<Item = OsString>) -> anyhow::Result<Exit> {
    let args = match Args::try_parse_from(words) {
        Ok(args) => args,
        Err(err) if err.use_stderr() => {
            let text = err.to_string();
            anyhow::bail!("{}", text.strip_prefix("error: ").unwrap_or(&text).trim_end());
        }
        Err(help) => {
            // Asked for and given, whether or not anybody reads it.
            let _ = help.print();
            return Ok(Exit::Ok);
        }
    };
    let probe = args.probe()?;
    let mut stderr = std::io::stderr();
    let mut trace = if args.verbose { Trace::to(&mut stderr) } else { Trace::silent() };
    let verdict = probe.run(&mut trace, &mut Report::default());
    // The verdict stands in the exit code, whether or not anybody reads this line.
    let _ = std::io::stdout().write_all(line(probe.session.target.server, &verdict).as_bytes());
    Ok(if verdict.is_ok() { Exit::Ok } else { Exit::No })
}

/// The verdict as one line.
fn line(server: SocketAddr, verdict: &Result<(), Failure>) -> String {
    match verdict {
        Ok(()) => format!("{server} up\n"),
        Err(failure) => format!("{server} down: {failure}\n"),
    }
}

/// Reads an address, with an error that says why a name won't do.
fn address(text: &str) -> Result<IpAddr, &'static str> {
    text.parse().map_err(|_| "not an IPv4 or IPv6 address (names are not looked up)")
}

/// Reads the name of an interface; whether there is one shows when it is used.
fn interface(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > LONGEST_INTERFACE || text.contains(['/', '\0', ' ']) {
        return Err(format!("an interface has a name of 1 to {LONGEST_INTERFACE} characters"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::smtp::probe::DEFAULT_DELAY_BEFORE_RETRY;
    use crate::smtp::session::DEFAULT_CONNECT_TIMEOUT;

    fn probe(words: &str) -> Probe {
        let words = ["smtp-check"].into_iter().chain(words.split_whitespace());
        Args::try_parse_from(words).unwrap().probe().unwrap()
    }

    #[test]
    fn the_definition_holds() {
        Args::command().debug_assert();
    }

    #[test]
    fn defaults_are_those_of_smtp_check() {
        let probe = probe("192.0.2.1");
        assert_eq!(probe.session.target.server.to_string(), "192.0.2.1:25");
        assert_eq!(probe.session.helo_name.to_string(), "smtpchecker.keepalived.org");
        assert_eq!(probe.session.connect_timeout, DEFAULT_CONNECT_TIMEOUT);
        assert_eq!(probe.retry, 1);
        assert_eq!(probe.delay_before_retry, DEFAULT_DELAY_BEFORE_RETRY);
        assert_eq!(probe.deadline, Duration::from_secs(41));
    }

    #[test]
    fn every_option_arrives() {
        let probe = probe(
            "::1 -p 587 --helo-name [192.0.2.9] --connect-timeout 0.25 --retry 3 \
             --delay-before-retry 0 --deadline 2.5",
        );
        assert_eq!(probe.session.target.server.to_string(), "[::1]:587");
        assert_eq!(probe.session.helo_name.to_string(), "[192.0.2.9]");
        assert_eq!(probe.session.connect_timeout, Duration::from_millis(250));
        assert_eq!(probe.retry, 3);
        assert_eq!(probe.delay_before_retry, Duration::ZERO);
        assert_eq!(probe.deadline, Duration::from_millis(2500));
    }

    #[test]
    fn the_deadline_follows_the_other_timers() {
        assert_eq!(
            probe("192.0.2.1 --connect-timeout 2 --retry 0").deadline,
            Duration::from_secs(8)
        );
    }
}
