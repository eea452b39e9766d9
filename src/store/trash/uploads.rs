//! Uploads in parts beside a trash: none goes into it.

use std::time::Duration;

use time::OffsetDateTime;

use super::TrashStore;
use crate::store::{
    Attributes, Body, Cancel, CopySource, Expected, Freshness, Multipart, MultipartUpload,
    Operation, OwnUploadState, PageToken, ParkedUpload, PartLimits, PartPlace, PartReceipt, Result,
    SilentUploads, Stored,
};
use crate::vfs::{Entry, FtpPath};

impl Multipart for TrashStore {
    fn part_limits(&self) -> PartLimits {
        self.store.part_limits()
    }

    fn create_multipart_upload(&self, path: &FtpPath) -> Result<MultipartUpload> {
        self.admit(Operation::CreateMultipartUpload, path)?;
        self.store.create_multipart_upload(path)
    }

    fn continue_multipart_upload(
        &self,
        path: &FtpPath,
        attributes: &Attributes,
    ) -> Result<MultipartUpload> {
        self.admit(Operation::CreateMultipartUpload, path)?;
        self.store.continue_multipart_upload(path, attributes)
    }

    fn upload_part(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        body: &Body<'_>,
    ) -> Result<PartReceipt> {
        self.store.upload_part(upload, part, body)
    }

    fn upload_part_copy(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        source: &CopySource,
    ) -> Result<PartReceipt> {
        self.store.upload_part_copy(upload, part, source)
    }

    fn complete_multipart_upload(
        &self,
        upload: &MultipartUpload,
        parts: &[PartReceipt],
        expected: &Expected,
    ) -> Result<Stored> {
        self.admit(Operation::CompleteMultipartUpload, &upload.path)?;
        self.store.complete_multipart_upload(upload, parts, expected)
    }

    fn abort_multipart_upload(&self, upload: &MultipartUpload) -> Result<()> {
        self.store.abort_multipart_upload(upload)
    }

    fn give_up_multipart_upload(
        &self,
        upload: &MultipartUpload,
        begun: OffsetDateTime,
    ) -> Result<()> {
        self.store.give_up_multipart_upload(upload, begun)
    }

    fn find_parked_upload(
        &self,
        path: &FtpPath,
        freshness: Freshness,
    ) -> Result<Option<ParkedUpload>> {
        match self.is_trash(path) {
            true => Ok(None),
            false => self.store.find_parked_upload(path, freshness),
        }
    }

    fn offset_to_go_on(&self, parts: &[PartReceipt]) -> u64 {
        self.store.offset_to_go_on(parts)
    }

    fn park_multipart_upload(&self, parked: &ParkedUpload) -> Option<MultipartUpload> {
        self.store.park_multipart_upload(parked)
    }

    fn has_published_older(&self, path: &FtpPath, begun: OffsetDateTime) -> Result<bool> {
        self.store.has_published_older(path, begun)
    }

    fn own_parked_upload(&self, upload: &MultipartUpload) -> Result<OwnUploadState> {
        self.store.own_parked_upload(upload)
    }

    fn drop_own_parked(&self, path: &FtpPath, is_kept: &dyn Fn(&str) -> bool) -> Result<usize> {
        match self.is_trash(path) {
            true => Ok(0),
            false => self.store.drop_own_parked(path, is_kept),
        }
    }

    fn own_parked_uploads(&self, directory: &FtpPath) -> Vec<Entry> {
        match self.is_trash(directory) {
            true => Vec::new(),
            false => self.store.own_parked_uploads(directory),
        }
    }

    fn own_parked_below(&self, directory: &FtpPath) -> Vec<FtpPath> {
        match self.is_trash(directory) {
            true => Vec::new(),
            false => self.store.own_parked_below(directory),
        }
    }

    fn take_left_upload(
        &self,
        path: &FtpPath,
        freshness: Freshness,
    ) -> Result<Option<OffsetDateTime>> {
        self.store.take_left_upload(path, freshness)
    }

    fn resume_multipart_upload(
        &self,
        upload: &MultipartUpload,
        begun: OffsetDateTime,
    ) -> Option<MultipartUpload> {
        self.store.resume_multipart_upload(upload, begun)
    }

    fn resume_own_parked(&self, upload: &MultipartUpload) -> Option<MultipartUpload> {
        self.store.resume_own_parked(upload)
    }

    fn silent_uploads(
        &self,
        silence: Duration,
        after: Option<&PageToken>,
        cancel: &Cancel,
    ) -> Result<SilentUploads> {
        self.store.silent_uploads(silence, after, cancel)
    }

    fn abort_silent_upload(&self, upload: &MultipartUpload, silence: Duration) -> Result<bool> {
        self.store.abort_silent_upload(upload, silence)
    }
}
