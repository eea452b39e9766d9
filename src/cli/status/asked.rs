//! Where a server is asked, and how that place came to be known: what is said when nobody answers
//! there depends on it.

use std::io::{self, BufReader, ErrorKind};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cos_ftp_server::net::connect_local;

use crate::cli::locations::anywhere;
use crate::cli::{reachable, serve_socket};

/// How long the server may be silent, or too busy to be connected to.
const PATIENCE: Duration = Duration::from_secs(30);

/// The control socket of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerSocket {
    path: PathBuf,
    named_by: NamedBy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NamedBy {
    /// `control_socket`, or what holds without it.
    Configuration,
    /// `--socket`: no configuration was read.
    CommandLine,
}

impl ServerSocket {
    /// The one at `path` that a configuration tells.
    pub(crate) fn of_configuration(path: &Path) -> Self {
        Self { path: path.to_owned(), named_by: NamedBy::Configuration }
    }

    /// The one at `path` that was named on the command line.
    pub(crate) fn of_command_line(path: PathBuf) -> Self {
        Self { path, named_by: NamedBy::CommandLine }
    }

    /// Its file, in whatever directory it is named.
    pub(crate) fn file(&self) -> PathBuf {
        anywhere(&self.path)
    }

    /// Connects to who listens there.
    ///
    /// # Errors
    /// Of the system; [`ErrorKind::WouldBlock`] when the server takes no connection in time.
    pub(super) fn connect(&self) -> io::Result<BufReader<UnixStream>> {
        let stream = connect_local(&self.path, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(BufReader::new(stream))
    }

    /// Why the server there tells nothing.
    pub(crate) fn no_answer(&self, error: &io::Error) -> String {
        let place = self.place();
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => self.nobody(error.kind()),
            ErrorKind::PermissionDenied => {
                format!("{place} is for the server's user and root only")
            }
            ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                format!("{place}: the server has not answered within {} s", PATIENCE.as_secs())
            }
            _ => format!("{place}: {error}"),
        }
    }

    /// Why an order was not answered as one.
    pub(super) fn no_orders(&self) -> String {
        format!("{}: the server has ended, or takes no orders", self.place())
    }

    fn nobody(&self, kind: ErrorKind) -> String {
        let place = self.place();
        match self.named_by {
            NamedBy::Configuration => format!(
                "no server answers at {place}: none is running with this configuration\n{}",
                serve_socket::how_to_name_one()
            ),
            NamedBy::CommandLine => {
                let why = match kind {
                    ErrorKind::NotFound => "there is no such file",
                    _ => "the server that listened there has ended",
                };
                format!("no server answers at {place}: {why}\n{}", reachable::how_to_name_one())
            }
        }
    }

    /// With what names it.
    fn place(&self) -> String {
        let name = match self.named_by {
            NamedBy::Configuration => "control_socket",
            NamedBy::CommandLine => "--socket",
        };
        format!("{} ({name})", self.file().display())
    }
}

/// Whether `error` tells that no server runs there.
pub(super) fn is_nobody(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_fits_how_the_socket_was_named() {
        let path = Path::new("/nowhere/s");
        let configured = ServerSocket::of_configuration(path);
        let named = ServerSocket::of_command_line(path.to_owned());
        let (missing, dead) = (ErrorKind::NotFound.into(), ErrorKind::ConnectionRefused.into());
        for (socket, error, said) in [
            (&configured, &missing, "/nowhere/s (control_socket): none is running with this conf"),
            (&configured, &dead, "/nowhere/s (control_socket): none is running with this conf"),
            (&named, &missing, "/nowhere/s (--socket): there is no such file\n"),
            (&named, &dead, "/nowhere/s (--socket): the server that listened there has ended\n"),
        ] {
            let told = socket.no_answer(error);
            assert!(told.starts_with(&format!("no server answers at {said}")), "{told}");
            assert_eq!(told.contains("configuration"), *socket == configured, "{told}");
        }
        let busy = named.no_answer(&ErrorKind::WouldBlock.into());
        assert_eq!(busy, "/nowhere/s (--socket): the server has not answered within 30 s");
    }
}
