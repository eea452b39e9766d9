//! A directory of this machine as a store: what a fresh installation serves before it knows any
//! bucket.
//!
//! Files stand in it under their FTP names. Links and special files are as good as absent: never
//! followed, never listed, never overwritten. The directory and all below it must be one file
//! system, because a rename is what publishes a file.

mod aside;
mod fault;
mod free_name;
mod listing;
mod names;
mod owner;
mod reading;
mod staging;
mod tree;
mod uploads;

pub use self::owner::inherit_owner;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use time::OffsetDateTime;

use self::fault::LocalError;
use self::staging::Staging;
use self::tree::LocalTree;
use super::key_locks::KeyLocks;
use super::late_versions::LateVersions;
use super::own_parked::OwnParked;
use super::{
    Admission, Body, ByteRange, CopySource, ETag, ErrorKind, Expected, FileTree, Freshness,
    IsUseless, KeepReplaced, KeyLock, ListPage, ListRequest, Multipart, MultipartUpload, NextPage,
    Object, ObjectPlace, ObjectStore, Operation, OwnUploadState, ParkedUpload, PartLimits,
    PartPlace, PartReceipt, Result, Stat, Stored,
};
use crate::limits;
use crate::vfs::{Entry, FtpPath};

/// Longest name of one file or directory on every usual file system (`NAME_MAX`).
const NAME_BYTES: usize = 255;

/// Where the files are.
#[derive(Clone, Debug)]
pub struct LocalOptions {
    /// An existing directory. Files are visible in it under their FTP names.
    pub root: PathBuf,
}

/// The directory, held open.
pub struct LocalStore {
    root: PathBuf,
    tree: LocalTree,
    staging: Arc<Staging>,
    /// Sessions that add to a file, by its path from the directory on that was opened first.
    appends: Arc<KeyLocks>,
    /// Uploads that this process has parked, by the same.
    parked: Arc<OwnParked>,
    /// Held by whoever changes what is noted of one and its file: nobody sees the one without the
    /// other.
    parking: Arc<Mutex<()>>,
    /// Versions that were published long after their uploads had ended, by the same.
    late_versions: Arc<LateVersions>,
    /// Where `root` is in it, in the form `/a/b`.
    home: String,
}

impl LocalStore {
    /// Opens the directory, in which nothing is written before somebody stores a file: it may be
    /// one that can only be read. It is not created: a misspelt path must not become an empty
    /// account.
    ///
    /// # Errors
    /// Naming the directory, when it is missing, is none or cannot be read.
    pub fn open(options: &LocalOptions) -> io::Result<Self> {
        let tree = LocalTree::open(&options.root).map_err(|errno| named(&options.root, errno))?;
        let staging = Staging::new(tree.root()).map_err(|errno| named(&options.root, errno))?;
        Ok(Self {
            root: options.root.clone(),
            tree,
            staging: Arc::new(staging),
            appends: Arc::default(),
            parked: Arc::default(),
            parking: Arc::default(),
            late_versions: Arc::default(),
            home: String::new(),
        })
    }

    /// Makes what storing files takes, and removes what a crash left of it more than a day ago.
    ///
    /// # Errors
    /// Naming the directory that cannot be made or used.
    pub fn prepare(&self) -> io::Result<()> {
        let work = self.root.join(tree::WORK_DIRECTORY);
        self.staging.prepare().map_err(|errno| named(&work, errno))
    }

    /// Removes what storing files took, if it was made by this store and holds nothing.
    pub fn leave_no_trace(self) {
        if let Some(staging) = Arc::into_inner(self.staging) {
            staging.remove_if_made();
        }
    }

    /// A path from the directory on that was opened first.
    fn whole_path(&self, path: &FtpPath) -> String {
        format!("{}{path}", self.home)
    }

    /// The same of a directory, with a slash behind it.
    fn whole_directory(&self, directory: &FtpPath) -> String {
        let directory = self.whole_path(directory);
        let slash = if directory.ends_with('/') { "" } else { "/" };
        format!("{directory}{slash}")
    }
}

impl ObjectStore for LocalStore {
    fn describe(&self) -> String {
        format!("file://{}", self.root.display())
    }

    fn place_of(&self, path: &FtpPath) -> ObjectPlace {
        // The directory that was opened first, of which this may be a part.
        let whole = self.root.display().to_string();
        let root = whole.strip_suffix(&self.home).unwrap_or(&whole);
        let key = format!("{}/{}", self.home, path.key());
        ObjectPlace {
            bucket: format!("file://{root}"),
            key: key.trim_start_matches('/').to_owned(),
        }
    }

    fn below(&self, home: &str) -> Result<Arc<dyn ObjectStore>> {
        let tree = self.tree.below(home).map_err(|fault| fault.of(Operation::ListObjects, home))?;
        let home = home.trim_end_matches('/');
        Ok(Arc::new(Self {
            root: self.root.join(home),
            tree,
            staging: Arc::clone(&self.staging),
            appends: Arc::clone(&self.appends),
            parked: Arc::clone(&self.parked),
            parking: Arc::clone(&self.parking),
            late_versions: Arc::clone(&self.late_versions),
            home: format!("{}/{home}", self.home),
        }))
    }
}

