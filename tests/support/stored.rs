//! What the store holds, seen past the server: read from the directory, or from the bucket with
//! curl.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::rgw::Rgw;

/// How old a file must be for an upload that is interrupted to replace it, and a little more.
const EARLY: Duration = Duration::from_millis(3200);

/// The store behind a server.
pub(crate) enum Stored {
    /// The embedded one.
    Directory(PathBuf),
    /// A bucket of the run's gateway.
    Bucket(String),
}

impl Stored {
    /// The name of the bucket.
    pub(crate) fn bucket(&self) -> &str {
        let Self::Bucket(name) = self else { panic!("a directory") };
        name
    }

    /// The file's bytes; `path` has no leading slash.
    pub(crate) fn bytes(&self, path: &str) -> Vec<u8> {
        match self {
            Self::Directory(root) => {
                fs::read(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
            }
            Self::Bucket(bucket) => Rgw::shared().s3_get(bucket, path),
        }
    }

    /// What `partial_upload = partial` promises of an upload of `sent` over "earlier" that was
    /// interrupted.
    pub(crate) fn expect_interrupted(&self, path: &str, sent: &[u8], partial: &str, told: &str) {
        let held = self.bytes(path);
        let is_kept = !held.is_empty() && sent.starts_with(&held);
        let is_promised = if partial == "keep" { is_kept } else { held == b"earlier" };
        assert!(is_promised, "{told}: {} bytes", held.len());
    }

    /// Stores a file behind the server's back.
    pub(crate) fn put(&self, path: &str, bytes: &[u8]) {
        match self {
            Self::Directory(root) => {
                let file = root.join(path);
                fs::create_dir_all(file.parent().expect("below the root")).expect("a directory");
                fs::write(file, bytes).expect("a file");
            }
            Self::Bucket(bucket) => Rgw::shared().s3_put(bucket, path, bytes),
        }
    }

    /// Stores `bytes` under each name, and waits until they are old enough for an upload that is
    /// interrupted to replace them: not only for a store that tells whole seconds.
    pub(crate) fn put_early(&self, names: impl IntoIterator<Item = String>, bytes: &[u8]) {
        names.into_iter().for_each(|name| self.put(&name, bytes));
        // Nothing tells when a time has passed but its passing.
        std::thread::sleep(EARLY);
    }

    /// The files of the whole store, sorted, without markers of directories.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files = match self {
            Self::Directory(root) => {
                let mut files = Vec::new();
                walk(root, root, &mut files);
                files
            }
            Self::Bucket(bucket) => Rgw::shared().s3_list(bucket, ""),
        };
        files.retain(|name| !name.ends_with('/'));
        files.sort();
        files
    }

    /// The SHA-256 of every object of a bucket by its key, without markers of directories.
    pub(crate) fn sha256_sums(&self) -> Vec<(String, String)> {
        let Self::Bucket(bucket) = self else { panic!("a directory is read file by file") };
        let mut keys = Rgw::shared().s3_list(bucket, "");
        keys.retain(|key| !key.ends_with('/'));
        let contents = Rgw::shared().s3_get_all(bucket, &keys);
        let sums: Vec<_> = contents.iter().map(|bytes| sha256(bytes)).collect();
        keys.into_iter().zip(sums).collect()
    }

    /// The keys of a bucket's uploads that were begun and neither completed nor aborted.
    pub(crate) fn unfinished_uploads(&self) -> Vec<String> {
        let Self::Bucket(bucket) = self else { panic!("a directory has no uploads in parts") };
        Rgw::shared().s3_list_uploads(bucket)
    }

    /// Checks that the file holds just these bytes.
    pub(crate) fn expect(&self, path: &str, expected: &[u8]) {
        let found = self.bytes(path);
        assert_eq!(found.len(), expected.len(), "length of {path:?}");
        assert_eq!(sha256(&found), sha256(expected), "content of {path:?}");
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// So many bytes without a pattern, the same for the same seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    fastrand::Rng::with_seed(seed).fill(&mut bytes);
    bytes
}

fn walk(root: &Path, dir: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry")) {
        let path = entry.path();
        if path.is_dir() {
            walk(root, &path, files);
        } else {
            let name = path.strip_prefix(root).expect("below the root");
            files.push(name.to_str().expect("UTF-8").to_owned());
        }
    }
}
