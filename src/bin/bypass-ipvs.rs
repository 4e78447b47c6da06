//! The hook that keepalived runs at every change of state. See [`lvskit::guard`].

use std::process::ExitCode;

use clap::Parser;
use lvskit::exit::Exit;
use lvskit::guard::hook;
use lvskit::guard::options::Cli;
use lvskit::log::Log;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let mut log = Log::open("bypass-ipvs", cli.verbose);
    hook::run(&cli, &mut std::io::stdout().lock(), &mut log).into()
}

/// Reports a wrong command line where somebody sees it: keepalived's scripts have no terminal.
fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        let text = error.to_string();
        Log::open("bypass-ipvs", false).error(text.trim_start_matches("error: "));
        return Exit::Usage.into();
    }
    // --help and --version; a closed standard output is no failure of theirs.
    let _ = error.print();
    Exit::Ok.into()
}
