//! OpenSSL's errors in words, without its numbers, functions and files.

use std::io;

use openssl::error::ErrorStack;
use openssl::ssl::Error;

/// What an SSL error says that is no error of the connection below.
pub fn of_error(error: &Error) -> String {
    error.ssl_error().map_or_else(|| CLOSED.to_owned(), reason)
}

const CLOSED: &str = "connection closed by the server";

/// The reasons in a stack of errors.
pub fn reason(stack: &ErrorStack) -> String {
    let reasons: Vec<_> = stack.errors().iter().filter_map(|err| err.reason()).map(words).collect();
    if reasons.is_empty() { "OpenSSL gives no reason".to_owned() } else { reasons.join("; ") }
}

/// Its names for alerts begin with the version of the protocol that had them first.
fn words(reason: &str) -> String {
    match reason.split_once(" alert ") {
        Some((_, "certificate required")) => {
            "the server's TLS alert: certificate required (it wants a client certificate)"
                .to_owned()
        }
        Some((_, alert)) => format!("the server's TLS alert: {alert}"),
        None if reason == "unexpected eof while reading" => CLOSED.to_owned(),
        None => reason.to_owned(),
    }
}

/// An error of a read or write in TLS, in these words where it is TLS's.
pub fn in_words(error: io::Error) -> io::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(inner) => io::Error::other(of_error(inner)),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_told_without_a_version() {
        for (reason, told) in [
            ("sslv3 alert handshake failure", "the server's TLS alert: handshake failure"),
            ("tlsv1 alert unknown ca", "the server's TLS alert: unknown ca"),
            ("wrong version number", "wrong version number"),
            ("unexpected eof while reading", "connection closed by the server"),
        ] {
            assert_eq!(words(reason), told);
        }
        let required = words("tlsv13 alert certificate required");
        assert!(required.ends_with("certificate required (it wants a client certificate)"));
    }
}
