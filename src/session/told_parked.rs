//! What a session was told of interrupted uploads.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::vfs::FtpPath;

/// Of which interrupted upload a session was told last, and at which byte it goes on: whoever adds
/// to the file then means that one, and sends what follows that byte.
#[derive(Clone, Debug, Default)]
pub(super) struct ToldParked(Arc<Mutex<Option<(FtpPath, u64)>>>);

impl ToldParked {
    /// It was told that that of `path` goes on at the byte `offset`.
    pub(super) fn note(&self, path: FtpPath, offset: u64) {
        *self.0.lock() = Some((path, offset));
    }

    /// Where it goes on, if it was that of `path`.
    pub(super) fn offset_of(&self, path: &FtpPath) -> Option<u64> {
        self.0.lock().as_ref().filter(|(told, _)| told == path).map(|&(_, offset)| offset)
    }

    /// Something arrives: where it goes on is not known before the client asks again.
    pub(super) fn forget(&self) {
        *self.0.lock() = None;
    }
}
