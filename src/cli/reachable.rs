//! Servers that this user can ask, whatever started them: those whose sockets the kernel knows, and
//! that let it connect.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::{serve_socket, shell};

/// Where the kernel tells which sockets there are.
const SOCKETS: &str = "/proc/net/unix";

/// Whoever waits for connections there has this among the flags of its socket.
const LISTENS: u32 = 0x0001_0000;

/// What the name of a socket of this program begins and ends with, unless `control_socket` says
/// otherwise.
const BEGIN: &str = "cos-ftp-server";
const ENDINGS: [&str; 2] = ["sock", "socket"];

/// As many are named where there are more.
const MAX_NAMED: usize = 10;

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
    let known = fs::read_to_string(SOCKETS).unwrap_or_default();
    // The kernel tells only of those that are in its part of the network.
    let mut all = serve_socket::sockets();
    let others: BTreeSet<PathBuf> = listening(&known).filter(|path| !all.contains(path)).collect();
    all.extend(others.into_iter().filter(|path| UnixStream::connect(path).is_ok()));
    all.truncate(MAX_NAMED);
    all
}

/// The paths of the sockets in the kernel's `table` that a server of ours may listen at.
fn listening(table: &str) -> impl Iterator<Item = PathBuf> {
    table.lines().filter_map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let flags = u32::from_str_radix(words.get(3)?, 16).ok()?;
        // A path may hold blanks.
        let path = Path::new(line.get(line.find(" /")? + 1..)?);
        let name = path.file_name()?.to_str()?;
        let ending = path.extension()?.to_str()?;
        let is_ours = name.starts_with(BEGIN) && ENDINGS.contains(&ending);
        (is_ours && flags & LISTENS != 0).then(|| path.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_tells_who_listens() {
        let table = "Num       RefCount Protocol Flags    Type St Inode Path\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 1 /a b/cos-ftp-server.sock\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 2 /a b/cos-ftp-server.sock\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 3 /run/cos-ftp-server-1.socket\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 4 /run/systemd/private\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 5 cos-ftp-server.sock\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 6\n";
        let found: Vec<_> = listening(table).collect();
        let expected = ["/a b/cos-ftp-server.sock", "/run/cos-ftp-server-1.socket"];
        assert_eq!(found, expected.map(PathBuf::from));
    }
}
