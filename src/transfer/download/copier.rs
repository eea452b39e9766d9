//! The worker of one download: copies from the store to the data socket. One answer of the store
//! is copied straight through, which is the cheapest way near it; when the client is found waiting
//! for the store, ranges are fetched ahead by [`RangeFetchers`].

use std::io;
use std::net::Shutdown;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::delivery::Delivery;
use super::range_fetchers::{Ahead, RangeFetchers};
use super::source::{ObjectVersion, Source};
use crate::limits::DOWNLOAD_CHUNK_BYTES;
use crate::net::{Stream, Wake};
use crate::store::Cancel;
use crate::transfer::budget::Lease;
use crate::transfer::concurrency::{Moved, STORE_IS_FAR};
use crate::transfer::memory::Pages;
use crate::transfer::{Incomplete, TransferError};

/// What is copied before the speeds of both sides are compared.
const WINDOW_BYTES: u64 = 1024 * 1024;

/// How often in a row the client must be found waiting: a busy machine is slow for a moment, and
/// more connections would only make it busier.
const WINDOWS_WAITED: u32 = 2;

/// Where fetching ahead made it no faster, so many times as many windows must be found so.
const LATER: u32 = 16;

/// The client is waiting for the store when reading takes this many times as long as writing, and
/// longer than [`STORE_IS_FAR`] for a window of a mebibyte.
const STORE_IS_SLOWER: u32 = 3;

/// The worker of one download.
#[derive(Debug)]
pub(super) struct Copier {
    pub(super) source: Source,
    pub(super) delivery: Delivery<Arc<Stream>>,
    pub(super) ahead: Ahead,
    pub(super) tell: Sender<Result<(), Incomplete>>,
    pub(super) wake: Wake,
    pub(super) lease: Lease,
}

impl Copier {
    pub(super) fn run(self) {
        let Self { source, mut delivery, ahead, tell, wake, lease } = self;
        let copying = AssertUnwindSafe(|| copy(source, &mut delivery, &ahead));
        let ended = catch_unwind(copying).unwrap_or_else(|_| {
            // The session waits to be told, whatever happens.
            let bug = io::Error::other("a bug: the download worker panicked");
            Err(TransferError::System(bug).into())
        });
        drop(lease);
        // End of file for the client before the reply, whoever still holds the socket. After all
        // bytes the session ends it.
        if ended.is_err() {
            drop(delivery.data.shutdown(Shutdown::Write));
        }
        // The channel has room for it, and nobody listens any more after an interruption.
        let _ = tell.try_send(ended);
        wake.notify();
    }
}

fn copy(
    mut source: Source,
    delivery: &mut Delivery<Arc<Stream>>,
    ahead: &Ahead,
) -> Result<(), Incomplete> {
    let whole = (source.version().clone(), source.cancel().clone());
    let memory = ahead.budget.memory();
    let mut buffer = memory.take(buffer_bytes(source.left()), Pages::Together);
    let mut window = TimedWindow::default();
    loop {
        let begun = Instant::now();
        let got = source.fill(&mut buffer)?;
        let filled = Instant::now();
        if got == 0 {
            return delivery.finish();
        }
        delivery.write(&buffer[..got])?;
        if let Some(pace) = window.shows_a_waiting_client(got, filled - begun, filled.elapsed()) {
            match RangeFetchers::start(source, ahead, pace) {
                Ok(mut fetchers) => {
                    drop(buffer);
                    let Some(alone) = fetch_ahead(&mut fetchers, delivery, &whole)? else {
                        return delivery.finish();
                    };
                    fetchers.dismiss();
                    source = alone;
                    buffer = memory.take(buffer_bytes(source.left()), Pages::Together);
                    window.try_later();
                }
                Err(unchanged) => source = *unchanged,
            }
        }
    }
}

/// Delivers by `fetchers` as long as they are worth it; what is left then is to be read alone.
fn fetch_ahead(
    fetchers: &mut RangeFetchers,
    delivery: &mut Delivery<Arc<Stream>>,
    whole: &(ObjectVersion, Cancel),
) -> Result<Option<Source>, Incomplete> {
    let left = fetchers.deliver(delivery)?;
    if left == 0 {
        return Ok(None);
    }
    let (version, cancel) = whole;
    let size = version.size;
    log::debug!("{}: one thread goes on with the {left} bytes that are left", version.path);
    Ok(Some(Source::range(version.clone(), size - left, size, cancel.clone())))
}

/// The buffer for so many bytes of an object.
pub(super) fn buffer_bytes(left: u64) -> usize {
    usize::try_from(left).unwrap_or(usize::MAX).clamp(1, DOWNLOAD_CHUNK_BYTES)
}

/// How long both sides took for the last bytes.
#[derive(Debug, Default)]
struct TimedWindow {
    bytes: u64,
    reading: Duration,
    writing: Duration,
    /// Windows in a row that found the client waiting.
    waited: u32,
    /// How often fetching ahead was not worth it.
    failures: u32,
}

impl TimedWindow {
    /// How fast the copy was, when the client was found waiting often enough.
    fn shows_a_waiting_client(
        &mut self,
        bytes: usize,
        reading: Duration,
        writing: Duration,
    ) -> Option<Moved> {
        self.bytes += bytes as u64;
        self.reading += reading;
        self.writing += writing;
        if self.bytes < WINDOW_BYTES {
            return None;
        }
        let failures = self.failures;
        let full = std::mem::replace(self, Self { failures, ..Self::default() });
        let waits = full.reading > STORE_IS_FAR && full.reading > full.writing * STORE_IS_SLOWER;
        self.waited = if waits { full.waited + 1 } else { 0 };
        let enough = WINDOWS_WAITED.saturating_mul(LATER.saturating_pow(failures));
        let pace = Moved { bytes: full.bytes, taken: full.reading + full.writing };
        (self.waited == enough).then_some(pace)
    }

    /// Fetching ahead has brought nothing.
    fn try_later(&mut self) {
        *self = Self { failures: self.failures + 1, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows until the client counts as waiting, where each takes that long.
    fn windows(window: &mut TimedWindow, reading: u64, writing: u64) -> Option<usize> {
        let (reading, writing) = (Duration::from_millis(reading), Duration::from_millis(writing));
        let bytes = usize::try_from(WINDOW_BYTES).unwrap();
        (1..100).find(|_| window.shows_a_waiting_client(bytes, reading, writing).is_some())
    }

    #[test]
    fn what_was_not_worth_it_is_tried_again_much_later() {
        let mut window = TimedWindow::default();
        assert_eq!(windows(&mut window, 40, 1), Some(2));
        window.try_later();
        assert_eq!(windows(&mut window, 40, 1), Some(32));
        let mut window = TimedWindow::default();
        assert_eq!(windows(&mut window, 9, 1), None, "near");
        assert_eq!(windows(&mut window, 40, 20), None, "a slow client");
    }
}
