//! Uploads in parts: what is done with them, what one is, its parts, and what a store takes.

use std::time::Duration;

use time::OffsetDateTime;

use super::{
    Attributes, Body, Cancel, ETag, Expected, FileTree, Freshness, PageToken, Result, Stat, Stored,
};
use crate::vfs::{Entry, FtpPath};

/// Files that are stored part by part.
pub trait Multipart: FileTree {
    /// The sizes this store accepts.
    fn part_limits(&self) -> PartLimits;

    /// Begins an upload in parts. Nothing is visible under `path` until it is completed.
    fn create_multipart_upload(&self, path: &FtpPath) -> Result<MultipartUpload>;

    /// The same, for an object that goes on with an earlier one, and keeps its `attributes`.
    fn continue_multipart_upload(
        &self,
        path: &FtpPath,
        attributes: &Attributes,
    ) -> Result<MultipartUpload> {
        let _ = attributes;
        self.create_multipart_upload(path)
    }

    /// Stores one part. May be called for several parts at once, in any order.
    fn upload_part(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        body: &Body<'_>,
    ) -> Result<PartReceipt>;

    /// Stores a range of the object that now stands under the upload's own path as a part,
    /// without moving the bytes through here.
    ///
    /// # Errors
    /// [`super::ErrorKind::PreconditionFailed`] when that object is not `source.etag` (any more).
    fn upload_part_copy(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        source: &CopySource,
    ) -> Result<PartReceipt>;

    /// Publishes the object from its parts, sorted by number and without gaps in their offsets.
    /// A lost answer is resolved by looking at the object before this returns.
    ///
    /// # Errors
    /// As [`FileTree::put_object`].
    fn complete_multipart_upload(
        &self,
        upload: &MultipartUpload,
        parts: &[PartReceipt],
        expected: &Expected,
    ) -> Result<Stored>;

    /// Drops an upload and its parts. An upload that no longer exists is no error.
    fn abort_multipart_upload(&self, upload: &MultipartUpload) -> Result<()>;

    /// The same of an upload that was `begun` then, of which nothing is to come any more. Where the
    /// store does not take that, nobody in this process goes on with it all the same, and it does
    /// not become the file.
    fn give_up_multipart_upload(
        &self,
        upload: &MultipartUpload,
        begun: OffsetDateTime,
    ) -> Result<()> {
        let _ = begun;
        self.abort_multipart_upload(upload)
    }

    /// The upload under `path` that may be gone on with: of those that nobody in this process has
    /// under way, the one that was begun last. Where `freshness` is not [`Freshness::Now`], one
    /// that this process has parked alone. A store that keeps none has none.
    ///
    /// # Errors
    /// What the store said.
    fn find_parked_upload(
        &self,
        path: &FtpPath,
        freshness: Freshness,
    ) -> Result<Option<ParkedUpload>> {
        let _ = (path, freshness);
        Ok(None)
    }

    /// Where a client would go on with a parked upload of which these parts, which have no gap, are
    /// there: in bytes; 0 where all of it would be sent again.
    fn offset_to_go_on(&self, parts: &[PartReceipt]) -> u64 {
        offset_behind(parts)
    }

    /// Leaves an upload to whoever finds it by [`Self::find_parked_upload`]. Tells what it is
    /// called from then on; `None` where the store cannot: then it is to be aborted.
    fn park_multipart_upload(&self, parked: &ParkedUpload) -> Option<MultipartUpload> {
        let _ = parked;
        None
    }

    /// Whether this process has published, long after its end, what stands under `path` now, of an
    /// upload that was begun before `begun`. To the next process that is newer than what was begun
    /// then.
    ///
    /// # Errors
    /// What the store said.
    fn has_published_older(&self, path: &FtpPath, begun: OffsetDateTime) -> Result<bool> {
        let _ = (path, begun);
        Ok(false)
    }

    /// What became of an upload that this process had parked.
    ///
    /// # Errors
    /// What the store said.
    fn own_parked_upload(&self, upload: &MultipartUpload) -> Result<OwnUploadState> {
        let _ = upload;
        Ok(OwnUploadState::Dropped)
    }

