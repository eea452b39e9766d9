//! What the operator decides about transfers.

use std::time::Duration;

use crate::limits;
use crate::net::Wake;
use crate::scan::ScanOptions;
use crate::transfer::{Budget, EndingThreads, Schedule};

/// How transfers behave.
#[derive(Clone, Debug)]
pub struct TransferOptions {
    /// `part_buffer_size`: `Some` is a hard cap on the bytes one upload holds; `None` starts at
    /// [`limits::PART_BUFFER_BYTES`] and grows when the schedule of part sizes demands it.
    pub part_buffer: Option<u64>,
    /// `min_part_size`: no part but the last is smaller, bytes.
    pub min_part: u64,
    /// `single_file_max_size`: larger uploads are refused with 552, bytes.
    pub max_file: u64,
    /// `upload_thread_num`: part-upload workers of one upload, at least 1.
    pub upload_threads: usize,
    /// `download_thread_num`: ranges of one download that are fetched at once when the client waits
    /// for the store; 1 for none ahead.
    pub download_threads: usize,
    /// `buffer_memory`: bytes all transfers together may hold.
    pub buffer_memory: u64,
    /// `partial_upload`: what becomes of an interrupted upload.
    pub partial: PartialUpload,
    /// `data_idle_timeout`: silence on a data connection while we wait for the client.
    pub data_idle: Duration,
    /// `[SCAN]`: who is asked whether what arrives may become a file; `None` for nobody. What is
    /// parked cannot be checked: it does not stand beside [`PartialUpload::Park`].
    pub scan: Option<ScanOptions>,
}

impl TransferOptions {
    /// The bytes that all transfers share.
    pub fn budget(&self) -> Budget {
        let part = Schedule::largest_target(self.max_file, self.min_part);
        Budget::with_largest(self.buffer_memory, part + limits::BLOCK_BYTES as u64)
    }
}

/// What becomes of what had arrived when an upload was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartialUpload {
    /// It becomes the object, as the replaced tool and disk FTP servers do.
    Keep,
    /// It waits, unseen, for the client to go on with it; an earlier object of that name stays.
    Park,
    /// It is dropped; an earlier object of that name stays.
    Discard,
}

impl TransferOptions {
    /// Nothing is decided yet: what the table of keys fills in.
    pub(crate) fn unset() -> Self {
        Self {
            part_buffer: None,
            min_part: 0,
            max_file: 0,
            upload_threads: 1,
            download_threads: 1,
            buffer_memory: 0,
            partial: PartialUpload::Keep,
            data_idle: Duration::ZERO,
            scan: None,
        }
    }
}

/// Whether TYPE A turns line ends round on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// Bytes stay what they are.
    None,
    /// CR LF on the wire, LF in the store.
    Ascii,
}

/// What a transfer uses of the process and of its session.
#[derive(Clone, Copy, Debug)]
pub struct Resources<'a> {
    /// The operator's decisions.
    pub options: &'a TransferOptions,
    /// The bytes of all transfers.
    pub budget: &'a Budget,
    /// Who joins the workers.
    pub ending_threads: &'a EndingThreads,
    /// What wakes the session's thread.
    pub wake: &'a Wake,
}
