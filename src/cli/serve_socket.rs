//! Where a server is asked that `serve DIR` has started: there is no configuration that tells.

use std::env;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process;
use std::time::Duration;

use cos_ftp_server::net::connect_local;
use rustix::process::geteuid;

use super::listen_place::ListenPlace;
use super::shell;

/// Where such a server listens when nobody says.
const USUAL_PORT: u16 = 2121;

/// What the name of a socket begins and ends with.
const BEGIN: &str = "cos-ftp-server-";
const END: &str = ".socket";

/// Longest path of a socket: what the system takes, but for what a process adds while it makes it.
const MAX_SOCKET_BYTES: usize = 96;

/// As many servers are named where there are more.
pub(super) const MAX_NAMED: usize = 10;

/// Nobody else has anything to look for where the server is asked.
const PRIVATE_MODE: u32 = 0o700;

/// Where a server is asked that listens at `listen`: there is no configuration to tell. None where
/// the machine has no place for it.
pub(super) fn control_socket(listen: Option<ListenPlace>) -> Option<PathBuf> {
    let directory = runtime_directory()?;
    let of_whom = match listen {
        Some(place) if place.port() == 0 => format!("process-{}", process::id()),
        Some(ListenPlace::Address(address)) => address.to_string(),
        Some(ListenPlace::Port(port)) => port.to_string(),
        None => USUAL_PORT.to_string(),
    };
    let socket = directory.join(format!("{BEGIN}{of_whom}{END}"));
    // The system takes no longer one.
    (socket.as_os_str().len() <= MAX_SOCKET_BYTES).then_some(socket)
}

/// A directory that nobody else may write, for what lasts as long as a process.
fn runtime_directory() -> Option<PathBuf> {
    let told = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    if let Some(told) = told.filter(|path| path.is_absolute() && path.is_dir()) {
        return Some(told);
    }
    let own = geteuid();
    if own.is_root() {
        return Some(PathBuf::from("/run"));
    }
    let made = env::temp_dir().join(format!("cos-ftp-server-{}", own.as_raw()));
    let _ = DirBuilder::new().mode(PRIVATE_MODE).create(&made);
    // Somebody else may have made it.
    let there = fs::symlink_metadata(&made).ok()?;
    let is_ours = there.is_dir() && there.uid() == own.as_raw() && there.mode() & 0o077 == 0;
    is_ours.then_some(made)
}

/// How a server without a configuration is named to `status` and `stop`; with the sockets that are
/// there.
pub(super) fn how_to_name_one() -> String {
    let there: Vec<_> = sockets().iter().map(|socket| shell::file(socket)).collect();
    let how = "a server that was started by serve has no configuration: name the --socket FILE that \
               it printed";
    match there.as_slice() {
        [] => how.to_owned(),
        files => format!("{how}, one of: {}", files.join(", ")),
    }
}

/// The sockets at which this user's servers listen that were started by `serve`; those that were
/// killed have left theirs behind.
pub(super) fn sockets() -> Vec<PathBuf> {
    let entries = runtime_directory().and_then(|directory| fs::read_dir(directory).ok());
    let paths = entries.into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let is_socket = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with(BEGIN) && name.ends_with(END) && lets_in(path)
    };
    let mut sockets: Vec<_> = paths.filter(is_socket).collect();
    sockets.sort();
    sockets.truncate(MAX_NAMED);
    sockets
}

/// Whether somebody takes this user's connection at `socket`. Nothing is said there, and nobody who
/// hangs is waited for. A link is not followed: whoever made it may want a service started that
/// waits for a connection.
pub(super) fn lets_in(socket: &Path) -> bool {
    let is_socket = fs::symlink_metadata(socket).is_ok_and(|there| there.file_type().is_socket());
    is_socket && connect_local(socket, Duration::ZERO).is_ok()
}
