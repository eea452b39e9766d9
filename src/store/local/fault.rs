//! What the operating system's refusals mean in the words of a store.

use std::io;

use rustix::io::Errno;

use crate::store::{ErrorKind, Operation, StoreError};

/// `Result` of what has not learnt its operation yet.
pub(super) type LocalResult<T> = std::result::Result<T, LocalError>;

/// A failure before it is known which call on which name it ends.
#[derive(Debug)]
pub(super) struct LocalError {
    /// What it means.
    pub(super) kind: ErrorKind,
    source: Option<io::Error>,
}

impl LocalError {
    /// A failure that needs words because no error number tells it.
    pub(super) fn because(kind: ErrorKind, message: String) -> Self {
        Self { kind, source: Some(io::Error::other(message)) }
    }

    /// The failure of `operation` on `path`.
    pub(super) fn of(self, operation: Operation, path: &str) -> StoreError {
        let error = StoreError::new(self.kind, operation, path);
        match self.source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }
}

impl From<StoreError> for LocalError {
    fn from(error: StoreError) -> Self {
        Self { kind: error.kind, source: Some(io::Error::other(error)) }
    }
}

impl From<ErrorKind> for LocalError {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, source: None }
    }
}

impl From<Errno> for LocalError {
    fn from(errno: Errno) -> Self {
        Self { kind: meaning(errno), source: Some(errno.into()) }
    }
}

impl From<io::Error> for LocalError {
    fn from(error: io::Error) -> Self {
        let kind = Errno::from_io_error(&error).map_or(ErrorKind::Other, meaning);
        Self { kind, source: Some(error) }
    }
}

fn meaning(errno: Errno) -> ErrorKind {
    match errno {
        Errno::NOENT => ErrorKind::NotFound,
        Errno::EXIST => ErrorKind::AlreadyExists,
        Errno::ISDIR => ErrorKind::IsADirectory,
        Errno::NOTDIR => ErrorKind::NotADirectory,
        Errno::NOTEMPTY => ErrorKind::DirectoryNotEmpty,
        // LOOP is what an open that follows no link answers on one.
        Errno::ACCESS | Errno::PERM | Errno::ROFS | Errno::LOOP => ErrorKind::AccessDenied,
        Errno::NAMETOOLONG | Errno::ILSEQ => ErrorKind::BadName,
        Errno::NOSPC | Errno::DQUOT | Errno::FBIG => ErrorKind::TooLarge,
        // A mount point below the root: nothing can be renamed into it.
        Errno::XDEV => ErrorKind::Unsupported,
        Errno::MFILE | Errno::NFILE | Errno::NOMEM => ErrorKind::Unavailable,
        _ => ErrorKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_numbers_have_meanings() {
        for (errno, kind) in [
            (Errno::NOENT, ErrorKind::NotFound),
            (Errno::NOSPC, ErrorKind::TooLarge),
            (Errno::DQUOT, ErrorKind::TooLarge),
            (Errno::ACCESS, ErrorKind::AccessDenied),
            (Errno::ROFS, ErrorKind::AccessDenied),
            (Errno::NAMETOOLONG, ErrorKind::BadName),
            (Errno::IO, ErrorKind::Other),
        ] {
            assert_eq!(LocalError::from(errno).kind, kind, "{errno:?}");
            assert_eq!(LocalError::from(io::Error::from(errno)).kind, kind, "{errno:?} by std");
        }
    }

    #[test]
    fn the_operating_systems_words_are_kept() {
        let error = LocalError::from(Errno::NOSPC).of(Operation::UploadPart, "/a");
        assert!(error.to_string().contains("No space left"), "{error}");
    }
}
