//! A hop on the way to a server that does not let a client on.

use std::io::{self, ErrorKind};

use super::dialogue::PATIENCE;
use crate::cli::check::report::CheckLine;

/// Why it makes no sense to go on.
pub(super) enum ClosedHop {
    /// This hop is closed.
    Told(Box<CheckLine>),
    /// There is no password.
    NobodyToAsk(String),
}

impl From<CheckLine> for ClosedHop {
    fn from(line: CheckLine) -> Self {
        Self::Told(Box::new(line))
    }
}

/// The control connection does not go on.
pub(super) fn broken(check: &str, error: &io::Error) -> ClosedHop {
    let text = match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            format!("the server sent nothing for {} s", PATIENCE.as_secs())
        }
        _ => format!("the control connection broke: {error}"),
    };
    let fix = "see the server's log; firewalls that inspect FTP may break it, which TLS prevents";
    CheckLine::failed(check, text, fix).into()
}
