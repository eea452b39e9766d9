//! What a transfer needs of the control connection it runs beside.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::transfer::Progress;

/// The control connection of the session that owns a transfer. It answers what may be answered
/// meanwhile (NOOP, STAT) by itself and tells the transfer only what concerns it.
pub trait Control {
    /// What to wait on beside the data connection; `None` when nothing more is to be read there.
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;

    /// Reads what the control connection holds, without waiting, answers what can be answered,
    /// and looks whether the server is stopping. Called when the descriptor is readable, when the
    /// thread was woken, and as the commit gate.
    fn attend(&mut self, progress: &Progress) -> Directive;

    /// The client has sent all of its data: from now on it waits for the reply.
    fn data_ended(&mut self) {}

    /// After how long [`Self::reassure`] is to be called; `None` while the client waits for
    /// nothing.
    fn reassure_in(&self) -> Option<Duration> {
        None
    }

    /// Lets a client that waits know that the store is at work, if it is and it is time. Tells
    /// whether the client will go on waiting.
    fn reassure(&mut self) -> Patience {
        Patience::Lasts
    }
}

/// Whether a client goes on waiting for its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// For a while.
    Lasts,
    /// No longer: it must have its reply.
    Over,
}

/// What the control connection asks of the running transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directive {
    /// Go on.
    Continue,
    /// End now.
    Interrupt(Interruption),
}

/// Why a transfer was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// The client sent ABOR.
    Aborted,
    /// The control connection ended, without QUIT among its last commands.
    ControlLost,
    /// It ended in order, and so had the data before: the client did not wait for the reply.
    Left,
    /// The control connection was reset.
    ControlReset,
    /// The data connection was reset.
    DataLost,
    /// The data connection ended without the end of TLS, which the operator demands.
    NoCloseNotify,
    /// No data was transferred for too long.
    DataIdle,
    /// The server is stopping.
    Stopping,
    /// The operator ends the session.
    Kicked,
}

impl Interruption {
    /// Whether the control connection is gone.
    pub fn is_of_control(self) -> bool {
        matches!(self, Self::ControlLost | Self::ControlReset | Self::Left)
    }

    /// Whether the client may have been done.
    pub(super) fn is_left(self) -> bool {
        self == Self::Left
    }

    /// How an upload was interrupted, in the words of the figures.
    pub fn how(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Aborted => "aborted",
            Self::Stopping | Self::Kicked => "stopped",
            Self::ControlLost
            | Self::ControlReset
            | Self::DataLost
            | Self::NoCloseNotify
            | Self::DataIdle => "broken",
        }
    }

    /// A few words for the log and the reply.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Aborted => "aborted by the client",
            Self::ControlLost => "control connection lost",
            Self::Left => "left without waiting",
            Self::ControlReset => "control connection broken",
            Self::DataLost => "data connection lost",
            Self::NoCloseNotify => "data connection ended without TLS close_notify",
            Self::DataIdle => "data connection idle for too long",
            Self::Stopping => "server stopping",
            Self::Kicked => "ended by the operator",
        }
    }
}
