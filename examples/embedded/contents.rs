//! What the store holds, and what may become of it: names, files, directories and uploads in parts.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use cos_ftp_server::store::{
    ETag, ErrorKind, Expected, MultipartUpload, Operation, PartReceipt, Result, Stat, StoreError,
    Stored,
};
use cos_ftp_server::vfs::{FtpPath, Metadata};
use time::OffsetDateTime;

/// What all files and parts may hold together.
pub(super) const MOST_BYTES: usize = 256 << 20;

#[derive(Debug, Default)]
pub(super) struct Contents {
    /// All names but the root's.
    pub(super) nodes: BTreeMap<FtpPath, Node>,
    pub(super) uploads: HashMap<String, BTreeMap<u32, Arc<[u8]>>>,
    /// How many versions and uploads there were: each has a number of its own.
    counted: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) stat: Stat,
    pub(super) content: Arc<[u8]>,
}

impl Contents {
    pub(super) fn next(&mut self) -> String {
        self.counted += 1;
        self.counted.to_string()
    }

    pub(super) fn find(&self, path: &FtpPath, operation: Operation) -> Result<&Node> {
        self.nodes.get(path).ok_or_else(|| error(ErrorKind::NotFound, operation, path))
    }

    pub(super) fn is_directory(&self, path: &FtpPath) -> bool {
        path.is_root() || self.nodes.get(path).is_some_and(|node| node.stat.metadata.is_directory())
    }

    /// The names below a directory, in their order.
    pub(super) fn below<'a>(
        &'a self,
        path: &'a FtpPath,
    ) -> impl Iterator<Item = (&'a FtpPath, &'a Node)> {
        let behind = self.nodes.range((Bound::Excluded(path), Bound::Unbounded));
        // A name such as `a-b` stands between `a` and `a/c`.
        behind.filter(move |(name, _)| name.is_within(path))
    }

    /// Makes the directories above `path`.
    pub(super) fn make_parents(&mut self, path: &FtpPath, operation: Operation) -> Result<()> {
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

    pub(super) fn insert_directory(&mut self, path: &FtpPath) {
        let metadata = Metadata::directory(Some(OffsetDateTime::now_utc()));
        let node = Node { stat: Stat::new(metadata, None), content: Arc::default() };
        self.nodes.insert(path.clone(), node);
    }

    pub(super) fn put(
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

    pub(super) fn rename(&mut self, from: &FtpPath, to: &FtpPath) -> Result<()> {
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

    pub(super) fn copy_aside(&mut self, file: &FtpPath, aside: &FtpPath) -> Result<()> {
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

    pub(super) fn put_part(
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

pub(super) fn error(kind: ErrorKind, operation: Operation, path: &FtpPath) -> StoreError {
    StoreError::new(kind, operation, path.as_str())
}
