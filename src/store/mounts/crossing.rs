//! A file on its way from one store to another: read part by part, stored, confirmed, and only then
//! removed under its old name, if it is still what was copied.

use std::io::{self, Read};

use crc_fast::CrcAlgorithm;

use super::MountTerms;
use super::route::{MountedPath, refused};
use crate::limits;
use crate::store::{
    Body, ByteRange, Cancel, ErrorKind, Expected, Freshness, MultipartUpload, Operation, PartPlace,
    ReplyWait, Result, Stat, StoreError, Stored,
};

/// How often one part is read before the move is given up.
const READS: u32 = 3;

/// Bytes that are read between two looks whether it is to be given up.
const READ_BYTES: usize = 256 * 1024;

/// What a client hears of a file of which both names are one.
const SAME_FILE: &str = "Both names are of the same file.";

/// What it hears where as many files are moved as may be.
const TOO_MANY: &str = "Too many files are being moved between mounts; try again in a moment.";

/// What it hears of a directory.
const DIRECTORY: &str =
    "A directory cannot be moved to another mount; make it there and move the files.";

/// What may be replaced by a file that is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replacing {
    /// The file that stands there when the last byte is stored.
    Anything,
    /// Nothing.
    Nothing,
}

/// One file, the place that it leaves, and the one that it comes to.
pub(super) struct Crossing<'a> {
    pub(super) source: MountedPath<'a>,
    pub(super) target: MountedPath<'a>,
    pub(super) terms: &'a MountTerms,
    /// Whose client waits for it.
    pub(super) wait: Option<&'a ReplyWait>,
}

