//! Times as RFC 3659 2.3 spells them.

use std::fmt;

use time::{Date, Duration, Month, OffsetDateTime, Time, UtcOffset};

/// A moment that displays as `YYYYMMDDHHMMSS` in UTC, as MDTM and the `modify` fact want it. No
/// fraction of a second: FileZilla takes 14 digits only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp(pub OffsetDateTime);

impl Timestamp {
    /// Reads `YYYYMMDDHHMMSS`, UTC, whether or not a fraction of a second follows, which is dropped
    /// (RFC 3659 2.3). `None` for what is no time.
    pub fn parse(text: &str) -> Option<Self> {
        let (text, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if text.len() != 14 || fraction.is_empty() || !digits(text) || !digits(fraction) {
            return None;
        }
        let number = |at: usize| text[at..at + 2].parse::<u8>().ok();
        let month = Month::try_from(number(4)?).ok()?;
        let date = Date::from_calendar_date(text[..4].parse().ok()?, month, number(6)?).ok()?;
        // Second 60 is a leap second, which Unix time tells as the one after it.
        let second = number(12)?;
        let time = Time::from_hms(number(8)?, number(10)?, second.min(59)).ok()?;
        let leap = match second {
            0..=59 => Duration::ZERO,
            60 => Duration::SECOND,
            _ => return None,
        };
        Some(Self(date.with_time(time).assume_utc().checked_add(leap)?))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = self.0.to_offset(UtcOffset::UTC);
        let (year, month, day) = (utc.year(), u8::from(utc.month()), utc.day());
        let (hour, minute, second) = utc.to_hms();
        write!(f, "{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        for (text, expected) in [
            ("20240102030405", Some(datetime!(2024-01-02 03:04:05 UTC))),
            ("20240229235959.999", Some(datetime!(2024-02-29 23:59:59 UTC))),
            ("20161231235960", Some(datetime!(2017-01-01 00:00:00 UTC))),
            ("20230229000000", None),
            ("20240102030461", None),
            ("20240102240000", None),
            ("2024010203040", None),
            ("202401020304055", None),
            ("20240102030405.", None),
            ("+0240102030405", None),
            ("20240102 30405", None),
            ("数数数数数", None),
            ("", None),
        ] {
            assert_eq!(Timestamp::parse(text).map(|time| time.0), expected, "{text:?}");
        }
    }

    #[test]
    fn fourteen_digits_in_utc() {
        for (moment, expected) in [
            (datetime!(2024-01-02 03:04:05.678 UTC), "20240102030405"),
            (datetime!(2024-01-01 00:30 +8), "20231231163000"),
            (datetime!(1970-01-01 00:00 UTC), "19700101000000"),
        ] {
            assert_eq!(Timestamp(moment).to_string(), expected);
        }
    }
}
