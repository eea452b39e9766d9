//! What a session was told of interrupted uploads.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::vfs::FtpPath;

/// Of which interrupted upload a session was told last, and where it goes on: whoever adds to the
/// file then means that one.
#[derive(Clone, Debug, Default)]
pub(super) struct ToldParked(Arc<Mutex<Option<FtpPath>>>);

impl ToldParked {
    /// It was told of that of `path`.
    pub(super) fn note(&self, path: FtpPath) {
        *self.0.lock() = Some(path);
    }

    /// Whether it was that of `path`.
    pub(super) fn is_of(&self, path: &FtpPath) -> bool {
        self.0.lock().as_ref() == Some(path)
    }
}
