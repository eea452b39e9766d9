//! A store in which what is deleted or replaced by a rename goes to a directory of its own, over any
//! other store: `/.trash/2026-11-28/a/b.csv` is what was `/a/b.csv` and was deleted on that day.
//!
//! Nothing in there is ever replaced: a name that is taken gets a number, and where a file stands
//! in the way of a directory, the day does. Emptying it is left to the bucket's lifecycle rules.

use std::sync::Arc;
use std::time::Duration;

use time::{OffsetDateTime, Time};

use super::{
    Admission, Attributes, Body, ByteRange, Cancel, CopySource, ETag, ErrorKind, Expected,
    FileTree, Freshness, KeepReplaced, KeyLock, ListPage, ListRequest, Multipart, MultipartUpload,
    NextPage, Object, ObjectStore, Operation, PageToken, ParkedUpload, PartLimits, PartPlace,
    PartReceipt, ReplyWait, Requester, Restoration, Result, SilentUploads, Stat, StoreError,
    Stored,
};
use crate::vfs::{Entry, FtpPath};

/// Directories of one day: another one is begun where a file has a name that a directory needs.
const DIRECTORIES_OF_A_DAY: u64 = 100;

/// Names that are tried in order before the time of the day makes one.
const NUMBERS_IN_ORDER: u64 = 3;

/// Numbers made of the time that are tried: others are as fast only by chance.
const NUMBERS_BY_TIME: u64 = 4;

/// Times that a rename looks anew at what it replaces.
const LOOKS: u32 = 3;

/// Where the trash of an account is, and whether its clients see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrashTerms {
    /// `trash_prefix`: the name of a directory in the account's root, without slashes.
    pub directory: String,
    /// `trash_visible`: whether clients may list and read it, rename what is in it back, and delete
    /// that for good.
    pub is_visible: bool,
}

/// A store with a trash.
#[derive(Clone)]
pub struct TrashStore {
    store: Arc<dyn ObjectStore>,
    /// Its path.
    trash: FtpPath,
    is_visible: bool,
}

impl TrashStore {
    /// `store`, with the trash that `terms` name. `None` if nothing can be called so.
    pub fn over(store: Arc<dyn ObjectStore>, terms: &TrashTerms) -> Option<Self> {
        let trash = FtpPath::root().child(&terms.directory)?;
        Some(Self { store, trash, is_visible: terms.is_visible })
    }

    fn same(&self, store: Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore> {
        Arc::new(Self { store, ..self.clone() })
    }

    fn is_trash(&self, path: &FtpPath) -> bool {
        path.is_within(&self.trash)
    }

    /// Whether `path` is in a trash that nobody sees.
    fn is_hidden(&self, path: &FtpPath) -> bool {
        !self.is_visible && self.is_trash(path)
    }

    /// What nobody sees is as missing.
    fn see(&self, operation: Operation, path: &FtpPath) -> Result<()> {
        match self.is_hidden(path) {
            true => Err(StoreError::new(ErrorKind::NotFound, operation, path.as_str())),
            false => Ok(()),
        }
    }

    /// The same, and nothing in the trash is stored, made or changed by a client.
    fn admit(&self, operation: Operation, path: &FtpPath) -> Result<()> {
        self.see(operation, path)?;
        match self.is_trash(path) {
            true => Err(StoreError::new(ErrorKind::BadName, operation, path.as_str())
                .with_source("nothing is stored or changed in the trash")),
            false => Ok(()),
        }
    }

    /// Has `put` put what was `path` under the first free name in the trash.
    fn put_away(&self, path: &FtpPath, put: impl Fn(&FtpPath) -> Result<()>) -> Result<()> {
        let now = self.store.now();
        for directory in self.directories_of(now) {
            let Some(place) = below(&directory, path) else { break };
            for number in numbers(now) {
                let place = if number == 1 { place.clone() } else { place.numbered(number) };
                match put(&place) {
                    Err(error) if error.kind == ErrorKind::AlreadyExists => {}
                    Err(error) if error.kind == ErrorKind::NotADirectory => break,
                    done => {
                        done?;
                        log::info!("trash from={path:?} to={place:?}");
                        return Ok(());
                    }
                }
            }
        }
        Err(StoreError::new(ErrorKind::Unavailable, Operation::CopyObject, path.as_str())
            .with_source("no free name was found in the trash"))
    }

    /// Keeps a directory that was removed, and held nothing: what was in it lies there already, or
    /// will be looked for there.
    fn keep_directory(&self, path: &FtpPath) -> Result<()> {
        for directory in self.directories_of(self.store.now()) {
            let Some(place) = below(&directory, path) else { break };
            match self.store.create_directory(&place) {
                Err(error) if error.kind == ErrorKind::AlreadyExists => {
                    if self.store.find_file(&place)?.is_none() {
                        return Ok(());
                    }
                }
                Err(error) if error.kind == ErrorKind::NotADirectory => {}
                made => return made,
            }
        }
        Ok(())
    }

    /// `/.trash/2026-11-28`, `/.trash/2026-11-28 (2)` and so on: the day is UTC's.
    fn directories_of(&self, now: OffsetDateTime) -> impl Iterator<Item = FtpPath> + use<> {
        let day = self.trash.child(&now.date().to_string());
        let first = day.clone().into_iter();
        let others = day
            .into_iter()
            .flat_map(|day| (2..=DIRECTORIES_OF_A_DAY).map(move |number| day.numbered(number)));
        first.chain(others)
    }
}

/// What `path` is below `directory`.
fn below(directory: &FtpPath, path: &FtpPath) -> Option<FtpPath> {
    directory.join(path.key()).ok()
}

/// The numbers that a name gets in turn where it is taken: a few in order, then those of the
/// moment, so that the ten thousandth of a name finds its own as fast as the fourth.
fn numbers(now: OffsetDateTime) -> impl Iterator<Item = u64> {
    let today = now.time() - Time::MIDNIGHT;
    let moment = u64::try_from(today.whole_microseconds()).unwrap_or_default();
    let by_time = (0..NUMBERS_BY_TIME).map(move |_| moment * 1000 + fastrand::u64(..1000));
    (1..=NUMBERS_IN_ORDER).chain(by_time)
}

impl ObjectStore for TrashStore {
    fn describe(&self) -> String {
        self.store.describe()
    }