impl FileTree for LocalStore {
    fn stat(&self, path: &FtpPath, _: Freshness) -> Result<Stat> {
        names::look_up(&self.tree, path)
            .map(|stat| self.late_versions.dated(&self.whole_path(path), stat))
            .map_err(|fault| fault.of(Operation::HeadObject, path.as_str()))
    }

    fn admits_file(&self, path: &FtpPath, _: Freshness) -> Result<Admission> {
        let is_too_long = path.components().any(|name| name.len() > NAME_BYTES);
        let fits = if is_too_long { Err(ErrorKind::BadName.into()) } else { Ok(()) };
        fits.and_then(|()| self.tree.admits_file(path))
            .map(|()| Admission::Granted)
            .map_err(|fault: LocalError| fault.of(Operation::PutObject, path.as_str()))
    }

    fn take_turn_to_append(&self, path: &FtpPath, patience: Duration) -> Option<KeyLock> {
        self.appends.take_within(&[&*self.whole_path(path)], &[], patience)
    }

    fn list(&self, request: &ListRequest<'_>, _: Option<NextPage<'_>>) -> Result<ListPage> {
        let after = request.after.map(|token| token.0.as_str());
        let page = self
            .tree
            .directory(request.directory)
            .and_then(|directory| listing::page(&directory, request.name_prefix, after));
        match page {
            // The directory was removed between two pages: that is where the listing ends.
            Err(fault) if after.is_some() && is_gone(fault.kind) => Ok(ListPage::default()),
            page => {
                page.map_err(|fault| fault.of(Operation::ListObjects, request.directory.as_str()))
            }
        }
    }

    fn get_object(
        &self,
        path: &FtpPath,
        range: ByteRange,
        if_match: Option<&ETag>,
    ) -> Result<Object> {
        reading::read(&self.tree, path, range, if_match)
            .map_err(|fault| fault.of(Operation::GetObject, path.as_str()))
    }

    fn put_object(&self, path: &FtpPath, body: &Body<'_>, expected: &Expected) -> Result<Stored> {
        self.put(path, body, expected)
            .map_err(|fault| fault.of(Operation::PutObject, path.as_str()))
    }

    fn delete_object(&self, path: &FtpPath) -> Result<()> {
        names::remove_file(&self.tree, path)
            .map_err(|fault| fault.of(Operation::DeleteObject, path.as_str()))
    }

    fn delete_version(
        &self,
        path: &FtpPath,
        seen: &Stat,
        is_useless: IsUseless<'_>,
    ) -> Result<bool> {
        names::remove_version(&self.tree, path, seen, is_useless)
            .map_err(|fault| fault.of(Operation::DeleteObject, path.as_str()))
    }

    fn create_directory(&self, path: &FtpPath) -> Result<()> {
        names::make_directory(&self.tree, path)
            .map_err(|fault| fault.of(Operation::PutObject, path.as_str()))
    }

    fn remove_directory(&self, path: &FtpPath) -> Result<()> {
        names::remove_empty_directory(&self.tree, path)
            .map_err(|fault| fault.of(Operation::DeleteObject, path.as_str()))
    }

    fn set_modified(&self, path: &FtpPath, modified: OffsetDateTime) -> Result<()> {
        names::date(&self.tree, path, modified)
            .map_err(|fault| fault.of(Operation::CopyObject, path.as_str()))
    }

    fn rename(&self, from: &FtpPath, to: &FtpPath) -> Result<()> {
        names::move_name(&self.tree, from, to, &Expected::Anything)
            .map_err(|fault| fault.of(Operation::CopyObject, from.as_str()))
    }

    fn rename_keeping(&self, from: &FtpPath, to: &FtpPath, keep: KeepReplaced<'_>) -> Result<()> {
        let failed = |fault: LocalError| fault.of(Operation::CopyObject, from.as_str());
        let replaced = names::replaced_by(&self.tree, from, to).map_err(failed)?;
        replaced.as_ref().map_or(Ok(()), keep)?;
        names::move_name(&self.tree, from, to, &Expected::Seen(replaced)).map_err(failed)
    }

    fn set_aside(&self, file: &FtpPath, aside: &FtpPath) -> Result<()> {
        aside::move_aside(&self.tree, file, aside)
            .map_err(|fault| fault.of(Operation::CopyObject, file.as_str()))
    }

    fn copy_aside(&self, file: &FtpPath, aside: &FtpPath) -> Result<()> {
        aside::link_aside(&self.tree, &self.staging, file, aside)
            .map_err(|fault| fault.of(Operation::CopyObject, file.as_str()))
    }

