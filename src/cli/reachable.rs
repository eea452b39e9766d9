//! Servers that this user can ask, whatever started them: those whose sockets the kernel knows, and
//! that let it connect.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::serve_socket::{self, MAX_NAMED, lets_in};
use super::shell;

/// Where the kernel tells which sockets there are.
const SOCKETS: &str = "/proc/net/unix";

/// Whoever waits for connections there has this among the flags of its socket.
const LISTENS: u32 = 0x0001_0000;

/// What the program of a server is called, as the kernel tells it of each process, and what the
/// name of its socket begins with unless `control_socket` says otherwise.
pub(super) const PROGRAM: &str = "cos-ftp-server";

/// How a server is named to `status` and others where its configuration cannot be read; with those
/// that could be meant.
pub(super) fn how_to_name_one() -> String {
    let there: Vec<_> = sockets().iter().map(|socket| shell::file(socket)).collect();
    match there.as_slice() {
        [] => {
            "no other server answers this user; one that does is named by --socket FILE".to_owned()
        }
        files => {
            format!("this user can ask a server by --socket FILE, one of: {}", files.join(", "))
        }
    }
}

fn sockets() -> Vec<PathBuf> {
    let known = kernels_table();
    // The kernel tells only of those that are in its part of the network.
    let mut all = serve_socket::sockets();
    let others = listening(&known, runs_a_server).filter(|path| !all.contains(path));
    let others: BTreeSet<PathBuf> = others.collect();
    all.extend(others.into_iter().filter(|path| lets_in(path)).take(MAX_NAMED));
    all.truncate(MAX_NAMED);
    all
}

/// Others name their sockets by whatever bytes they like.
fn kernels_table() -> String {
    String::from_utf8_lossy(&fs::read(SOCKETS).unwrap_or_default()).into_owned()
}

/// The paths of the sockets in the kernel's `table` that a server of ours listens at.
///
/// The kernel goes on calling a socket as it was called when it was made, and a server makes it
/// beside its place, with its own process's number behind the name. By that it is known before
/// anybody connects: to connect to others' sockets, only to see who they are, would start the
/// services that wait behind some of them, and the kernel tells nobody but root whose a socket is.
fn listening(table: &str, is_server: impl Fn(&str) -> bool) -> impl Iterator<Item = PathBuf> {
    table.lines().filter_map(move |line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let flags = u32::from_str_radix(words.get(3)?, 16).ok()?;
        // A path may hold blanks.
        let made = line.get(line.find(" /")? + 1..)?;
        let (path, process) = made.rsplit_once('.')?;
        let is_number = !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit());
        let name = Path::new(path).file_name()?.to_str()?;
        let is_ours = is_number && (name.starts_with(PROGRAM) || is_server(process));
        // They would do something to the terminal where this is read.
        let can_be_shown = !path.contains(char::is_control);
        (is_ours && can_be_shown && flags & LISTENS != 0).then(|| PathBuf::from(path))
    })
}

/// Whether the process of this number runs the program of a server.
fn runs_a_server(process: &str) -> bool {
    fs::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|name| name.trim() == PROGRAM)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::iter;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::time::Duration;

    use cos_ftp_server::net::{LocalSocket, connect_local};

    use super::*;

    #[test]
    fn the_kernel_tells_who_listens() {
        let table = "Num       RefCount Protocol Flags    Type St Inode Path\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 1 /a b/cos-ftp-server.sock.12\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 2 /a b/cos-ftp-server.sock.12\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 3 /run/cos-ftp-server-1.socket.7\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 4 /run/systemd/private\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 5 /run/named/otherwise.7\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 6 /run/another/program.8\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 7 /run/another/socket.s7\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 8 cos-ftp-server.sock.7\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 8 /a/\u{1b}/cos-ftp-server.sock.7\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 9\n";
        let found: Vec<_> = listening(table, |process| process == "7").collect();
        let expected =
            ["/a b/cos-ftp-server.sock", "/run/cos-ftp-server-1.socket", "/run/named/otherwise"];
        assert_eq!(found, expected.map(PathBuf::from));
    }

    #[test]
    fn the_socket_of_a_server_is_found_in_the_kernels_table() {
        let directory = tempfile::TempDir::new().unwrap();
        // That somebody else's is called what is no text is no matter.
        let _odd = UnixListener::bind(directory.path().join(OsStr::from_bytes(b"\xff"))).unwrap();
        let path = directory.path().join("named otherwise");
        let socket = LocalSocket::listen(&path).unwrap();
        let known = kernels_table();
        let own = std::process::id().to_string();
        assert!(listening(&known, |process| process == own).any(|found| found == path));
        assert!(lets_in(&path));
        drop(socket);
        assert!(!lets_in(&path));
    }

    #[test]
    fn a_link_to_a_socket_is_none() {
        let directory = tempfile::TempDir::new().unwrap();
        let [path, link] = ["socket", "link"].map(|name| directory.path().join(name));
        let _socket = LocalSocket::listen(&path).unwrap();
        symlink(&path, &link).unwrap();
        assert!(lets_in(&path) && !lets_in(&link));
    }

    #[test]
    fn a_server_that_hangs_is_not_waited_for() {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("socket");
        let _socket = LocalSocket::listen(&path).unwrap();
        let waiting = || connect_local(&path, Duration::ZERO).ok();
        let _waiting: Vec<_> = iter::from_fn(waiting).collect();
        assert!(!lets_in(&path));
    }
}
