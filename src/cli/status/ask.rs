//! The side of the operator: `cos-ftp-server status`.

use std::io::{self, ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::report::StatusReport;
use super::table::table;
use crate::cli::check::Form;

/// Longest answer: a few kilobytes for each of as many sessions as there may be.
const MAX_BYTES: u64 = 1 << 30;

/// How long the server may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the server that listens at `path` is doing.
///
/// # Errors
/// In words: that there is none, or that it may not be asked.
pub(crate) fn ask(path: &Path, form: Form) -> Result<String, String> {
    let failed = |error: io::Error| {
        let path = path.display();
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                format!("no server tells its status at {path} (control_socket): is it running?")
            }
            ErrorKind::PermissionDenied => {
                format!("{path} (control_socket) is for the server's user and root only")
            }
            _ => format!("{path} (control_socket): {error}"),
        }
    };
    let text = read(path).map_err(failed)?;
    let report: StatusReport =
        serde_json::from_str(&text).map_err(|error| failed(io::Error::other(error)))?;
    Ok(match form {
        Form::Json => text + "\n",
        Form::Text => table(&report),
    })
}

fn read(path: &Path) -> io::Result<String> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut text = String::new();
    stream.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text)
}
