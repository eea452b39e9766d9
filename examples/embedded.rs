//! A server inside another program, over a store of that program's own: files that are kept in
//! memory. `cargo run --example embedded`, then
//! `curl -u demo:demo -T LICENSE ftp://127.0.0.1:2121/`.
//!
//! A store is what implements `FileTree`, `Multipart` and `ObjectStore`; their documentation is the
//! contract, which `tests/contract` holds this store to.

use std::collections::{BTreeMap, HashMap};
use std::io::Cursor;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cos_ftp_server::server::{Server, ServerOptions};
use cos_ftp_server::store::{
    Admission, Body, ByteRange, CopySource, ETag, ErrorKind, Expected, FileTree, Freshness,
    KeepReplaced, KeyLock, KeyLocks, ListPage, ListRequest, Multipart, MultipartUpload, NextPage,
    Object, ObjectPlace, ObjectStore, Operation, PageToken, PartLimits, PartPlace, PartReceipt,
    Result, Stat, StoreError, Stored,
};
use cos_ftp_server::users::{Account, Password, Permission, Users};
use cos_ftp_server::vfs::{Entry, FtpPath, Metadata};
use time::OffsetDateTime;

/// Whatever goes wrong at the start.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What all files and parts may hold together.
const MOST_BYTES: usize = 256 << 20;

/// How long a name between two slashes may be.
const NAME_BYTES: usize = 255;

/// What a page of a listing may hold.
const PAGE: usize = 1000;

fn main() -> std::result::Result<(), Failure> {
    let server = serve(2121)?;
    println!("listening on {:?}, user demo, password demo", server.local_addrs());
    server.run()?;
    Ok(())
}

/// A server at `port` for the user `demo`, whose files are kept in memory.
pub(crate) fn serve(port: u16) -> std::result::Result<Server, Failure> {
    let (password, store) = (Password::parse("demo")?, Arc::new(MemoryStore::default()));
    let account = Account::new("demo", password, Permission::ReadWrite, store);
    let options = ServerOptions {
        listen_addresses: vec![[127, 0, 0, 1].into()],
        listen_port: port,
        passive_ports: 40000..=59999,
        ..ServerOptions::default()
    };
    Ok(Server::bind(options, Users::new([account], 1))?)
}

/// Files in memory.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    state: Mutex<State>,
    /// Who adds to which file at present.
    appends: KeyLocks,
}

#[derive(Debug, Default)]
struct State {
    /// All names but the root's.
    nodes: BTreeMap<FtpPath, Node>,
    uploads: HashMap<String, BTreeMap<u32, Arc<[u8]>>>,
    /// How many versions and uploads there were: each has a number of its own.
    counted: u64,
}

#[derive(Clone, Debug)]
struct Node {
    stat: Stat,
    content: Arc<[u8]>,
}

impl State {
    fn next(&mut self) -> String {
        self.counted += 1;
        self.counted.to_string()
    }

    fn find(&self, path: &FtpPath, operation: Operation) -> Result<&Node> {
        self.nodes.get(path).ok_or_else(|| error(ErrorKind::NotFound, operation, path))
    }

    fn is_directory(&self, path: &FtpPath) -> bool {
        path.is_root() || self.nodes.get(path).is_some_and(|node| node.stat.metadata.is_directory())
    }

