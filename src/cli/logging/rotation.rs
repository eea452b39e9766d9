//! When the log file is put aside, under which name, and which old ones are removed.
//!
//! The names are those of the replaced tool, `cos_v5.log.2026-11-25` for a day, so that what
//! collects them need not change. No crate is used: those there are end the process, or write to a
//! terminal that may block, when the disk is full, and ask nobody which mode a file should have.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cos_ftp_server::config::{RotateUnit, Rotation};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// Which second, minute, hour or day a line belongs to, spelt as in the name of the old file.
/// Later ones sort behind.
pub(super) fn period(unit: RotateUnit, time: OffsetDateTime) -> String {
    const SECOND: &[BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day]_[hour]-[minute]-[second]");
    const MINUTE: &[BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day]_[hour]-[minute]");
    const HOUR: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]_[hour]");
    const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
    let format = match unit {
        RotateUnit::Second => SECOND,
        RotateUnit::Minute => MINUTE,
        RotateUnit::Hour => HOUR,
        RotateUnit::Day => DAY,
    };
    // Every part is there in every date.
    time.format(format).unwrap_or_default()
}

/// Renames the file at `path` after the period of its lines. A name that is taken, as after the
/// clock was set back, is not written over: a number is appended.
///
/// # Errors
/// When it cannot be renamed.
pub(super) fn put_aside(path: &Path, period: &str) -> io::Result<()> {
    let mut aside = with_suffix(path, period);
    let mut number = 1_u64;
    while aside.try_exists()? {
        number += 1;
        aside = with_suffix(path, &format!("{period}.{number}"));
    }
    fs::rename(path, aside)
}

/// Removes the oldest of the files that were put aside, but for as many as are to be kept.
///
/// # Errors
/// When the directory cannot be read or a file cannot be removed.
pub(super) fn remove_oldest(path: &Path, rotation: Rotation) -> io::Result<()> {
    if rotation.backups == 0 {
        return Ok(());
    }
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else { return Ok(()) };
    let prefix = format!("{}.", name.to_string_lossy());
    let mut old = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let suffix = name.to_str().and_then(|name| name.strip_prefix(&prefix));
        if let Some(age) = suffix.and_then(age) {
            old.push((age, entry.path()));
        }
    }
    old.sort();
    let surplus = old.len().saturating_sub(rotation.backups);
    old.into_iter().take(surplus).try_for_each(|(_, path)| fs::remove_file(path))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// What an old file is sorted by; `None` for what we have not named.
fn age(suffix: &str) -> Option<(String, u64)> {
    let (period, number) = match suffix.split_once('.') {
        Some((period, number)) => (period, number.parse().ok()?),
        None => (suffix, 1),
    };
    const SHAPE: &[u8] = b"0000-00-00_00-00-00";
    let has_shape = period.len() <= SHAPE.len()
        && matches!(period.len(), 10 | 13 | 16 | 19)
        && period.bytes().zip(SHAPE).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            separator => byte == *separator,
        });
    has_shape.then(|| (period.to_owned(), number))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn periods_are_named_as_by_the_replaced_tool() {
        let time = datetime!(2026-11-05 06:07:08 +8);
        for (unit, expected) in [
            (RotateUnit::Second, "2026-11-05_06-07-08"),
            (RotateUnit::Minute, "2026-11-05_06-07"),
            (RotateUnit::Hour, "2026-11-05_06"),
            (RotateUnit::Day, "2026-11-05"),
        ] {
            assert_eq!(period(unit, time), expected);
            assert!(age(expected).is_some());
        }
    }

    #[test]
    fn a_taken_name_is_not_written_over() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("cos_v5.log");
        for text in ["first", "second", "third"] {
            fs::write(&path, text).unwrap();
            put_aside(&path, "2026-11-05").unwrap();
        }
        let read = |suffix| fs::read_to_string(with_suffix(&path, suffix)).unwrap();
        assert_eq!(
            ["2026-11-05", "2026-11-05.2", "2026-11-05.3"].map(read),
            ["first", "second", "third"]
        );
    }

    #[test]
    fn only_the_oldest_of_our_own_are_removed() {
        let kept = [
            "cos_v5.log",
            "cos_v5.log.2026-11-05.10",
            "cos_v5.log.2026-11-06_01",
            "cos_v5.log.2026-11-05.gz",
            "cos_v5.log.1",
            "cos_v5.log.2026-1-5",
            "cos_v5.log.bak",
            "other.log.2026-11-01",
        ];
        let removed = ["cos_v5.log.2025-12-31", "cos_v5.log.2026-11-05", "cos_v5.log.2026-11-05.9"];
        let directory = TempDir::new().unwrap();
        for name in kept.iter().chain(&removed) {
            fs::write(directory.path().join(name), "").unwrap();
        }
        let rotation = |backups| Rotation { every: RotateUnit::Day, backups };
        let path = directory.path().join("cos_v5.log");
        remove_oldest(&path, rotation(0)).unwrap();
        let exists = |name: &&str| directory.path().join(name).exists();
        assert!(kept.iter().chain(&removed).all(exists), "0 keeps all");
        remove_oldest(&path, rotation(2)).unwrap();
        assert!(kept.iter().all(exists));
        assert!(!removed.iter().any(exists));
    }
}
