//! Data transfers: their beginning, their end, and what is prepared or asked before them.

use crate::protocol::{Code, Reply, TransferType};
use crate::vfs::FtpPath;

/// 150 to a listing, which is text whatever the type.
pub fn opening_listing() -> Reply {
    Reply::new(Code::OPENING_DATA_CONNECTION, "Opening ASCII mode data connection for the listing.")
}

/// 150 to RETR, in the words of BSD's ftpd: Python's ftplib and BSD ftp read the size from the
/// parentheses, OpenJDK only when the text begins and ends so. `bytes`: how many will come, where
/// that is known.
pub fn opening_download(transfer_type: TransferType, name: &str, bytes: Option<u64>) -> Reply {
    let size = bytes.map_or_else(String::new, |bytes| format!(" ({bytes} bytes)"));
    Reply::new(Code::OPENING_DATA_CONNECTION, format!("{}{size}.", opening(transfer_type, name)))
}

/// 150 to STOR and APPE.
pub fn opening_upload(transfer_type: TransferType, name: &str) -> Reply {
    Reply::new(Code::OPENING_DATA_CONNECTION, format!("{}.", opening(transfer_type, name)))
}

fn opening(transfer_type: TransferType, name: &str) -> String {
    let mode = match transfer_type {
        TransferType::Ascii => "ASCII",
        TransferType::Image => "BINARY",
    };
    format!("Opening {mode} mode data connection for {name}")
}

/// 150 to STOU, in the words of RFC 1123 4.1.2.9.
pub fn opening_unique_upload(name: &str) -> Reply {
    Reply::new(Code::OPENING_DATA_CONNECTION, format!("FILE: {name}"))
}

/// A line before the reply with `code`, which is success, while the store is at work.
pub fn still_at_work(code: Code) -> Reply {
    Reply::new(code, "The store is at work.")
}

/// 226 after a listing.
pub fn listing_sent() -> Reply {
    Reply::new(Code::TRANSFER_COMPLETE, "Transfer complete; the listing was sent.")
}

/// `refusal` of a listing. What is a 450 elsewhere is a 451 here: curl takes 450 to LIST, NLST and
/// MLSD for a directory without files, and says that all is well.
pub fn no_listing(refusal: Reply) -> Reply {
    if refusal.code() == Code::FILE_BUSY { refusal.coded(Code::LOCAL_ERROR) } else { refusal }
}

/// 226 after a listing that `max_list_file` cut.
pub fn listing_cut(entries: usize) -> Reply {
    Reply::new(Code::TRANSFER_COMPLETE, cut_after(entries))
}

/// What a listing ends with that `max_list_file` cut.
pub(super) fn cut_after(entries: usize) -> String {
    format!("Listing cut after {entries} entries (max_list_file).")
}

/// 226 after RETR. Scripts around old clients look for the first two words.
pub fn file_sent() -> Reply {
    Reply::new(Code::TRANSFER_COMPLETE, "Transfer complete; the file was sent.")
}

/// 226 after STOR and APPE, once the store has confirmed.
pub fn file_stored(bytes: u64) -> Reply {
    Reply::new(
        Code::TRANSFER_COMPLETE,
        format!("Transfer complete; {bytes} bytes received and stored."),
    )
}

/// 226 after STOR of a name that is taken (`on_exists = keep-both`).
pub fn file_stored_as(name: &str) -> Reply {
    Reply::new(Code::TRANSFER_COMPLETE, format!("Stored as {name}"))
}

/// 226 after STOU.
pub fn unique_file_stored(name: &str) -> Reply {
    Reply::new(Code::TRANSFER_COMPLETE, format!("Transfer complete; stored as {name}"))
}

/// 451 when a file is stored, or has its new name, but the marker that tells others so is not: a
/// client that tries again stores both.
pub fn stored_without_marker(marker: &FtpPath) -> Reply {
    let text = format!(
        "The file is stored, but its marker {} could not be; please try again.",
        marker.name()
    );
    Reply::new(Code::LOCAL_ERROR, text)
}

/// 451 when a file, or its marker, is stored and waits, but did not get its name.
pub fn not_published(file: &FtpPath) -> Reply {
    let text = format!(
        "It is stored, but {} could not be published; please send its marker again.",
        file.name()
    );
    Reply::new(Code::LOCAL_ERROR, text)
}

/// 425 to a transfer before PASV, EPSV, PORT or EPRT.
pub fn data_port_first() -> Reply {
    Reply::new(Code::NO_DATA_CONNECTION, "Send PASV, EPSV, PORT or EPRT first.")
}

