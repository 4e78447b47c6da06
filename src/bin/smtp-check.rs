//! `smtp-check`, the probe that keepalived runs as a MISC_CHECK. Whatever happens here, only a
//! server that was seen to be up may give exit code 0.

use std::process::ExitCode;

use lvskit::cli::smtp_check;
use lvskit::exit::Exit;
use lvskit::log::Log;

fn main() -> ExitCode {
    match smtp_check::run(std::env::args_os()) {
        Ok(code) => code.into(),
        Err(err) => {
            Log::open("smtp-check", false).error(&format!("{err:#}"));
            Exit::No.into()
        }
    }
}
