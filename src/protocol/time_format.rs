//! Times as RFC 3659 2.3 spells them.

use std::fmt;

use time::{OffsetDateTime, UtcOffset};

/// A moment that displays as `YYYYMMDDHHMMSS` in UTC, as MDTM and the `modify` fact want it. No
/// fraction of a second: FileZilla takes 14 digits only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp(pub OffsetDateTime);

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
