//! Uploads in parts.

use cos_ftp_server::store::{
    Body, CopySource, ErrorKind, Expected, Multipart, MultipartUpload, Operation, OwnUploadState,
    ParkedUpload, PartLimits, PartPlace, PartReceipt, Result, StoreError, Stored,
};
use cos_ftp_server::vfs::FtpPath;
use time::OffsetDateTime;

use super::objection::objection;
use super::{Event, ScriptedStore};

impl Multipart for ScriptedStore {
    fn part_limits(&self) -> PartLimits {
        self.0.limits
    }

    fn create_multipart_upload(&self, path: &FtpPath) -> Result<MultipartUpload> {
        let mut state = self.enter(Operation::CreateMultipartUpload, path.as_str())?;
        state.begun += 1;
        let upload_id = format!("upload-{}", state.begun);
        state.uploads.insert(upload_id.clone(), Vec::new());
        Ok(MultipartUpload { path: path.clone(), upload_id })
    }

    fn upload_part(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        body: &Body<'_>,
    ) -> Result<PartReceipt> {
        let (operation, path) = (Operation::UploadPart, upload.path.as_str());
        let mut state = self.enter(operation, path)?;
        if body.cancel().is_raised() {
            return Self::fails(operation, path, ErrorKind::Cancelled, "");
        }
        let added = state.add(&upload.upload_id, part, body.pieces().concat());
        added.ok_or_else(|| StoreError::new(ErrorKind::NotFound, operation, path))
    }

    fn upload_part_copy(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        source: &CopySource,
    ) -> Result<PartReceipt> {
        let (operation, path) = (Operation::UploadPartCopy, upload.path.as_str());
        let mut state = self.enter(operation, path)?;
        let file = state.files.get(path).filter(|file| source.etag == Some(file.etag()));
        let Some(file) = file else {
            return Self::fails(operation, path, ErrorKind::PreconditionFailed, "");
        };
        let bytes = file.bytes[source.first as usize..source.end as usize].to_vec();
        let added = state.add(&upload.upload_id, part, bytes);
        added.ok_or_else(|| StoreError::new(ErrorKind::NotFound, operation, path))
    }

    fn complete_multipart_upload(
        &self,
        upload: &MultipartUpload,
        receipts: &[PartReceipt],
        expected: &Expected,
    ) -> Result<Stored> {
        let (operation, path) = (Operation::CompleteMultipartUpload, upload.path.as_str());
        let mut state = self.enter(operation, path)?;
        if !state.admits(path, expected) {
            return Self::fails(operation, path, ErrorKind::PreconditionFailed, "");
        }
        let Some(mut parts) = state.uploads.get(&upload.upload_id).cloned() else {
            return Self::fails(operation, path, ErrorKind::NotFound, "NoSuchUpload");
        };
        parts.sort_by_key(|part| part.place.number);
        if let Some(why) = objection(self.0.limits, &parts, receipts) {
            return Self::fails(operation, path, ErrorKind::Other, &why);
        }
        state.uploads.remove(&upload.upload_id);
        state.parked.remove(&upload.upload_id);
        let pieces: Vec<&[u8]> = parts.iter().map(|part| &part.bytes[..]).collect();
        let bytes = pieces.concat();
        state.published = parts;
        let stored = state.publish(path, bytes.into(), OffsetDateTime::now_utc());
        match state.event(operation) {
            Some(Event::LoseAnswer) => Self::fails(operation, path, ErrorKind::Unavailable, ""),
            _ => Ok(stored),
        }
    }

    fn abort_multipart_upload(&self, upload: &MultipartUpload) -> Result<()> {
        let operation = Operation::AbortMultipartUpload;
        let mut state = self.enter(operation, upload.path.as_str())?;
        state.uploads.remove(&upload.upload_id);
        state.parked.remove(&upload.upload_id);
        Ok(())
    }

    fn park_multipart_upload(&self, parked: &ParkedUpload) -> Option<MultipartUpload> {
        let upload = parked.upload.clone();
        self.lock().parked.insert(upload.upload_id.clone(), Some(parked.clone()));
        Some(upload)
    }

    fn own_parked_upload(&self, upload: &MultipartUpload) -> Result<OwnUploadState> {
        self.parked_state(upload)
    }

    fn resume_own_parked(&self, upload: &MultipartUpload) -> Option<MultipartUpload> {
        self.lock().parked.get_mut(&upload.upload_id)?.take().map(|parked| parked.upload)
    }
}