    /// Drops all uploads of `path` that this process has parked, but those that are to be kept, as
    /// their ids tell: with these nobody goes on any more. Tells how many were dropped.
    ///
    /// # Errors
    /// What the store said; then some may be left.
    fn drop_own_parked(&self, path: &FtpPath, is_kept: &dyn Fn(&str) -> bool) -> Result<usize> {
        let _ = (path, is_kept);
        Ok(0)
    }

    /// The uploads of files in `directory` that this process has parked, as their uploader sees
    /// them: as files of the size that can be gone on with, and the directories in it below which
    /// others are. Nothing is asked of the store.
    fn own_parked_uploads(&self, directory: &FtpPath) -> Vec<Entry> {
        let _ = directory;
        Vec::new()
    }

    /// The files in `directory` and further below it whose uploads this process has parked. Nothing
    /// is asked of the store.
    fn own_parked_below(&self, directory: &FtpPath) -> Vec<FtpPath> {
        let _ = directory;
        Vec::new()
    }

    /// When the upload under `path` was begun, UTC, that another process had left in the store when
    /// this one began; `None` also where something was stored since. It is told once. The store is
    /// asked for it only with [`Freshness::Now`], and where not all of its uploads have been looked
    /// through.
    ///
    /// # Errors
    /// What the store says; then it is told the next time.
    fn take_left_upload(
        &self,
        path: &FtpPath,
        freshness: Freshness,
    ) -> Result<Option<OffsetDateTime>> {
        let _ = (path, freshness);
        Ok(None)
    }

    /// Goes on with a parked upload that was found to have `begun` then; `None` when somebody else
    /// does so already.
    fn resume_multipart_upload(
        &self,
        upload: &MultipartUpload,
        begun: OffsetDateTime,
    ) -> Option<MultipartUpload> {
        let _ = (upload, begun);
        None
    }

    /// The same of one that this process has parked; `None` also when it has dropped it.
    fn resume_own_parked(&self, upload: &MultipartUpload) -> Option<MultipartUpload> {
        let _ = upload;
        None
    }

    /// A page of the uploads in parts that stand below this store's root, begun by whomever and
    /// neither completed nor aborted. Told are those that have received nothing for `silence`, by
    /// the store's clock; the others are counted. What this process has under way is among those.
    /// A store that keeps no uploads beyond its own process has none.
    ///
    /// # Errors
    /// What the store said; [`super::ErrorKind::Cancelled`] once `cancel` is raised.
    fn silent_uploads(
        &self,
        silence: Duration,
        after: Option<&PageToken>,
        cancel: &Cancel,
    ) -> Result<SilentUploads> {
        let _ = (silence, after, cancel);
        Ok(SilentUploads::default())
    }

    /// Drops one of them, unless somebody has gone on with it by now: false then. Nobody in this
    /// process does while it is dropped.
    ///
    /// # Errors
    /// What the store said.
    fn abort_silent_upload(&self, upload: &MultipartUpload, silence: Duration) -> Result<bool> {
        let _ = silence;
        self.abort_multipart_upload(upload).map(|()| true)
    }
}

/// The sizes a store accepts, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartLimits {
    /// Smallest part but the last.
    pub min_part: u64,
    /// Largest part, and largest range of one copy.
    pub max_part: u64,
    /// Parts of one upload.
    pub max_parts: u32,
}

/// An upload in parts that was begun and is neither completed nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultipartUpload {
    /// Where the object will stand.
    pub path: FtpPath,
    /// The store's name for the upload.
    pub upload_id: String,
}

/// An upload that was left in the middle, and what of it can be gone on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedUpload {
    /// Which one.
    pub upload: MultipartUpload,
    /// All of its parts, sorted by number; none where there is a gap in front of one.
    pub parts: Vec<PartReceipt>,
    /// Bytes of parts that nobody can go on behind, as there is a gap.
    pub lost: u64,
    /// When the upload was begun, UTC, by the store's clock.
    pub begun: OffsetDateTime,
}

