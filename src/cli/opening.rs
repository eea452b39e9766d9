//! Opens what is served.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use cos_ftp_server::store::ObjectStore;
use cos_ftp_server::store::cos::{Buckets, CosOptions};
use cos_ftp_server::store::local::{LocalOptions, LocalStore};

/// The bucket; the log tells that it is served.
///
/// # Errors
/// In words.
pub(super) fn open_bucket(
    options: CosOptions,
    buckets: &Buckets,
) -> Result<Arc<dyn ObjectStore>, String> {
    let store = buckets.open(options).map_err(|error| error.to_string())?;
    log::info!("serving {}", store.describe());
    Ok(Arc::new(store))
}

/// `is_written`: whether anybody may store files in it.
pub(super) fn open_directory(
    options: &LocalOptions,
    is_written: bool,
) -> io::Result<Arc<dyn ObjectStore>> {
    let store = LocalStore::open(options)?;
    if is_written {
        store.prepare()?;
    }
    Ok(Arc::new(store))
}

/// Whether this process may look into the directory, and not store anything in it. Any other fault
/// is told where it is opened.
pub(super) fn is_read_only(options: &LocalOptions) -> bool {
    let Ok(store) = LocalStore::open(options) else { return false };
    let prepared = store.prepare();
    store.leave_no_trace();
    let is_refusal = |error: io::Error| {
        matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
    };
    prepared.is_err_and(is_refusal)
}
