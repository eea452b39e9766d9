//! Uploads in parts, of paths.

use std::time::Duration;

use time::OffsetDateTime;

use super::CosStore;
use super::objects::PartCopy;
use super::tree::{attributes, leftovers, parked, publish};
use crate::limits;
use crate::store::{
    Attributes, Body, Cancel, CopySource, Expected, Freshness, Multipart, MultipartUpload,
    Operation, OwnUploadState, PageToken, ParkedUpload, PartLimits, PartPlace, PartReceipt, Result,
    SilentUploads, Stored,
};
use crate::vfs::{Entry, FtpPath};

impl Multipart for CosStore {
    fn part_limits(&self) -> PartLimits {
        PartLimits {
            min_part: self.account.min_part,
            max_part: limits::MAX_PART_BYTES,
            max_parts: limits::PARTS_PER_UPLOAD,
        }
    }

    fn create_multipart_upload(&self, path: &FtpPath) -> Result<MultipartUpload> {
        self.continue_multipart_upload(path, &Attributes::default())
    }

    fn continue_multipart_upload(
        &self,
        path: &FtpPath,
        attributes: &Attributes,
    ) -> Result<MultipartUpload> {
        let key = self.file(Operation::CreateMultipartUpload, path)?;
        let headers = attributes::for_object(self.tree(), &key, attributes);
        let upload_id = self.objects().create_upload(&key, &headers)?;
        Ok(MultipartUpload { path: path.clone(), upload_id })
    }

    fn upload_part(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        body: &Body<'_>,
    ) -> Result<PartReceipt> {
        let key = self.file(Operation::UploadPart, &upload.path)?;
        self.objects().upload_part(&key, &upload.upload_id, part.number, body)
    }

    fn upload_part_copy(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        source: &CopySource,
    ) -> Result<PartReceipt> {
        let key = self.file(Operation::UploadPartCopy, &upload.path)?;
        let (upload_id, number) = (&*upload.upload_id, part.number);
        self.objects().copy_part(PartCopy { key: &key, upload_id, number, from: &key, source })
    }

    fn complete_multipart_upload(
        &self,
        upload: &MultipartUpload,
        parts: &[PartReceipt],
        expected: &Expected,
    ) -> Result<Stored> {
        let key = self.file(Operation::CompleteMultipartUpload, &upload.path)?;
        let headers = attributes::for_write(self.tree(), &key, expected);
        publish::complete_upload(self.tree(), &key, &upload.upload_id, parts, expected, &headers)
    }

    fn abort_multipart_upload(&self, upload: &MultipartUpload) -> Result<()> {
        let key = self.file(Operation::AbortMultipartUpload, &upload.path)?;
        self.objects().abort_upload(&key, &upload.upload_id)
    }

    fn give_up_multipart_upload(
        &self,
        upload: &MultipartUpload,
        begun: OffsetDateTime,
    ) -> Result<()> {
        let key = self.file(Operation::AbortMultipartUpload, &upload.path)?;
        self.objects().give_up_upload(&key, &upload.upload_id, begun)
    }

    fn find_parked_upload(
        &self,
        path: &FtpPath,
        freshness: Freshness,
    ) -> Result<Option<ParkedUpload>> {
        let (tree, key) = (self.tree(), self.file(Operation::ListMultipartUploads, path)?);
        match freshness {
            Freshness::Now => parked::find(tree, path, &key),
            Freshness::Recent | Freshness::Listed => parked::find_own(tree, path, &key),
        }
    }

    fn park_multipart_upload(&self, parked: &ParkedUpload) -> Option<MultipartUpload> {
        let key = self.file(Operation::ListParts, &parked.upload.path).ok()?;
        // The bucket itself keeps the parts.
        self.objects().park_upload(&key, parked);
        Some(parked.upload.clone())
    }

    fn has_published_older(&self, path: &FtpPath, begun: OffsetDateTime) -> Result<bool> {
        let key = self.file(Operation::HeadObject, path)?;
        publish::late_file(self.tree(), &key, begun).map(|late| late.is_some())
    }

    fn own_parked_upload(&self, upload: &MultipartUpload) -> Result<OwnUploadState> {
        let key = self.file(Operation::ListParts, &upload.path)?;
        parked::own_state(self.tree(), upload, &key)
    }

    fn drop_own_parked(&self, path: &FtpPath, is_kept: &dyn Fn(&str) -> bool) -> Result<usize> {
        let key = self.file(Operation::AbortMultipartUpload, path)?;
        parked::drop_others(self.tree(), &key, is_kept)
    }

    fn own_parked_uploads(&self, directory: &FtpPath) -> Vec<Entry> {
        let key = self.account.keys.directory(Operation::ListParts, directory);
        key.map(|key| self.tree().own_parked_in(&key)).unwrap_or_default()
    }

    fn own_parked_below(&self, directory: &FtpPath) -> Vec<FtpPath> {
        let key = self.account.keys.directory(Operation::ListParts, directory);
        let names = key.map(|key| self.tree().own_parked_below(&key)).unwrap_or_default();
        names.iter().filter_map(|name| directory.join(name).ok()).collect()
    }

    fn take_left_upload(
        &self,
        path: &FtpPath,
        freshness: Freshness,
    ) -> Result<Option<OffsetDateTime>> {
        let key = self.file(Operation::ListMultipartUploads, path);
        // No name of a file.
        let Ok(key) = key else { return Ok(None) };
        parked::take_left(self.tree(), &key, freshness)
    }

    fn resume_multipart_upload(
        &self,
        upload: &MultipartUpload,
        begun: OffsetDateTime,
    ) -> Option<MultipartUpload> {
        let key = self.file(Operation::ListParts, &upload.path).ok()?;
        let is_free = self.objects().resume_found_upload(&key, &upload.upload_id, begun);
        is_free.then(|| upload.clone())
    }

    fn resume_own_parked(&self, upload: &MultipartUpload) -> Option<MultipartUpload> {
        let key = self.file(Operation::ListParts, &upload.path).ok()?;
        self.objects().resume_own_upload(&key, &upload.upload_id).then(|| upload.clone())
    }

    fn silent_uploads(
        &self,
        silence: Duration,
        after: Option<&PageToken>,
        cancel: &Cancel,
    ) -> Result<SilentUploads> {
        leftovers::find_silent(self.tree(), silence, after, cancel)
    }

    fn abort_silent_upload(&self, upload: &MultipartUpload, silence: Duration) -> Result<bool> {
        let key = self.file(Operation::AbortMultipartUpload, &upload.path)?;
        leftovers::abort_silent(self.tree(), &key, &upload.upload_id, silence)
    }
}
