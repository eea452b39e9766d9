//! Files and directories: what was done, what was found, why not.

use time::OffsetDateTime;

use crate::protocol::access::{Access, Rights};
use crate::protocol::listing::write_facts;
use crate::protocol::replies::cut_after;
use crate::protocol::{Code, MlstFacts, Reply, ReplyPart, Timestamp};
use crate::vfs::{FtpPath, Metadata, PathError};

/// 257 to PWD.
pub fn working_directory(path: &FtpPath) -> Reply {
    Reply::new(Code::PATH_NAME, format!("{} is the working directory.", quoted(path)))
}

/// 257 to MKD, with the absolute path.
pub fn directory_created(path: &FtpPath) -> Reply {
    Reply::new(Code::PATH_NAME, format!("{} created.", quoted(path)))
}

/// 550 to MKD. FileZilla stops climbing when it reads "already exists".
pub fn already_exists() -> Reply {
    Reply::new(Code::FILE_UNAVAILABLE, "A file or directory of this name already exists.")
}

/// 250 to CWD and CDUP.
pub fn directory_changed(path: &FtpPath) -> Reply {
    Reply::new(Code::FILE_ACTION_COMPLETE, format!("Now in {}", quoted(path)))
}

/// 250 to RMD.
pub fn directory_removed() -> Reply {
    Reply::new(Code::FILE_ACTION_COMPLETE, "Directory removed.")
}

/// 250 to DELE.
pub fn file_deleted() -> Reply {
    Reply::new(Code::FILE_ACTION_COMPLETE, "File deleted.")
}

/// 350 to RNFR.
pub fn rename_to_what() -> Reply {
    Reply::new(Code::NEED_MORE, "Now send RNTO.")
}

/// 250 to RNTO.
pub fn renamed() -> Reply {
    Reply::new(Code::FILE_ACTION_COMPLETE, "Renamed.")
}

/// The same of a directory in which interrupted uploads wait: those stay under the old name.
pub fn renamed_without_parked() -> Reply {
    Reply::new(
        Code::FILE_ACTION_COMPLETE,
        "Renamed; the interrupted uploads in it wait under the old name.",
    )
}

/// The same to another name than the one that was given, which is taken.
pub fn renamed_to(name: &str) -> Reply {
    Reply::new(Code::FILE_ACTION_COMPLETE, format!("Renamed to {name}"))
}

/// 503 to RNTO that does not follow RNFR.
pub fn rename_from_first() -> Reply {
    Reply::new(Code::BAD_SEQUENCE, "Send RNFR first.")
}

/// 553 to RNTO into the directory that is to be moved.
pub fn rename_into_itself() -> Reply {
    Reply::new(Code::NAME_NOT_ALLOWED, "Nothing can be moved into itself.")
}

/// 213 to SIZE. Bytes, whatever the type: what TYPE A would make of them is not known without
/// reading.
pub fn size(bytes: u64) -> Reply {
    Reply::new(Code::FILE_STATUS, bytes.to_string())
}

/// 213 to MDTM (RFC 3659 3).
pub fn modification_time(moment: OffsetDateTime) -> Reply {
    Reply::new(Code::FILE_STATUS, Timestamp(moment).to_string())
}

/// 213 to MFMT (draft-somers-ftp-mfxx 3.1), to the setting form of MDTM and to SITE UTIME.
pub fn modification_time_set(time: Timestamp, path: &FtpPath) -> Reply {
    Reply::new(Code::FILE_STATUS, format!("Modify={time}; {path}"))
}

/// 550 to the setting form of MDTM and to SITE UTIME without `preserve_mtime`.
pub fn times_not_kept() -> Reply {
    Reply::new(
        Code::FILE_UNAVAILABLE,
        "The store sets the times of files here (preserve_mtime is \
        off).",
    )
}

/// 550 to MFMT for a file that the store would have to copy in parts.
pub fn too_large_for_a_time() -> Reply {
    Reply::new(
        Code::FILE_UNAVAILABLE,
        "Its time was not changed: above 5 GiB that would take a copy of the file.",
    )
}