/// 425 when nobody connects, or nobody answers, in `data_connect_timeout`.
pub fn data_connection_failed() -> Reply {
    Reply::new(Code::NO_DATA_CONNECTION, "The data connection could not be opened.")
}

/// 425 when more than one connection came to the passive port from the client's address.
pub fn several_data_connections() -> Reply {
    Reply::new(
        Code::NO_DATA_CONNECTION,
        "More than one connection came to the passive port; none was used. Try again.",
    )
}

/// 425 when `max_connection_num` leaves no room for the data connection.
pub fn no_room_for_data_connection() -> Reply {
    Reply::new(Code::NO_DATA_CONNECTION, "Too many connections; try again later.")
}

/// 426 to the transfer that ABOR ended; 226 follows for ABOR itself (RFC 959 5.4).
pub fn transfer_aborted() -> Reply {
    Reply::new(Code::TRANSFER_ABORTED, "Transfer aborted.")
}

/// 426 when the data connection broke, and nothing was kept.
pub fn data_connection_lost() -> Reply {
    Reply::new(Code::TRANSFER_ABORTED, "The data connection was lost.")
}

/// 426 when an upload broke off and what arrived was stored, under another name if one is given.
pub fn upload_interrupted(bytes: u64, renamed: Option<&str>) -> Reply {
    let name = as_name(renamed);
    Reply::new(
        Code::TRANSFER_ABORTED,
        format!("The upload was interrupted; the {bytes} bytes received were stored{name}."),
    )
}

/// 426 when an upload broke off and what arrived waits to be gone on with, under another name if
/// one is given.
pub fn upload_parked(renamed: Option<&str>) -> Reply {
    let name = as_name(renamed);
    Reply::new(
        Code::TRANSFER_ABORTED,
        format!(
            "The upload was interrupted; what was received is kept{name}: SIZE tells where to \
             resume."
        ),
    )
}

fn as_name(renamed: Option<&str>) -> String {
    renamed.map(|name| format!(" as {name}")).unwrap_or_default()
}

/// 426 when the data connection was silent for `data_idle_timeout`.
pub fn data_idle_timeout() -> Reply {
    Reply::new(Code::TRANSFER_ABORTED, "No data was transferred for too long.")
}

/// 426 when the server stops and the transfer's time is over.
pub fn transfer_stopped() -> Reply {
    Reply::new(Code::TRANSFER_ABORTED, "The server is stopping; transfer aborted.")
}

/// 426 when the operator ends the session.
pub fn transfer_kicked() -> Reply {
    Reply::new(Code::TRANSFER_ABORTED, "The operator ended this session; transfer aborted.")
}

/// 451 when the store failed in the middle of a transfer.
pub fn transfer_failed() -> Reply {
    Reply::new(Code::LOCAL_ERROR, "The store failed; try again later.")
}

/// 451 when what the store holds is not what was sent.
pub fn checksum_mismatch() -> Reply {
    Reply::new(Code::LOCAL_ERROR, "The data was damaged on its way to the store; nothing was kept.")
}

/// 550 when the scanner found something in what was sent, by its `name` for it.
pub fn infected(name: &str) -> Reply {
    let text = format!("The file was not stored: the scanner found {name}.");
    Reply::new(Code::FILE_UNAVAILABLE, text)
}

/// 451 when what was sent could not be checked, and has to be.
pub fn not_scanned() -> Reply {
    Reply::new(Code::LOCAL_ERROR, "The file could not be checked and was not stored; try again.")
}

/// 451 when the object was replaced while it was being read.
pub fn file_changed() -> Reply {
    Reply::new(Code::LOCAL_ERROR, "The file was replaced meanwhile; try again.")
}

/// 451 when `buffer_memory` has had no room for the transfer.
pub fn no_buffer_memory() -> Reply {
    Reply::new(Code::LOCAL_ERROR, "The server is short of buffer memory; try again later.")
}

/// 451 to a file that ends after `end` bytes, though `before` bytes of it had come before.
pub fn ends_early(end: u64, before: u64) -> Reply {
    Reply::new(
        Code::LOCAL_ERROR,
        format!(
            "Not stored: the file ended after {end} bytes, but {before} had arrived before; send \
             it again."
        ),
    )
}

/// 552 to an upload beyond `single_file_max_size`, and to its ALLO.
pub fn file_too_large(limit_bytes: u64) -> Reply {
    Reply::new(
        Code::TOO_LARGE,
        format!("The file is larger than {limit_bytes} bytes (single_file_max_size)."),
    )
}

/// 552 when the store refuses the size.
pub fn store_full() -> Reply {
    Reply::new(Code::TOO_LARGE, "The store takes no more.")
}

