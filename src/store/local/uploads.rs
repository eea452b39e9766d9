//! Writing: whole files and parts, all in the staging directory until they are complete.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::fault::{LocalError, LocalResult};
use super::staging::Staging;
use super::{LocalStore, reading, tree};
use crate::store::own_parked::ParkedNote;
use crate::store::{
    Body, CopySource, ETag, ErrorKind, Expected, MultipartUpload, Operation, OwnUploadState,
    ParkedUpload, PartPlace, PartReceipt, Stat, Stored,
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
        let (slot, key) = (self.tree.making_parents(path)?, self.whole_path(path));
        // What this process has published after its time may have come to stand there since the
        // client of a newer one was told what it goes on with.
        let begun = match expected {
            Expected::Seen(_) => self.parked.taken_since(&key, name),
            Expected::SeenAt(_, begun) => Some(*begun),
            Expected::Anything | Expected::Nothing | Expected::NothingSince(_) => None,
        };
        let admits = |there: Option<Stat>| {
            let late = there.as_ref().zip(begun);
            late.is_some_and(|(stat, begun)| self.late_versions.is_older(&key, stat, begun))
                || expected.admits(there.map(|stat| self.late_versions.dated(&key, stat)).as_ref())
        };
        self.staging.publish(name, file, &slot, expected, admits)?;
        let etag = tree::facts(file)?.etag;
        // What began after an upload that is published late is newer than that.
        let until = expected.moment();
        if let (Some(begun), Some(etag)) = (until, &etag) {
            self.late_versions.note(&key, etag.clone(), begun, OffsetDateTime::now_utc());
        }
        // A whole file stands there now.
        let _parking = self.parking.lock();
        self.parked.forget(&key, name);
        for parked in self.parked.take(&key, until, usize::MAX) {
            match self.staging.discard(&parked) {
                Ok(()) => {
                    log::info!("dropped what was parked of {path}: its file was stored since");
                }
                Err(fault) => {
                    let error = fault.of(Operation::AbortMultipartUpload, path.as_str());
                    log::warn!("what had been parked of {path} stays behind: {error}");
                }
            }
        }
        Ok(Stored { etag, crc64: None, request_id: None })
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
        let (mut from, stat) =
            reading::open_version(&self.tree, &upload.path, source.etag.as_ref())?;
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
    pub(super) fn park(&self, parked: &ParkedUpload) -> LocalResult<MultipartUpload> {
        let ParkedUpload { upload, parts, begun, .. } = parked;
        let size = parts.iter().map(|part| part.size).sum();
        let file = self.staging.reopen(&upload.upload_id)?;
        file.set_len(size)?;
        file.set_modified(SystemTime::from(*begun))?;
        file.sync_all()?;
        let path = self.whole_path(&upload.path);
        let _parking = self.parking.lock();
        // Whoever waits for its end knows it by the name that it had before.
        let earlier = self.parked.parked_as(&path, &upload.upload_id);
        let new_name = || format!("{}{:016x}", parked_names(&path), fastrand::u64(..));
        let upload_id = earlier.unwrap_or_else(new_name);
        self.staging.rename(&upload.upload_id, &upload_id)?;
        self.parked.note(&path, &upload_id, &in_front_of_the_last_byte(size), *begun);
        Ok(MultipartUpload { path: upload.path.clone(), upload_id })
    }

    /// What is parked for `path`: of several what was begun last.
    pub(super) fn find_parked(&self, path: &FtpPath) -> LocalResult<Option<ParkedUpload>> {
        let (key, mut found) = (self.whole_path(path), None::<ParkedUpload>);
        for upload_id in self.staging.names(&parked_names(&key))? {
            let upload = MultipartUpload { path: path.clone(), upload_id };
            if self.parked.is_shelved(&key, &upload.upload_id) {
                continue;
            }
            if let Some(parked) = self.parked(&upload)?
                && found.as_ref().is_none_or(|found| parked.begun > found.begun)
            {
                found = Some(parked);
            }
        }
        // None is offered in the place of a newer one that somebody goes on with.
        Ok(found.filter(|found| !self.parked.has_newer_taken(&key, found.begun)))
    }

    /// What is parked as this; `None` where nothing is.
    fn parked(&self, upload: &MultipartUpload) -> LocalResult<Option<ParkedUpload>> {
        let file = match self.staging.reopen(&upload.upload_id) {
            Err(fault) if fault.kind == ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let metadata = file.metadata()?;
        let parts = in_front_of_the_last_byte(metadata.len());
        let begun = metadata.modified()?.into();
        Ok(Some(ParkedUpload { upload: upload.clone(), parts, lost: 0, begun }))
    }

    /// What became of an upload that this process had parked.
    pub(super) fn own_state(&self, upload: &MultipartUpload) -> LocalResult<OwnUploadState> {
        let (key, id) = (self.whole_path(&upload.path), &*upload.upload_id);
        let _parking = self.parking.lock();
        let begun = match self.parked.state(&key, id) {
            ParkedNote::Taken => return Ok(OwnUploadState::Taken),
            ParkedNote::GivesWay => return Ok(OwnUploadState::GivesWay),
            ParkedNote::Dropped => return Ok(OwnUploadState::Dropped),
            ParkedNote::Waits(begun) => Some(begun),
            ParkedNote::Unknown => None,
        };
        let Some(parked) = self.parked(upload)? else {
            self.parked.forget(&key, id);
            return Ok(OwnUploadState::Gone);
        };
        if begun.is_none() {
            self.parked.note(&key, id, &parked.parts, parked.begun);
        }
        // The time of the file may be coarser.
        let parked = ParkedUpload { begun: begun.unwrap_or(parked.begun), ..parked };
        Ok(match self.parked.newer_than(&key, id, parked.begun) {
            Some(newer) => OwnUploadState::Waits(parked, newer),
            None => OwnUploadState::GivesWay,
        })
    }

    /// Drops what this process has parked for `path`, but what is to be kept. Tells how many.
    pub(super) fn drop_others(
        &self,
        path: &FtpPath,
        is_kept: &dyn Fn(&str) -> bool,
    ) -> LocalResult<usize> {
        let _parking = self.parking.lock();
        let dropped = self.parked.shelve(&self.whole_path(path), is_kept);
        // All of them are tried.
        let discarded: Vec<_> = dropped.iter().map(|id| self.staging.discard(id)).collect();
        discarded.into_iter().collect::<LocalResult<Vec<()>>>().map(|all| all.len())
    }

    /// In front of the last byte of `parts`.
    pub(super) fn offset_behind(parts: &[PartReceipt]) -> u64 {
        let size: u64 = parts.iter().map(|part| part.size).sum();
        size.saturating_sub(1)
    }

    /// Takes what is parked, and was found to have `begun` then, away from those who look for it.
    pub(super) fn resume_found(
        &self,
        upload: &MultipartUpload,
        begun: OffsetDateTime,
    ) -> LocalResult<MultipartUpload> {
        let (key, upload_id) = (self.whole_path(&upload.path), Staging::new_name());
        let _parking = self.parking.lock();
        let is_own = self.parked.resume_found(&key, &upload.upload_id, &upload_id, begun);
        // Of a file that is not there any more nothing can be renamed.
        self.staging.rename(&upload.upload_id, &upload_id).inspect_err(|_| match is_own {
            true => self.parked.release(&upload_id),
            false => self.parked.forget(&key, &upload_id),
        })?;
        Ok(MultipartUpload { path: upload.path.clone(), upload_id })
    }

    /// The same of what this process has parked.
    pub(super) fn resume_own(&self, upload: &MultipartUpload) -> LocalResult<MultipartUpload> {
        let (key, upload_id) = (self.whole_path(&upload.path), Staging::new_name());
        let _parking = self.parking.lock();
        if !self.parked.resume(&key, &upload.upload_id, &upload_id) {
            return Err(ErrorKind::NotFound.into());
        }
        let renamed = self.staging.rename(&upload.upload_id, &upload_id);
        renamed.inspect_err(|_| self.parked.release(&upload_id))?;
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

/// How the names of what is parked for a path begin, by which any process that serves the directory
/// finds it.
fn parked_names(path: &str) -> String {
    let digest = Sha256::digest(path);
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::local::LocalOptions;

    #[test]
    fn the_directory_tells_of_what_is_remembered_no_more() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().to_owned();
        let store = LocalStore::open(&LocalOptions { root }).unwrap();
        let (upload_id, file) = store.staging.create().unwrap();
        file.set_len(4).unwrap();
        let path = FtpPath::root().child("file").unwrap();
        let (upload, begun) = (MultipartUpload { path, upload_id }, OffsetDateTime::now_utc());
        let parts = in_front_of_the_last_byte(4);
        let parked = store.park(&ParkedUpload { upload, parts, lost: 0, begun }).unwrap();
        let note = || store.parked.state("/file", &parked.upload_id);
        for number in 0.. {
            if note() == ParkedNote::Unknown {
                break;
            }
            store.parked.note(&number.to_string(), "another", &[], begun);
        }
        match store.own_state(&parked).unwrap() {
            OwnUploadState::Waits(found, _) => {
                assert_eq!((&found.upload, found.begun, found.bytes()), (&parked, begun, 4));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(note(), ParkedNote::Waits(begun));
    }
}
