//! The command line of `bypass-ipvs`, a drop-in for bypass_ipvs.py: `-a VIP` and `-r VIP` as
//! keepalived.conf files in the field have them.

use std::path::PathBuf;

use clap::{ArgAction, ArgGroup, Parser};

use crate::guard::nft::NFT;
use crate::vip::Vip;

const EXAMPLES: &str = "\
Examples:
  In keepalived.conf, with `script_user root`:
    notify_master \"/usr/libexec/keepalived/bypass-ipvs -r 192.168.3.100\"
    notify_backup \"/usr/libexec/keepalived/bypass-ipvs -a 192.168.3.100\"
    notify_fault  \"/usr/libexec/keepalived/bypass-ipvs -a 192.168.3.100\"
    notify_stop   \"/usr/libexec/keepalived/bypass-ipvs -a 192.168.3.100\"

  By hand:
    bypass-ipvs -a 192.168.3.100,192.168.3.110 fd00::100
    bypass-ipvs --dry-run -a 192.168.3.100     what nft would be told
    bypass-ipvs --check 192.168.3.100          is the guard in force?

Exit codes:
  0  done; with --check: in force
  1  with --check: the guard is missing or was altered
  2  wrong command line, nothing was tried
  3  nft is missing or can't be started
  4  nft or the kernel refused; nothing was changed
  5  nft did not answer in time
  6  standard output could not be written";

/// Makes a node that does not hold a virtual IP address serve the connections that the MASTER
/// forwards to it, instead of dropping them or balancing them again.
///
/// -a and -r do the same: they put the guard in force, a rule that looks at each new connection
/// and asks the kernel whether the address is on the interface now. So it does not matter in what
/// order keepalived's hooks run, how often, or whether one is killed.
#[derive(Debug, Parser)]
#[command(name = "bypass-ipvs", version, after_help = EXAMPLES)]
#[command(group = ArgGroup::new("what").args(["add", "remove", "check"]).required(true).multiple(true))]
pub struct Cli {
    /// The node gave these addresses up: notify_backup, notify_fault, notify_stop
    #[arg(short, long, value_name = "VIP", num_args = 1.., value_delimiter = ',', action = ArgAction::Append)]
    pub add: Vec<Vip>,

    /// The node took these addresses over: notify_master
    #[arg(short, long, value_name = "VIP", num_args = 1.., value_delimiter = ',', action = ArgAction::Append)]
    pub remove: Vec<Vip>,

    /// Only tell whether the guard of each address is in force
    #[arg(short, long, value_name = "VIP", num_args = 1.., value_delimiter = ',', action = ArgAction::Append, conflicts_with_all = ["add", "remove"])]
    pub check: Vec<Vip>,

    /// Print what nft would be told, in nft's own language, and change nothing
    #[arg(short = 'n', long, conflicts_with = "check")]
    pub dry_run: bool,

    /// With --check: print JSON
    #[arg(long, conflicts_with_all = ["add", "remove"])]
    pub json: bool,

    /// The nft program, an absolute path
    #[arg(long, value_name = "PATH", default_value = NFT)]
    pub nft: PathBuf,

    /// Say on standard error what is done
    #[arg(short, long)]
    pub verbose: bool,
}

impl Cli {
    /// The addresses to guard: those of -a and -r alike, each once, in the order given.
    pub fn guarded(&self) -> Vec<Vip> {
        let mut vips = Vec::new();
        for &vip in self.add.iter().chain(&self.remove) {
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
    fn something_to_do_is_required() {
        for line in [
            "bypass-ipvs",
            "bypass-ipvs -a",
            "bypass-ipvs -a vip",
            "bypass-ipvs -c 10.0.0.1 -a 10.0.0.1",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
