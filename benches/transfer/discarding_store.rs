//! A store that takes uploads and throws them away, so that only the way to it is measured.

use cos_ftp_server::limits;
use cos_ftp_server::store::{
    Body, ByteRange, CopySource, ETag, ErrorKind, Expected, FileTree, Freshness, ListPage,
    ListRequest, Multipart, MultipartUpload, NextPage, Object, ObjectPlace, ObjectStore, Operation,
    ParkedUpload, PartLimits, PartPlace, PartReceipt, Result, Stat, StoreError, Stored,
};
use cos_ftp_server::vfs::FtpPath;
use parking_lot::Mutex;
use time::OffsetDateTime;

/// Every upload ends here. An upload asks a store for nothing else than what is answered.
#[derive(Default)]
pub(crate) struct DiscardingStore {
    /// Where the parts came to stand, and their sizes, as they came.
    parts: Mutex<Vec<(PartPlace, u64)>>,
    parked: Mutex<Option<ParkedUpload>>,
    completed: Mutex<Vec<PartReceipt>>,
}

impl DiscardingStore {
    /// The places and sizes of all parts that came, in that order.
    pub(crate) fn parts(&self) -> Vec<(PartPlace, u64)> {
        self.parts.lock().clone()
    }

    /// What the last object was put together from.
    pub(crate) fn completed(&self) -> Vec<PartReceipt> {
        self.completed.lock().clone()
    }

    fn stored() -> Stored {
        Stored { etag: Some(ETag("\"opaque\"".to_owned())), crc64: None, request_id: None }
    }
}

impl ObjectStore for DiscardingStore {
    fn describe(&self) -> String {
        "discarding".to_owned()
    }

    fn place_of(&self, path: &FtpPath) -> ObjectPlace {
        ObjectPlace { bucket: self.describe(), key: path.key().to_owned() }
    }
}

impl FileTree for DiscardingStore {
    fn put_object(&self, _: &FtpPath, _: &Body<'_>, _: &Expected) -> Result<Stored> {
        Ok(Self::stored())
    }

    fn stat(&self, path: &FtpPath, _: Freshness) -> Result<Stat> {
        Err(StoreError::new(ErrorKind::NotFound, Operation::HeadObject, path.as_str()))
    }

    fn list(&self, _: &ListRequest<'_>, _: Option<NextPage<'_>>) -> Result<ListPage> {
        unreachable!("not part of an upload")
    }

    fn get_object(&self, _: &FtpPath, _: ByteRange, _: Option<&ETag>) -> Result<Object> {
        unreachable!("not part of an upload")
    }

    fn delete_object(&self, _: &FtpPath) -> Result<()> {
        unreachable!("not part of an upload")
    }

    fn create_directory(&self, _: &FtpPath) -> Result<()> {
        unreachable!("not part of an upload")
    }

    fn remove_directory(&self, _: &FtpPath) -> Result<()> {
        unreachable!("not part of an upload")
    }

    fn rename(&self, _: &FtpPath, _: &FtpPath) -> Result<()> {
        unreachable!("not part of an upload")
    }
}

impl Multipart for DiscardingStore {
    fn part_limits(&self) -> PartLimits {
        PartLimits {
            min_part: limits::S3_MIN_PART_BYTES,
            max_part: limits::MAX_PART_BYTES,
            max_parts: limits::PARTS_PER_UPLOAD,
        }
    }

    fn create_multipart_upload(&self, path: &FtpPath) -> Result<MultipartUpload> {
        Ok(MultipartUpload { path: path.clone(), upload_id: "one".to_owned() })
    }

    fn upload_part(
        &self,
        _: &MultipartUpload,
        part: PartPlace,
        body: &Body<'_>,
    ) -> Result<PartReceipt> {
        let etag = ETag("\"opaque\"".to_owned());
        self.parts.lock().push((part, body.len()));
        Ok(PartReceipt { number: part.number, size: body.len(), etag, crc64: None })
    }

    fn complete_multipart_upload(
        &self,
        _: &MultipartUpload,
        parts: &[PartReceipt],
        _: &Expected,
    ) -> Result<Stored> {
        *self.completed.lock() = parts.to_vec();
        Ok(Self::stored())
    }

    fn abort_multipart_upload(&self, _: &MultipartUpload) -> Result<()> {
        Ok(())
    }

    fn find_parked_upload(&self, _: &FtpPath, _: Freshness) -> Result<Option<ParkedUpload>> {
        Ok(self.parked.lock().clone())
    }

    fn park_multipart_upload(&self, parked: &ParkedUpload) -> Option<MultipartUpload> {
        *self.parked.lock() = Some(parked.clone());
        Some(parked.upload.clone())
    }

    fn resume_multipart_upload(
        &self,
        _: &MultipartUpload,
        _: OffsetDateTime,
    ) -> Option<MultipartUpload> {
        self.parked.lock().take().map(|parked| parked.upload)
    }

    fn upload_part_copy(
        &self,
        _: &MultipartUpload,
        _: PartPlace,
        _: &CopySource,
    ) -> Result<PartReceipt> {
        unreachable!("not part of an upload of a new file")
    }
}
