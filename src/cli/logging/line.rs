//! What lines have in common, for people and for programs.

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// What may be written to a pipe that is writable without blocking (Linux: PIPE_BUF).
pub(super) const TERMINAL_LINE_BYTES: usize = 4096;

/// RFC 3339 with milliseconds.
pub(super) const TIME: &[BorrowedFormatItem<'_>] = format_description!(
    "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]\
     [offset_hour sign:mandatory]:[offset_minute]"
);
