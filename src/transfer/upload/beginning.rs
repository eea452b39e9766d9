//! The first bytes of a file, which tell it from others.

use crc_fast::{CrcAlgorithm, Digest};

/// So many of two files that are not the same one are hardly ever alike.
const BYTES: usize = 64 * 1024;

/// They, as they arrive.
#[derive(Debug)]
pub(super) struct Beginning {
    lacking: usize,
    digest: Digest,
}

impl Beginning {
    pub(super) fn new() -> Self {
        Self { lacking: BYTES, digest: Digest::new(CrcAlgorithm::Crc64Xz) }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        let now = bytes.len().min(self.lacking);
        if now > 0 {
            self.digest.update(&bytes[..now]);
            self.lacking -= now;
        }
    }

    /// What tells it from another; `None` of a small file.
    pub(super) fn sum(&self) -> Option<u64> {
        (self.lacking == 0).then(|| self.digest.finalize())
    }
}
