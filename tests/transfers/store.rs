//! A store in memory that does what a test tells it: waits at a gate, fails, panics, breaks off.
//! It takes nothing that the S3 API would refuse, and remembers what it was asked.

/// Uploads in parts to it.
mod multipart;
/// What the S3 API would refuse.
mod objection;
/// What is parked in it.
mod parked;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use cos_ftp_server::store::{
    Body, ByteRange, ETag, ErrorKind, Expected, FileTree, Freshness, ListPage, ListRequest,
    NextPage, Object, ObjectPlace, ObjectStore, Operation, PageToken, ParkedUpload, PartLimits,
    PartPlace, PartReceipt, Result, Stat, StoreError, Stored,
};
use cos_ftp_server::vfs::{Entry, FtpPath, Metadata};
use time::{Duration, OffsetDateTime};

use self::parked::Look;
use crate::transfers::answers::{AnswerBody, AnswerScript};
use crate::transfers::bench::PATIENCE;

/// The limits of S3 itself.
pub(crate) const S3_LIMITS: PartLimits =
    PartLimits { min_part: 5 << 20, max_part: 5 << 30, max_parts: 10_000 };

/// The store. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct ScriptedStore(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    bucket: &'static str,
    limits: PartLimits,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    files: HashMap<String, File>,
    uploads: BTreeMap<String, Vec<Part>>,
    begun: u64,
    /// What is parked, by its id; `None` while somebody goes on with it.
    parked: HashMap<String, Option<ParkedUpload>>,
    published: Vec<Part>,
    /// What has become of a parked upload at a look, counted from 1.
    looks: Vec<(usize, Look)>,
    calls: Vec<Operation>,
    script: Vec<(Operation, usize, Event)>,
    closed: Vec<Operation>,
    answers: AnswerScript,
    /// What a directory has.
    pages: usize,
    connected_ahead: usize,
}

#[derive(Clone, Debug)]
struct File {
    bytes: Arc<[u8]>,
    version: u64,
    modified: OffsetDateTime,
}

/// A part as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) place: PartPlace,
    pub(crate) bytes: Vec<u8>,
    receipt: PartReceipt,
}

/// What happens at a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    Fail(ErrorKind),
    /// It does not answer what it is asked first, which is this.
    FailBefore(Operation),
    /// CompleteMultipartUpload is carried out, and not answered.
    LoseAnswer,
    Panic,
}

impl ScriptedStore {
    pub(crate) fn new(limits: PartLimits) -> Self {
        Self::called("scripted", limits)
    }

    /// One whose bucket is called so.
    pub(crate) fn called(bucket: &'static str, limits: PartLimits) -> Self {
        let (state, changed) = (Mutex::default(), Condvar::new());
        Self(Arc::new(Shared { bucket, limits, state, changed }))
    }

