//! The time of an object: its own, or the one that a client gave it, which is kept as the object's
//! metadata `mtime`, seconds since 1970: with a fraction as rclone writes it, whole as cosfs does.

use time::{Duration, OffsetDateTime};

use super::BucketTree;
use crate::store::cos::objects::Head;

/// The metadata's name, without what the dialect puts before it.
pub(super) const KEY: &str = "meta-mtime";

/// The time of an object: the one a client gave it, where those are kept, or the store's.
pub(crate) fn time_of(tree: BucketTree<'_>, head: &Head) -> Option<OffsetDateTime> {
    let kept = if tree.account.preserve_mtime { kept(head) } else { None };
    kept.or_else(|| head.modified())
}

/// The time that a client gave it.
pub(super) fn kept(head: &Head) -> Option<OffsetDateTime> {
    parse(head.headers.vendor(KEY)?)
}

/// The time that a copy with these headers is given.
pub(super) fn given(headers: &[(String, String)]) -> Option<OffsetDateTime> {
    let told = |(name, _): &&(String, String)| name.strip_prefix("x-amz-") == Some(KEY);
    parse(&headers.iter().find(told)?.1)
}

/// `1700000000`, `1700000000.123456789`; what is no time may be anybody's metadata.
fn parse(text: &str) -> Option<OffsetDateTime> {
    let (seconds, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole = OffsetDateTime::from_unix_timestamp(seconds.parse().ok()?).ok()?;
    let nanoseconds = format!("{fraction:0<9}")[..9].parse().ok()?;
    let fraction = Duration::nanoseconds(nanoseconds);
    // The fraction counts away from zero: this is a decimal number, not a pair.
    if seconds.starts_with('-') { whole.checked_sub(fraction) } else { whole.checked_add(fraction) }
}

/// As rclone spells it: no fraction where there is none.
pub(super) fn spell(time: OffsetDateTime) -> String {
    const SECOND: u128 = 1_000_000_000;
    let nanoseconds = time.unix_timestamp_nanos();
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let (seconds, fraction) =
        (nanoseconds.unsigned_abs() / SECOND, nanoseconds.unsigned_abs() % SECOND);
    let decimal = format!("{sign}{seconds}.{fraction:09}");
    decimal.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn times_of_rclone_and_cosfs_are_read() {
        for (text, expected) in [
            ("1700000000", Some(datetime!(2023-11-14 22:13:20 UTC))),
            ("1700000000.123456789", Some(datetime!(2023-11-14 22:13:20.123456789 UTC))),
            ("1700000000.5", Some(datetime!(2023-11-14 22:13:20.5 UTC))),
            ("1700000000.1234567899", Some(datetime!(2023-11-14 22:13:20.123456789 UTC))),
            ("-1.5", Some(datetime!(1969-12-31 23:59:58.5 UTC))),
            ("0", Some(OffsetDateTime::UNIX_EPOCH)),
            ("", None),
            ("yesterday", None),
            ("1.x", None),
            ("99999999999999", None),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for (time, expected) in [
            (datetime!(2023-11-14 22:13:20 UTC), "1700000000"),
            (datetime!(2023-11-14 22:13:20.120 UTC), "1700000000.12"),
            (datetime!(1969-12-31 23:59:58.5 UTC), "-1.5"),
            (datetime!(1970-01-01 00:00 UTC), "0"),
        ] {
            assert_eq!(spell(time), expected);
            assert_eq!(parse(&spell(time)), Some(time));
        }
    }
}