/// 350 to REST.
pub fn restart_noted(offset: u64) -> Reply {
    Reply::new(Code::NEED_MORE, format!("The next transfer begins at byte {offset}."))
}

/// 450 to RETR of what so far exists as the beginning of an upload alone.
pub fn being_uploaded(bytes: u64) -> Reply {
    Reply::new(
        Code::FILE_BUSY,
        format!("The file is being uploaded: {bytes} bytes have arrived so far."),
    )
}

/// 554 to REST where a parked upload goes on elsewhere.
pub fn parked_elsewhere(offset: u64) -> Reply {
    let text = match offset {
        0 => "An upload that replaces this file was interrupted: send REST 0.".to_owned(),
        _ => format!(
            "The interrupted upload goes on at byte {offset}: send REST {offset} or REST 0."
        ),
    };
    Reply::new(Code::BAD_RESTART, text)
}

/// 554 to REST at the end of a file that was perhaps being replaced when the server was killed.
pub fn may_be_replaced() -> Reply {
    let text = "The server was killed a while ago, perhaps while this file was being replaced: send \
                REST 0, or the same once more to add to it.";
    Reply::new(Code::BAD_RESTART, text)
}

/// 554 to a transfer that should begin beyond the end of the file.
pub fn restart_beyond_end(size: u64) -> Reply {
    Reply::new(Code::BAD_RESTART, format!("REST is beyond the end of the file ({size} bytes)."))
}

/// 554 to a transfer that cannot begin in the middle: STOU, an upload to a new name.
pub fn restart_impossible() -> Reply {
    Reply::new(Code::BAD_RESTART, "This transfer cannot begin in the middle of a file.")
}

/// 200 to ALLO.
pub fn allocation_noted() -> Reply {
    Reply::new(Code::OK, "Noted.")
}

/// 226 to ABOR after the transfer's own 426.
pub fn abort_done() -> Reply {
    Reply::new(Code::ABORTED, "Abort done.")
}

/// 225 to ABOR when nothing runs.
pub fn nothing_to_abort() -> Reply {
    Reply::new(Code::NOTHING_TO_ABORT, "No transfer to abort.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_clients_read() {
        for (reply, expected) in [
            // Python's ftplib looks for `(n bytes)`, OpenJDK for `Opening .* (n bytes).`
            (
                opening_download(TransferType::Image, "a (5 bytes) b", Some(12)),
                "150 Opening BINARY mode data connection for a (5 bytes) b (12 bytes).\r\n",
            ),
            (
                opening_download(TransferType::Ascii, "a", None),
                "150 Opening ASCII mode data connection for a.\r\n",
            ),
            (
                opening_upload(TransferType::Image, "a"),
                "150 Opening BINARY mode data connection for a.\r\n",
            ),
            (file_stored(3), "226 Transfer complete; 3 bytes received and stored.\r\n"),
            // RFC 1123 4.1.2.9
            (opening_unique_upload("a b.pdf"), "150 FILE: a b.pdf\r\n"),
            (restart_noted(7), "350 The next transfer begins at byte 7.\r\n"),
        ] {
            assert_eq!(String::from_utf8(reply.to_bytes()).unwrap(), expected);
        }
    }

    #[test]
    fn only_the_openings_are_preliminary() {
        let image = TransferType::Image;
        for opening in [
            opening_listing(),
            opening_download(image, "x", Some(0)),
            opening_upload(image, "x"),
            opening_unique_upload("x"),
        ] {
            assert!(opening.is_preliminary(), "{opening:?}");
        }
        for end in [listing_sent(), file_sent(), file_stored(0), transfer_aborted(), abort_done()] {
            assert!(!end.is_preliminary(), "{end:?}");
        }
    }

    #[test]
    fn codes_tell_who_failed() {
        // RFC 959 5.4: 425 and 426 the network, 451 the server, 552 the size, 554 the offset
        for (reply, code) in [
            (data_port_first(), 425),
            (data_connection_failed(), 425),
            (several_data_connections(), 425),
            (data_connection_lost(), 426),
            (upload_interrupted(5, None), 426),
            (upload_parked(None), 426),
            (being_uploaded(5), 450),
            (parked_elsewhere(5), 554),
            (may_be_replaced(), 554),
            (transfer_failed(), 451),
            (stored_without_marker(&FtpPath::root().child("a.ok").unwrap()), 451),
            (not_published(&FtpPath::root().child("a").unwrap()), 451),
            (no_buffer_memory(), 451),
            (file_too_large(5), 552),
            (restart_beyond_end(5), 554),
            (nothing_to_abort(), 225),
            (abort_done(), 226),
        ] {
            assert_eq!(reply.code().number(), code, "{reply:?}");
        }
    }
}
