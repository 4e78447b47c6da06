//! For how long a certificate must be good: time to renew it is over, or is about to be.

use std::str::FromStr;

/// The most days, a hundred years.
const MOST: u32 = 36500;

/// `CRITICAL`, or `WARNING,CRITICAL`, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertDays {
    /// With fewer days left there is a warning.
    pub warning: Option<u32>,
    /// With fewer days left the server is down. 0: the certificate is valid now.
    pub critical: u32,
}

/// The text is no [`CertDays`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertDaysError {
    /// Not one or two numbers.
    #[error("expected days from 0 to {MOST}, like 7, or 14,7 to be warned before")]
    Form,
    /// It could never warn.
    #[error("the first number, to warn, must be greater than the second")]
    Order,
}

impl FromStr for CertDays {
    type Err = CertDaysError;

    fn from_str(text: &str) -> Result<CertDays, CertDaysError> {
        let days = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let days = text.parse().ok().filter(|days| digits && *days <= MOST);
            days.ok_or(CertDaysError::Form)
        };
        match text.split_once(',') {
            None => Ok(CertDays { warning: None, critical: days(text)? }),
            Some((warning, critical)) => {
                let (warning, critical) = (days(warning)?, days(critical)?);
                if warning <= critical {
                    return Err(CertDaysError::Order);
                }
                Ok(CertDays { warning: Some(warning), critical })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_or_two() {
        let days = |warning, critical| Ok(CertDays { warning, critical });
        assert_eq!("0".parse(), days(None, 0));
        assert_eq!("14,7".parse(), days(Some(14), 7));
        assert_eq!("36500,0".parse(), days(Some(36500), 0));
        for text in ["", ",", "7,", ",7", "-1", "+1", "36501", "1,2,3", "14 7", "a"] {
            assert_eq!(text.parse::<CertDays>(), Err(CertDaysError::Form), "{text}");
        }
        for text in ["7,14", "7,7"] {
            assert_eq!(text.parse::<CertDays>(), Err(CertDaysError::Order), "{text}");
        }
    }
}
