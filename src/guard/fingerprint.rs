//! How a guard is recognised in the kernel without comparing rules: every rule bears a comment with
//! a fingerprint of the whole guard and its place. Whoever changes, deletes or adds a rule leaves
//! comments that are not one complete guard.

use std::fmt;
use std::str::FromStr;

pub use crate::fingerprint::of;

/// What the comment of a rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Of the guard, [`of`].
    pub fingerprint: u64,
    /// Which of its rules this is, from 1.
    pub place: usize,
    /// How many it has.
    pub count: usize,
}

/// `lvskit 00c5a2b1d0e3f487 3/16`
impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lvskit {:016x} {}/{}", self.fingerprint, self.place, self.count)
    }
}

impl FromStr for Mark {
    type Err = ();

    fn from_str(text: &str) -> Result<Mark, ()> {
        let mut words = text.split(' ');
        let mut word = || words.next().ok_or(());
        let ("lvskit", fingerprint, (place, count)) =
            (word()?, word()?, word()?.split_once('/').ok_or(())?)
        else {
            return Err(());
        };
        let mark = Mark {
            fingerprint: u64::from_str_radix(fingerprint, 16).map_err(drop)?,
            place: place.parse().map_err(drop)?,
            count: count.parse().map_err(drop)?,
        };
        // Nothing but what we write.
        if mark.to_string() == text { Ok(mark) } else { Err(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_is_that_of_the_draft() {
        // FNV-1a of "foobar" and of "a\n" from the draft's table of vectors and its definition.
        assert_eq!(of([""; 0]), 0xcbf2_9ce4_8422_2325);
        assert_ne!(of(["a", "b"]), of(["ab"]));
        assert_ne!(of(["a", "b"]), of(["b", "a"]));
    }

    #[test]
    fn a_comment_leads_back_to_its_mark() {
        let mark = Mark { fingerprint: 0xc5, place: 3, count: 16 };
        assert_eq!(mark.to_string(), "lvskit 00000000000000c5 3/16");
        assert_eq!(mark.to_string().parse(), Ok(mark));
        for text in [
            "",
            "lvskit",
            "lvskit c5 3/16",
            "other 00000000000000c5 3/16",
            "lvskit 00000000000000c5 3/16 ",
            "lvskit 00000000000000C5 3/16",
            "lvskit 00000000000000c5 +3/16",
            "lvskit 00000000000000c5 3",
        ] {
            assert_eq!(text.parse::<Mark>(), Err(()), "{text:?}");
        }
    }
}
