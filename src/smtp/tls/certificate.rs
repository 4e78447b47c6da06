//! What a server's certificate says, read but not judged; and the words for one that is not for the
//! server that was asked.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Peer;
use crate::smtp::failure::Failure;

/// Seconds of a day.
pub(super) const DAY: i64 = 86400;

/// How many of a certificate's names a message lists.
const LISTED: usize = 5;

/// A server's certificate. All text is printable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it was made for: `CN=mx.example.org`, for instance.
    pub subject: String,
    /// The DNS names and addresses that it is for (RFC 5280 section 4.2.1.6).
    pub names: Vec<String>,
    /// Who signed it.
    pub issuer: String,
    /// Nothing if its times can't be read.
    pub validity: Option<Validity>,
}

/// From when until when a certificate is valid; seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first moment.
    pub not_before: i64,
    /// The last one.
    pub not_after: i64,
}

impl Certificate {
    /// Why it is not for this server: the names that it is for, and the one that was wanted.
    pub fn mismatch(&self, wanted: &Peer) -> String {
        if self.names.is_empty() {
            return format!(
                "it has no subjectAltName, so it is not for {wanted}; its subject, {}, does not \
                 count (RFC 9525)",
                self.subject
            );
        }
        let (listed, more) = self.names.split_at(self.names.len().min(LISTED));
        let more = match more.len() {
            0 => String::new(),
            count => format!(" and {count} more"),
        };
        format!("it is for {}{more}, not for {wanted}", listed.join(", "))
    }
}

impl Validity {
    /// Whether `now`, seconds since 1970, and so many days later are within it.
    ///
    /// # Errors
    /// [`Failure::Certificate`]
    pub fn check(self, now: i64, days: u32) -> Result<(), Failure> {
        let Validity { not_before, not_after } = self;
        let reason = if not_before > now {
            format!("not valid before {}", rfc3339(not_before))
        } else if not_after < now {
            format!("expired on {}", rfc3339(not_after))
        } else if not_after < now + i64::from(days) * DAY {
            format!("expires on {}, in less than {days} days", rfc3339(not_after))
        } else {
            return Ok(());
        };
        Err(Failure::Certificate(reason))
    }

    /// Whole days from `now`, seconds since 1970, until it ends; below 0 once it has ended.
    pub fn days_left(self, now: i64) -> i64 {
        (self.not_after - now).div_euclid(DAY)
    }
}

/// Seconds since 1970.
pub fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

/// A moment as programs and people read it, of seconds since 1970.
pub fn rfc3339(unix: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(unix).ok();
    let text = moment.and_then(|moment| moment.format(&Rfc3339).ok());
    text.unwrap_or_else(|| format!("@{unix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_rfc_3339() {
        assert_eq!(rfc3339(1_795_392_000), "2026-11-23T00:00:00Z");
        assert_eq!(rfc3339(i64::MAX), "@9223372036854775807");
    }

    #[test]
    fn a_certificate_has_a_beginning_and_an_end() {
        let validity = Validity { not_before: 10 * DAY, not_after: 40 * DAY };
        let told = |day: i64, days| match validity.check(day * DAY, days) {
            Ok(()) => "good".to_owned(),
            Err(failure) => failure.to_string(),
        };
        assert_eq!(told(10, 30), "good");
        assert_eq!(told(40, 0), "good");
        assert_eq!(told(9, 0), "Bad certificate: not valid before 1970-01-11T00:00:00Z");
        assert_eq!(told(41, 0), "Bad certificate: expired on 1970-02-10T00:00:00Z");
        let soon = "Bad certificate: expires on 1970-02-10T00:00:00Z, in less than 31 days";
        assert_eq!(told(10, 31), soon);
        assert_eq!(validity.days_left(10 * DAY), 30);
        assert_eq!(validity.days_left(40 * DAY - 1), 0);
        assert_eq!(validity.days_left(40 * DAY + 1), -1);
    }

    #[test]
    fn a_mismatch_names_both_sides() {
        let certificate = |names: &[&str]| Certificate {
            subject: "CN=mx".to_owned(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            issuer: "CN=ca".to_owned(),
            validity: None,
        };
        let wanted = Peer::Name("mx.example.org".to_owned());
        let told = |names: &[&str]| certificate(names).mismatch(&wanted);
        assert_eq!(told(&["a", "192.0.2.1"]), "it is for a, 192.0.2.1, not for mx.example.org");
        let many = "it is for 1, 2, 3, 4, 5 and 2 more, not for mx.example.org";
        assert_eq!(told(&["1", "2", "3", "4", "5", "6", "7"]), many);
        let none = "it has no subjectAltName, so it is not for mx.example.org; \
                    its subject, CN=mx, does not count (RFC 9525)";
        assert_eq!(told(&[]), none);
    }
}
