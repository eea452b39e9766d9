//! Why a transfer failed, and how it ended.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::net::Stream;
use crate::store::{ErrorKind, MultipartUpload, Stat, StoreError, Stored};
use crate::transfer::Interruption;
use crate::vfs::FtpPath;

/// A failure of a transfer that is not the client's doing, or that the client must mend.
#[derive(Debug)]
pub enum TransferError {
    /// The store failed.
    Store(StoreError),
    /// The client waits no longer, and the store has not taken all of it.
    Late,
    /// The file is larger than `single_file_max_size`.
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// No share of `buffer_memory` came free in time.
    NoBuffer,
    /// The machine gave no thread, no descriptor.
    System(io::Error),
    /// The object ended early, again and again, or is another one by now.
    Source {
        /// Bytes that should have come.
        expected: u64,
        /// Bytes that came.
        got: u64,
        /// The store's name for the last request.
        request_id: Option<String>,
    },
    /// What was sent is not what the store's checksum says it holds.
    Checksum,
    /// REST beyond the end of the file.
    BadRestart {
        /// The file's size in bytes.
        size: u64,
    },
    /// REST elsewhere than where the parked upload of the file goes on.
    ParkedElsewhere {
        /// Where it does, in bytes; 0 where nobody can go on with it.
        offset: u64,
        /// Bytes that had come of it.
        came: u64,
    },
    /// REST at the end of a file that a server may have been replacing when it was killed.
    MayBeReplaced,
    /// The file ended before an earlier attempt to store it had come.
    EndsEarly {
        /// Where it ended, in bytes.
        end: u64,
        /// How far the earlier one had come, in bytes.
        before: u64,
    },
    /// The scanner found something in it.
    Infected {
        /// The scanner's name for it.
        name: String,
    },
    /// It could not be checked, and must be.
    NotScanned {
        /// Why.
        why: String,
    },
}

impl TransferError {
    /// Whether the same upload may succeed a while later.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Store(error) => error.kind == ErrorKind::Unavailable,
            Self::Late | Self::NoBuffer | Self::System(_) | Self::EndsEarly { .. } => true,
            Self::TooLarge { .. }
            | Self::Source { .. }
            | Self::Checksum
            | Self::BadRestart { .. }
            | Self::ParkedElsewhere { .. }
            | Self::MayBeReplaced
            | Self::Infected { .. }
            | Self::NotScanned { .. } => false,
        }
    }

    /// Whether the same upload fails again however often it is tried. Its client hears so: a reply
    /// to it is permanent.
    pub(super) fn is_for_good(&self) -> bool {
        match self {
            Self::Store(error) => matches!(
                error.kind,
                ErrorKind::AccessDenied
                    | ErrorKind::AlreadyExists
                    | ErrorKind::Archived
                    | ErrorKind::AttributesRefused
                    | ErrorKind::BadName
                    | ErrorKind::IsADirectory
                    | ErrorKind::NotADirectory
                    | ErrorKind::Refused
                    | ErrorKind::TooLarge
                    | ErrorKind::Unsupported
            ),
            Self::TooLarge { .. } | Self::Infected { .. } => true,
            Self::Late
            | Self::NoBuffer
            | Self::System(_)
            | Self::Source { .. }
            | Self::Checksum
            | Self::BadRestart { .. }
            | Self::ParkedElsewhere { .. }
            | Self::MayBeReplaced
            | Self::EndsEarly { .. }
            | Self::NotScanned { .. } => false,
        }
    }

    /// Whether nothing could be made of what is parked any more: its parts are gone, something
    /// newer has its name, or it would become too large.
    pub(super) fn ends_what_is_parked(&self) -> bool {
        match self {
            Self::Store(error) => {
                error.is_upload_gone()
                    || matches!(
                        error.kind,
                        ErrorKind::NotFound
                            | ErrorKind::AlreadyExists
                            | ErrorKind::BadName
                            | ErrorKind::TooLarge
                            | ErrorKind::PreconditionFailed
                    )
            }
            other => !other.may_pass(),
        }
    }

    /// The store's name for the request that failed.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Store(error) => error.request_id.as_deref(),
            Self::Source { request_id, .. } => request_id.as_deref(),
            _ => None,
        }
    }

    /// Whether the store says that the parts are gone that it had confirmed.
    pub(super) fn tells_that_parts_are_gone(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_upload_gone())
    }
}

