//! The command line of `bypass-ipvs`, a drop-in for bypass_ipvs.py: `-a VIP` and `-r VIP` as
//! keepalived.conf files in the field have them.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{ArgAction, ArgGroup, Parser};

use crate::guard::nft::NFT;
use crate::guard::plan::{Guard, ServiceError, Services};
use crate::paths::{KEEPALIVED_CONF, KEEPALIVED_PID};
use crate::vip::{Vip, VipError};

const EXAMPLES: &str = "\
Examples:
  In keepalived.conf, with `script_user root`:
    notify_master \"/usr/libexec/keepalived/bypass-ipvs --keep-sessions --service tcp/25 -r 192.168.3.100\"
    notify_backup \"/usr/libexec/keepalived/bypass-ipvs --keep-sessions --service tcp/25 -a 192.168.3.100\"
    notify_fault  \"/usr/libexec/keepalived/bypass-ipvs --keep-sessions --service tcp/25 -a 192.168.3.100\"
    notify_stop   \"/usr/libexec/keepalived/bypass-ipvs --keep-sessions --service tcp/25 -a 192.168.3.100\"

  From boot on, and put right whenever somebody flushes the rules, for every address that these hooks name:
    systemctl enable --now bypass-ipvs.service

  By hand, in /usr/libexec/keepalived:
    ./bypass-ipvs --keep-sessions -a 192.168.3.100,192.168.3.110 fd00::100
    ./bypass-ipvs --dry-run -a 192.168.3.100     show the input of nft
    ./bypass-ipvs --keep-sessions --check        is every guard in force, with its route?
    ./bypass-ipvs --purge                        take them away, before lvskit leaves

Exit codes:
  0  done; with --check: in force, perhaps with warnings
  1  with --check: a guard is missing or was altered, a fallback route is unsafe or, with
     --keep-sessions, missing, there is nothing here, or something keeps a guard from working:
     vip-on-lo, port-taken, notrack, earlier-chain, bridged, vip-first (packaging/troubleshooting.md
     in lvskit's documentation describes them; those that only may do harm are warnings)
  2  wrong command line, nothing was tried
  4  nft or the kernel refused, or the fallback route would be unsafe
  5  nft or the kernel did not answer in time
  6  standard output could not be written
  7  nft is missing or can't be started";

/// Makes a node that does not hold a virtual IP address serve the connections that the MASTER
/// forwards to it, instead of dropping them or balancing them again.
///
/// -a and -r do the same: they put the guard in force, a rule that looks at each new connection
/// and asks the kernel whether the address is on the interface now. So it does not matter in what
/// order keepalived's hooks run, how often, or whether one is killed.
#[derive(Debug, Parser)]
#[command(name = "bypass-ipvs", version, after_help = EXAMPLES)]
#[command(group = ArgGroup::new("guard").args(["add", "remove"]).multiple(true))]
#[command(group = ArgGroup::new("guarding").args(["add", "remove", "check"]).multiple(true))]
#[command(group = ArgGroup::new("what").args(["add", "remove", "check", "purge", "give_up", "watch", "apply_settings", "restore_settings"]).required(true).multiple(true))]
pub struct Cli {
    /// The node gave these addresses up: notify_backup, notify_fault, notify_stop
    #[arg(short, long, value_name = "VIP", num_args = 1.., value_delimiter = ',', action = ArgAction::Append)]
    pub add: Vec<Vip>,

    /// The node took these addresses over: notify_master
    #[arg(short, long, value_name = "VIP", num_args = 1.., value_delimiter = ',', action = ArgAction::Append)]
    pub remove: Vec<Vip>,

    /// What is balanced at the addresses: tcp/PORT or udp/PORT, a range such as udp/1000-1010, a list
    /// with commas, or all. With @VIP at the end, at that address only. Programs on this node meet its
    /// own service there (UDP: only ports that are named, not all). Without this option every TCP and
    /// UDP port of the address leads to the node's own services, past a firewall that accepts what was
    /// redirected, as firewalld does; and programs on this node are not served
    #[arg(short, long, value_name = "SERVICE", requires = "guarding", action = ArgAction::Append)]
    pub service: Vec<ServiceOption>,

    /// Only tell whether the guard of each address is in force and what keeps it from working, with
    /// --keep-sessions also its fallback route; of all that are here if none is named
    #[arg(short, long, value_name = "VIP", num_args = 0.., value_delimiter = ',', conflicts_with_all = ["guard", "purge"])]
    pub check: Option<Vec<Vip>>,

    /// Take guard and fallback route of each address away; of all that are here if none is named
    #[arg(long, value_name = "VIP", num_args = 0.., value_delimiter = ',', conflicts_with = "guard")]
    pub purge: Option<Vec<Vip>>,

    /// keepalived is dead: take each address that it left behind off its interface; every guarded
    /// one if none is named
    #[arg(long, value_name = "VIP", num_args = 0.., value_delimiter = ',', conflicts_with_all = ["guard", "check", "purge", "keep_sessions", "watch", "dry_run", "json"])]
    pub give_up: Option<Vec<Vip>>,

    /// Put the kernel's settings for keeping sessions in place (/etc/lvskit/sysctl.conf, or the package's
    /// /usr/share/lvskit/sysctl.conf); lvskit-settings.service runs it
    #[arg(long, conflicts_with_all = ["guarding", "purge", "give_up", "watch", "dry_run", "json"])]
    pub apply_settings: bool,

    /// Set them back to what they were before, unless guards are still in force
    #[arg(long, conflicts_with_all = ["guarding", "purge", "give_up", "watch", "dry_run", "json", "apply_settings"])]
    pub restore_settings: bool,

    /// Keep the sessions that end here when the address moves: a fallback route for it, if the
    /// node is silent about addresses that it does not hold (arp_ignore, arp_announce)
    #[arg(long, requires = "guarding", conflicts_with = "purge")]
    pub keep_sessions: bool,

    /// Stay, and put the guard in force again whenever somebody takes it away. Without -a and -r: of all
    /// addresses that the hooks in keepalived.conf name, which is followed when it changes
    #[arg(long, conflicts_with_all = ["check", "purge", "dry_run"])]
    pub watch: bool,

    /// With --watch: the keepalived.conf whose hooks name the addresses
    #[arg(long, value_name = "PATH", default_value = KEEPALIVED_CONF, requires = "watch", conflicts_with = "guard")]
    pub config: PathBuf,

    /// With --watch: the node's config id, for lines such as `@lb1 priority 100` (keepalived's
    /// --config-id); the host's name up to its first dot if there is none
    #[arg(long, value_name = "ID", requires = "watch", conflicts_with = "guard")]
    pub config_id: Option<String>,

    /// With --watch: the file with the number of keepalived's main process (keepalived's --pid). It is told
    /// to reload when an address of `unicast_src_ip` comes after it had started
    #[arg(long, value_name = "PATH", default_value = KEEPALIVED_PID, requires = "watch", conflicts_with = "guard")]
    pub keepalived_pid: PathBuf,

    /// Print show the input of nft, in nft's own language, and change nothing
    #[arg(short = 'n', long, conflicts_with = "check")]
    pub dry_run: bool,

    /// With --check: print JSON
    #[arg(long, requires = "check", conflicts_with_all = ["guard", "purge"])]
    pub json: bool,

    /// The nft program, an absolute path
    #[arg(long, value_name = "PATH", default_value = NFT)]
    pub nft: PathBuf,

    /// Say on standard error what is done
    #[arg(short, long)]
    pub verbose: bool,
}

/// One `--service`: services, and the only address that has them, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceOption {
    services: Services,
    vip: Option<Vip>,
}