    /// Puts a file there, as another client would have done an hour ago.
    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        self.lock().publish(path, bytes.into(), OffsetDateTime::now_utc() - Duration::HOUR);
    }

    /// Makes each directory so many pages long, an entry on each, called by its number from 0.
    pub(crate) fn hold_pages(&self, pages: usize) {
        self.lock().pages = pages;
    }

    /// How often it was told to get ready for one more request.
    pub(crate) fn connected_ahead(&self) -> usize {
        self.lock().connected_ahead
    }

    /// The bytes of a file.
    pub(crate) fn read(&self, path: &str) -> Option<Arc<[u8]>> {
        self.lock().files.get(path).map(|file| Arc::clone(&file.bytes))
    }

    /// Uploads in parts that are neither completed nor aborted.
    pub(crate) fn unfinished(&self) -> usize {
        self.lock().uploads.len()
    }

    /// The parts of the last upload that was completed.
    pub(crate) fn published(&self) -> Vec<Part> {
        self.lock().published.clone()
    }

    /// How often `operation` was called.
    pub(crate) fn calls(&self, operation: Operation) -> usize {
        self.lock().count(operation)
    }

    /// Waits until `operation` has been called `count` times.
    pub(crate) fn await_calls(&self, operation: Operation, count: usize) {
        let waited = self
            .0
            .changed
            .wait_timeout_while(self.lock(), PATIENCE, |state| state.count(operation) < count);
        let (_state, result) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!result.timed_out(), "{operation} was not called {count} times");
    }

    /// Lets `event` happen at the call number `nth` of `operation`, counted from 1.
    pub(crate) fn script(&self, operation: Operation, nth: usize, event: Event) {
        self.lock().script.push((operation, nth, event));
    }

    /// Lets every call of `operation` wait, for GetObject every read of a body, until it is opened.
    pub(crate) fn close(&self, operation: Operation) {
        self.lock().closed.push(operation);
    }

    /// Lets calls of `operation` through again.
    pub(crate) fn open(&self, operation: Operation) {
        self.lock().closed.retain(|closed| *closed != operation);
        self.0.changed.notify_all();
    }

    /// How GetObject answers from now on.
    pub(crate) fn answer(&self, answers: AnswerScript) {
        self.lock().answers = answers;
    }

    /// Waits at the gate of `operation`.
    pub(crate) fn wait_at_gate(&self, operation: Operation) {
        drop(self.pass(self.lock(), operation));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the call, lets happen what the script says, waits at the gate.
    fn enter(&self, operation: Operation, path: &str) -> Result<MutexGuard<'_, State>> {
        let mut state = self.lock();
        state.calls.push(operation);
        self.0.changed.notify_all();
        match state.event(operation) {
            Some(Event::Fail(kind)) => return Err(StoreError::new(kind, operation, path)),
            Some(Event::FailBefore(first)) => {
                return Self::fails(first, path, ErrorKind::Unavailable, "");
            }
            Some(Event::Panic) => {
                drop(state);
                panic!("as the script says");
            }
            None if operation == Operation::GetObject => {}
            None | Some(Event::LoseAnswer) => state = self.pass(state, operation),
        }
        Ok(state)
    }

    fn pass<'s>(
        &self,
        state: MutexGuard<'s, State>,
        operation: Operation,
    ) -> MutexGuard<'s, State> {
        let waited = self.0.changed.wait_while(state, |state| state.closed.contains(&operation));
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    fn fails<T>(operation: Operation, path: &str, kind: ErrorKind, why: &str) -> Result<T> {
        Err(StoreError::new(kind, operation, path).with_source(why))
    }
}

impl State {
    fn count(&self, operation: Operation) -> usize {
        self.calls.iter().filter(|call| **call == operation).count()
    }

    /// What the script says of the last call of `operation`.
    fn event(&self, operation: Operation) -> Option<Event> {
        let nth = self.count(operation);
        let event = self.script.iter().find(|(of, at, _)| (*of, *at) == (operation, nth));
        event.map(|(_, _, event)| *event)
    }

    fn publish(&mut self, path: &str, bytes: Arc<[u8]>, modified: OffsetDateTime) -> Stored {
        self.begun += 1;
        let file = File { bytes, version: self.begun, modified };
        let etag = Some(file.etag());
        self.files.insert(path.to_owned(), file);
        Stored { etag, crc64: None, request_id: None }
    }

    fn admits(&self, path: &str, expected: &Expected) -> bool {
        expected.admits(self.files.get(path).map(File::stat).as_ref())
    }

    fn add(&mut self, upload: &str, place: PartPlace, bytes: Vec<u8>) -> Option<PartReceipt> {
        let parts = self.uploads.get_mut(upload)?;
        let etag = ETag(format!("part-{}", place.number));
        let size = bytes.len() as u64;
        let receipt = PartReceipt { number: place.number, size, etag, crc64: None };
        parts.push(Part { place, bytes, receipt: receipt.clone() });
        Some(receipt)
    }
}

impl File {
    fn etag(&self) -> ETag {
        ETag(format!("version-{}", self.version))
    }

    fn stat(&self) -> Stat {
        let metadata = Metadata::file(self.bytes.len() as u64, Some(self.modified));
        Stat::new(metadata, Some(self.etag()))
    }
}

