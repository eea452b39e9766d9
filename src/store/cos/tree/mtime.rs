//! Times that clients set. A bucket dates an object itself, when it is stored; another time is kept
//! as the object's metadata `mtime`, seconds since 1970: with a fraction as rclone writes it, whole
//! as cosfs does.
//!
//! Metadata cannot be changed, only replaced, by copying the object onto itself: within the store,
//! in one request up to 5 GiB. A larger object would have to be put together from copied parts
//! and stays as it is. An MFMT right after the upload has no cheaper way: metadata is given when an
//! upload begins, and the client tells the time when it has ended. A time that is kept already
//! costs nothing.

use time::{Duration, OffsetDateTime};

use super::Tree;
use super::copy::{Replaces, Target, copy_at_once, metadata, restated};
use super::directories::stat_path;
use crate::limits;
use crate::store::cos::objects::Head;
use crate::store::{ErrorKind, Operation, Result, StoreError};
use crate::vfs::FtpPath;

/// The metadata's name, without what the dialect puts before it.
const KEY: &str = "meta-mtime";

/// The time of an object: the one a client gave it, where those are kept, or the store's.
pub(crate) fn time_of(tree: Tree<'_>, head: &Head) -> Option<OffsetDateTime> {
    let kept = if tree.account.preserve_mtime { kept(head) } else { None };
    kept.or_else(|| head.modified())
}

/// Replaces an object's metadata by the same with another `mtime`.
pub(crate) fn keep_time(tree: Tree<'_>, path: &FtpPath, modified: OffsetDateTime) -> Result<()> {
    let operation = Operation::CopyObject;
    let key = tree.account.keys.file(operation, path)?;
    let Some(head) = tree.objects.head(&key)? else {
        stat_path(tree, operation, path)?;
        return Err(StoreError::new(ErrorKind::IsADirectory, operation, key));
    };
    if kept(&head) == Some(modified) {
        return Ok(());
    }
    if head.size > limits::MAX_PART_BYTES {
        return Err(StoreError::new(ErrorKind::TooLarge, operation, key));
    }
    copy_onto_itself(tree, &key, &head, &spell(modified))
}

/// Not the version that somebody else may have stored meanwhile.
fn copy_onto_itself(tree: Tree<'_>, key: &str, head: &Head, mtime: &str) -> Result<()> {
    let own = format!("x-amz-{KEY}");
    let replace = ("x-amz-metadata-directive".to_owned(), "REPLACE".to_owned());
    let others = restated(head).into_iter().chain(metadata(head));
    let mut headers: Vec<_> = others.filter(|(name, _)| *name != own).collect();
    headers.extend([replace, (own, mtime.to_owned())]);
    copy_at_once(tree, key, Target { key, replaces: Replaces::Anything }, head, &headers)
}

fn kept(head: &Head) -> Option<OffsetDateTime> {
    parse(head.headers.vendor(KEY)?)
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
fn spell(time: OffsetDateTime) -> String {
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
