//! Directories, which a bucket does not have: the 0-byte marker `path/`, or any key below it.

use super::markers::Standing;
use crate::store::cos::CosStore;
use crate::store::cos::s3::key_page::{Depth, Window};
use crate::store::{ErrorKind, Operation, Result, Stat, StoreError};
use crate::vfs::{FtpPath, Metadata};

impl CosStore {
    /// The facts about one name, as the store told them a moment ago or tells them now.
    pub(crate) fn known_stat(&self, path: &FtpPath) -> Result<Stat> {
        let operation = Operation::HeadObject;
        if path.is_root() {
            return self.stat_path(operation, path);
        }
        let file = self.keys.file(operation, path)?;
        // The longest names leave no room for the slash of a directory: these are files or nothing.
        let directory = self.keys.directory(operation, path).ok();
        let bucket = &self.client.bucket;
        let known = |key: &String| bucket.facts.about(key);
        if let Some(stat) = known(&file).or_else(|| directory.as_ref().and_then(known)) {
            return Ok(stat);
        }
        let asked = bucket.recent.moment();
        let stat = self.stat_path(operation, path)?;
        let key = if stat.metadata.is_directory() { directory } else { Some(file) };
        let told = key.map(|key| (key, stat.metadata.clone(), stat.etag.clone()));
        bucket.facts.learn(&bucket.recent, asked, told);
        Ok(stat)
    }

    /// Whether a list of two keys shows that `path` is a directory: where nothing is known of it
    /// already, and nothing of ours makes a listing that lags a wrong one. `false` says nothing.
    ///
    /// The file of the name, which would hide the directory, is the first of all keys that begin so.
    pub(crate) fn is_listed_directory(&self, path: &FtpPath) -> Result<bool> {
        let operation = Operation::ListObjects;
        let (file, directory) =
            match (self.keys.file(operation, path), self.keys.directory(operation, path)) {
                (Ok(file), Ok(directory)) if !path.is_root() => (file, directory),
                _ => return Ok(false),
            };
        let bucket = &self.client.bucket;
        let is_known = [&file, &directory].iter().any(|key| bucket.facts.about(key).is_some());
        if is_known || !bucket.recent.remembers_all() || bucket.recent.doubts(&file, &directory) {
            return Ok(false);
        }
        let asked = bucket.recent.moment();
        let page = self.key_page(Window { prefix: &file, after: None }, Depth::Directory, 2)?;
        let is_hidden = page.objects.iter().any(|object| object.key == file);
        let is_listed = !is_hidden && page.prefixes.contains(&directory);
        if is_listed {
            let told = (directory, Metadata::directory(None), None);
            bucket.facts.learn(&bucket.recent, asked, [told]);
        }
        Ok(is_listed)
    }

    /// The facts about one name, never from a listing alone: HEAD of the file's key, HEAD of the
    /// marker, then, for directories that deeper keys imply, a list of two keys, and at last HEAD
    /// of the marker that Hadoop would have made.
    pub(crate) fn stat_path(&self, operation: Operation, path: &FtpPath) -> Result<Stat> {
        if path.is_root() {
            return Ok(Stat { metadata: Metadata::directory(None), etag: None });
        }
        match self.standing(&self.keys.file(operation, path)?)? {
            Standing::File(head) => {
                let metadata = Metadata::file(head.size, self.time_of(&head));
                Ok(Stat { metadata, etag: head.etag() })
            }
            Standing::Directory(head) => {
                Ok(Stat { metadata: Metadata::directory(head.modified()), etag: None })
            }
            Standing::Nothing => self.stat_directory(operation, path),
        }
    }

    /// The facts about a directory that is known to be no file.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`].
    pub(crate) fn stat_directory(&self, operation: Operation, path: &FtpPath) -> Result<Stat> {
        let missing = || StoreError::new(ErrorKind::NotFound, operation, path.as_str());
        // The longest names leave no room for the slash of a directory.
        let marker = self.keys.directory(operation, path).map_err(|_| missing())?;
        let modified = match self.head(&marker)? {
            Some(head) => head.modified(),
            None if self.holds_anything(&marker)? => None,
            None => match self.legacy_marker(&marker)? {
                Some(head) => head.modified(),
                None => return Err(missing()),
            },
        };
        Ok(Stat { metadata: Metadata::directory(modified), etag: None })
    }

    /// Whether a file or directory of this name exists.
    pub(crate) fn stat_if_any(&self, operation: Operation, path: &FtpPath) -> Result<Option<Stat>> {
        match self.stat_path(operation, path) {
            Ok(stat) => Ok(Some(stat)),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a directory.
    pub(crate) fn make_directory(&self, path: &FtpPath) -> Result<()> {
        let operation = Operation::PutObject;
        let marker = self.keys.directory(operation, path)?;
        if path.is_root() {
            return Err(StoreError::new(ErrorKind::AlreadyExists, operation, marker));
        }
        let file = self.keys.file(operation, path)?;
        // Of the file, too: none of this name comes between the look and the marker.
        let turn = self.turns_in_time(operation, &[&file, &marker])?;
        if self.stat_if_any(operation, path)?.is_some() {
            return Err(StoreError::new(ErrorKind::AlreadyExists, operation, marker));
        }
        self.refuse_below_file(operation, path)?;
        self.put_marker(&turn, &marker, Vec::new())
    }

    /// Removes an empty directory.
    pub(crate) fn remove_empty_directory(&self, path: &FtpPath) -> Result<()> {
        let operation = Operation::DeleteObject;
        let failed = |kind| StoreError::new(kind, operation, path.as_str());
        let marker = self.keys.directory(operation, path)?;
        if path.is_root() {
            return Err(failed(ErrorKind::Unsupported));
        }
        if self.holds_anything(&marker)? {
            let is_file = self.file_head(&self.keys.file(operation, path)?)?.is_some();
            let kind =
                if is_file { ErrorKind::NotADirectory } else { ErrorKind::DirectoryNotEmpty };
            return Err(failed(kind));
        }
        self.delete_markers(&marker)?;
        self.keep_parent(path);
        Ok(())
    }

    /// Deletes a file.
    pub(crate) fn delete_file(&self, path: &FtpPath) -> Result<()> {
        let operation = Operation::DeleteObject;
        let key = self.keys.file(operation, path)?;
        let turn = self.turn_in_time(operation, &key)?;
        if self.file_head(&key)?.is_none() {
            self.stat_path(operation, path)?;
            return Err(StoreError::new(ErrorKind::IsADirectory, operation, key));
        }
        self.delete_in_turn(&turn, &key)?;
        drop(turn);
        self.keep_parent(path);
        Ok(())
    }

    /// A directory that only deeper keys imply vanishes with the last of them, and a client that
    /// empties a directory before it removes it would find nothing to remove: so it gets its
    /// marker. What `path` was is gone already; a failure here is only logged.
    pub(crate) fn keep_parent(&self, path: &FtpPath) {
        let parent = path.parent();
        if parent.is_root() {
            return;
        }
        let kept = self.keys.directory(Operation::PutObject, &parent).and_then(|marker| {
            let turn = self.turn(&marker);
            match self.holds_anything(&marker)? || self.head(&marker)?.is_some() {
                true => Ok(()),
                false => self.put_marker(&turn, &marker, Vec::new()),
            }
        });
        if let Err(error) = kept {
            log::warn!("the emptied directory {parent:?} could not be kept: {error}");
        }
    }
}
