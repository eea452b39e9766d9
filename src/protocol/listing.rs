//! The lines of listings. They are appended to the caller's buffer, which it sends when it is full:
//! a directory of a million names is never held.

use std::io::Write;

use time::{Duration, Month, OffsetDateTime, UtcOffset};

use super::access::Rights;
use super::time_format::Timestamp;
use crate::vfs::{Entry, Metadata};

/// How long ago LIST tells the time of day; older (and future) entries show the year. Half a year,
/// as `ls` does, so that clients that guess the year of `Jan 02 15:04` guess right.
const RECENT: Duration = Duration::days(180);

/// How far in the future something may have been stored a moment ago: stores tell the time in whole
/// seconds, and have several clocks.
const CLOCK_SLACK: Duration = Duration::seconds(30);

/// The form of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListStyle {
    /// LIST: as `ls -l` prints.
    List,
    /// NLST: names only.
    Nlst,
    /// MLSD: facts (RFC 3659 7).
    Mlsd,
}

/// A fact of MLST and MLSD (RFC 3659 7.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// `file` or `dir`.
    Type,
    /// Bytes of a file.
    Size,
    /// Last change, UTC.
    Modify,
    /// What the account may do with it.
    Perm,
}

impl Fact {
    const ALL: [Self; 4] = [Self::Type, Self::Size, Self::Modify, Self::Perm];

    fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Size => "size",
            Self::Modify => "modify",
            Self::Perm => "perm",
        }
    }
}

/// Which facts MLST and MLSD tell. All of them, until the client says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MlstFacts(u8);

impl Default for MlstFacts {
    fn default() -> Self {
        Self(Fact::ALL.iter().fold(0, |bits, &fact| bits | Self::bit(fact)))
    }
}

impl MlstFacts {
    /// Reads the argument of `OPTS MLST`, `type;size;`. Facts we do not know are overlooked (RFC
    /// 3659 7.9).
    pub fn from_opts(argument: &str) -> Self {
        let wanted = argument.split(';').filter_map(|name| {
            Fact::ALL.into_iter().find(|fact| fact.name().eq_ignore_ascii_case(name.trim()))
        });
        Self(wanted.fold(0, |bits, fact| bits | Self::bit(fact)))
    }

    /// Whether `fact` is told.
    pub fn contains(self, fact: Fact) -> bool {
        self.0 & Self::bit(fact) != 0
    }

    /// The answer to `OPTS MLST`: `type;size;`.
    pub(super) fn enabled(self) -> String {
        let told = Fact::ALL.iter().filter(|&&fact| self.contains(fact));
        told.fold(String::new(), |text, fact| text + fact.name() + ";")
    }

    /// The answer in FEAT, `type*;size*;modify*;perm*;`: a star marks what is told (RFC 3659 7.8).
    pub(super) fn offered(self) -> String {
        Fact::ALL.iter().fold(String::new(), |text, &fact| {
            text + fact.name() + if self.contains(fact) { "*;" } else { ";" }
        })
    }

    fn bit(fact: Fact) -> u8 {
        1 << fact as u8
    }
}

/// How the lines of one listing look.
#[derive(Clone, Debug)]
pub struct ListingFormat {
    /// Which verb asked.
    pub style: ListStyle,
    /// What stands before each name of NLST, see [`nlst_prefix`].
    pub name_prefix: String,
    /// The present moment: LIST shows old entries in another way.
    pub now: OffsetDateTime,
    /// What the account may do.
    pub rights: Rights,
    /// The facts of MLSD.
    pub facts: MlstFacts,
}

impl ListingFormat {
    /// Appends the line of `entry` with its CRLF. The name must be one that
    /// [`crate::vfs::FtpPath::child`] accepts: a line end in it would forge a line.
    pub fn write_line(&self, out: &mut Vec<u8>, entry: &Entry) {
        match self.style {
            ListStyle::List => self.write_unix_line(out, entry),
            ListStyle::Nlst => out.extend_from_slice(self.name_prefix.as_bytes()),
            ListStyle::Mlsd => {
                write_facts(out, &entry.metadata, self.facts, self.rights);
                out.push(b' ');
            }
        }
        out.extend_from_slice(entry.name.as_bytes());
        out.extend_from_slice(b"\r\n");
    }

