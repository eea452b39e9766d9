//! Uploads in parts in a tree of several stores. Whoever holds one knows it by its path in the
//! tree.

use std::time::Duration;

use time::OffsetDateTime;

use super::MountStore;
use super::route::MountDeed;
use crate::store::{
    Attributes, Body, Cancel, CopySource, Expected, Freshness, Multipart, MultipartUpload,
    ObjectStore, Operation, OwnUploadState, PageToken, ParkedUpload, PartLimits, PartPlace,
    PartReceipt, Result, SilentUploads, Stored,
};
use crate::vfs::{Entry, FtpPath};

/// The store of an upload, and the upload as that knows it.
fn inner<'t>(
    tree: &'t MountStore,
    upload: &MultipartUpload,
) -> (&'t dyn ObjectStore, MultipartUpload) {
    let place = tree.route(&upload.path);
    let upload_id = upload.upload_id.clone();
    (place.store, MultipartUpload { path: place.path, upload_id })
}

/// An upload of the file that is `path` in the tree.
fn named(upload: MultipartUpload, path: &FtpPath) -> MultipartUpload {
    MultipartUpload { path: path.clone(), ..upload }
}

impl Multipart for MountStore {
    fn part_limits(&self) -> PartLimits {
        self.focused().part_limits()
    }

    fn create_multipart_upload(&self, path: &FtpPath) -> Result<MultipartUpload> {
        let place = self.admit(MountDeed::Write, Operation::CreateMultipartUpload, path)?;
        place.store.create_multipart_upload(&place.path).map(|upload| named(upload, path))
    }

    fn continue_multipart_upload(
        &self,
        path: &FtpPath,
        attributes: &Attributes,
    ) -> Result<MultipartUpload> {
        let place = self.admit(MountDeed::Write, Operation::CreateMultipartUpload, path)?;
        let begun = place.store.continue_multipart_upload(&place.path, attributes);
        begun.map(|upload| named(upload, path))
    }

    fn upload_part(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        body: &Body<'_>,
    ) -> Result<PartReceipt> {
        let (store, upload) = inner(self, upload);
        store.upload_part(&upload, part, body)
    }

    fn upload_part_copy(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        source: &CopySource,
    ) -> Result<PartReceipt> {
        let (store, upload) = inner(self, upload);
        store.upload_part_copy(&upload, part, source)
    }

    fn complete_multipart_upload(
        &self,
        upload: &MultipartUpload,
        parts: &[PartReceipt],
        expected: &Expected,
    ) -> Result<Stored> {
        let (store, upload) = inner(self, upload);
        store.complete_multipart_upload(&upload, parts, expected)
    }

    fn abort_multipart_upload(&self, upload: &MultipartUpload) -> Result<()> {
        let (store, upload) = inner(self, upload);
        store.abort_multipart_upload(&upload)
    }

    fn give_up_multipart_upload(
        &self,
        upload: &MultipartUpload,
        begun: OffsetDateTime,
    ) -> Result<()> {
        let (store, upload) = inner(self, upload);
        store.give_up_multipart_upload(&upload, begun)
    }

    fn find_parked_upload(
        &self,
        path: &FtpPath,
        freshness: Freshness,
    ) -> Result<Option<ParkedUpload>> {
        let place = self.route(path);
        if place.is_hidden || self.leads_to_mount(path) {
            return Ok(None);
        }
        let found = place.store.find_parked_upload(&place.path, freshness)?;
        Ok(found.map(|parked| ParkedUpload { upload: named(parked.upload, path), ..parked }))
    }

    fn offset_to_go_on(&self, parts: &[PartReceipt]) -> u64 {
        self.focused().offset_to_go_on(parts)
    }

    fn park_multipart_upload(&self, parked: &ParkedUpload) -> Option<MultipartUpload> {
        let (store, upload) = inner(self, &parked.upload);
        let parked_as = store.park_multipart_upload(&ParkedUpload { upload, ..parked.clone() });
        parked_as.map(|upload| named(upload, &parked.upload.path))
    }

    fn has_published_older(&self, path: &FtpPath, begun: OffsetDateTime) -> Result<bool> {
        let place = self.route(path);
        place.store.has_published_older(&place.path, begun)
    }

    fn own_parked_upload(&self, upload: &MultipartUpload) -> Result<OwnUploadState> {
        let (store, own) = inner(self, upload);
        Ok(match store.own_parked_upload(&own)? {
            OwnUploadState::Waits(parked, newer) => {
                OwnUploadState::Waits(ParkedUpload { upload: upload.clone(), ..parked }, newer)
            }
            state => state,
        })
    }

    fn drop_own_parked(&self, path: &FtpPath, is_kept: &dyn Fn(&str) -> bool) -> Result<usize> {
        let place = self.route(path);
        if place.is_hidden || self.leads_to_mount(path) {
            return Ok(0);
        }
        place.store.drop_own_parked(&place.path, is_kept)
    }

    fn own_parked_uploads(&self, directory: &FtpPath) -> Vec<Entry> {
        let place = self.route(directory);
        let mut parked = place.store.own_parked_uploads(&place.path);
        // What is called like a mount point cannot be gone on with.
        let mounted = self.mounted_in(directory);
        parked
            .retain(|entry| !mounted.contains(&entry.name) && !self.hides(directory, &entry.name));
        parked
    }

    fn own_parked_below(&self, directory: &FtpPath) -> Vec<FtpPath> {
        let place = self.route(directory);
        let found = place.store.own_parked_below(&place.path).into_iter();
        let outside = |path: FtpPath| Some(path.seen_from(&place.path)?.below(directory));
        found.filter_map(outside).filter(|path| self.route(path).number == place.number).collect()
    }

    fn take_left_upload(
        &self,
        path: &FtpPath,
        freshness: Freshness,
    ) -> Result<Option<OffsetDateTime>> {
        let place = self.route(path);
        place.store.take_left_upload(&place.path, freshness)
    }

    fn resume_multipart_upload(
        &self,
        upload: &MultipartUpload,
        begun: OffsetDateTime,
    ) -> Option<MultipartUpload> {
        let (store, own) = inner(self, upload);
        store.resume_multipart_upload(&own, begun).map(|resumed| named(resumed, &upload.path))
    }

    fn resume_own_parked(&self, upload: &MultipartUpload) -> Option<MultipartUpload> {
        let (store, own) = inner(self, upload);
        store.resume_own_parked(&own).map(|resumed| named(resumed, &upload.path))
    }

    /// Those of the base: whoever looks after stores looks after each by itself.
    fn silent_uploads(
        &self,
        silence: Duration,
        after: Option<&PageToken>,
        cancel: &Cancel,
    ) -> Result<SilentUploads> {
        self.base.silent_uploads(silence, after, cancel)
    }

    fn abort_silent_upload(&self, upload: &MultipartUpload, silence: Duration) -> Result<bool> {
        self.base.abort_silent_upload(upload, silence)
    }
}
