//! The contract of a store, held by every store.

use std::sync::Arc;
use std::time::Duration;

use cos_ftp_server::store::cos::{
    CosOptions, CosStore, CredentialSource, Scheme, Timeouts, VerifyUploads,
};
use cos_ftp_server::store::local::{LocalOptions, LocalStore};
use cos_ftp_server::store::{
    CopyPlaces, Mount, MountRights, MountStore, MountTerms, ObjectStore, TrashStore, TrashTerms,
};
use cos_ftp_server::vfs::{FtpPath, NamePatterns};

use crate::support::rgw::{self, Rgw};

#[test]
fn the_local_store_keeps_the_contract() {
    let root = tempfile::tempdir().unwrap();
    let options = LocalOptions { root: root.path().to_owned() };
    let store = LocalStore::open(&options).unwrap();
    super::run(&store, true);
}

#[test]
fn a_bucket_keeps_the_contract() {
    super::run(&bucket(), true);
}

/// What is remembered spares requests and fills gaps of listings; no answer rests on it.
#[test]
fn a_bucket_keeps_the_contract_without_a_memory() {
    super::run(&bucket().without_memory(), false);
}

/// Whoever does not look into the trash sees a store like any other.
#[test]
fn stores_with_a_trash_keep_the_contract() {
    let root = tempfile::tempdir().unwrap();
    let options = LocalOptions { root: root.path().to_owned() };
    let local = Arc::new(LocalStore::open(&options).unwrap());
    let terms = |is_visible| TrashTerms { directory: ".trash".to_owned(), is_visible };
    super::run(&TrashStore::over(local, &terms(false)).unwrap(), true);
    super::run(&TrashStore::over(Arc::new(bucket()), &terms(true)).unwrap(), true);
}

/// Below a mount point, and beside one, a store is one like any other.
#[test]
fn trees_of_several_stores_keep_the_contract() {
    let root = tempfile::tempdir().unwrap();
    let options = LocalOptions { root: root.path().to_owned() };
    let local: Arc<dyn ObjectStore> = Arc::new(LocalStore::open(&options).unwrap());
    let rights = MountRights { reads: true, writes: true, deletes: true };
    let terms = || MountTerms { largest_move: 0, copies: CopyPlaces::default(), mirrored: None };
    let mounted = |path: &str, store: Arc<dyn ObjectStore>| {
        let path = FtpPath::root().join(path).unwrap();
        vec![Mount { path, store, rights, hidden: NamePatterns::default() }]
    };
    let base: Arc<dyn ObjectStore> = Arc::new(bucket());
    let tree =
        MountStore::over(Arc::clone(&base), mounted("/archive", Arc::clone(&local)), terms());
    super::run(&tree, true);
    super::run_in(&tree, "/archive", true);
    let tree = MountStore::over(local, mounted("/m", base), terms());
    let focused = tree.for_path(&FtpPath::root().join("/m/x").unwrap()).unwrap();
    super::run_in(&*focused, "/m", true);
}

fn bucket() -> CosStore {
    let gateway = Rgw::shared();
    let credentials = CredentialSource::told(rgw::access_key(), rgw::secret_key());
    let store = CosStore::connect(CosOptions {
        scheme: Scheme::Http,
        prefix: "an/account/".to_owned(),
        verify: VerifyUploads::Md5,
        idle_connections: 16,
        metadata_cache: Duration::from_secs(60),
        preserve_mtime: true,
        // The gateway answers 500 to the completion of an upload that is gone: tried again that long.
        timeouts: Timeouts { retry_total: Duration::from_secs(4), ..Timeouts::default() },
        ..CosOptions::new(gateway.new_bucket(), gateway.endpoint(), credentials)
    });
    store.unwrap()
}
