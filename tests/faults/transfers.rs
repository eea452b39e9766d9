//! Transfers that take whatever the server answers, at whatever moment, and what the client saw.

use std::fmt;
use std::io::{Read, Write};

use crate::faults::commands::Place;
use crate::support::ftp::Ftp;
use crate::support::injector::Request;

/// What the client saw.
pub(crate) struct Seen {
    /// Code of the final reply.
    pub(crate) code: u16,
    /// The final reply.
    pub(crate) reply: String,
    /// What came over the data connection.
    pub(crate) data: Vec<u8>,
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} and {} bytes of data", self.reply, self.data.len())
    }
}

impl Seen {
    /// Whether the command succeeded.
    pub(crate) fn is_success(&self) -> bool {
        self.code < 400
    }
}

/// Uploads as `line` says, and takes whatever the server answers, at whatever moment.
pub(crate) fn upload(ftp: &mut Ftp, line: &str, bytes: &[u8]) -> Seen {
    let data = ftp.passive();
    let opening = ftp.ask(line);
    if !opening.starts_with("150 ") {
        return told(opening);
    }
    // A server that gave up does not take the rest.
    let _ = data.open().write_all(bytes);
    told(ftp.reply())
}

/// ABOR when a part is on its way; returns when the upload was aborted, or left behind.
pub(super) fn abort(ftp: &mut Ftp, name: &str, bytes: &[u8], place: &Place<'_>) -> Seen {
    let data = ftp.passive();
    ftp.expect(&format!("STOR {name}"), "150 ");
    let mut stream = data.open();
    stream.write_all(bytes).expect("the server takes the data");
    place.injector.wait_for(Request::UploadPart, name);
    let seen = told(ftp.ask("ABOR"));
    ftp.expect_reply("226 ");
    let (aborted, left) = (format!("unfinished upload of /{name}"), format!("/{name}\": "));
    place.server.wait_for_line(|line| {
        line.ends_with(&aborted) || (line.contains("stays behind: Abort") && line.contains(&left))
    });
    seen
}

/// Leaves `bytes` of an upload parked.
pub(super) fn park(ftp: &mut Ftp, name: &str, bytes: &[u8]) {
    let data = ftp.passive();
    ftp.expect(&format!("STOR {name}"), "150 ");
    let mut stream = data.open();
    stream.write_all(bytes).expect("the server takes the data");
    ftp.wait_for_bytes(bytes.len());
    ftp.expect("ABOR", "426 ");
    ftp.expect_reply("226 ");
}

/// Asks how far the parked upload of `bytes` has come, and sends the rest.
pub(super) fn go_on(ftp: &mut Ftp, name: &str, bytes: &[u8]) -> Seen {
    let size = ftp.ask(&format!("SIZE {name}"));
    let Some(offset) = size.strip_prefix("213 ") else { return told(size) };
    let offset: usize = offset.trim().parse().expect("a size");
    ftp.expect(&format!("REST {offset}"), "350 ");
    upload(ftp, &format!("STOR {name}"), &bytes[offset..])
}

pub(super) fn download(ftp: &mut Ftp, line: &str) -> Seen {
    let data = ftp.passive();
    let opening = ftp.ask(line);
    if !opening.starts_with("150 ") {
        return told(opening);
    }
    let mut bytes = Vec::new();
    // Whether it is whole, the reply tells.
    let _ = data.open().read_to_end(&mut bytes);
    Seen { data: bytes, ..told(ftp.reply()) }
}

pub(crate) fn told(reply: String) -> Seen {
    let code = reply[..3].parse().expect("a code");
    Seen { code, reply, data: Vec::new() }
}
