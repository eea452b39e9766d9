//! Several stores in one tree (`[MOUNT_<n>]`): what clients see of them, and what stays apart.

mod changing;
mod clients;
mod ending;
mod hidden;
mod listing;
mod moving;
mod outages;
mod rights;
mod rules;

use std::path::PathBuf;

use crate::support::ftp::Ftp;
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::Stored;

/// Whose files are mounted.
const VAULT: &str = "vault";

/// What is mounted, unless a test says otherwise.
const ARCHIVE: &[(&str, &str)] =
    &[("path", "/archive"), ("account", VAULT), ("users", "alice"), ("authority", "RW")];

/// What a mount says that changes nothing.
const READS: (&str, &str) = ("authority", "R");

/// A server in whose tree another store stands.
struct Mounted {
    server: TestServer,
    /// That other store.
    other: Stored,
}

impl Mounted {
    /// Over `setup`, with a bucket mounted.
    fn bucket(setup: Setup, mount: &[(&str, &str)]) -> Self {
        Self::bucket_behind(Rgw::shared().endpoint(), setup, mount)
    }

    fn bucket_behind(endpoint: &str, setup: Setup, mount: &[(&str, &str)]) -> Self {
        let (setup, bucket) = setup.bucket_account(VAULT, endpoint);
        Self { server: setup.mount(mount).start(), other: Stored::Bucket(bucket) }
    }

    /// The same with a directory.
    fn directory(setup: Setup, mount: &[(&str, &str)]) -> Self {
        let server = setup.directory_account(VAULT).mount(mount).start();
        let other: PathBuf = server.beside(VAULT);
        Self { server, other: Stored::Directory(other) }
    }

    /// Two buckets, a directory in a bucket, and a bucket in a directory.
    fn all(mount: &[(&str, &str)]) -> [Self; 3] {
        [
            Self::bucket(Setup::bucket(), mount),
            Self::directory(Setup::bucket(), mount),
            Self::bucket(Setup::local(), mount),
        ]
    }

    fn login(&self) -> Ftp {
        Ftp::login(&self.server)
    }

    /// The files of both stores.
    fn files(&self) -> [Vec<String>; 2] {
        [self.server.stored(), &self.other].map(|stored| {
            let mut files = stored.files();
            // What a directory is worked in.
            files.retain(|name| !name.starts_with(".cos-ftp-server"));
            files
        })
    }
}
