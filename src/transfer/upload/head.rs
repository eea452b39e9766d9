//! What an upload keeps of an object and is too little to be copied inside the store as a part: it
//! is read into the upload's first blocks, when it has its memory.

use std::io::{self, ErrorKind, Read};

use crc_fast::{CrcAlgorithm, Digest};

use super::intake::Intake;
use crate::store::{ByteRange, ETag, ObjectStore};
use crate::transfer::TransferError;
use crate::transfer::pool::Size;
use crate::vfs::FtpPath;

/// How often the bytes are asked for.
const READS: usize = 4;

/// The first bytes of a version, fewer than the store's smallest part.
#[derive(Debug)]
pub(super) struct KeptHead {
    pub(super) bytes: u64,
    pub(super) etag: Option<ETag>,
}

/// Bytes and their checksum.
struct Summed<'a, R> {
    body: R,
    sum: &'a mut Digest,
}

impl KeptHead {
    /// Reads them into `intake`, which is empty and has its turn. An answer that ends early is
    /// asked for again where it ended; a whole object that does not have its checksum, from the
    /// beginning.
    pub(super) fn read(
        &self,
        store: &dyn ObjectStore,
        path: &FtpPath,
        size: Size,
        intake: &mut Intake,
    ) -> Result<(), TransferError> {
        let mut sum = Digest::new(CrcAlgorithm::Crc64Xz);
        let mut is_damaged = false;
        let mut request_id = None;
        for _ in 0..READS {
            let first = intake.bytes();
            let range = ByteRange::between(first, self.bytes);
            let object = store.get_object(path, range, self.etag.as_ref())?;
            request_id = object.request_id;
            let body = object.body.take(self.bytes - first);
            // What arrived before a failure is good.
            let _ = fill(intake, size, &mut Summed { body, sum: &mut sum });
            is_damaged = false;
            if intake.bytes() == self.bytes {
                let told = object.crc64.filter(|_| object.size == self.bytes);
                is_damaged = told.is_some_and(|told| told != sum.finalize());
                if !is_damaged {
                    return Ok(());
                }
                log::warn!("{path}: what was read to be kept is damaged");
                intake.clear();
                sum.reset();
            }
            if self.etag.is_none() {
                // What follows might be another object's.
                break;
            }
        }
        if is_damaged {
            return Err(TransferError::Checksum);
        }
        Err(TransferError::Source { expected: self.bytes, got: intake.bytes(), request_id })
    }
}

fn fill(intake: &mut Intake, size: Size, body: &mut impl Read) -> io::Result<()> {
    while intake.make_room(size) {
        match intake.read(body) {
            Ok(0) => return Ok(()),
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
    Err(ErrorKind::OutOfMemory.into())
}

impl<R: Read> Read for Summed<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.body.read(buffer)?;
        self.sum.update(&buffer[..got]);
        Ok(got)
    }
}
