//! How names become keys of a bucket, and keys names.

use std::sync::Arc;

use crate::limits;
use crate::store::cos::objects::Dialect;
use crate::store::{ErrorKind, Operation, Result, StoreError};
use crate::vfs::FtpPath;

/// The keys of one account: everything below its prefix.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    /// Empty, or ending in `/`.
    prefix: Arc<str>,
    dialect: Dialect,
}

impl Keys {
    /// The keys below `prefix`.
    pub(crate) fn new(prefix: &str, dialect: Dialect) -> Self {
        Self { prefix: prefix.into(), dialect }
    }

    /// The keys below `home` (`a/b/`) of these.
    pub(crate) fn below(&self, home: &str) -> Self {
        debug_assert!(home.ends_with('/') && !home.starts_with('/'), "{home}");
        Self::new(&format!("{}{home}", self.prefix), self.dialect)
    }

    /// The prefix of the account's root.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The key of the file `path`.
    ///
    /// # Errors
    /// [`ErrorKind::IsADirectory`] for the root, whose key would be the bucket;
    /// [`ErrorKind::BadName`] for what this store takes as no key.
    pub(crate) fn file(&self, operation: Operation, path: &FtpPath) -> Result<String> {
        if path.is_root() {
            return Err(StoreError::new(ErrorKind::IsADirectory, operation, path.as_str()));
        }
        self.checked(operation, format!("{}{}", self.prefix, path.key()))
    }

    /// The prefix of everything in the directory `path`, which is also the key of its marker;
    /// ends in `/`, or is empty for the root of a whole bucket.
    ///
    /// # Errors
    /// [`ErrorKind::BadName`] for what this store takes as no key.
    pub(crate) fn directory(&self, operation: Operation, path: &FtpPath) -> Result<String> {
        if path.is_root() {
            return Ok(self.prefix.to_string());
        }
        self.checked(operation, format!("{}{}/", self.prefix, path.key()))
    }

    /// Whether the store takes a key as long as this.
    pub(crate) fn have_room_for(&self, key: &str) -> bool {
        let most = match self.dialect {
            Dialect::Cos => limits::COS_KEY_BYTES,
            Dialect::S3 => limits::KEY_BYTES,
        };
        key.len() <= most
    }

    fn checked(&self, operation: Operation, key: String) -> Result<String> {
        let is_bad =
            !self.have_room_for(&key) || (self.dialect == Dialect::Cos && key.starts_with('\\'));
        if is_bad {
            return Err(StoreError::new(ErrorKind::BadName, operation, key));
        }
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> FtpPath {
        FtpPath::root().join(text).unwrap()
    }

    #[test]
    fn keys_lie_below_the_prefix() {
        for (prefix, path, file, directory) in [
            ("", "/a/b", "a/b", "a/b/"),
            ("in/", "/a/b", "in/a/b", "in/a/b/"),
            ("in/", "/ x ", "in/ x ", "in/ x /"),
        ] {
            let keys = Keys::new(prefix, Dialect::Cos);
            assert_eq!(keys.file(Operation::HeadObject, &at(path)).unwrap(), file);
            assert_eq!(keys.directory(Operation::HeadObject, &at(path)).unwrap(), directory);
        }
    }

    #[test]
    fn the_root_is_no_object() {
        for prefix in ["", "in/"] {
            let keys = Keys::new(prefix, Dialect::S3);
            let refused = keys.file(Operation::DeleteObject, &FtpPath::root()).unwrap_err();
            assert_eq!(refused.kind, ErrorKind::IsADirectory);
            assert_eq!(keys.directory(Operation::ListObjects, &FtpPath::root()).unwrap(), prefix);
        }
    }

    #[test]
    fn what_is_no_key_is_refused_before_it_is_sent() {
        let (long, longer) = ("x".repeat(847), "x".repeat(1021));
        for (prefix, path, dialect, good) in [
            ("ab/", long.as_str(), Dialect::Cos, true),
            ("abc/", long.as_str(), Dialect::Cos, false),
            ("abc/", long.as_str(), Dialect::S3, true),
            ("ab/", longer.as_str(), Dialect::S3, true),
            ("abc/", longer.as_str(), Dialect::S3, false),
            ("", "\\a", Dialect::Cos, false),
            ("", "\\a", Dialect::S3, true),
            ("p/", "\\a", Dialect::Cos, true),
        ] {
            let key = Keys::new(prefix, dialect).file(Operation::PutObject, &at(path));
            assert_eq!(key.is_ok(), good, "{prefix} {path} {dialect:?}");
            if let Err(error) = key {
                assert_eq!(error.kind, ErrorKind::BadName);
            }
        }
    }
}