/// Why a `--service` can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceOptionError {
    /// Before the `@`.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// After it.
    #[error(transparent)]
    Vip(#[from] VipError),
}

/// Why a command line names no guards.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// Services, but no address to check.
    #[error("--service needs to know the addresses: name them after --check")]
    Nameless,
    /// Services at an address that is not to be guarded.
    #[error("--service names {0}, which is not among the addresses of -a, -r or --check")]
    Stray(Vip),
    /// Every `--service` is for other addresses.
    #[error("no --service is for {0}: name its services, or all of them with --service all@{0}")]
    Unserved(Vip),
}

impl FromStr for ServiceOption {
    type Err = ServiceOptionError;

    fn from_str(text: &str) -> Result<ServiceOption, ServiceOptionError> {
        let (services, vip) = match text.split_once('@') {
            Some((services, vip)) => (services, Some(vip.parse()?)),
            None => (text, None),
        };
        Ok(ServiceOption { services: services.parse()?, vip })
    }
}

impl Cli {
    /// Whether it puts guards in force and ends, as keepalived's hooks do.
    pub fn is_hook(&self) -> bool {
        let names = !self.add.is_empty() || !self.remove.is_empty();
        names && !self.dry_run && !self.watch
    }

    /// The guards of the addresses of -a, -r and --check, each once, in the order given.
    ///
    /// # Errors
    /// When a `--service` is for another address, or there are some and none for one of these.
    pub fn guards(&self) -> Result<Vec<Guard>, GuardError> {
        let vips = self.guarded();
        if vips.is_empty() && !self.service.is_empty() {
            return Err(GuardError::Nameless);
        }
        if let Some(stray) =
            self.service.iter().find_map(|at| at.vip.filter(|vip| !vips.contains(vip)))
        {
            return Err(GuardError::Stray(stray));
        }
        vips.iter().map(|&vip| Ok(Guard::new(vip, self.services(vip)?))).collect()
    }

    fn services(&self, vip: Vip) -> Result<Services, GuardError> {
        let here = self.service.iter().filter(|at| at.vip.is_none_or(|only| only == vip));
        match here.map(|at| at.services.clone()).reduce(Services::and) {
            Some(services) => Ok(services),
            None if self.service.is_empty() => Ok(Services::Legacy),
            None => Err(GuardError::Unserved(vip)),
        }
    }

