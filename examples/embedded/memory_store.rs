//! The store: what the server asks of it, answered from memory.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cos_ftp_server::store::{
    Admission, Body, ByteRange, CopySource, ETag, ErrorKind, Expected, FileTree, Freshness,
    KeepReplaced, KeyLock, KeyLocks, ListPage, ListRequest, Multipart, MultipartUpload, NextPage,
    Object, ObjectPlace, ObjectStore, Operation, PageToken, PartLimits, PartPlace, PartReceipt,
    Result, Stat, Stored,
};
use cos_ftp_server::vfs::{Entry, FtpPath, Metadata};
use time::OffsetDateTime;

use super::contents::{Contents, MOST_BYTES, Node, error};

/// How long a name between two slashes may be.
const NAME_BYTES: usize = 255;

/// What a page of a listing may hold.
const PAGE: usize = 1000;

/// Files in memory.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    contents: Mutex<Contents>,
    /// Who adds to which file at present.
    appends: KeyLocks,
}

impl MemoryStore {
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FileTree for MemoryStore {
    fn stat(&self, path: &FtpPath, _: Freshness) -> Result<Stat> {
        if path.is_root() {
            return Ok(Stat::new(Metadata::directory(None), None));
        }
        self.contents().find(path, Operation::HeadObject).map(|node| node.stat.clone())
    }

    fn admits_file(&self, path: &FtpPath, _: Freshness) -> Result<Admission> {
        let contents = self.contents();
        let refused = |kind| Err(error(kind, Operation::PutObject, path));
        if path.components().any(|name| name.len() > NAME_BYTES) {
            return refused(ErrorKind::BadName);
        }
        if contents.is_directory(path) {
            return refused(ErrorKind::IsADirectory);
        }
        let mut above = path.parent();
        while !contents.is_directory(&above) {
            if contents.nodes.contains_key(&above) {
                return refused(ErrorKind::NotADirectory);
            }
            above = above.parent();
        }
        Ok(Admission::Granted)
    }

    fn take_turn_to_append(&self, path: &FtpPath, patience: Duration) -> Option<KeyLock> {
        self.appends.take_within(&[path.as_str()], &[], patience)
    }

    fn list(&self, request: &ListRequest<'_>, _: Option<NextPage<'_>>) -> Result<ListPage> {
        let contents = self.contents();
        let ListRequest { directory, name_prefix, after, .. } = *request;
        if !contents.is_directory(directory) {
            contents.find(directory, Operation::ListObjects)?;
            return Err(error(ErrorKind::NotADirectory, Operation::ListObjects, directory));
        }
        let is_asked_for = |path: &FtpPath| {
            path.parent() == *directory
                && path.name().starts_with(name_prefix)
                && after.is_none_or(|after| path.name() > after.0.as_str())
        };
        let found = contents.below(directory).filter(|(path, _)| is_asked_for(path));
        let entry = |(path, node): (&FtpPath, &Node)| Entry {
            name: path.name().to_owned(),
            metadata: node.stat.metadata.clone(),
        };
        let mut entries: Vec<_> = found.map(entry).take(PAGE + 1).collect();
        let has_more = entries.len() > PAGE;
        entries.truncate(PAGE);
        let last = entries.last().filter(|_| has_more);
        let next = last.map(|entry| PageToken(entry.name.clone()));
        Ok(ListPage { entries, next, unnameable: 0 })
    }

    fn get_object(
        &self,
        path: &FtpPath,
        range: ByteRange,
        if_match: Option<&ETag>,
    ) -> Result<Object> {
        let contents = self.contents();
        let refused = |kind| Err(error(kind, Operation::GetObject, path));
        if contents.is_directory(path) {
            return refused(ErrorKind::NotFound);
        }
        let Node { stat, content } = contents.find(path, Operation::GetObject)?.clone();
        if if_match.is_some_and(|expected| Some(expected) != stat.etag.as_ref()) {
            return refused(ErrorKind::PreconditionFailed);
        }
        let size = content.len() as u64;
        if range.first > size {
            return refused(ErrorKind::InvalidRange);
        }
        let end = range.end.unwrap_or(size).min(size);
        let bytes = content[range.first as usize..end as usize].to_vec();
        let body = Box::new(Cursor::new(bytes));
        Ok(Object { size, etag: stat.etag, crc64: None, request_id: None, body })
    }

    fn put_object(&self, path: &FtpPath, body: &Body<'_>, expected: &Expected) -> Result<Stored> {
        let content = bytes_of(body, Operation::PutObject, path)?;
        self.contents().put(path, content, expected, Operation::PutObject)
    }

    fn delete_object(&self, path: &FtpPath) -> Result<()> {
        let mut contents = self.contents();
        if contents.is_directory(path) {
            return Err(error(ErrorKind::IsADirectory, Operation::DeleteObject, path));
        }
        contents.find(path, Operation::DeleteObject)?;
        contents.nodes.remove(path);
        Ok(())
    }

    fn create_directory(&self, path: &FtpPath) -> Result<()> {
        let mut contents = self.contents();
        if path.is_root() || contents.nodes.contains_key(path) {
            return Err(error(ErrorKind::AlreadyExists, Operation::PutObject, path));
        }
        contents.make_parents(path, Operation::PutObject)?;
        contents.insert_directory(path);
        Ok(())
    }

    fn remove_directory(&self, path: &FtpPath) -> Result<()> {
        let mut contents = self.contents();
        let refused = |kind| Err(error(kind, Operation::DeleteObject, path));
        if !contents.is_directory(path) {
            contents.find(path, Operation::DeleteObject)?;
            return refused(ErrorKind::NotADirectory);
        }
        if path.is_root() || contents.below(path).next().is_some() {
            return refused(ErrorKind::DirectoryNotEmpty);
        }
        contents.nodes.remove(path);
        Ok(())
    }

    fn set_modified(&self, path: &FtpPath, modified: OffsetDateTime) -> Result<()> {
        let mut contents = self.contents();
        if contents.is_directory(path) {
            return Err(error(ErrorKind::IsADirectory, Operation::CopyObject, path));
        }
        let node = contents.nodes.get_mut(path);
        let node = node.ok_or_else(|| error(ErrorKind::NotFound, Operation::CopyObject, path))?;
        node.stat.metadata.modified = Some(modified);
        Ok(())
    }

    fn rename(&self, from: &FtpPath, to: &FtpPath) -> Result<()> {
        self.contents().rename(from, to)
    }

    fn rename_keeping(&self, from: &FtpPath, to: &FtpPath, keep: KeepReplaced<'_>) -> Result<()> {
        let there = self.find_file(to)?;
        there.as_ref().map_or(Ok(()), keep)?;
        let mut contents = self.contents();
        let found = contents.nodes.get(to).map(|node| &node.stat);
        let file = found.filter(|stat| !stat.metadata.is_directory());
        if !Expected::Seen(there).admits(file) {
            return Err(error(ErrorKind::PreconditionFailed, Operation::CopyObject, to));
        }
        contents.rename(from, to)
    }

    fn set_aside(&self, file: &FtpPath, aside: &FtpPath) -> Result<()> {
        let mut contents = self.contents();
        contents.copy_aside(file, aside)?;
        contents.nodes.remove(file);
        Ok(())
    }

    fn copy_aside(&self, file: &FtpPath, aside: &FtpPath) -> Result<()> {
        self.contents().copy_aside(file, aside)
    }
}

impl Multipart for MemoryStore {
    fn part_limits(&self) -> PartLimits {
        PartLimits { min_part: 1 << 20, max_part: MOST_BYTES as u64, max_parts: 10_000 }
    }

