//! `smtp-check`, the probe that keepalived runs as a MISC_CHECK. Whatever happens here, only a
//! server that was seen to be up may give exit code 0. Without OpenSSL: for TLS it starts
//! `smtp-check-tls`.

use std::process::ExitCode;

use lvskit::smtp::program;

fn main() -> ExitCode {
    program::main(None)
}
