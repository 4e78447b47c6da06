//! TLSA records (RFC 6698), given by hand: a check looks no names up, and where it did, an answer
//! without DNSSEC would be worth nothing. Only what RFC 7672 has for SMTP.

use std::fmt;
use std::str::FromStr;

/// What a certificate must be. `3 1 1 HEX` in a zone file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tlsa {
    /// Which certificate.
    pub usage: Usage,
    /// What of it.
    pub selector: Selector,
    /// In which form.
    pub matching: Matching,
    /// The content itself, or its digest.
    pub data: Vec<u8>,
}

/// Which certificate a record is of (RFC 6698 section 2.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// 2, DANE-TA: an authority's, which the server sends along; names and times count.
    Authority,
    /// 3, DANE-EE: the server's own, whatever its names and times are (RFC 7672 section 3.1.1).
    Server,
}

/// What of a certificate a record is of (section 2.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selector {
    /// 0: all of it.
    Certificate,
    /// 1: its public key, SubjectPublicKeyInfo.
    PublicKey,
}

/// In which form a record has that (section 2.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matching {
    /// 0: as it is.
    Full,
    /// 1
    Sha256,
    /// 2
    Sha512,
}

/// The text is no [`Tlsa`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsaError {
    /// Not three numbers and hexadecimal digits.
    #[error("expected \"3 1 1 HEX\" as in a zone file, or 3,1,1,HEX")]
    Form,
    /// PKIX-TA and PKIX-EE.
    #[error("usage 0 and 1 are not for mail servers (RFC 7672): expected 2 or 3")]
    Usage,
    /// Not a number that there is.
    #[error("selector {0}: expected 0 (certificate) or 1 (public key)")]
    Selector(String),
    /// Not a number that there is.
    #[error("matching type {0}: expected 0 (as it is), 1 (SHA-256) or 2 (SHA-512)")]
    Matching(String),
    /// A digest of another length, in digits.
    #[error("{found} hexadecimal digits: this matching type has {expected}")]
    Length {
        /// As many as there are.
        found: usize,
        /// As many as there should be.
        expected: usize,
    },
}

impl FromStr for Tlsa {
    type Err = TlsaError;

    /// Reads `USAGE SELECTOR MATCHING HEX`, separated by blanks or commas; the digits may have more
    /// blanks in between.
    fn from_str(text: &str) -> Result<Tlsa, TlsaError> {
        let words: Vec<&str> =
            text.split([' ', ',', '\t']).filter(|word| !word.is_empty()).collect();
        let [usage, selector, matching, digits @ ..] = &words[..] else {
            return Err(TlsaError::Form);
        };
        let usage = match *usage {
            "2" => Usage::Authority,
            "3" => Usage::Server,
            "0" | "1" => return Err(TlsaError::Usage),
            _ => return Err(TlsaError::Form),
        };
        let selector = match *selector {
            "0" => Selector::Certificate,
            "1" => Selector::PublicKey,
            other => return Err(TlsaError::Selector(other.escape_debug().to_string())),
        };
        let (matching, length) = match *matching {
            "0" => (Matching::Full, None),
            "1" => (Matching::Sha256, Some(32)),
            "2" => (Matching::Sha512, Some(64)),
            other => return Err(TlsaError::Matching(other.escape_debug().to_string())),
        };
        let data = bytes(&digits.concat()).ok_or(TlsaError::Form)?;
        match length {
            Some(length) if data.len() != length => {
                Err(TlsaError::Length { found: 2 * data.len(), expected: 2 * length })
            }
            _ => Ok(Tlsa { usage, selector, matching, data }),
        }
    }
}

impl fmt::Display for Tlsa {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let usage = match self.usage {
            Usage::Authority => 2,
            Usage::Server => 3,
        };
        let selector = self.selector as u8;
        let matching = self.matching as u8;
        write!(f, "{usage} {selector} {matching} ")?;
        self.data.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Two digits a byte, at least one byte.
fn bytes(digits: &str) -> Option<Vec<u8>> {
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    let values: Option<Vec<u32>> = digits.chars().map(|digit| digit.to_digit(16)).collect();
    values?.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn as_in_a_zone_file_or_in_one_word() {
        let digest = "0123456789abcdef".repeat(4);
        let record: Tlsa = format!("3 1 1 {digest}").parse().unwrap();
        assert_eq!((record.usage, record.selector), (Usage::Server, Selector::PublicKey));
        assert_eq!((record.matching, record.data.len()), (Matching::Sha256, 32));
        assert_eq!(record.to_string(), format!("3 1 1 {digest}"));
        let upper = digest.to_uppercase();
        for text in
            [format!("3,1,1,{digest}"), format!("3  1\t1 {} {}", &upper[..10], &upper[10..])]
        {
            assert_eq!(text.parse(), Ok(record.clone()), "{text}");
        }
        assert_eq!("2 0 0 30".parse::<Tlsa>().unwrap().to_string(), "2 0 0 30");
        assert_eq!(format!("2 0 2 {digest}{digest}").parse::<Tlsa>().unwrap().data.len(), 64);
    }

    #[test]
    fn what_is_no_record() {
        use TlsaError::*;
        let digest = "00".repeat(32);
        for (text, error) in [
            ("", Form),
            ("3 1 1", Form),
            ("3 1 1 0", Form),
            ("3 1 1 zz", Form),
            ("3 1 1 äé", Form),
            ("4 1 1 00", Form),
            ("1 1 1 00", Usage),
            ("3 2 1 00", Selector("2".to_owned())),
            ("3 1 3 00", Matching("3".to_owned())),
            ("3 1 1 0000", Length { found: 4, expected: 64 }),
            (&format!("3 1 2 {digest}"), Length { found: 64, expected: 128 }),
        ] {
            assert_eq!(text.parse::<Tlsa>(), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_alike(text in "[0-4] ?[0-3][ ,][0-3],[0-9a-fg ]{0,140}") {
            if let Ok(record) = text.parse::<Tlsa>() {
                prop_assert_eq!(record.to_string().parse(), Ok(record));
            }
        }
    }
}
