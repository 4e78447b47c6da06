//! The program that people and Ansible run. See [`lvskit::cli::lvskit`].

use std::process::ExitCode;

use clap::Parser;
use lvskit::cli::lvskit::{Cli, Command};
use lvskit::{doctor, drain, gen_conf, graph, import, init, status};

fn main() -> ExitCode {
    // A wrong command line ends here, with exit code 2 and clap's own words.
    let cli = Cli::parse();
    let out = &mut std::io::stdout().lock();
    match cli.command {
        Command::Init(args) => init::run(&args, out),
        Command::GenConf(args) => gen_conf::run(&args, out),
        Command::Import(args) => import::run(&args, out),
        Command::Diff(args) => gen_conf::diff(&args, out),
        Command::Schema(args) => gen_conf::schema(&args, out),
        Command::Status(args) => status::run(&args, out),
        Command::Connections(args) => status::connections(&args, out),
        Command::Doctor(args) => doctor::run(&args, out),
        Command::Explain(args) => doctor::explain::run(&args, out),
        Command::Drain(args) => drain::drain(&args, out),
        Command::Undrain(args) => drain::undrain(&args, out),
        Command::Graph(args) => graph::run(&args, out),
    }
    .into()
}
