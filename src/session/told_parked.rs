//! What a session was told of interrupted uploads.

use std::sync::Arc;

use parking_lot::Mutex;
use time::OffsetDateTime;

use crate::store::ParkedUpload;
use crate::vfs::FtpPath;

/// Of which interrupted upload a session was told last, and at which byte it goes on: whoever adds
/// to the file then means that one, and sends what follows that byte.
#[derive(Clone, Debug, Default)]
pub(super) struct ToldParked(Arc<Mutex<Option<Told>>>);

#[derive(Debug)]
struct Told {
    path: FtpPath,
    /// Where it goes on, and when it was begun; `None` where it was told to begin anew.
    goes_on: Option<(u64, OffsetDateTime)>,
    came: u64,
}

impl ToldParked {
    /// It was told where the interrupted upload `parked` of `path` goes on.
    pub(super) fn note(&self, path: FtpPath, parked: &ParkedUpload) {
        *self.0.lock() = Some(Told {
            path,
            goes_on: Some((parked.offset(), parked.begun)),
            came: parked.came(),
        });
    }

    /// It was told to begin `path` anew, of which `came` bytes had been stored in parts.
    pub(super) fn note_lost(&self, path: FtpPath, came: u64) {
        *self.0.lock() = Some(Told { path, goes_on: None, came });
    }

    /// Where it goes on, and when it was begun, if it was that of `path`.
    pub(super) fn goes_on(&self, path: &FtpPath) -> Option<(u64, OffsetDateTime)> {
        self.0.lock().as_ref().filter(|told| told.path == *path).and_then(|told| told.goes_on)
    }

    /// Bytes that had come of that of `path`: 0 where it was told of none.
    pub(super) fn came_of(&self, path: &FtpPath) -> u64 {
        self.0.lock().as_ref().filter(|told| told.path == *path).map_or(0, |told| told.came)
    }

    /// Something arrives: where it goes on is not known before the client asks again.
    pub(super) fn forget(&self) {
        *self.0.lock() = None;
    }
}