impl Crossing<'_> {
    /// Moves it.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`] for what is not moved; what the stores say: the file stands under its
    /// old name then, and [`ErrorKind::BrokenOff`] tells that it stands under both.
    pub(super) fn run(&self, over: Replacing) -> Result<()> {
        let seen = self.look_at_source()?;
        self.look_at_target(&seen, over)?;
        let _place = self
            .terms
            .copies
            .take()
            .ok_or_else(|| self.failed(ErrorKind::Busy).with_source(TOO_MANY))?;
        // As long as bytes move the client is told that it is worked on.
        let _work = self.wait.map(|wait| wait.begin_long(std::time::Duration::ZERO));
        let stored = self.copy(&seen, over)?;
        if seen.crc64.zip(stored.crc64).is_some_and(|(one, other)| one != other) {
            return Err(self.failed(ErrorKind::ChecksumMismatch));
        }
        self.leave(&seen)
    }

    /// The version that is moved, if it may be.
    fn look_at_source(&self) -> Result<Stat> {
        let (source, operation) = (&self.source, Operation::CopyObject);
        let Some(seen) = source.store.find_file(&source.path)? else {
            source.store.stat(&source.path, Freshness::Now)?;
            return Err(refused(operation, &source.path, DIRECTORY));
        };
        let (size, most) = (seen.metadata.size, self.terms.largest_move);
        match size <= most && most > 0 {
            true => Ok(seen),
            false => Err(refused(operation, &source.path, too_large(size, most))),
        }
    }

    /// Fails where the file may not come to stand, before a byte of it is read.
    fn look_at_target(&self, seen: &Stat, over: Replacing) -> Result<()> {
        let target = &self.target;
        target.store.admits_file(&target.path, Freshness::Now)?;
        let one = self.source.store.whole_name(&self.source.path);
        let is_one_name = one == target.store.whole_name(&target.path);
        let found = target.store.find_file(&target.path)?;
        // Two names of a store may be one by ways that nobody here knows of: what is as alike as
        // that is taken for the same.
        let is_alike = found.as_ref().is_some_and(|found| {
            found.is_same_version(seen) && found.stored == seen.stored && seen.etag.is_some()
        });
        if is_one_name || is_alike {
            return Err(refused(Operation::CopyObject, &self.source.path, SAME_FILE));
        }
        match found {
            Some(_) if over == Replacing::Nothing => Err(self.failed(ErrorKind::AlreadyExists)),
            _ => Ok(()),
        }
    }

    /// Stores the version `seen` under its new name.
    fn copy(&self, seen: &Stat, over: Replacing) -> Result<Stored> {
        let size = seen.metadata.size;
        let part = self.part_size(size);
        if size <= part {
            let bytes = self.read(seen, 0, size)?;
            self.compare(seen, crc_fast::checksum(CrcAlgorithm::Crc64Xz, &bytes))?;
            let (pieces, cancel) = ([&*bytes], self.cancel());
            let expected = self.expected(over)?;
            let body = Body::new(&pieces, &cancel);
            return self.target.store.put_object(&self.target.path, &body, &expected);
        }
        let upload = self.target.store.create_multipart_upload(&self.target.path)?;
        let stored = self.copy_parts(seen, part, &upload, over);
        stored.inspect_err(|_| {
            if let Err(error) = self.target.store.abort_multipart_upload(&upload) {
                log::warn!("an unfinished upload stays behind: {error}");
            }
        })
    }

    fn copy_parts(
        &self,
        seen: &Stat,
        part: u64,
        upload: &MultipartUpload,
        over: Replacing,
    ) -> Result<Stored> {
        let (size, cancel) = (seen.metadata.size, self.cancel());
        let (mut sum, mut parts) = (None, Vec::new());
        // What has no first part is no upload that a client goes on with, should nobody be left to
        // drop it: that comes last.
        let first = PartPlace { number: 1, offset: 0 };
        for place in places(size, part).skip(1).chain([first]) {
            let bytes = self.read(seen, place.offset, part.min(size - place.offset))?;
            let own = (crc_fast::checksum(CrcAlgorithm::Crc64Xz, &bytes), bytes.len() as u64);
            sum = Some(if place == first { joined(own, sum) } else { joined_behind(sum, own) });
            let pieces = [&*bytes];
            let body = Body::new(&pieces, &cancel);
            parts.push(self.target.store.upload_part(upload, place, &body)?);
        }
        parts.rotate_right(1);
        self.compare(seen, sum.map_or(0, |(sum, _)| sum))?;
        let expected = self.expected(over)?;
        self.target.store.complete_multipart_upload(upload, &parts, &expected)
    }

    /// Fails where what was read is not what its store says that it has: before it replaces
    /// anything.
    fn compare(&self, seen: &Stat, read: u64) -> Result<()> {
        match seen.crc64 {
            Some(told) if told != read => Err(self.failed(ErrorKind::ChecksumMismatch)),
            _ => Ok(()),
        }
    }

    /// What may be replaced, now that all of the file is there. What a rename replaces is kept
    /// where that is so.
    fn expected(&self, over: Replacing) -> Result<Expected> {
        let target = &self.target;
        if over == Replacing::Nothing {
            return Ok(Expected::Nothing);
        }
        let found = target.store.find_file(&target.path)?;
        if found.is_some() {
            match target.store.keep_replaced(&target.path) {
                // Somebody has removed it meanwhile.
                Err(error) if error.kind == ErrorKind::NotFound => {
                    return Ok(Expected::Seen(None));
                }
                kept => kept?,
            }
        }
        Ok(Expected::Seen(found))
    }

    /// So many bytes of the version from `offset` on, read again where the way to the store broke.
    fn read(&self, seen: &Stat, offset: u64, bytes: u64) -> Result<Vec<u8>> {
        let (source, range) = (&self.source, ByteRange::between(offset, offset + bytes));
        let mut read = 0;
        loop {
            read += 1;
            let object = source.store.get_object(&source.path, range, seen.etag.as_ref())?;
            // No part is larger than memory has room for.
            let mut buffer = vec![0; usize::try_from(bytes).unwrap_or(usize::MAX)];
            match self.fill(&mut buffer, object.body) {
                Ok(true) => return Ok(buffer),
                Ok(false) => return Err(self.failed(ErrorKind::Cancelled)),
                Err(error) if read == READS => {
                    return Err(self.failed(ErrorKind::Unavailable).with_source(error));
                }
                Err(error) => log::debug!("reading {} again: {error}", source.path),
            }
        }
    }

    /// Reads as much as `buffer` takes; false when it is given up.
    fn fill(&self, buffer: &mut [u8], mut body: impl Read) -> io::Result<bool> {
        let cancel = self.cancel();
        for step in buffer.chunks_mut(READ_BYTES) {
            if cancel.is_raised() {
                return Ok(false);
            }
            body.read_exact(step)?;
        }
        Ok(true)
    }

    /// Removes the file under its old name. What somebody stored there meanwhile stays.
    fn leave(&self, seen: &Stat) -> Result<()> {
        let source = &self.source;
        match source.store.delete_version(&source.path, seen, &|| Ok(true)) {
            Ok(true) => Ok(()),
            Ok(false) => {
                let path = &source.path;
                log::info!("{path:?} was stored anew while it was moved; what is new stays");
                Ok(())
            }
            Err(error) => {
                log::error!("a file that was moved stays under its old name: {error}");
                let text = "the file stands under its new name, and still under its old one";
                Err(self.failed(ErrorKind::BrokenOff).with_source(text))
            }
        }
    }

    /// Bytes of each part of a file of `size` bytes.
    fn part_size(&self, size: u64) -> u64 {
        let limits = self.target.store.part_limits();
        let least = limits.min_part.max(limits::MOUNT_COPY_PART_BYTES);
        least.max(size.div_ceil(u64::from(limits.max_parts).max(1))).min(limits.max_part)
    }

    /// Raised when it is to be given up.
    fn cancel(&self) -> Cancel {
        self.wait.map(|wait| wait.given_up().clone()).unwrap_or_default()
    }

    fn failed(&self, kind: ErrorKind) -> StoreError {
        StoreError::new(kind, Operation::CopyObject, self.source.path.as_str())
    }
}

/// Where the parts of a file of `size` bytes are, of `part` bytes each but for the last.
fn places(size: u64, part: u64) -> impl Iterator<Item = PartPlace> {
    let numbers = (1..).zip(0..size.div_ceil(part));
    numbers.map(move |(number, index)| PartPlace { number, offset: index * part })
}

/// A checksum and the bytes that it is of.
type Summed = (u64, u64);

/// That of `first` and, if there is one, of what stands behind it.
fn joined(first: Summed, behind: Option<Summed>) -> Summed {
    let Some((sum, bytes)) = behind else { return first };
    let whole = crc_fast::checksum_combine(CrcAlgorithm::Crc64Xz, first.0, sum, bytes);
    (whole, first.1 + bytes)
}

/// The same of what there is, and of what comes behind it.
fn joined_behind(before: Option<Summed>, next: Summed) -> Summed {
    before.map_or(next, |before| joined(before, Some(next)))
}

/// What a client hears of a file that is not moved.
fn too_large(size: u64, most: u64) -> String {
    match most {
        0 => "Files are not moved from one mount to another here: fetch it and store it there."
            .to_owned(),
        most => format!(
            "The file has {size} bytes; up to {most} are moved from one mount to another: fetch it \
             and store it there."
        ),
    }
}