    /// The names below a directory, in their order.
    fn below<'a>(&'a self, path: &'a FtpPath) -> impl Iterator<Item = (&'a FtpPath, &'a Node)> {
        let behind = self.nodes.range((Bound::Excluded(path), Bound::Unbounded));
        // A name such as `a-b` stands between `a` and `a/c`.
        behind.filter(move |(name, _)| name.is_within(path))
    }

    /// Makes the directories above `path`.
    fn make_parents(&mut self, path: &FtpPath, operation: Operation) -> Result<()> {
        let parent = path.parent();
        if self.is_directory(&parent) {
            return Ok(());
        }
        if self.nodes.contains_key(&parent) {
            return Err(error(ErrorKind::NotADirectory, operation, path));
        }
        self.make_parents(&parent, operation)?;
        self.insert_directory(&parent);
        Ok(())
    }

    fn insert_directory(&mut self, path: &FtpPath) {
        let metadata = Metadata::directory(Some(OffsetDateTime::now_utc()));
        let node = Node { stat: Stat::new(metadata, None), content: Arc::default() };
        self.nodes.insert(path.clone(), node);
    }

    fn put(
        &mut self,
        path: &FtpPath,
        content: Vec<u8>,
        expected: &Expected,
        operation: Operation,
    ) -> Result<Stored> {
        if self.is_directory(path) {
            return Err(error(ErrorKind::IsADirectory, operation, path));
        }
        if !expected.admits(self.nodes.get(path).map(|node| &node.stat)) {
            return Err(error(expected.refusal(), operation, path));
        }
        self.make_parents(path, operation)?;
        self.expect_room(content.len(), path, operation)?;
        let etag = Some(ETag(self.next()));
        let metadata = Metadata::file(content.len() as u64, Some(OffsetDateTime::now_utc()));
        let stat = Stat::new(metadata, etag.clone());
        self.nodes.insert(path.clone(), Node { stat, content: content.into() });
        Ok(Stored { etag, crc64: None, request_id: None })
    }

    fn rename(&mut self, from: &FtpPath, to: &FtpPath) -> Result<()> {
        let refused = |kind| Err(error(kind, Operation::CopyObject, to));
        let is_directory = self.is_directory(from);
        if !is_directory {
            self.find(from, Operation::CopyObject)?;
        }
        if from == to {
            return Ok(());
        }
        match (is_directory, self.nodes.contains_key(to) || to.is_root()) {
            (true, _) if to.is_within(from) => return refused(ErrorKind::BadName),
            (true, true) => return refused(ErrorKind::AlreadyExists),
            (false, true) if self.is_directory(to) => return refused(ErrorKind::IsADirectory),
            _ => {}
        }
        self.make_parents(to, Operation::CopyObject)?;
        let mut moved: Vec<_> = self.below(from).map(|(path, _)| path.clone()).collect();
        moved.push(from.clone());
        for old in moved {
            let tail = &old.as_str()[from.as_str().len()..];
            let new = FtpPath::root().join(&format!("{to}{tail}"));
            let new = new.map_err(|_| error(ErrorKind::BadName, Operation::CopyObject, to))?;
            if let Some(node) = self.nodes.remove(&old) {
                self.nodes.insert(new, node);
            }
        }
        Ok(())
    }

    fn copy_aside(&mut self, file: &FtpPath, aside: &FtpPath) -> Result<()> {
        const COPY: Operation = Operation::CopyObject;
        if self.is_directory(file) {
            return Err(error(ErrorKind::IsADirectory, COPY, file));
        }
        let node = self.find(file, COPY)?.clone();
        if self.is_directory(aside) || self.nodes.contains_key(aside) {
            return Err(error(ErrorKind::AlreadyExists, COPY, aside));
        }
        self.make_parents(aside, COPY)?;
        self.nodes.insert(aside.clone(), node);
        Ok(())
    }

    fn expect_room(&self, bytes: usize, path: &FtpPath, operation: Operation) -> Result<()> {
        let files = self.nodes.values().map(|node| node.content.len());
        let parts = self.uploads.values().flat_map(BTreeMap::values).map(|part| part.len());
        if files.chain(parts).sum::<usize>() + bytes > MOST_BYTES {
            return Err(error(ErrorKind::TooLarge, operation, path));
        }
        Ok(())
    }

    fn put_part(
        &mut self,
        upload: &MultipartUpload,
        number: u32,
        bytes: Vec<u8>,
        operation: Operation,
    ) -> Result<PartReceipt> {
        self.expect_room(bytes.len(), &upload.path, operation)?;
        let parts = self.uploads.get_mut(&upload.upload_id);
        let parts = parts.ok_or_else(|| error(ErrorKind::NotFound, operation, &upload.path))?;
        let size = bytes.len() as u64;
        parts.insert(number, bytes.into());
        Ok(PartReceipt { number, size, etag: ETag(self.next()), crc64: None })
    }
}

