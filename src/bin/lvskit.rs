//! The program that people and Ansible run. See [`lvskit::Command`].

use std::process::ExitCode;

use clap::Parser;
use lvskit::Cli;

fn main() -> ExitCode {
    // A wrong command line ends here, with exit code 2 and clap's own words.
    Cli::parse().command.run(&mut std::io::stdout().lock()).into()
}