    fn below(&self, home: &str) -> Result<Arc<dyn ObjectStore>> {
        Ok(self.same(self.store.below(home)?))
    }

    fn for_command(
        &self,
        wait: &ReplyWait,
        requester: Requester<'_>,
    ) -> Option<Arc<dyn ObjectStore>> {
        self.store.for_command(wait, requester).map(|store| self.same(store))
    }

    fn answers(&self, cancel: &Cancel) -> Result<()> {
        self.store.answers(cancel)
    }

    fn now(&self) -> OffsetDateTime {
        self.store.now()
    }

    fn connect_ahead(&self) {
        self.store.connect_ahead();
    }

    fn slowdowns(&self) -> u64 {
        self.store.slowdowns()
    }

    fn retains_objects(&self) -> bool {
        self.store.retains_objects()
    }

    fn look_for_retention(&self) -> Result<bool> {
        self.store.look_for_retention()
    }
}

impl FileTree for TrashStore {
    fn stat(&self, path: &FtpPath, freshness: Freshness) -> Result<Stat> {
        self.see(Operation::HeadObject, path)?;
        self.store.stat(path, freshness)
    }

    fn find_file(&self, path: &FtpPath) -> Result<Option<Stat>> {
        self.see(Operation::HeadObject, path)?;
        self.store.find_file(path)
    }

    fn find_file_to_continue(&self, path: &FtpPath) -> Result<Option<Stat>> {
        self.see(Operation::HeadObject, path)?;
        self.store.find_file_to_continue(path)
    }

    fn admits_file(&self, path: &FtpPath, freshness: Freshness) -> Result<Admission> {
        self.admit(Operation::PutObject, path)?;
        self.store.admits_file(path, freshness)
    }

    fn take_turn_to_append(&self, path: &FtpPath, patience: Duration) -> Option<KeyLock> {
        self.store.take_turn_to_append(path, patience)
    }

    fn list(&self, request: &ListRequest<'_>, tell: Option<NextPage<'_>>) -> Result<ListPage> {
        self.see(Operation::ListObjects, request.directory)?;
        let mut page = self.store.list(request, tell)?;
        if !self.is_visible && request.directory.is_root() {
            page.entries.retain(|entry| entry.name != self.trash.name());
        }
        Ok(page)
    }

    fn get_object(
        &self,
        path: &FtpPath,
        range: ByteRange,
        if_match: Option<&ETag>,
    ) -> Result<Object> {
        self.see(Operation::GetObject, path)?;
        self.store.get_object(path, range, if_match)
    }

