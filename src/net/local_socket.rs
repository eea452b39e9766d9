//! A listening socket in the file system, for the owner of the process alone.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Mode, fchmod};
use socket2::{Domain, SockAddr, Socket, Type};

/// Connections that wait to be accepted.
const BACKLOG: i32 = 16;

/// The listening socket. Its file is removed when it is dropped.
#[derive(Debug)]
pub struct LocalSocket {
    listener: UnixListener,
    path: PathBuf,
    /// Which file is ours.
    inode: u64,
    /// Whether a dead process had left one there.
    follows_dead: bool,
}

impl LocalSocket {
    /// Listens at `path`, with mode 0600 from the first moment on. A socket that a dead process
    /// left there is replaced; one that is listened to, or a file of another kind, is not.
    ///
    /// # Errors
    /// [`ErrorKind::AddrInUse`] when somebody listens there, [`ErrorKind::AlreadyExists`] when it
    /// is no socket; why it cannot be made.
    pub fn listen(path: &Path) -> io::Result<Self> {
        let follows_dead = look_for_dead(path)?;
        let mut fresh = path.as_os_str().to_owned();
        fresh.push(format!(".{}", std::process::id()));
        let fresh = PathBuf::from(fresh);
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        // Before it has a name: afterwards others could have connected already.
        fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => socket.bind(&SockAddr::unix(&fresh)?)?,
        }
        // Renamed when it works, so that the path never leads to one that does not.
        let placed = socket.listen(BACKLOG).and_then(|()| fs::rename(&fresh, path));
        if let Err(error) = placed {
            let _ = fs::remove_file(&fresh);
            return Err(error);
        }
        let listener = UnixListener::from(OwnedFd::from(socket));
        listener.set_nonblocking(true)?;
        let inode = fs::symlink_metadata(path)?.ino();
        Ok(Self { listener, path: path.to_owned(), inode, follows_dead })
    }

    /// Whether it took the place of one whose process had not removed it: that was killed, or the
    /// machine stopped.
    pub fn follows_dead(&self) -> bool {
        self.follows_dead
    }

    /// The next connection.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] when nobody waits.
    pub fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().map(|(stream, _)| stream)
    }
}

impl AsFd for LocalSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

impl Drop for LocalSocket {
    fn drop(&mut self) {
        // Another process may have put its own there meanwhile.
        if fs::symlink_metadata(&self.path).is_ok_and(|there| there.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Connects to who listens at `path`. While nobody there takes connections, as where a process is
/// stopped, it waits for `patience`; so does whatever is written later.
///
/// # Errors
/// [`ErrorKind::WouldBlock`] when that was not enough; of the system.
pub fn connect_local(path: &Path, patience: Duration) -> io::Result<UnixStream> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // To the system no time at all would mean for ever.
    match patience.is_zero() {
        true => socket.set_nonblocking(true)?,
        false => socket.set_write_timeout(Some(patience))?,
    }
    socket.connect(&SockAddr::unix(path)?)?;
    socket.set_nonblocking(false)?;
    Ok(UnixStream::from(OwnedFd::from(socket)))
}

/// Whether a dead process has left a socket at `path`.
///
/// # Errors
/// When the path is not free.
fn look_for_dead(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
        Ok(there) if !there.file_type().is_socket() => {
            let text = "there is a file that is no socket";
            return Err(io::Error::new(ErrorKind::AlreadyExists, text));
        }
        Ok(_) => {}
    }
    // One that is too busy to be connected to is alive, and not waited for.
    match connect_local(path, Duration::ZERO).map_err(|error| (error.kind(), error)) {
        Ok(_) | Err((ErrorKind::WouldBlock, _)) => {
            Err(io::Error::new(ErrorKind::AddrInUse, "another server listens there"))
        }
        // Its process is gone.
        Err((ErrorKind::ConnectionRefused, _)) => Ok(true),
        Err((_, error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::iter;
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn only_the_owner_may_connect_and_the_file_goes_with_it() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("socket");
        let socket = LocalSocket::listen(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!socket.follows_dead());
        UnixStream::connect(&path).unwrap();
        socket.accept().unwrap();
        assert_eq!(socket.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        drop(socket);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_dead_socket_is_replaced_and_a_live_one_is_not() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("socket");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let live = LocalSocket::listen(&path).unwrap();
        assert!(live.follows_dead());
        assert_eq!(LocalSocket::listen(&path).unwrap_err().kind(), ErrorKind::AddrInUse);
        UnixStream::connect(&path).unwrap();
        drop(live);
    }

    #[test]
    fn one_that_takes_no_connections_is_not_waited_for_for_ever() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("socket");
        let socket = LocalSocket::listen(&path).unwrap();
        // Until nobody more can wait to be accepted.
        let waiting: Vec<_> = iter::from_fn(|| connect_local(&path, Duration::ZERO).ok()).collect();
        assert!(!waiting.is_empty());
        for patience in [Duration::ZERO, Duration::from_millis(20)] {
            let error = connect_local(&path, patience).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
        }
        drop(socket);
    }

    #[test]
    fn a_file_of_another_kind_is_left_alone() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("notes");
        fs::write(&path, "mine").unwrap();
        assert_eq!(LocalSocket::listen(&path).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }

    #[test]
    fn what_stands_there_now_is_not_removed() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("socket");
        let ours = LocalSocket::listen(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let theirs = LocalSocket::listen(&path).unwrap();
        drop(ours);
        UnixStream::connect(&path).unwrap();
        drop(theirs);
    }
}