impl fmt::Display for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Late => f.write_str("the store did not take it within reply_timeout"),
            Self::TooLarge { limit } => {
                write!(f, "larger than single_file_max_size = {limit} bytes")
            }
            Self::NoBuffer => f.write_str("no share of buffer_memory came free in time"),
            Self::System(error) => write!(f, "the machine refused: {error}"),
            Self::Source { expected, got, request_id } => {
                write!(f, "the object ended after {got} of {expected} bytes")?;
                request_id.iter().try_for_each(|id| write!(f, " request-id={id}"))
            }
            Self::Checksum => f.write_str("the bytes do not match the object's checksum"),
            Self::BadRestart { size } => write!(f, "restart beyond the file's {size} bytes"),
            Self::ParkedElsewhere { offset, .. } => {
                write!(f, "restart elsewhere than at the {offset} bytes that are parked")
            }
            Self::MayBeReplaced => {
                f.write_str("restart in a file that a killed server may have been replacing")
            }
            Self::EndsEarly { end, before } => {
                write!(f, "the file ended after {end} bytes, though {before} had come before")
            }
            Self::Infected { name } => write!(f, "the scanner found {name}"),
            Self::NotScanned { why } => write!(f, "the scanner could not check it: {why}"),
        }
    }
}

impl std::error::Error for TransferError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(error),
            Self::System(error) => Some(error),
            _ => None,
        }
    }
}

impl From<StoreError> for TransferError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Why a transfer did not get to its end. Of an upload nothing is kept then.
#[derive(Debug)]
pub enum Incomplete {
    /// Cut short from outside.
    Interrupted(Interruption),
    /// It failed.
    Failed(TransferError),
}

impl From<Interruption> for Incomplete {
    fn from(by: Interruption) -> Self {
        Self::Interrupted(by)
    }
}

impl From<TransferError> for Incomplete {
    fn from(error: TransferError) -> Self {
        Self::Failed(error)
    }
}

/// What an interrupted transfer leaves of what has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Nothing; what the object was before it still is. So it is with all but uploads.
    Nothing,
    /// It became the object.
    Partial,
    /// It waits, unseen, for a client that goes on with it.
    Parked,
}

/// How a transfer ended.
#[derive(Debug)]
pub enum Verdict {
    /// All of it, confirmed by the store or handed to the client's connection.
    Complete,
    /// Cut short from outside.
    Interrupted {
        /// By what.
        by: Interruption,
        /// What is left of an upload.
        kept: Kept,
    },
    /// It failed; of an upload nothing is left.
    Failed(TransferError),
}

impl From<Result<(), Incomplete>> for Verdict {
    fn from(ended: Result<(), Incomplete>) -> Self {
        match ended {
            Ok(()) => Self::Complete,
            Err(Incomplete::Interrupted(by)) => Self::Interrupted { by, kept: Kept::Nothing },
            Err(Incomplete::Failed(error)) => Self::Failed(error),
        }
    }
}

/// The account of one transfer, for the reply and the log.
#[derive(Debug)]
pub struct TransferReport {
    /// How it ended.
    pub verdict: Verdict,
    /// Bytes moved over the data connection.
    pub bytes: u64,
    /// Bytes of the older file that an upload keeps.
    pub kept: u64,
    /// From its begin to its end.
    pub elapsed: Duration,
    /// From the last data byte to the store's confirmation; zero for downloads.
    pub tail: Duration,
    /// Parts confirmed; 0 when one request was enough.
    pub parts: u64,
    /// What the store said of the object, when it was stored.
    pub stored: Option<Stored>,
    /// What had its name when the first part of an upload was ready, or when its client had left,
    /// if that was asked.
    pub seen: Option<Option<Stat>>,
    /// The name of what was stored or is parked, if it is another than was asked for.
    pub renamed: Option<FtpPath>,
    /// Whether what arrived waits to be gone on with.
    pub is_parked: bool,
    /// Which upload that is, where all of it was confirmed before it was parked.
    pub parked: Option<MultipartUpload>,
    /// The data connection of an upload that failed while its client was still sending: to be ended
    /// when that has been told.
    pub unended: Option<Stream>,
}

impl TransferReport {
    /// Whether nothing is left of an upload that did not complete.
    pub fn leaves_nothing(&self) -> bool {
        self.stored.is_none() && !self.is_parked && !matches!(self.verdict, Verdict::Complete)
    }

    /// Whether what had arrived of an interrupted upload became the file.
    pub fn leaves_part(&self) -> bool {
        matches!(self.verdict, Verdict::Interrupted { kept: Kept::Partial, .. })
    }

    /// Whether what was `found` may be what this transfer has stored: by its version, or, as a
    /// store may tell that otherwise when it is asked, by its size.
    pub fn may_have_left(&self, found: &Stat) -> bool {
        let is_as_large = found.metadata.size == self.kept + self.bytes;
        is_as_large || self.stored.as_ref().is_some_and(|stored| stored.may_be(found))
    }
}
