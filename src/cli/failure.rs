//! Why the command ends without having done what it was asked for, and its exit status.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

/// What it may be.
type Cause = Box<dyn Error + Send + Sync>;

/// What went wrong, in words for the operator.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// A wrong argument: EX_USAGE of sysexits(3).
    Usage(Cause),
    /// A wrong configuration: EX_CONFIG of sysexits(3).
    Config(Cause),
    /// The server cannot start, or cannot be asked.
    Operation(Cause),
}

impl CommandError {
    /// For `map_err`.
    pub(crate) fn config(error: impl Into<Cause>) -> Self {
        Self::Config(error.into())
    }

    /// For `map_err`.
    pub(crate) fn operation(error: impl Into<Cause>) -> Self {
        Self::Operation(error.into())
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(error) => write!(f, "{error}; see cos-ftp-server --help"),
            Self::Config(error) | Self::Operation(error) => error.fmt(f),
        }
    }
}

impl From<&CommandError> for ExitCode {
    fn from(failure: &CommandError) -> Self {
        match failure {
            CommandError::Usage(_) => 64,
            CommandError::Config(_) => 78,
            CommandError::Operation(_) => 1,
        }
        .into()
    }
}