impl MemoryStore {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FileTree for MemoryStore {
    fn stat(&self, path: &FtpPath, _: Freshness) -> Result<Stat> {
        if path.is_root() {
            return Ok(Stat::new(Metadata::directory(None), None));
        }
        self.state().find(path, Operation::HeadObject).map(|node| node.stat.clone())
    }

    fn admits_file(&self, path: &FtpPath, _: Freshness) -> Result<Admission> {
        let state = self.state();
        let refused = |kind| Err(error(kind, Operation::PutObject, path));
        if path.components().any(|name| name.len() > NAME_BYTES) {
            return refused(ErrorKind::BadName);
        }
        if state.is_directory(path) {
            return refused(ErrorKind::IsADirectory);
        }
        let mut above = path.parent();
        while !state.is_directory(&above) {
            if state.nodes.contains_key(&above) {
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
        let state = self.state();
        let ListRequest { directory, name_prefix, after, .. } = *request;
        if !state.is_directory(directory) {
            state.find(directory, Operation::ListObjects)?;
            return Err(error(ErrorKind::NotADirectory, Operation::ListObjects, directory));
        }
        let is_asked_for = |path: &FtpPath| {
            path.parent() == *directory
                && path.name().starts_with(name_prefix)
                && after.is_none_or(|after| path.name() > after.0.as_str())
        };
        let found = state.below(directory).filter(|(path, _)| is_asked_for(path));
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
        let state = self.state();
        let refused = |kind| Err(error(kind, Operation::GetObject, path));
        if state.is_directory(path) {
            return refused(ErrorKind::NotFound);
        }
        let Node { stat, content } = state.find(path, Operation::GetObject)?.clone();
        if if_match.is_some_and(|expected| Some(expected) != stat.etag.as_ref()) {
            return refused(ErrorKind::PreconditionFailed);
        }
        let size = content.len() as u64;
        if range.first > size {
            return refused(ErrorKind::InvalidRange);
        }
        let end = range.end.unwrap_or(size).min(size);
        let bytes = content[range.first as usize..end as usize].to_vec();
        Ok(Object { size, etag: stat.etag, crc64: None, body: Box::new(Cursor::new(bytes)) })
    }

    fn put_object(&self, path: &FtpPath, body: &Body<'_>, expected: &Expected) -> Result<Stored> {
        let content = bytes_of(body, Operation::PutObject, path)?;
        self.state().put(path, content, expected, Operation::PutObject)
    }

    fn delete_object(&self, path: &FtpPath) -> Result<()> {
        let mut state = self.state();
        if state.is_directory(path) {
            return Err(error(ErrorKind::IsADirectory, Operation::DeleteObject, path));
        }
        state.find(path, Operation::DeleteObject)?;
        state.nodes.remove(path);
        Ok(())
    }

    fn create_directory(&self, path: &FtpPath) -> Result<()> {
        let mut state = self.state();
        if path.is_root() || state.nodes.contains_key(path) {
            return Err(error(ErrorKind::AlreadyExists, Operation::PutObject, path));
        }
        state.make_parents(path, Operation::PutObject)?;
        state.insert_directory(path);
        Ok(())
    }

    fn remove_directory(&self, path: &FtpPath) -> Result<()> {
        let mut state = self.state();
        let refused = |kind| Err(error(kind, Operation::DeleteObject, path));
        if !state.is_directory(path) {
            state.find(path, Operation::DeleteObject)?;
            return refused(ErrorKind::NotADirectory);
        }
        if path.is_root() || state.below(path).next().is_some() {
            return refused(ErrorKind::DirectoryNotEmpty);
        }
        state.nodes.remove(path);
        Ok(())
    }

    fn set_modified(&self, path: &FtpPath, modified: OffsetDateTime) -> Result<()> {
        let mut state = self.state();
        if state.is_directory(path) {
            return Err(error(ErrorKind::IsADirectory, Operation::CopyObject, path));
        }
        let node = state.nodes.get_mut(path);
        let node = node.ok_or_else(|| error(ErrorKind::NotFound, Operation::CopyObject, path))?;
        node.stat.metadata.modified = Some(modified);
        Ok(())
    }

    fn rename(&self, from: &FtpPath, to: &FtpPath) -> Result<()> {
        self.state().rename(from, to)
    }

    fn rename_keeping(&self, from: &FtpPath, to: &FtpPath, keep: KeepReplaced<'_>) -> Result<()> {
        let there = self.find_file(to)?;
        there.as_ref().map_or(Ok(()), keep)?;
        let mut state = self.state();
        let found = state.nodes.get(to).map(|node| &node.stat);
        let file = found.filter(|stat| !stat.metadata.is_directory());
        if !Expected::Seen(there).admits(file) {
            return Err(error(ErrorKind::PreconditionFailed, Operation::CopyObject, to));
        }
        state.rename(from, to)
    }

    fn set_aside(&self, file: &FtpPath, aside: &FtpPath) -> Result<()> {
        let mut state = self.state();
        state.copy_aside(file, aside)?;
        state.nodes.remove(file);
        Ok(())
    }

    fn copy_aside(&self, file: &FtpPath, aside: &FtpPath) -> Result<()> {
        self.state().copy_aside(file, aside)
    }
}

impl Multipart for MemoryStore {
    fn part_limits(&self) -> PartLimits {
        PartLimits { min_part: 1 << 20, max_part: MOST_BYTES as u64, max_parts: 10_000 }
    }

    fn create_multipart_upload(&self, path: &FtpPath) -> Result<MultipartUpload> {
        let mut state = self.state();
        let upload_id = state.next();
        state.uploads.insert(upload_id.clone(), BTreeMap::new());
        Ok(MultipartUpload { path: path.clone(), upload_id })
    }

    fn upload_part(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        body: &Body<'_>,
    ) -> Result<PartReceipt> {
        let bytes = bytes_of(body, Operation::UploadPart, &upload.path)?;
        self.state().put_part(upload, part.number, bytes, Operation::UploadPart)
    }

    fn upload_part_copy(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        source: &CopySource,
    ) -> Result<PartReceipt> {
        const COPY: Operation = Operation::UploadPartCopy;
        let mut state = self.state();
        let Node { stat, content } = state.find(&upload.path, COPY)?;
        if source.etag.is_some() && source.etag != stat.etag {
            return Err(error(ErrorKind::PreconditionFailed, COPY, &upload.path));
        }
        let range = content.get(source.first as usize..source.end as usize);
        let range = range.ok_or_else(|| error(ErrorKind::InvalidRange, COPY, &upload.path))?;
        let bytes = range.to_vec();
        state.put_part(upload, part.number, bytes, COPY)
    }

    fn complete_multipart_upload(
        &self,
        upload: &MultipartUpload,
        parts: &[PartReceipt],
        expected: &Expected,
    ) -> Result<Stored> {
        const COMPLETE: Operation = Operation::CompleteMultipartUpload;
        let mut state = self.state();
        let missing = || error(ErrorKind::NotFound, COMPLETE, &upload.path);
        let kept = state.uploads.get(&upload.upload_id).ok_or_else(missing)?;
        let mut content = Vec::new();
        for part in parts {
            content.extend_from_slice(kept.get(&part.number).ok_or_else(missing)?);
        }
        // They make room for what they become.
        let kept = state.uploads.remove(&upload.upload_id);
        let stored = state.put(&upload.path, content, expected, COMPLETE);
        if let (Err(_), Some(kept)) = (&stored, kept) {
            state.uploads.insert(upload.upload_id.clone(), kept);
        }
        stored
    }

    fn abort_multipart_upload(&self, upload: &MultipartUpload) -> Result<()> {
        self.state().uploads.remove(&upload.upload_id);
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

fn error(kind: ErrorKind, operation: Operation, path: &FtpPath) -> StoreError {
    StoreError::new(kind, operation, path.as_str())
}