    /// The addresses of -a, -r and --check, each once, in the order given.
    fn guarded(&self) -> Vec<Vip> {
        let mut vips = Vec::new();
        for &vip in self.add.iter().chain(&self.remove).chain(self.check.iter().flatten()) {
            if !vips.contains(&vip) {
                vips.push(vip);
            }
        }
        vips
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guarded(line: &str) -> Vec<String> {
        let cli = Cli::try_parse_from(line.split(' ')).unwrap();
        cli.guarded().iter().map(Vip::to_string).collect()
    }

    #[test]
    fn blanks_commas_and_repetition_name_several_addresses() {
        let three = ["192.168.3.100", "192.168.3.10", "fd00::100"];
        assert_eq!(guarded("bypass-ipvs -a 192.168.3.100 192.168.3.10 fd00::100"), three);
        assert_eq!(guarded("bypass-ipvs -a 192.168.3.100,192.168.3.10 -a fd00::100"), three);
        assert_eq!(
            guarded("bypass-ipvs -a 192.168.3.100 -r 192.168.3.10,192.168.3.100 fd00::100"),
            three
        );
    }

    #[test]
    fn check_and_purge_need_no_address() {
        for line in ["bypass-ipvs --check", "bypass-ipvs --purge", "bypass-ipvs --check --json"] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            assert_eq!(cli.check.or(cli.purge), Some(Vec::new()), "{line}");
        }
    }

    fn guards(line: &str) -> Result<Vec<String>, String> {
        let cli = Cli::try_parse_from(line.split(' ')).map_err(|error| error.to_string())?;
        let guards = cli.guards().map_err(|error| error.to_string())?;
        let legacy = |guard: &Guard| guard.services == Services::Legacy;
        let services = |guard: &Guard| match legacy(guard) {
            true => "legacy".to_owned(),
            false => guard.services.to_string(),
        };
        Ok(guards.iter().map(|guard| format!("{} {}", guard.vip, services(guard))).collect())
    }

    #[test]
    fn services_are_those_of_every_address_or_of_one() {
        for (line, told) in [
            ("-a 10.0.0.1", &["10.0.0.1 legacy"][..]),
            ("--service tcp/25 -a 10.0.0.1 -r fd00::1", &["10.0.0.1 tcp/25", "fd00::1 tcp/25"]),
            ("-a 10.0.0.1 -s udp/53,tcp/53 -s tcp/54", &["10.0.0.1 tcp/53-54,udp/53"]),
            ("-s all -s tcp/25 -a 10.0.0.1", &["10.0.0.1 all"]),
            (
                "-s tcp/25 -s tcp/80@fd00::1 -a 10.0.0.1,fd00::1",
                &["10.0.0.1 tcp/25", "fd00::1 tcp/25,tcp/80"],
            ),
            (
                "-s tcp/25,tcp/80@10.0.0.1 -s all@10.0.0.2 -a 10.0.0.1,10.0.0.2",
                &["10.0.0.1 tcp/25,tcp/80", "10.0.0.2 all"],
            ),
            ("-s tcp/25 --check 10.0.0.1", &["10.0.0.1 tcp/25"]),
        ] {
            let told: Vec<String> = told.iter().map(|&line| line.to_owned()).collect();
            assert_eq!(guards(&format!("bypass-ipvs {line}")), Ok(told), "{line}");
        }
        for (line, told) in [
            (
                "-s tcp/25@10.0.0.1 -a 10.0.0.2",
                "--service names 10.0.0.1, which is not among the addresses",
            ),
            ("-s tcp/25@10.0.0.1 -a 10.0.0.1,10.0.0.2", "no --service is for 10.0.0.2"),
            ("-s tcp/25@vip -a 10.0.0.2", "`vip` is not an IPv4 or IPv6 address"),
            ("-s 25 -a 10.0.0.2", "invalid service `25`"),
            ("-s tcp/25@10.0.0.1@10.0.0.2 -a 10.0.0.2", "is not an IPv4 or IPv6 address"),
            ("-s tcp/25 --purge 10.0.0.2", "required arguments were not provided"),
            ("-s tcp/25 --check", "name them after --check"),
            ("-s tcp/25", "required arguments were not provided"),
        ] {
            let refused = guards(&format!("bypass-ipvs {line}")).unwrap_err();
            assert!(refused.contains(told), "{line}: {refused}");
        }
    }

    #[test]
    fn something_to_do_is_required() {
        for line in [
            "bypass-ipvs",
            "bypass-ipvs -a",
            "bypass-ipvs -a vip",
            "bypass-ipvs -c 10.0.0.1 -a 10.0.0.1",
            "bypass-ipvs --purge -a 10.0.0.1",
            "bypass-ipvs --check --purge",
            "bypass-ipvs --give-up -a 10.0.0.1",
            "bypass-ipvs --give-up --dry-run",
            "bypass-ipvs --watch --check",
            "bypass-ipvs --watch --keep-sessions",
            "bypass-ipvs --watch -a 10.0.0.1 --config /etc/k.conf",
            "bypass-ipvs -a 10.0.0.1 --config-id lb1",
            "bypass-ipvs --json -a 10.0.0.1",
            "bypass-ipvs --keep-sessions",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
