//! Each store is asked once at the start, so that a wrong bucket, key or address is in the log
//! before the first client meets it. Serving does not wait for it: the store may be back in a
//! minute.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use cos_ftp_server::metrics;
use cos_ftp_server::store::{ListRequest, ObjectStore};
use cos_ftp_server::threads::{self, OwnedThread};
use cos_ftp_server::transfer::PartialUpload;
use cos_ftp_server::vfs::FtpPath;

/// How long a store may be silent before that is told: whoever has started the server looks on, and
/// the time-outs of requests are longer.
const SILENCE: Duration = Duration::from_secs(5);

/// The stores that only a request can tell to be there.
#[derive(Debug)]
pub(super) struct Probes {
    stores: Vec<Arc<dyn ObjectStore>>,
    fragments: PartialUpload,
    /// What tells more.
    check_command: String,
}

impl Probes {
    pub(super) fn new(
        stores: Vec<Arc<dyn ObjectStore>>,
        fragments: PartialUpload,
        check_command: String,
    ) -> Self {
        Self { stores, fragments, check_command }
    }

    /// Lists each store's root once in the background. The thread ends by itself, within the
    /// stores' time-outs.
    pub(super) fn begin(self) -> Option<OwnedThread<()>> {
        if self.stores.is_empty() {
            return None;
        }
        let probing = threads::spawn("probe", move || {
            // Each is asked, whatever the one before it said.
            if self.stores.iter().map(|store| self.probe(&**store)).fold(true, |all, one| all & one)
            {
                metrics::note_good_probe();
            }
        });
        probing.map_err(|error| log::warn!("the stores are not probed: {error}")).ok()
    }

    /// Whether the store answers.
    fn probe(&self, store: &dyn ObjectStore) -> bool {
        let (name, command) = (store.describe(), &self.check_command);
        let root = FtpPath::root();
        let request =
            ListRequest { directory: &root, name_prefix: "", after: None, with_times: false };
        let is_silent = || {
            let seconds = SILENCE.as_secs();
            log::warn!(
                "{name} has not answered for {seconds} s; to find out what to do about it: \
                 {command}"
            );
        };
        if let Err(error) = telling_of_silence(|| store.list(&request, None), is_silent) {
            log::error!("{name} cannot be used now: {error}; to find out what to do: {command}");
            return false;
        }
        log::info!("{name} answers");
        look_for_copies(store, &name);
        if self.fragments == PartialUpload::Keep {
            look_for_retention(store, &name);
        }
        true
    }
}

/// Does `work`, and meanwhile `tell`s if that takes long.
fn telling_of_silence<T>(work: impl FnOnce() -> T, tell: impl FnOnce() + Send) -> T {
    thread::scope(|scope| {
        let (working, done) = mpsc::channel::<()>();
        let teller = threads::spawn_scoped_helper(scope, move || {
            if done.recv_timeout(SILENCE) == Err(RecvTimeoutError::Timeout) {
                tell();
            }
        });
        if let Err(error) = teller {
            log::warn!("a silent store will not be told of: {error}");
        }
        let result = work();
        drop(working);
        result
    })
}

/// What a bucket of another kind does in another way.
fn look_for_copies(store: &dyn ObjectStore, name: &str) {
    match store.copies_nothing() {
        Ok(true) => log::info!(
            "{name} has metadata acceleration: renaming is done by the bucket itself; APPE and \
             REST before STOR to all but small files, and MFMT, are refused, as nothing can be \
             copied there",
        ),
        Ok(false) => {}
        Err(error) => log::debug!("what kind of bucket {name} is is not known: {error}"),
    }
}

/// Partial uploads cannot be kept where nothing can be removed again.
fn look_for_retention(store: &dyn ObjectStore, name: &str) {
    match store.look_for_retention() {
        Ok(true) => log::warn!(
            "{name} keeps what is stored (Object Lock): partial_upload = keep does not hold there, \
             as nobody could remove a partial file again; set partial_upload = park",
        ),
        Ok(false) => {}
        // Most key pairs need not be allowed to ask; the first upload may tell.
        Err(error) => log::debug!("whether {name} keeps what is stored is not known: {error}"),
    }
}