    fn restore_archived(&self, path: &FtpPath) -> Result<Option<Restoration>> {
        self.see(Operation::RestoreObject, path)?;
        self.store.restore_archived(path)
    }

    fn put_object(&self, path: &FtpPath, body: &Body<'_>, expected: &Expected) -> Result<Stored> {
        self.admit(Operation::PutObject, path)?;
        self.store.put_object(path, body, expected)
    }

    /// What is in the trash already goes for good.
    fn delete_object(&self, path: &FtpPath) -> Result<()> {
        self.see(Operation::DeleteObject, path)?;
        match self.is_trash(path) {
            true => self.store.delete_object(path),
            false => self.put_away(path, |place| self.store.set_aside(path, place)),
        }
    }

    fn discard_file(&self, path: &FtpPath) -> Result<()> {
        self.see(Operation::DeleteObject, path)?;
        self.store.discard_file(path)
    }

    fn create_directory(&self, path: &FtpPath) -> Result<()> {
        self.admit(Operation::PutObject, path)?;
        self.store.create_directory(path)
    }

    fn remove_directory(&self, path: &FtpPath) -> Result<()> {
        self.see(Operation::DeleteObject, path)?;
        self.store.remove_directory(path)?;
        if !self.is_trash(path)
            && let Err(error) = self.keep_directory(path)
        {
            // Nothing is lost but the name of an empty directory.
            log::warn!("the removed directory {path:?} is not in the trash: {error}");
        }
        Ok(())
    }

    fn set_modified(&self, path: &FtpPath, modified: OffsetDateTime) -> Result<()> {
        self.admit(Operation::CopyObject, path)?;
        self.store.set_modified(path, modified)
    }

    fn rename(&self, from: &FtpPath, to: &FtpPath) -> Result<()> {
        self.see(Operation::CopyObject, from)?;
        self.admit(Operation::CopyObject, to)?;
        if *from == self.trash {
            let refused = StoreError::new(ErrorKind::BadName, Operation::CopyObject, from.as_str());
            return Err(refused.with_source("the trash stays where it is"));
        }
        if from == to {
            return self.store.rename(from, to);
        }
        let mut keep = |_: &Stat| {
            let kept = self.put_away(to, |place| self.store.copy_aside(to, place));
            kept.map_err(|error| match error.kind {
                // Somebody else was faster: there is nothing to keep any more.
                ErrorKind::NotFound => StoreError { kind: ErrorKind::PreconditionFailed, ..error },
                _ => error,
            })
        };
        for _ in 1..LOOKS {
            match self.store.rename_keeping(from, to, &mut keep) {
                Err(error) if error.kind == ErrorKind::PreconditionFailed => {}
                renamed => return renamed,
            }
        }
        self.store.rename_keeping(from, to, &mut keep)
    }

    fn rename_keeping(&self, from: &FtpPath, to: &FtpPath, keep: KeepReplaced<'_>) -> Result<()> {
        self.see(Operation::CopyObject, from)?;
        self.admit(Operation::CopyObject, to)?;
        self.store.rename_keeping(from, to, keep)
    }

    fn set_aside(&self, file: &FtpPath, aside: &FtpPath) -> Result<()> {
        self.see(Operation::CopyObject, file)?;
        self.admit(Operation::CopyObject, aside)?;
        self.store.set_aside(file, aside)
    }

    fn copy_aside(&self, file: &FtpPath, aside: &FtpPath) -> Result<()> {
        self.see(Operation::CopyObject, file)?;
        self.admit(Operation::CopyObject, aside)?;
        self.store.copy_aside(file, aside)
    }
}

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

    fn park_multipart_upload(&self, parked: &ParkedUpload) -> bool {
        self.store.park_multipart_upload(parked)
    }

    fn own_parked_uploads(&self, directory: &FtpPath) -> Vec<Entry> {
        match self.is_trash(directory) {
            true => Vec::new(),
            false => self.store.own_parked_uploads(directory),
        }
    }

    fn resume_multipart_upload(&self, upload: &MultipartUpload) -> Option<MultipartUpload> {
        self.store.resume_multipart_upload(upload)
    }

    fn silent_uploads(
        &self,
        silence: Duration,
        after: Option<&PageToken>,
        cancel: &Cancel,
    ) -> Result<SilentUploads> {
        self.store.silent_uploads(silence, after, cancel)
    }
}
