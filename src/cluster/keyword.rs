//! Keywords: values of which there are only a few. The enum names each word once; what it can be
//! written as, which release knows it first, and how it is read follow from that.

use super::Release;

/// A word that a value can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The word.
    pub name: &'static str,
    /// The oldest release that knows it.
    pub since: Release,
}

impl Choice {
    /// A word that every release knows.
    pub const fn of(name: &'static str) -> Choice {
        Choice { name, since: Release::OLDEST }
    }

    /// The oldest release that knows it.
    pub const fn since(mut self, release: Release) -> Choice {
        self.since = release;
        self
    }
}

/// A value that is one of a few words.
pub trait Keyword: Copy + Sized + 'static {
    /// All values.
    const ALL: &'static [Self];

    /// Their words, in the same order.
    const CHOICES: &'static [Choice];
}

/// Not one of the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of the words")]
pub struct NoKeyword;

/// An enum whose values are words: `Variant = "word"`, or `Variant = "word" since V2_2`.
macro_rules! keywords {
    ($(#[$meta:meta])* pub enum $Type:ident {
        $($(#[$doc:meta])* $Variant:ident = $name:literal $(since $release:ident)?,)+
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $Type { $($(#[$doc])* $Variant,)+ }

        impl $crate::cluster::Keyword for $Type {
            const ALL: &'static [$Type] = &[$($Type::$Variant,)+];
            const CHOICES: &'static [$crate::cluster::Choice] = &[
                $($crate::cluster::Choice::of($name)$(.since($crate::cluster::Release::$release))?,)+
            ];
        }

        impl $Type {
            /// Its word.
            pub const fn name(self) -> &'static str {
                match self { $($Type::$Variant => $name,)+ }
            }
        }

        impl std::fmt::Display for $Type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $Type {
            type Err = $crate::cluster::NoKeyword;

            fn from_str(text: &str) -> Result<$Type, $crate::cluster::NoKeyword> {
                match text {
                    $($name => Ok($Type::$Variant),)+
                    _ => Err($crate::cluster::NoKeyword),
                }
            }
        }
    };
}
pub(crate) use keywords;
