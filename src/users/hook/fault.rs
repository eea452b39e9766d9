//! What keeps a hook from answering.

use std::fmt;

/// Why nobody knows whether a login is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookFault {
    /// The program cannot be started, or the service not be reached.
    Unreachable,
    /// There was no answer in time.
    Late,
    /// What was answered is not understood.
    Confused,
    /// The service answered with this HTTP status.
    Status(u16),
}

impl fmt::Display for HookFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("cannot be started or reached"),
            Self::Late => f.write_str("did not answer within auth_timeout"),
            Self::Confused => f.write_str("gave an answer that is not understood"),
            Self::Status(status) => write!(f, "answered with HTTP status {status}"),
        }
    }
}
