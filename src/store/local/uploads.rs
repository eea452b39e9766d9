//! Writing: whole files and parts, all in the staging directory until they are complete.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::fault::{LocalError, LocalResult};
use super::staging::Staging;
use super::{LocalStore, tree};
use crate::store::{
    Body, CopySource, ETag, ErrorKind, Expected, MultipartUpload, ParkedUpload, PartPlace,
    PartReceipt, Stored,
};
use crate::vfs::FtpPath;

impl LocalStore {
    pub(super) fn put(
        &self,
        path: &FtpPath,
        body: &Body<'_>,
        expected: &Expected,
    ) -> LocalResult<Stored> {
        self.tree.admits_file(path)?;
        let (name, file) = self.staging.create()?;
        let published =
            write_body(&file, 0, body).and_then(|()| self.publish(path, &name, &file, expected));
        if published.is_err() {
            // The first failure is the one to tell; a leftover is swept up at a later start.
            let _ = self.staging.discard(&name);
        }
        published
    }

    fn publish(
        &self,
        path: &FtpPath,
        name: &str,
        file: &File,
        expected: &Expected,
    ) -> LocalResult<Stored> {
        let slot = self.tree.making_parents(path)?;
        self.staging.publish(name, file, &slot, expected)?;
        // A whole file stands there now.
        if let Some(parked) = self.parked.take(&self.whole_path(path)) {
            self.staging.discard(&parked)?;
        }
        Ok(Stored { etag: tree::facts(file)?.etag, crc64: None, request_id: None })
    }

    pub(super) fn write_part(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        body: &Body<'_>,
    ) -> LocalResult<PartReceipt> {
        let file = self.staging.reopen(&upload.upload_id)?;
        write_body(&file, part.offset, body)?;
        // Durable part by part, or the client waits for the whole file's writing at its end.
        file.sync_data()?;
        Ok(receipt(part, body.len()))
    }

    pub(super) fn copy_part(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        source: &CopySource,
    ) -> LocalResult<PartReceipt> {
        let (mut from, stat) = self.open_version(&upload.path, source.etag.as_ref())?;
        if source.first > source.end || source.end > stat.metadata.size {
            return Err(ErrorKind::InvalidRange.into());
        }
        let mut to = self.staging.reopen(&upload.upload_id)?;
        from.seek(SeekFrom::Start(source.first))?;
        to.seek(SeekFrom::Start(part.offset))?;
        let size = source.end - source.first;
        // Between two files this is copy_file_range(2): the bytes stay in the kernel.
        if io::copy(&mut from.take(size), &mut to)? != size {
            return Err(ErrorKind::PreconditionFailed.into());
        }
        to.sync_data()?;
        Ok(receipt(part, size))
    }

    pub(super) fn complete(
        &self,
        upload: &MultipartUpload,
        parts: &[PartReceipt],
        expected: &Expected,
    ) -> LocalResult<Stored> {
        let file = self.staging.reopen(&upload.upload_id)?;
        // A part that was sent again may have been longer the first time.
        file.set_len(joined_size(parts)?)?;
        self.publish(&upload.path, &upload.upload_id, &file, expected)
    }

    /// Keeps what its parts hold up to the first gap, where the path finds it. The file's time says
    /// when the upload was begun.
    pub(super) fn park(&self, parked: &ParkedUpload) -> LocalResult<()> {
        let ParkedUpload { upload, parts, begun, .. } = parked;
        let size = parts.iter().map(|part| part.size).sum();
        let file = self.staging.reopen(&upload.upload_id)?;
        file.set_len(size)?;
        file.set_modified(SystemTime::from(*begun))?;
        file.sync_all()?;
        let path = self.whole_path(&upload.path);
        let name = parked_name(&path);
        self.staging.rename(&upload.upload_id, &name)?;
        self.parked.note(&path, &name, &in_front_of_the_last_byte(size), *begun);
        Ok(())
    }

    /// What is parked for `path`.
    pub(super) fn find_parked(&self, path: &FtpPath) -> LocalResult<Option<ParkedUpload>> {
        let upload_id = parked_name(&self.whole_path(path));
        let file = match self.staging.reopen(&upload_id) {
            Err(fault) if fault.kind == ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let metadata = file.metadata()?;
        let parts = in_front_of_the_last_byte(metadata.len());
        let upload = MultipartUpload { path: path.clone(), upload_id };
        Ok(Some(ParkedUpload { upload, parts, lost: 0, begun: metadata.modified()?.into() }))
    }

    /// In front of the last byte of `parts`.
    pub(super) fn offset_behind(parts: &[PartReceipt]) -> u64 {
        let size: u64 = parts.iter().map(|part| part.size).sum();
        size.saturating_sub(1)
    }

    /// Takes what is parked away from those who look for it.
    pub(super) fn resume(&self, upload: &MultipartUpload) -> LocalResult<MultipartUpload> {
        let upload_id = Staging::new_name();
        self.staging.rename(&upload.upload_id, &upload_id)?;
        self.parked.take(&self.whole_path(&upload.path));
        Ok(MultipartUpload { path: upload.path.clone(), upload_id })
    }
}

/// Parts of a file of `size` bytes with which its upload goes on in front of the last.
fn in_front_of_the_last_byte(size: u64) -> Vec<PartReceipt> {
    let Some(first) = size.checked_sub(1) else { return Vec::new() };
    vec![
        receipt(PartPlace { number: 1, offset: 0 }, first),
        receipt(PartPlace { number: 2, offset: first }, 1),
    ]
}

/// By what the parked upload of a path is found: any process that serves the directory makes the
/// same of it.
fn parked_name(path: &str) -> String {
    let digest = Sha256::digest(path);
    digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes the pieces from `offset` on, as long as somebody wants them.
fn write_body(file: &File, mut offset: u64, body: &Body<'_>) -> LocalResult<()> {
    for piece in body.pieces() {
        if body.cancel().is_raised() {
            return Err(ErrorKind::Cancelled.into());
        }
        file.write_all_at(piece, offset)?;
        offset += piece.len() as u64;
    }
    if body.cancel().is_raised() {
        return Err(ErrorKind::Cancelled.into());
    }
    Ok(())
}

/// The tag holds what Complete must check: a receipt knows its size, but not its offset.
fn receipt(part: PartPlace, size: u64) -> PartReceipt {
    let etag = ETag(format!("{}-{}-{size}", part.number, part.offset));
    PartReceipt { number: part.number, size, etag, crc64: None }
}

/// The size of the file that `parts` make, if each begins where the one before it ends.
fn joined_size(parts: &[PartReceipt]) -> LocalResult<u64> {
    let mut size = 0;
    let mut before = 0;
    for part in parts {
        let place = PartPlace { number: part.number, offset: size };
        if part.number <= before || *part != receipt(place, part.size) {
            let message = format!("part {} does not begin at byte {size}", part.number);
            return Err(LocalError::because(ErrorKind::Other, message));
        }
        size += part.size;
        before = part.number;
    }
    if parts.is_empty() {
        return Err(LocalError::because(ErrorKind::Other, "an upload without parts".to_owned()));
    }
    Ok(size)
}