    /// Nine columns with spaces, as `ls -l`: what Windows Explorer and cameras can read.
    fn write_unix_line(&self, out: &mut Vec<u8>, entry: &Entry) {
        let size = entry.metadata.size;
        let kind: &[u8] = if entry.metadata.is_directory() { b"drwxr-xr-x" } else { b"-rw-r--r--" };
        out.extend_from_slice(kind);
        append(out, format_args!("   1 ftp      ftp      {size:>12} "));
        let when = entry.metadata.told_time().to_offset(UtcOffset::UTC);
        let month = month_name(when.month());
        append(out, format_args!("{month} {:02} ", when.day()));
        if when <= self.now + CLOCK_SLACK && self.now - when < RECENT {
            append(out, format_args!("{:02}:{:02} ", when.hour(), when.minute()));
        } else {
            append(out, format_args!("{:>5} ", when.year()));
        }
    }
}

/// What NLST puts before each name, so that the client can use it as it is (RFC 1123 4.1.2.7): the
/// directory as the client wrote it, with a slash; nothing for the working directory.
pub fn nlst_prefix(directory: &str) -> String {
    match directory {
        "" => String::new(),
        with_slash if with_slash.ends_with('/') => with_slash.to_owned(),
        other => format!("{other}/"),
    }
}

/// Appends `type=file;size=3;modify=…;perm=…;` (RFC 3659 7.2: a semicolon after each fact).
pub(super) fn write_facts(
    out: &mut Vec<u8>,
    metadata: &Metadata,
    facts: MlstFacts,
    rights: Rights,
) {
    if facts.contains(Fact::Type) {
        let kind: &[u8] = if metadata.is_directory() { b"type=dir;" } else { b"type=file;" };
        out.extend_from_slice(kind);
    }
    if facts.contains(Fact::Size) && !metadata.is_directory() {
        append(out, format_args!("size={};", metadata.size));
    }
    if facts.contains(Fact::Modify) {
        append(out, format_args!("modify={};", Timestamp(metadata.told_time())));
    }
    if facts.contains(Fact::Perm) {
        write_perm(out, metadata, rights);
    }
}

/// The letters of RFC 3659 7.5.5. They say what the account may do, not what will succeed.
fn write_perm(out: &mut Vec<u8>, metadata: &Metadata, rights: Rights) {
    let letters: &[(u8, bool)] = if metadata.is_directory() {
        &[
            (b'c', rights.write),
            (b'd', rights.delete),
            (b'e', true),
            (b'f', rights.write),
            (b'l', rights.read),
            (b'm', rights.write),
            (b'p', rights.delete),
        ]
    } else {
        &[
            (b'a', rights.write),
            (b'd', rights.delete),
            (b'f', rights.write),
            (b'r', rights.read),
            (b'w', rights.write),
        ]
    };
    out.extend_from_slice(b"perm=");
    out.extend(letters.iter().filter(|(_, granted)| *granted).map(|(letter, _)| letter));
    out.push(b';');
}

fn month_name(month: Month) -> &'static str {
    const NAMES: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    NAMES[usize::from(u8::from(month)) - 1]
}