/// What became of an upload that this process had parked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnUploadState {
    /// It waits. Then, the newer ones of its name that this process has parked and somebody can go
    /// on with.
    Waits(ParkedUpload, Vec<NewerUpload>),
    /// It waits, and somebody in this process goes on with a newer one of its name. The store was
    /// not asked.
    GivesWay,
    /// Somebody in this process goes on with it.
    Taken,
    /// This process has dropped it, or it became the file.
    Dropped,
    /// The store has it no more.
    Gone,
}

/// An upload of a name that was begun after another one that is parked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewerUpload {
    /// Which one.
    pub upload_id: String,
    /// Bytes of its parts when it was parked.
    pub bytes: u64,
}

impl ParkedUpload {
    /// Bytes of its parts.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.size).sum()
    }

    /// Bytes that its client had sent at least.
    pub fn came(&self) -> u64 {
        self.lost + self.bytes()
    }

    /// Where a client goes on, in bytes.
    pub fn offset(&self) -> u64 {
        offset_behind(&self.parts)
    }

    /// Whether one of its parts ends at the byte `offset`: a client may have been told so before
    /// the next one arrived.
    pub fn has_part_end(&self, offset: u64) -> bool {
        let ends = self.parts.iter().scan(0, |end, part| {
            *end += part.size;
            Some(*end)
        });
        ends.take_while(|end| *end <= offset).last() == Some(offset)
    }

    /// Whether it was begun after `object` was stored, so that nothing newer can be lost by it. Of
    /// the same second nothing is known: stores tell whole ones.
    pub fn is_newer_than(&self, object: Option<&Stat>) -> bool {
        began_after(self.begun, object.and_then(|stat| stat.stored))
    }

    /// Takes the parts in front of [`Self::offset`], and the one behind it.
    pub fn take_parts(&mut self) -> (Vec<PartReceipt>, Option<PartReceipt>) {
        let last = self.parts.pop();
        (std::mem::take(&mut self.parts), last)
    }
}

/// Where an upload of which `parts` are there goes on: behind all but the last, which is sent
/// again. Only so is it certain that something is left to be sent, whoever asks, and that the last
/// part is whole.
pub(super) fn offset_behind(parts: &[PartReceipt]) -> u64 {
    let (_, whole) = parts.split_last().unzip();
    whole.unwrap_or_default().iter().map(|part| part.size).sum()
}

/// Whether what was `begun` is later than the second in which the object was `stored`.
pub(crate) fn began_after(begun: OffsetDateTime, stored: Option<OffsetDateTime>) -> bool {
    stored.is_none_or(|stored| begun.unix_timestamp() > stored.unix_timestamp())
}

/// One page of the uploads that nobody seems to go on with.
#[derive(Clone, Debug, Default)]
pub struct SilentUploads {
    /// The uploads, at most 1,000.
    pub uploads: Vec<SilentUpload>,
    /// Uploads that were left out: they received something not long ago, are under way in this
    /// process, or have a key without an FTP name, which no upload of a client's can have.
    pub others: usize,
    /// The next page, if there is one.
    pub next: Option<PageToken>,
}

/// An upload that has received nothing for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SilentUpload {
    /// Which one.
    pub upload: MultipartUpload,
    /// Since its last part; since its beginning if it has none.
    pub silent_for: Duration,
}

/// Which part of the object a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartPlace {
    /// 1 to [`PartLimits::max_parts`].
    pub number: u32,
    /// Offset of its first byte in the finished object. A bucket does not need it, a file does.
    pub offset: u64,
}

/// A range of an existing object to be copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopySource {
    /// Offset of the first byte.
    pub first: u64,
    /// Offset behind the last byte.
    pub end: u64,
    /// The version the range belongs to.
    pub etag: Option<ETag>,
}

/// A confirmed part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartReceipt {
    /// Its number.
    pub number: u32,
    /// Its bytes.
    pub size: u64,
    /// What Complete must name.
    pub etag: ETag,
    /// CRC-64/XZ of the part, where the store confirmed one.
    pub crc64: Option<u64>,
}
