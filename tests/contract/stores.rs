//! The contract of a store, held by every store.

use std::time::Duration;

use cos_ftp_server::store::cos::{
    AddressingStyle, CosOptions, CosStore, CredentialSource, Scheme, Timeouts, VerifyUploads,
};
use cos_ftp_server::store::local::{LocalOptions, LocalStore};

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

fn bucket() -> CosStore {
    let gateway = Rgw::shared();
    let store = CosStore::connect(CosOptions {
        bucket: gateway.new_bucket(),
        region: "us-east-1".to_owned(),
        endpoint: gateway.endpoint().to_owned(),
        scheme: Scheme::Http,
        addressing: AddressingStyle::Path,
        prefix: "an/account/".to_owned(),
        ca_file: None,
        credentials: CredentialSource::told(rgw::access_key(), rgw::secret_key()),
        verify: VerifyUploads::Md5,
        min_part: 5 * 1024 * 1024,
        idle_connections: 16,
        metadata_cache: Duration::from_secs(60),
        preserve_mtime: true,
        mtime_cache_entries: 100_000,
        content_type: cos_ftp_server::store::cos::ContentType::ByName,
        archive: cos_ftp_server::store::cos::ArchivePolicy::Refuse,
        // The gateway answers 500 to the completion of an upload that is gone: tried again that long.
        timeouts: Timeouts { retry_total: Duration::from_secs(4), ..Timeouts::default() },
    });
    store.unwrap()
}
