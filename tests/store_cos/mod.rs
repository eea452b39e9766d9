//! What only a bucket does, on a real S3 store whose results another client reads, and, where no
//! healthy store would do it, on a scripted one.

mod accelerated;
mod credentials;
mod directories;
mod domains;
mod failures;
mod https;
mod late;
mod leftover_faults;
mod leftovers;
mod markers;
mod metadata_acceleration;
mod multipart;
mod objects;
mod others_changes;
mod own_writes;
mod pages;
mod real_directories;
mod renaming;
mod second_writers;
mod times;

use std::io::Read;

use cos_ftp_server::store::cos::{
    CosOptions, CosStore, CredentialSource, Needs, Scheme, TrialStep, TrialVerdict, VerifyUploads,
};
use cos_ftp_server::store::{
    Body, ByteRange, Cancel, ErrorKind, Expected, FileTree, ListRequest, StoreError,
};
use cos_ftp_server::vfs::{Entry, FtpPath};

use crate::support::rgw::Rgw;
use crate::support::scripted::{Act, Scripted};
use crate::support::{injector, rgw, scripted};

const MIB: usize = 1024 * 1024;

fn options(bucket: &str) -> CosOptions {
    let credentials = CredentialSource::told(rgw::access_key(), rgw::secret_key());
    CosOptions {
        scheme: Scheme::Http,
        verify: VerifyUploads::Md5,
        idle_connections: 16,
        metadata_cache: std::time::Duration::from_secs(60),
        preserve_mtime: true,
        ..CosOptions::new(bucket, Rgw::shared().endpoint(), credentials)
    }
}

fn store(bucket: &str) -> CosStore {
    CosStore::connect(options(bucket)).unwrap()
}

fn at(path: &str) -> FtpPath {
    FtpPath::root().join(path).unwrap()
}

fn put(store: &CosStore, path: &str, bytes: &[u8]) {
    store.put_object(&at(path), &Body::new(&[bytes], &Cancel::new()), &Expected::Anything).unwrap();
}

fn read(store: &CosStore, path: &str, range: ByteRange) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    store.get_object(&at(path), range, None)?.body.read_to_end(&mut bytes).unwrap();
    Ok(bytes)
}

fn kind<T: std::fmt::Debug>(result: Result<T, StoreError>) -> ErrorKind {
    result.unwrap_err().kind
}

/// What `check` finds where accounts write, delete and keep fragments; nothing of it failed.
fn found_fit(store: &CosStore) -> Vec<TrialStep> {
    let needs = Needs {
        write_once: false,
        writing: true,
        deleting: true,
        fragments: true,
        parking: false,
        abort_unfinished_after: None,
    };
    let mut steps = Vec::new();
    store.diagnose(needs, &mut |step| steps.push(step));
    let failed: Vec<_> =
        steps.iter().filter(|step| matches!(step.verdict, TrialVerdict::Failed(_))).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    steps
}

/// All entries of a directory, page by page, and how many pages that took.
fn list(store: &CosStore, path: &str) -> (Vec<Entry>, usize) {
    let directory = at(path);
    let (mut entries, mut pages, mut after) = (Vec::new(), 0, None);
    loop {
        let request = ListRequest {
            directory: &directory,
            name_prefix: "",
            after: after.as_ref(),
            with_times: false,
        };
        let page = store.list(&request, None).unwrap();
        assert!(page.entries.len() <= 1000);
        entries.extend(page.entries);
        pages += 1;
        after = page.next;
        if after.is_none() {
            return (entries, pages);
        }
    }
}

fn names(store: &CosStore, path: &str) -> Vec<String> {
    let show = |entry: Entry| match entry.metadata.is_directory() {
        true => format!("{}/", entry.name),
        false => entry.name,
    };
    list(store, path).0.into_iter().map(show).collect()
}

/// A store in front of the shared gateway that does what `script` says and forwards the rest.
fn in_front(
    bucket: &str,
    mut script: impl FnMut(&str) -> Option<Act> + Send + 'static,
) -> (Scripted, CosStore) {
    let gateway = Rgw::shared().endpoint().to_owned();
    let script =
        Scripted::acting(move |head| script(head).or_else(|| Some(Act::Forward(gateway.clone()))));
    let endpoint = script.endpoint.clone();
    let store = CosStore::connect(CosOptions { endpoint, ..options(bucket) }).unwrap();
    (script, store)
}

fn noise(len: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(len as u64);
    std::iter::repeat_with(|| random.u8(..)).take(len).collect()
}
