//! A directory of this machine as a store: what a fresh installation serves before it knows any
//! bucket.

use std::path::PathBuf;

/// Where the files are.
#[derive(Clone, Debug)]
pub struct LocalOptions {
    /// An existing directory. Files are visible in it under their FTP names.
    pub root: PathBuf,
}