fn append(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a Vec cannot fail");
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const ALL: Rights = Rights { read: true, write: true, delete: true };
    const READ: Rights = Rights { read: true, write: false, delete: false };
    const WRITE: Rights = Rights { read: false, write: true, delete: false };
    const NOW: OffsetDateTime = datetime!(2024-07-01 12:00 UTC);

    fn line(style: ListStyle, name: &str, metadata: Metadata) -> String {
        let format = ListingFormat {
            style,
            name_prefix: nlst_prefix("dir"),
            now: NOW,
            rights: ALL,
            facts: MlstFacts::default(),
        };
        let mut out = Vec::new();
        format.write_line(&mut out, &Entry { name: name.to_owned(), metadata });
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn list_lines_have_nine_columns() {
        for (metadata, expected) in [
            (
                Metadata::file(4096, Some(datetime!(2024-06-30 15:04 UTC))),
                "-rw-r--r--   1 ftp      ftp              4096 Jun 30 15:04 a b\r\n",
            ),
            (
                Metadata::directory(Some(datetime!(2024-07-01 20:00 +8))),
                "drwxr-xr-x   1 ftp      ftp                 0 Jul 01 12:00 a b\r\n",
            ),
            (
                Metadata::directory(None),
                "drwxr-xr-x   1 ftp      ftp                 0 Jan 01  1970 a b\r\n",
            ),
            // old, and from the future by a wrong clock
            (
                Metadata::file(u64::MAX, Some(datetime!(2024-01-02 15:04 UTC))),
                "-rw-r--r--   1 ftp      ftp      18446744073709551615 Jan 02  2024 a b\r\n",
            ),
            (
                Metadata::file(1, Some(datetime!(2024-07-01 12:01 UTC))),
                "-rw-r--r--   1 ftp      ftp                 1 Jul 01  2024 a b\r\n",
            ),
        ] {
            let line = line(ListStyle::List, "a b", metadata);
            assert_eq!(line, expected);
            assert_eq!(line.split_whitespace().count(), 10, "eight columns and two words");
        }
    }

    #[test]
    fn the_time_of_day_is_shown_for_half_a_year() {
        for (age, expected) in [
            (Duration::ZERO, "12:00"),
            // The store's clock may be a little ahead.
            (Duration::seconds(-30), "12:00"),
            (Duration::seconds(-31), "2024"),
            (Duration::days(180) - Duration::SECOND, "12:00"),
            (Duration::days(180), "2024"),
            (Duration::days(183), "2023"),
        ] {
            let line = line(ListStyle::List, "x", Metadata::file(1, Some(NOW - age)));
            assert!(line.ends_with(&format!(" {expected} x\r\n")), "{age}: {line}");
        }
    }

    #[test]
    fn names_and_facts() {
        let file = Metadata::file(3, Some(datetime!(2024-01-02 03:04:05 UTC)));
        assert_eq!(line(ListStyle::Nlst, "数据", file.clone()), "dir/数据\r\n");
        // RFC 3659 7.2; FileZilla gives up at a malformed fact
        assert_eq!(
            line(ListStyle::Mlsd, " x", file),
            "type=file;size=3;modify=20240102030405;perm=adfrw;  x\r\n"
        );
        assert_eq!(
            line(ListStyle::Mlsd, "d", Metadata::directory(None)),
            "type=dir;modify=19700101000000;perm=cdeflmp; d\r\n"
        );
    }

    #[test]
    fn perm_tells_what_the_account_may_do() {
        let (file, directory) = (Metadata::file(0, None), Metadata::directory(None));
        for (rights, of_file, of_directory) in
            [(ALL, "adfrw", "cdeflmp"), (READ, "r", "el"), (WRITE, "afw", "cefm")]
        {
            let mut out = Vec::new();
            write_perm(&mut out, &file, rights);
            write_perm(&mut out, &directory, rights);
            let expected = format!("perm={of_file};perm={of_directory};");
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{rights:?}");
        }
    }

    #[test]
    fn a_client_chooses_its_facts() {
        for (argument, enabled, offered) in [
            ("type;size;", "type;size;", "type*;size*;modify;perm;"),
            // RFC 3659 7.9: any case, any order, unknown ones overlooked
            ("Size;UNIX.mode;TYPE", "type;size;", "type*;size*;modify;perm;"),
            ("", "", "type;size;modify;perm;"),
            (";;", "", "type;size;modify;perm;"),
        ] {
            let facts = MlstFacts::from_opts(argument);
            assert_eq!(facts.enabled(), enabled, "{argument:?}");
            assert_eq!(facts.offered(), offered, "{argument:?}");
        }
        assert_eq!(MlstFacts::default().offered(), "type*;size*;modify*;perm*;");
        let mut out = Vec::new();
        let modified = Some(datetime!(2024-01-02 03:04:05 UTC));
        write_facts(&mut out, &Metadata::file(3, modified), MlstFacts::from_opts("size"), ALL);
        assert_eq!(out, b"size=3;");
    }

    #[test]
    fn nlst_answers_usable_paths() {
        for (directory, expected) in
            [("", ""), ("d", "d/"), ("d/", "d/"), ("/", "/"), ("..", "../"), ("/a b", "/a b/")]
        {
            assert_eq!(nlst_prefix(directory), expected);
        }
    }
}
