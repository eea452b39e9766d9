//! Times as RFC 3659 2.3 spells them.

use time::{OffsetDateTime, UtcOffset};

/// `YYYYMMDDHHMMSS` in UTC, as MDTM and the `modify` fact want it (FileZilla takes 14 digits only).
pub fn timestamp(moment: OffsetDateTime) -> String {
    let utc = moment.to_offset(UtcOffset::UTC);
    format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}",
        utc.year(),
        u8::from(utc.month()),
        utc.day(),
        utc.hour(),
        utc.minute(),
        utc.second()
    )
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
            assert_eq!(timestamp(moment), expected);
        }
    }
}