/// 250 to MLST (RFC 3659 7.2: one space before the facts).
pub fn facts(path: &FtpPath, metadata: &Metadata, facts: MlstFacts, rights: Rights) -> Reply {
    let mut line = vec![b' '];
    write_facts(&mut line, metadata, facts, rights);
    let line = format!("{} {path}", String::from_utf8_lossy(&line));
    Reply::multi_line(Code::FILE_ACTION_COMPLETE, "Facts:", [line], "End")
}

/// Where in the answer to STAT of a path a page of it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusPlace {
    /// It is the first.
    Beginning,
    /// Others have been told.
    Later,
}

/// 213 to STAT of a path, or the end of it. `listing` is what LIST would have sent. `limit`: it was
/// cut after so many entries, by `max_list_file`; the last line tells it, as the others are names.
pub fn status_of(place: StatusPlace, listing: &[u8], limit: Option<usize>) -> Reply {
    let end = limit.map_or_else(|| "End".to_owned(), cut_after);
    let listing = String::from_utf8_lossy(listing);
    let lines = listing.lines().map(str::to_owned);
    match place {
        StatusPlace::Beginning => Reply::multi_line(Code::FILE_STATUS, STATUS, lines, end),
        StatusPlace::Later => Reply::ending(Code::FILE_STATUS, lines, end),
    }
}

/// A page of the answer that is not the last.
pub fn part_of_status(place: StatusPlace, listing: &[u8]) -> ReplyPart {
    let listing = String::from_utf8_lossy(listing);
    let lines = listing.lines().map(str::to_owned);
    match place {
        StatusPlace::Beginning => ReplyPart::beginning(Code::FILE_STATUS, STATUS, lines),
        StatusPlace::Later => ReplyPart::more(Code::FILE_STATUS, lines),
    }
}

/// 421 in the middle of the answer to STAT of a path. There is no other way to tell that a reply
/// that was begun ends too early: who deletes what it does not find listed must not take this for
/// all.
pub fn status_broken_off() -> Reply {
    Reply::new(Code::CLOSING, "The store failed; this listing is not complete.")
}

/// The first line of the answer to STAT of a path.
const STATUS: &str = "Status:";

/// 550: no such name.
pub fn not_found() -> Reply {
    Reply::new(Code::FILE_UNAVAILABLE, "No such file or directory.")
}

/// 550: a file where a directory is needed.
pub fn not_a_directory() -> Reply {
    Reply::new(Code::FILE_UNAVAILABLE, "Not a directory.")
}

/// 501 to MLSD of a file (RFC 3659 7.2.1).
pub fn mlsd_needs_a_directory() -> Reply {
    Reply::new(Code::BAD_ARGUMENT, "Not a directory; use MLST.")
}

/// 550: a directory where a file is needed.
pub fn is_a_directory() -> Reply {
    Reply::new(Code::FILE_UNAVAILABLE, "Is a directory.")
}

/// 550 to RMD.
pub fn directory_not_empty() -> Reply {
    Reply::new(Code::FILE_UNAVAILABLE, "The directory is not empty.")
}

/// 550 to RMD of a directory in which interrupted uploads wait.
pub fn uploads_wait_in_directory() -> Reply {
    Reply::new(
        Code::FILE_UNAVAILABLE,
        "The directory is not empty: interrupted uploads wait in it; go on with them or delete \
         them.",
    )
}

/// 450 to RNFR of a directory in which there is nothing but interrupted uploads.
pub fn only_uploads_in_directory() -> Reply {
    Reply::new(
        Code::FILE_BUSY,
        "Only interrupted uploads are in the directory so far; go on with them under this name.",
    )
}

/// 550 to RMD, RNFR, RNTO of `/`.
pub fn root_is_fixed() -> Reply {
    Reply::new(Code::FILE_UNAVAILABLE, "The root directory cannot be changed.")
}

/// 553 to an upload, MKD or RNTO with a name the store cannot hold.
pub fn name_not_allowed() -> Reply {
    Reply::new(Code::NAME_NOT_ALLOWED, "The name is too long, or not allowed by the store.")
}

