//! The keepalived that files are written for.

use std::fmt;

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

    /// How an inventory names them.
    pub const NAMES: [&'static str; 4] =
        ["keepalived 2.1.5", "keepalived 2.2", "keepalived 2.3", "keepalived 2.4"];

    /// The release of that name; `keepalived` may be left out.
    pub fn named(name: &str) -> Option<Release> {
        let number = name.strip_prefix("keepalived ").unwrap_or(name).trim();
        let of_series = |release: &Release| {
            let rest =
                number.strip_prefix(release.number()).and_then(|rest| rest.strip_prefix('.'));
            rest.is_some_and(|rest| rest.parse::<u8>().is_ok())
        };
        Self::ALL.into_iter().find(|release| release.number() == number || of_series(release))
    }

    fn number(self) -> &'static str {
        match self {
            Release::V2_1_5 => "2.1.5",
            Release::V2_2 => "2.2",
            Release::V2_3 => "2.3",
            Release::V2_4 => "2.4",
        }
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
        for (release, name) in Release::ALL.into_iter().zip(Release::NAMES) {
            assert_eq!(release.to_string(), name);
            assert_eq!(Release::named(name), Some(release));
            assert_eq!(Release::named(release.number()), Some(release));
        }
        assert_eq!(Release::named("2.2.7"), Some(Release::V2_2));
        for none in ["2.0", "2.2.", "2.2.x", "2.22"] {
            assert_eq!(Release::named(none), None);
        }
    }
}
