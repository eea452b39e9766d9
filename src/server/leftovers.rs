//! Unfinished uploads that a crash, or a lost answer, left behind in a bucket: they cost storage
//! and appear in no listing. One thread looks for them at start and daily, and aborts those that
//! have received nothing for a time.

use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use log::{debug, info, warn};

use super::registry::{SessionRegistry, StopRequest};
use crate::store::{Cancel, ErrorKind, ListRequest, ObjectStore, SilentUpload, StoreError};
use crate::threads::{self, OwnedThread};
use crate::vfs::FtpPath;
use crate::{limits, metrics};

/// The thread, and what ends it.
#[derive(Debug)]
pub(super) struct Sweeper {
    cancel: Cancel,
    thread: OwnedThread<()>,
}

/// What was found in one store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct StoreLeftovers {
    aborted: usize,
    /// Silent ones that could not be aborted.
    failed: usize,
    /// Those that are left alone.
    others: usize,
}

impl Sweeper {
    /// Starts it. It looks through all that `stores` gives, then again after
    /// [`limits::LEFTOVERS_INTERVAL`], until a stop is requested of `registry`.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(
        silence: Duration,
        stores: impl Fn() -> Vec<Arc<dyn ObjectStore>> + Send + 'static,
        registry: Arc<SessionRegistry>,
    ) -> io::Result<Self> {
        let cancel = Cancel::new();
        let own_cancel = cancel.clone();
        let thread = threads::spawn("leftovers", move || {
            while registry.stop_request() == StopRequest::None {
                registry.pause(sweep_all(&stores(), silence, &own_cancel));
            }
        })?;
        Ok(Self { cancel, thread })
    }

    /// Ends it, once a stop was requested. It may be waiting for an answer of a store until the
    /// thread that this returns has ended.
    pub(super) fn stop(self) -> OwnedThread<()> {
        self.cancel.raise();
        self.thread
    }
}

/// Looks through all of them. Tells how long to wait before the next time.
fn sweep_all(stores: &[Arc<dyn ObjectStore>], silence: Duration, cancel: &Cancel) -> Duration {
    let swept = stores.iter().map(|store| sweep(&**store, silence, cancel));
    let unanswered = swept.filter(Result::is_err).count();
    debug!("unfinished uploads: {} stores looked through", stores.len());
    if unanswered == 0 { limits::LEFTOVERS_INTERVAL } else { limits::LEFTOVERS_RETRY }
}

/// Aborts what was silent in one store for `silence`, and tells of it.
///
/// # Errors
/// When the store cannot be looked through; that was logged.
fn sweep(store: &dyn ObjectStore, silence: Duration, cancel: &Cancel) -> Result<(), StoreError> {
    let mut found = StoreLeftovers::default();
    let looked = look_through(store, silence, cancel, &mut found);
    debug!("unfinished uploads in {}: {found}", store.describe());
    match looked {
        Err(error) if error.kind == ErrorKind::Cancelled => Ok(()),
        // A wrong key pair, a wrong bucket, a store that is away: the first look at the store tells
        // that, and each transfer. Saying it here, too, would only hide what is to be done.
        Err(error) if !answers(store) => {
            debug!("unfinished uploads in {} cannot be looked for: {error}", store.describe());
            Err(error)
        }
        Err(error) if error.kind == ErrorKind::AccessDenied => {
            warn!(
                "unfinished uploads in {} cannot be looked for: {error}; the key pair needs \
                 name/cos:ListMultipartUploads and name/cos:ListParts, or set \
                 abort_unfinished_after = 0",
                store.describe(),
            );
            // Asking again in an hour would not be answered otherwise.
            Ok(())
        }
        Err(error) => {
            warn!("unfinished uploads in {} cannot be looked for now: {error}", store.describe());
            Err(error)
        }
        Ok(()) => Ok(()),
    }
}

/// Whether the store can be used at all.
fn answers(store: &dyn ObjectStore) -> bool {
    let directory = &FtpPath::root();
    let request = ListRequest { directory, name_prefix: "", after: None, with_times: false };
    store.list(&request, None).is_ok()
}

fn look_through(
    store: &dyn ObjectStore,
    silence: Duration,
    cancel: &Cancel,
    found: &mut StoreLeftovers,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = store.silent_uploads(silence, after.as_ref(), cancel)?;
        found.others += page.others;
        for silent in &page.uploads {
            if cancel.is_raised() {
                return Ok(());
            }
            abort(store, silent, silence, found);
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

fn abort(
    store: &dyn ObjectStore,
    silent: &SilentUpload,
    silence: Duration,
    found: &mut StoreLeftovers,
) {
    let SilentUpload { upload, silent_for } = silent;
    let about = format!(
        "unfinished upload of {:?} in {}, silent for {}",
        upload.path.as_str(),
        store.describe(),
        Age(*silent_for)
    );
    match store.abort_silent_upload(upload, silence) {
        Ok(false) => {
            found.others += 1;
            debug!("somebody goes on with the {about}");
        }
        Ok(true) => {
            metrics::count_unfinished_upload();
            metrics::count_aborted_upload();
            found.aborted += 1;
            info!("aborted the {about}");
        }
        Err(error) => {
            metrics::count_unfinished_upload();
            found.failed += 1;
            warn!("could not abort the {about}: {error}");
        }
    }
}

impl fmt::Display for StoreLeftovers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { aborted, failed, others } = self;
        write!(f, "{aborted} aborted, {failed} could not be, {others} left alone")
    }
}

/// A time in the unit that a reader has use for.
struct Age(Duration);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() {
            seconds @ 0..120 => write!(f, "{seconds} s"),
            seconds @ 120..7200 => write!(f, "{} min", seconds / 60),
            seconds => write!(f, "{} h", seconds / 3600),
        }
    }
}
