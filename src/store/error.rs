//! The one error type of stores: what went wrong, in which operation, on which name, and what the
//! store called the request. It never holds a secret.

use std::fmt;

use super::Operation;

/// `Result` of a store call.
pub type Result<T> = std::result::Result<T, StoreError>;

/// What a failure means to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// No such file or directory (404).
    NotFound,
    /// The bucket itself is not there: nothing in it can be.
    NoSuchBucket,
    /// The bucket is at another endpoint or in another region than we were told (301, 307): no
    /// redirect is followed, as a signed request would go to whoever the answer names.
    WrongEndpoint,
    /// The name is taken.
    AlreadyExists,
    /// A file was needed, the name is a directory.
    IsADirectory,
    /// A directory was needed, the name is a file.
    NotADirectory,
    /// A directory that is to be removed holds something.
    DirectoryNotEmpty,
    /// The store refused the credentials or the action (403).
    AccessDenied,
    /// The name is too long or otherwise no key of this store.
    BadName,
    /// The object, or the account's share, would become too large.
    TooLarge,
    /// The range begins beyond the end (416).
    InvalidRange,
    /// The object is another one than the caller meant (412).
    PreconditionFailed,
    /// The store does not take what the object is to be beside its bytes: its storage class,
    /// encryption, tags, ACL or other headers (400).
    AttributesRefused,
    /// The object is archived and must be restored before it can be read.
    Archived,
    /// What the store received is not what was sent, also after sending it again.
    ChecksumMismatch,
    /// Network faults, time-outs, 5xx and throttling, after all retries.
    Unavailable,
    /// An operation of many steps failed among them; [`StoreError::source`] says in words for the
    /// client how far it came. Trying again may help. The store has told the log of the cause.
    BrokenOff,
    /// The same, for a reason that will not go away by itself.
    BrokenOffForGood,
    /// The server does as much of this at once as it may; [`StoreError::source`] says in words for
    /// the client of what.
    Busy,
    /// Nobody wanted the request any more.
    Cancelled,
    /// The server's own rules do not allow it, as the tree is laid out; [`StoreError::source`] says
    /// in words for the client why.
    Refused,
    /// The server keeps this name, or all in this directory, for itself; [`StoreError::source`]
    /// says in words for the client why.
    NameKept,
    /// The store cannot do this.
    Unsupported,
    /// Anything else: an answer that makes no sense, a local disk that fails.
    Other,
}

/// A failed store call.
#[derive(Debug)]
pub struct StoreError {
    /// What it means.
    pub kind: ErrorKind,
    /// What was tried.
    pub operation: Operation,
    /// On which key or name.
    pub path: String,
    /// HTTP status, if an answer came.
    pub status: Option<u16>,
    /// The store's error code (`NoSuchKey`), if it gave one.
    pub code: Option<String>,
    /// The store's name for the request, for tickets.
    pub request_id: Option<String>,
    /// How often the request was sent; 0 where that was not counted.
    pub tries: u32,
    /// Whether the object may have been stored or deleted all the same: a bucket was asked to, and
    /// no answer told what became of it.
    pub in_doubt: bool,
    /// What lies below: the transport's error, the store's message.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// A failure without an answer's details; add them with struct update syntax.
    pub fn new(kind: ErrorKind, operation: Operation, path: impl Into<String>) -> Self {
        Self {
            kind,
            operation,
            path: path.into(),
            status: None,
            code: None,
            request_id: None,
            tries: 0,
            in_doubt: false,
            source: None,
        }
    }

    /// Whether the store says that an upload in parts is not there any more.
    pub fn is_upload_gone(&self) -> bool {
        self.code.as_deref() == Some("NoSuchUpload")
    }

    /// Whether the store says of what it was to write that it is not there: a refusal, and nothing
    /// that a client named is missing.
    pub fn is_write_not_found(&self) -> bool {
        use Operation::{CompleteMultipartUpload, CreateMultipartUpload, PutObject, UploadPart};
        self.kind == ErrorKind::NotFound
            && self.status.is_some()
            && matches!(
                self.operation,
                PutObject | CreateMultipartUpload | UploadPart | CompleteMultipartUpload
            )
    }

    /// The same, with what lies below.
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}: {:?}", self.operation, self.path, self.kind)?;
        if let Some(status) = self.status {
            write!(f, " status={status}")?;
        }
        if let Some(code) = &self.code {
            write!(f, " code={code}")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " request-id={id}")?;
        }
        if self.tries > 1 {
            write!(f, " tries={}", self.tries)?;
        }
        if let Some(source) = &self.source {
            write!(f, " cause={:?}", source.to_string())?;
        }
        Ok(())
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