impl ObjectStore for ScriptedStore {
    fn describe(&self) -> String {
        self.0.bucket.to_owned()
    }

    fn place_of(&self, path: &FtpPath) -> ObjectPlace {
        ObjectPlace { bucket: self.describe(), key: path.key().to_owned() }
    }

    fn connect_ahead(&self) {
        self.lock().connected_ahead += 1;
    }
}

impl FileTree for ScriptedStore {
    fn stat(&self, path: &FtpPath, _: Freshness) -> Result<Stat> {
        let state = self.enter(Operation::HeadObject, path.as_str())?;
        let Some(file) = state.files.get(path.as_str()) else {
            return Self::fails(Operation::HeadObject, path.as_str(), ErrorKind::NotFound, "");
        };
        Ok(file.stat())
    }

    fn get_object(
        &self,
        path: &FtpPath,
        range: ByteRange,
        if_match: Option<&ETag>,
    ) -> Result<Object> {
        let operation = Operation::GetObject;
        let state = self.enter(operation, path.as_str())?;
        let Some(file) = state.files.get(path.as_str()) else {
            return Self::fails(operation, path.as_str(), ErrorKind::NotFound, "");
        };
        let if_match = if_match.filter(|_| !state.answers.ignores_if_match);
        if if_match.is_some_and(|etag| *etag != file.etag()) {
            return Self::fails(operation, path.as_str(), ErrorKind::PreconditionFailed, "");
        }
        let (size, answers) = (file.bytes.len() as u64, state.answers);
        let end = range.end.unwrap_or(size).min(size);
        if range.first > end {
            return Self::fails(operation, path.as_str(), ErrorKind::InvalidRange, "");
        }
        let bytes = Arc::clone(&file.bytes);
        let range = range.first as usize..end as usize;
        let body = AnswerBody::new(self.clone(), answers, bytes, range);
        let etag = Some(file.etag());
        let request_id = Some("read-1".to_owned());
        Ok(Object { size, etag, crc64: answers.crc64, request_id, body: Box::new(body) })
    }

    fn put_object(&self, path: &FtpPath, body: &Body<'_>, expected: &Expected) -> Result<Stored> {
        let mut state = self.enter(Operation::PutObject, path.as_str())?;
        if !state.admits(path.as_str(), expected) {
            return Self::fails(
                Operation::PutObject,
                path.as_str(),
                ErrorKind::PreconditionFailed,
                "",
            );
        }
        if body.cancel().is_raised() {
            return Self::fails(Operation::PutObject, path.as_str(), ErrorKind::Cancelled, "");
        }
        Ok(state.publish(path.as_str(), body.pieces().concat().into(), OffsetDateTime::now_utc()))
    }

    fn list(&self, request: &ListRequest<'_>, _: Option<NextPage<'_>>) -> Result<ListPage> {
        let state = self.enter(Operation::ListObjects, request.directory.as_str())?;
        let page: usize = request.after.map_or(0, |token| token.0.parse().expect("our token"));
        let entry = Entry { name: page.to_string(), metadata: Metadata::file(1, None) };
        let next = Some(page + 1).filter(|next| *next < state.pages);
        let next = next.map(|next| PageToken(next.to_string()));
        Ok(ListPage { entries: vec![entry], next, unnameable: 0 })
    }

    fn delete_object(&self, path: &FtpPath) -> Result<()> {
        Self::fails(Operation::DeleteObject, path.as_str(), ErrorKind::Unsupported, "")
    }

    fn create_directory(&self, path: &FtpPath) -> Result<()> {
        Self::fails(Operation::PutObject, path.as_str(), ErrorKind::Unsupported, "")
    }

    fn remove_directory(&self, path: &FtpPath) -> Result<()> {
        Self::fails(Operation::DeleteObject, path.as_str(), ErrorKind::Unsupported, "")
    }

    fn rename(&self, from: &FtpPath, _: &FtpPath) -> Result<()> {
        Self::fails(Operation::CopyObject, from.as_str(), ErrorKind::Unsupported, "")
    }
}
