//! The keepalived that files are written for.

use std::fmt;
use std::str::FromStr;

use super::NoKeyword;

/// A release of keepalived, or the first of a series; what later ones of the series added is not
/// counted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Release {
    /// RHEL 8, Debian 11.
    V2_1_5,
    /// RHEL 9, Debian 12, Ubuntu 22.04 and 24.04.
    #[default]
    V2_2,
    /// Debian 13.
    V2_3,
    /// The newest.
    V2_4,
}

impl Release {
    /// All, the oldest first.
    pub const ALL: [Release; 4] = [Release::V2_1_5, Release::V2_2, Release::V2_3, Release::V2_4];

    /// The oldest.
    pub const OLDEST: Release = Release::ALL[0];

    /// The newest.
    pub const NEWEST: Release = Release::ALL[Release::ALL.len() - 1];

    /// Its number, without the last part where it stands for a series.
    pub const fn number(self) -> &'static str {
        match self {
            Release::V2_1_5 => "2.1.5",
            Release::V2_2 => "2.2",
            Release::V2_3 => "2.3",
            Release::V2_4 => "2.4",
        }
    }
}

/// `keepalived 2.2`; `keepalived` may be left out, and a last part may follow.
impl FromStr for Release {
    type Err = NoKeyword;

    fn from_str(name: &str) -> Result<Release, NoKeyword> {
        let number = name.strip_prefix("keepalived ").unwrap_or(name).trim();
        let of_series = |release: &Release| {
            let rest =
                number.strip_prefix(release.number()).and_then(|rest| rest.strip_prefix('.'));
            rest.is_some_and(|rest| rest.parse::<u8>().is_ok())
        };
        Self::ALL.into_iter().find(|one| one.number() == number || of_series(one)).ok_or(NoKeyword)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "keepalived {}", self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for release in Release::ALL {
            assert_eq!(release.to_string().parse(), Ok(release));
            assert_eq!(release.number().parse(), Ok(release));
        }
        assert_eq!("2.2.7".parse(), Ok(Release::V2_2));
        for none in ["2.0", "2.2.", "2.2.x", "2.22"] {
            assert_eq!(none.parse::<Release>(), Err(NoKeyword));
        }
    }
}