    fn create_multipart_upload(&self, path: &FtpPath) -> Result<MultipartUpload> {
        let mut contents = self.contents();
        let upload_id = contents.next();
        contents.uploads.insert(upload_id.clone(), BTreeMap::new());
        Ok(MultipartUpload { path: path.clone(), upload_id })
    }

    fn upload_part(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        body: &Body<'_>,
    ) -> Result<PartReceipt> {
        let bytes = bytes_of(body, Operation::UploadPart, &upload.path)?;
        self.contents().put_part(upload, part.number, bytes, Operation::UploadPart)
    }

    fn upload_part_copy(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        source: &CopySource,
    ) -> Result<PartReceipt> {
        const COPY: Operation = Operation::UploadPartCopy;
        let mut contents = self.contents();
        let Node { stat, content } = contents.find(&upload.path, COPY)?;
        if source.etag.is_some() && source.etag != stat.etag {
            return Err(error(ErrorKind::PreconditionFailed, COPY, &upload.path));
        }
        let range = content.get(source.first as usize..source.end as usize);
        let range = range.ok_or_else(|| error(ErrorKind::InvalidRange, COPY, &upload.path))?;
        let bytes = range.to_vec();
        contents.put_part(upload, part.number, bytes, COPY)
    }

    fn complete_multipart_upload(
        &self,
        upload: &MultipartUpload,
        parts: &[PartReceipt],
        expected: &Expected,
    ) -> Result<Stored> {
        const COMPLETE: Operation = Operation::CompleteMultipartUpload;
        let mut contents = self.contents();
        let missing = || error(ErrorKind::NotFound, COMPLETE, &upload.path);
        let kept = contents.uploads.get(&upload.upload_id).ok_or_else(missing)?;
        let mut content = Vec::new();
        for part in parts {
            content.extend_from_slice(kept.get(&part.number).ok_or_else(missing)?);
        }
        // They make room for what they become.
        let kept = contents.uploads.remove(&upload.upload_id);
        let stored = contents.put(&upload.path, content, expected, COMPLETE);
        if let (Err(_), Some(kept)) = (&stored, kept) {
            contents.uploads.insert(upload.upload_id.clone(), kept);
        }
        stored
    }

    fn abort_multipart_upload(&self, upload: &MultipartUpload) -> Result<()> {
        self.contents().uploads.remove(&upload.upload_id);
        Ok(())
    }
}

impl ObjectStore for MemoryStore {
    fn describe(&self) -> String {
        "memory".to_owned()
    }

    fn place_of(&self, path: &FtpPath) -> ObjectPlace {
        ObjectPlace { bucket: self.describe(), key: path.key().to_owned() }
    }
}

fn bytes_of(body: &Body<'_>, operation: Operation, path: &FtpPath) -> Result<Vec<u8>> {
    if body.cancel().is_raised() {
        return Err(error(ErrorKind::Cancelled, operation, path));
    }
    Ok(body.pieces().concat())
}
