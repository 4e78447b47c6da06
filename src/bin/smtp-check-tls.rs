//! `smtp-check` with TLS: what `smtp-check` starts where its options ask for that. The same in all
//! else, but linked with OpenSSL.

use std::process::ExitCode;

use lvskit::cli::smtp_check;
use lvskit::smtp::tls::handshake;

fn main() -> ExitCode {
    smtp_check::main(Some(handshake))
}
