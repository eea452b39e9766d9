//! The values of labels that are known beforehand.

/// Which way a transfer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the client.
    Upload,
    /// To the client.
    Download,
}

impl Direction {
    pub(super) const ALL: [Self; 2] = [Self::Upload, Self::Download];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Download => "download",
        }
    }
}

/// How a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With a 226.
    Complete,
    /// By the client or the operator.
    Interrupted,
    /// By the store, a limit, or a fault.
    Failed,
}

impl Ending {
    pub(super) const ALL: [Self; 3] = [Self::Complete, Self::Interrupted, Self::Failed];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }
}

/// How a login ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginEnding {
    /// With a 230.
    Ok,
    /// No such user, or a wrong password.
    Failed,
    /// Too many others had to be verified.
    Busy,
}

impl LoginEnding {
    pub(super) const ALL: [Self; 3] = [Self::Ok, Self::Failed, Self::Busy];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Busy => "busy",
        }
    }
}