/// 553 to a new name that the account may not give (`allow_names`, `deny_names`, `hide_names`).
pub fn name_refused() -> Reply {
    Reply::new(Code::NAME_NOT_ALLOWED, "This name is not allowed here.")
}

/// 501 to a text that is no path.
pub fn bad_path(error: PathError) -> Reply {
    let text = match error {
        PathError::Empty => "A path is needed.",
        PathError::ControlCharacter => "Control characters are not allowed in names.",
    };
    Reply::new(Code::BAD_ARGUMENT, text)
}

/// 550 to a verb whose `access` the account does not have.
pub fn no_permission(access: Access) -> Reply {
    let text = match access {
        Access::Reads => "You may not read here.",
        Access::Writes => "You may not write here.",
        Access::Deletes => "You may not delete here.",
        // Every account has these; said for the sake of a total function.
        Access::BeforeLogin | Access::LoggedIn => "You may not do that.",
    };
    Reply::new(Code::NO_PERMISSION, text)
}

/// The path in quotes, quotes in it doubled (RFC 959 appendix II).
fn quoted(path: &FtpPath) -> String {
    format!("\"{}\"", path.as_str().replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const ALL: Rights = Rights { read: true, write: true, delete: true };

    fn path(text: &str) -> FtpPath {
        FtpPath::root().join(text).unwrap()
    }

    #[test]
    fn the_words_clients_read() {
        let file = Metadata::file(3, Some(datetime!(2024-01-02 03:04:05 UTC)));
        for (reply, expected) in [
            // RFC 959 appendix II
            (working_directory(&path("/")), "257 \"/\" is the working directory.\r\n"),
            (directory_created(&path("/a \"b\"")), "257 \"/a \"\"b\"\"\" created.\r\n"),
            // RFC 3659 4, 3 and 7.2
            (
                modification_time_set(Timestamp(datetime!(2024-01-02 03:04:05 UTC)), &path("/a b")),
                "213 Modify=20240102030405; /a b\r\n",
            ),
            (size(u64::MAX), "213 18446744073709551615\r\n"),
            (modification_time(datetime!(2024-01-01 00:00 +8)), "213 20231231160000\r\n"),
            (
                facts(&path("/a b"), &file, MlstFacts::default(), ALL),
                "250-Facts:\r\n type=file;size=3;modify=20240102030405;perm=adfrw; /a b\r\n\
                 250 End\r\n",
            ),
            (
                facts(&path("/d"), &Metadata::directory(None), MlstFacts::from_opts(""), ALL),
                "250-Facts:\r\n  /d\r\n250 End\r\n",
            ),
            (
                status_of(StatusPlace::Beginning, b"-rw a\r\n213 b\r\n", None),
                "213-Status:\r\n-rw a\r\n 213 b\r\n213 End\r\n",
            ),
            (status_of(StatusPlace::Beginning, b"", None), "213-Status:\r\n213 End\r\n"),
            (
                status_of(StatusPlace::Later, b"-rw a\r\n", Some(3)),
                "-rw a\r\n213 Listing cut after 3 entries (max_list_file).\r\n",
            ),
        ] {
            assert_eq!(String::from_utf8(reply.to_bytes()).unwrap(), expected);
        }
        // FileZilla climbs no further when it reads this
        let exists = String::from_utf8(already_exists().to_bytes()).unwrap();
        assert!(exists.starts_with("550 ") && exists.contains("already exists"), "{exists}");
    }

    #[test]
    fn codes_tell_why() {
        for (reply, code) in [
            (not_found(), 550),
            (not_a_directory(), 550),
            (mlsd_needs_a_directory(), 501),
            (bad_path(PathError::ControlCharacter), 501),
            (no_permission(Access::Deletes), 550),
            (name_not_allowed(), 553),
            (only_uploads_in_directory(), 450),
            (rename_from_first(), 503),
            (rename_to_what(), 350),
        ] {
            assert_eq!(reply.code().number(), code, "{reply:?}");
        }
    }
}
