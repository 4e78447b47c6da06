//! `smtp-check` with TLS: what `smtp-check` starts where its options ask for that. The same in all
//! else, but linked with OpenSSL.

use std::process::ExitCode;

use lvskit::smtp::program;
use lvskit::smtp::tls::handshake;

fn main() -> ExitCode {
    program::main(Some(handshake))
}
