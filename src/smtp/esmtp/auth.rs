//! AUTH (RFC 4954) with what any server of mail users offers: PLAIN, else LOGIN. The password never
//! appears in what is told of a dialogue, whatever the server repeats of it.

use std::fmt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::smtp::printable::printable;
use crate::smtp::secret;

/// The longest user and password together, in bytes, so that a command with both fits into a line
/// of 512 (RFC 5321 section 4.5.3.1.4).
pub const LONGEST: usize = 360;

/// What stands for a secret in what is told.
pub const HIDDEN: &str = "***";

/// Who to log in as.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    password: String,
}

/// The text has no [`Credentials`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// Not two lines of text.
    #[error("expected two lines, the user and the password, in UTF-8 without NUL")]
    Lines,
    /// More than [`LONGEST`].
    #[error("user and password have more than {LONGEST} bytes")]
    TooLong,
}

/// What to say in which order: after the first, each line is said when the server asks with 334.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What anybody may see.
    pub public: &'static str,
    /// What follows it, and nobody may see.
    pub secret: String,
}

impl Credentials {
    /// Reads them from a file that keeps a secret; see [`secret::read`].
    ///
    /// # Errors
    /// The reason, with the file.
    pub fn read(file: &Path) -> Result<Credentials, String> {
        let content = secret::read(file)?;
        Credentials::parse(&content).map_err(|error| format!("{}: {error}", file.display()))
    }

    /// Reads two lines: the user, then the password. Blanks count.
    ///
    /// # Errors
    /// [`CredentialsError`]
    pub fn parse(content: &[u8]) -> Result<Credentials, CredentialsError> {
        let text = std::str::from_utf8(content).map_err(|_| CredentialsError::Lines)?;
        let lines: Vec<&str> = text.lines().collect();
        let [user, password] = lines[..] else { return Err(CredentialsError::Lines) };
        if user.is_empty() || password.is_empty() || text.contains('\0') {
            return Err(CredentialsError::Lines);
        }
        if user.len() + password.len() > LONGEST {
            return Err(CredentialsError::TooLong);
        }
        Ok(Credentials { user: user.to_owned(), password: password.to_owned() })
    }

    /// The lines of the first mechanism of PLAIN (RFC 4616) and LOGIN among those offered, if any.
    pub fn lines(&self, mechanisms: &[&str]) -> Option<Vec<Line>> {
        let offered = |name: &str| mechanisms.iter().any(|one| one.eq_ignore_ascii_case(name));
        let line = |public, secret| Line { public, secret };
        if offered("PLAIN") {
            Some(vec![line("AUTH PLAIN ", self.plain())])
        } else if offered("LOGIN") {
            let [user, password] = [&self.user, &self.password].map(|text| STANDARD.encode(text));
            Some(vec![line("AUTH LOGIN", String::new()), line("", user), line("", password)])
        } else {
            None
        }
    }

    /// Printable text of the server's without the password, as it is or as it was sent.
    pub fn hide(&self, text: &str) -> String {
        let secrets =
            [self.plain(), STANDARD.encode(&self.password), printable(self.password.as_bytes())];
        secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), HIDDEN))
    }

    fn plain(&self) -> String {
        STANDARD.encode(format!("\0{}\0{}", self.user, self.password))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_lines_are_user_and_password() {
        let expected = Credentials { user: "tim".to_owned(), password: " a b".to_owned() };
        for text in ["tim\n a b\n", "tim\n a b", "tim\r\n a b\r\n"] {
            assert_eq!(Credentials::parse(text.as_bytes()), Ok(expected.clone()), "{text:?}");
        }
        for text in ["", "tim", "tim\n", "\na\n", "tim\n\n", "tim\na\nb\n", "tim\na\0b\n"] {
            let parsed = Credentials::parse(text.as_bytes());
            assert_eq!(parsed, Err(CredentialsError::Lines), "{text:?}");
        }
        assert_eq!(Credentials::parse(b"\xff\na\n"), Err(CredentialsError::Lines));
        let long = format!("tim\n{}\n", "x".repeat(LONGEST));
        assert_eq!(Credentials::parse(long.as_bytes()), Err(CredentialsError::TooLong));
    }

    /// The example of RFC 4616 section 4.
    #[test]
    fn plain_goes_before_login() {
        let tim = Credentials::parse(b"tim\ntanstaaftanstaaf\n").unwrap();
        let plain =
            Line { public: "AUTH PLAIN ", secret: "AHRpbQB0YW5zdGFhZnRhbnN0YWFm".to_owned() };
        assert_eq!(tim.lines(&["LOGIN", "plain"]), Some(vec![plain]));
        let login = tim.lines(&["CRAM-MD5", "login"]).unwrap();
        let said: Vec<_> =
            login.iter().map(|line| format!("{}{}", line.public, line.secret)).collect();
        assert_eq!(said, ["AUTH LOGIN", "dGlt", "dGFuc3RhYWZ0YW5zdGFhZg=="]);
        assert_eq!(tim.lines(&["GSSAPI"]), None);
    }

    #[test]
    fn the_longest_fit_into_a_line() {
        let text = format!("u\n{}\n", "x".repeat(LONGEST - 1));
        let longest = Credentials::parse(text.as_bytes()).unwrap();
        let [line] = &longest.lines(&["PLAIN"]).unwrap()[..] else { panic!("one line") };
        assert!(line.public.len() + line.secret.len() + 2 <= 512);
    }

    #[test]
    fn a_password_is_never_told() {
        let tim = Credentials::parse(b"tim\nsecret\n").unwrap();
        assert_eq!(format!("{tim:?}"), HIDDEN);
        assert_eq!(tim.hide("535 no: AHRpbQBzZWNyZXQ="), "535 no: ***");
        assert_eq!(tim.hide("500 c2VjcmV0 secret tim"), "500 *** *** tim");
        for password in ["it's", r#"a"b\c"#, "pässword"] {
            let tim = Credentials::parse(format!("tim\n{password}\n").as_bytes()).unwrap();
            assert_eq!(tim.hide(&printable(password.as_bytes())), "***", "{password}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_credentials_or_not(content in prop::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(credentials) = Credentials::parse(&content) {
                prop_assert!(credentials.lines(&["PLAIN"]).unwrap()[0].secret.is_ascii());
            }
        }
    }
}