    fn rename_to_free(&self, from: &FtpPath, to: &FtpPath) -> Result<()> {
        names::move_to_free(&self.tree, from, to)
            .map_err(|fault| fault.of(Operation::CopyObject, from.as_str()))
    }
}

impl Multipart for LocalStore {
    /// A directory has no such limits: these are a bucket's, so that transfers behave alike.
    fn part_limits(&self) -> PartLimits {
        PartLimits {
            min_part: limits::COS_MIN_PART_BYTES,
            max_part: limits::MAX_PART_BYTES,
            max_parts: limits::PARTS_PER_UPLOAD,
        }
    }

    fn create_multipart_upload(&self, path: &FtpPath) -> Result<MultipartUpload> {
        self.tree
            .admits_file(path)
            .and_then(|()| Ok(self.staging.create()?))
            .map(|(upload_id, _)| MultipartUpload { path: path.clone(), upload_id })
            .map_err(|fault| fault.of(Operation::CreateMultipartUpload, path.as_str()))
    }

    fn upload_part(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        body: &Body<'_>,
    ) -> Result<PartReceipt> {
        self.write_part(upload, part, body)
            .map_err(|fault| fault.of(Operation::UploadPart, upload.path.as_str()))
    }

    fn upload_part_copy(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        source: &CopySource,
    ) -> Result<PartReceipt> {
        self.copy_part(upload, part, source)
            .map_err(|fault| fault.of(Operation::UploadPartCopy, upload.path.as_str()))
    }

    fn complete_multipart_upload(
        &self,
        upload: &MultipartUpload,
        parts: &[PartReceipt],
        expected: &Expected,
    ) -> Result<Stored> {
        self.complete(upload, parts, expected)
            .map_err(|fault| fault.of(Operation::CompleteMultipartUpload, upload.path.as_str()))
    }

    fn find_parked_upload(&self, path: &FtpPath, _: Freshness) -> Result<Option<ParkedUpload>> {
        self.find_parked(path).map_err(|fault| fault.of(Operation::ListParts, path.as_str()))
    }

    fn offset_to_go_on(&self, parts: &[PartReceipt]) -> u64 {
        Self::offset_behind(parts)
    }

    fn park_multipart_upload(&self, parked: &ParkedUpload) -> Option<MultipartUpload> {
        let MultipartUpload { path, upload_id } = &parked.upload;
        let failed = |fault: LocalError| {
            // Older ones of the name give way to nothing.
            self.parked.forget(&self.whole_path(path), upload_id);
            fault.of(Operation::ListParts, path.as_str())
        };
        self.park(parked)
            .map_err(failed)
            .inspect_err(|error| log::warn!("an interrupted upload cannot be parked: {error}"))
            .ok()
    }

    fn has_published_older(&self, path: &FtpPath, begun: OffsetDateTime) -> Result<bool> {
        let found = self.find_file(path)?;
        let is_older = |stat| self.late_versions.is_older(&self.whole_path(path), stat, begun);
        Ok(found.as_ref().is_some_and(is_older))
    }

    fn own_parked_upload(&self, upload: &MultipartUpload) -> Result<OwnUploadState> {
        self.own_state(upload).map_err(|fault| fault.of(Operation::ListParts, upload.path.as_str()))
    }

    fn drop_own_parked(&self, path: &FtpPath, is_kept: &dyn Fn(&str) -> bool) -> Result<usize> {
        self.drop_others(path, is_kept)
            .map_err(|fault| fault.of(Operation::AbortMultipartUpload, path.as_str()))
    }

    fn own_parked_uploads(&self, directory: &FtpPath) -> Vec<Entry> {
        self.parked.in_directory(&self.whole_directory(directory))
    }

    fn own_parked_below(&self, directory: &FtpPath) -> Vec<FtpPath> {
        let names = self.parked.below(&self.whole_directory(directory));
        names.iter().filter_map(|name| directory.join(name).ok()).collect()
    }

    fn resume_multipart_upload(
        &self,
        upload: &MultipartUpload,
        begun: OffsetDateTime,
    ) -> Option<MultipartUpload> {
        self.resume_found(upload, begun).ok()
    }

    fn resume_own_parked(&self, upload: &MultipartUpload) -> Option<MultipartUpload> {
        self.resume_own(upload).ok()
    }

    fn abort_multipart_upload(&self, upload: &MultipartUpload) -> Result<()> {
        let _parking = self.parking.lock();
        self.parked.forget(&self.whole_path(&upload.path), &upload.upload_id);
        self.staging
            .discard(&upload.upload_id)
            .map_err(|fault| fault.of(Operation::AbortMultipartUpload, upload.path.as_str()))
    }
}

/// What the system refused, and where.
fn named(path: &Path, errno: rustix::io::Errno) -> io::Error {
    let cause = io::Error::from(errno);
    io::Error::new(cause.kind(), format!("{}: {cause}", path.display()))
}

fn is_gone(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}
