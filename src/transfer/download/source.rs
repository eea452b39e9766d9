//! A range of an object as one stream of bytes, whatever happens to the store's connections: an
//! answer that ends early is opened again where it ended, and only in the same version.

use std::io::{self, Read};
use std::sync::Arc;

use crate::limits::BLOCK_BYTES;
use crate::store::{ByteRange, Cancel, ETag, Object, ObjectStore};
use crate::transfer::TransferError;
use crate::vfs::FtpPath;

/// How often an answer that ends early is opened again without progress. Less than a block is none:
/// a store that gives a few bytes for each request would be asked for ever.
const RESUMES_WITHOUT_PROGRESS: u32 = 3;

/// Which version of which object.
#[derive(Clone, Debug)]
pub(super) struct ObjectVersion {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) path: FtpPath,
    /// Bytes of the whole object.
    pub(super) size: u64,
    pub(super) etag: Option<ETag>,
}

/// The bytes of one range that are still to be read.
pub(super) struct Source {
    version: ObjectVersion,
    cancel: Cancel,
    body: Option<Box<dyn Read + Send>>,
    offset: u64,
    end: u64,
    /// Since the last progress.
    resumes: u32,
    /// Where the last answer broke off.
    broke_off: u64,
    /// The store's name for the request of that answer, or of the one that is read.
    request_id: Option<String>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}..{}", self.version.path, self.offset, self.end)
    }
}

impl ObjectVersion {
    /// Asks for a range of this version.
    fn open(&self, first: u64, end: u64) -> Result<Object, TransferError> {
        let range = ByteRange::between(first, end);
        let object = self.store.get_object(&self.path, range, self.etag.as_ref())?;
        // An answer about another version, from a store that knows no If-Match.
        if object.size != self.size || object.etag != self.etag {
            let (expected, request_id) = (self.size, object.request_id);
            return Err(TransferError::Source { expected, got: first, request_id });
        }
        Ok(object)
    }
}

impl Source {
    /// The range from `first` to the object's end, whose answer is there already.
    pub(super) fn opened(
        version: ObjectVersion,
        object: Object,
        first: u64,
        cancel: Cancel,
    ) -> Self {
        let end = version.size;
        Self {
            version,
            cancel,
            body: Some(object.body),
            offset: first,
            end,
            resumes: 0,
            broke_off: first,
            request_id: object.request_id,
        }
    }

    /// The range `first..end`, asked for at the first read.
    pub(super) fn range(version: ObjectVersion, first: u64, end: u64, cancel: Cancel) -> Self {
        let (body, request_id) = (None, None);
        Self { version, cancel, body, offset: first, end, resumes: 0, broke_off: first, request_id }
    }

    /// The version it belongs to.
    pub(super) fn version(&self) -> &ObjectVersion {
        &self.version
    }

    /// Offset of the next byte.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes still to be read.
    pub(super) fn left(&self) -> u64 {
        self.end.saturating_sub(self.offset)
    }

    /// Raised when nobody wants the bytes any more.
    pub(super) fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// Ends the range at `end` instead.
    pub(super) fn cut(&mut self, end: u64) {
        self.end = self.end.min(end);
    }

    /// Reads until `buffer` is full or the range ends: few, large writes follow.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, TransferError> {
        let mut got = 0;
        while got < buffer.len() && self.left() > 0 {
            let most = usize::try_from(self.left()).unwrap_or(usize::MAX).min(buffer.len() - got);
            match self.body()?.read(&mut buffer[got..got + most]) {
                Ok(0) => self.resume(None)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.resume(Some(error))?,
                Ok(bytes) => {
                    got += bytes;
                    self.offset += bytes as u64;
                }
            }
        }
        Ok(got)
    }

    fn body(&mut self) -> Result<&mut Box<dyn Read + Send>, TransferError> {
        if self.cancel.is_raised() {
            return Err(self.short());
        }
        match &mut self.body {
            Some(body) => Ok(body),
            closed => {
                let object = self.version.open(self.offset, self.end)?;
                self.request_id = object.request_id;
                Ok(closed.insert(object.body))
            }
        }
    }

    /// Gives the broken answer up; the next read asks again. Without a version to compare, what
    /// follows might be another object's.
    fn resume(&mut self, cause: Option<io::Error>) -> Result<(), TransferError> {
        if self.offset - self.broke_off >= BLOCK_BYTES as u64 {
            self.resumes = 0;
        }
        self.broke_off = self.offset;
        if self.resumes == RESUMES_WITHOUT_PROGRESS || self.version.etag.is_none() {
            return Err(self.short());
        }
        self.resumes += 1;
        let cause = cause.map_or_else(|| "end of answer".to_owned(), |error| error.to_string());
        log::warn!("{} broke off at byte {} ({cause}), resuming", self.version.path, self.offset);
        self.body = None;
        Ok(())
    }

    fn short(&self) -> TransferError {
        let request_id = self.request_id.clone();
        TransferError::Source { expected: self.end, got: self.offset, request_id }
    }
}
