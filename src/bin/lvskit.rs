//! The program that people and Ansible run. See [`lvskit::cli::lvskit`].

use std::process::ExitCode;

use clap::Parser;
use lvskit::cli::lvskit::{Cli, Command};
use lvskit::{gen_conf, import};

fn main() -> ExitCode {
    // A wrong command line ends here, with exit code 2 and clap's own words.
    let cli = Cli::parse();
    let out = &mut std::io::stdout().lock();
    match cli.command {
        Command::GenConf(args) => gen_conf::run(&args, out),
        Command::Import(args) => import::run(&args, out),
        Command::Diff(args) => gen_conf::diff(&args, out),
        Command::Schema => gen_conf::schema(out),
    }
    .into()
}
