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
use super::together::{AmongDownloads, is_busy, waited_for_processor};
use crate::limits::DOWNLOAD_CHUNK_BYTES;
use crate::net::{Stream, Wake};
use crate::store::Cancel;
use crate::transfer::budget::Lease;
use crate::transfer::concurrency::{Alone, Moved, Others, STORE_IS_FAR};
use crate::transfer::memory::Pages;
use crate::transfer::{Incomplete, TransferError};

/// What is copied before the speeds of both sides are compared.
const WINDOW_BYTES: u64 = 1024 * 1024;

/// How often in a row the client must be found waiting: a busy machine is slow for a moment, and
/// more connections would only make it busier.
const WINDOWS_WAITED: u32 = 2;

/// Where several downloads share a busy processor, one request is watched for so long before
/// several are tried: what they move at first changes from one moment to the next.
const LEAST_TIME_OF_MANY: Duration = Duration::from_millis(500);

/// Bytes a second that all downloads together move before the processor can be what limits them:
/// less costs any machine a fraction of it.
const MUCH_FOR_A_PROCESSOR: f64 = 250e6;

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
    let mut windows = TimedWindows::begin(delivery.among.others(), Instant::now());
    loop {
        let begun = Instant::now();
        let got = source.fill(&mut buffer)?;
        let filled = Instant::now();
        if got == 0 {
            return delivery.finish();
        }
        delivery.write(&buffer[..got])?;
        let waits = windows.show_a_waiting_client(got, filled - begun, filled.elapsed());
        if !waits || !may_fetch_ahead(&windows, &mut delivery.among, filled) {
            continue;
        }
        let alone = windows.alone(delivery.among.others(), Instant::now());
        match RangeFetchers::start(source, ahead, alone) {
            Ok(mut fetchers) => {
                drop(buffer);
                let Some(left) = fetch_ahead(&mut fetchers, delivery, &whole)? else {
                    return delivery.finish();
                };
                fetchers.dismiss();
                source = left;
                buffer = memory.take(buffer_bytes(source.left()), Pages::Together);
                let now = Instant::now();
                delivery.among.note_in_vain(now);
                windows.try_later(delivery.among.others(), now);
            }
            Err(unchanged) => {
                source = *unchanged;
                delivery.among.end_trial();
                windows.try_later(delivery.among.others(), Instant::now());
            }
        }
    }
}

/// Whether it is time to find out what fetching ahead brings.
fn may_fetch_ahead(windows: &TimedWindows, among: &mut AmongDownloads, now: Instant) -> bool {
    let is_busy = windows.share_a_busy_processor(among.others(), now);
    (!is_busy || windows.alone.taken >= LEAST_TIME_OF_MANY) && among.begin_trial(is_busy, now)
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

/// How long both sides took, one mebibyte after another.
#[derive(Debug)]
struct TimedWindows {
    present: TimedWindow,
    /// Windows in a row that found the client waiting.
    waited: u32,
    /// How many must, before several requests are tried.
    enough: u32,
    /// All that was copied by one request, and since when.
    alone: Moved,
    since: Instant,
    /// What other downloads had moved by then, and how long the thread had waited for a processor.
    others: Others,
    waited_for_processor: Duration,
}

/// How long both sides took for the last bytes.
#[derive(Debug, Default)]
struct TimedWindow {
    bytes: u64,
    reading: Duration,
    writing: Duration,
}

impl TimedWindows {
    /// None yet, at `now`, when `others` had moved so much.
    fn begin(others: Others, now: Instant) -> Self {
        Self {
            present: TimedWindow::default(),
            waited: 0,
            enough: WINDOWS_WAITED,
            alone: Moved::default(),
            since: now,
            others,
            waited_for_processor: waited_for_processor(),
        }
    }

    /// Adds what was copied; tells whether the client was found waiting often enough.
    fn show_a_waiting_client(
        &mut self,
        bytes: usize,
        reading: Duration,
        writing: Duration,
    ) -> bool {
        self.alone.bytes += bytes as u64;
        self.alone.taken += reading + writing;
        self.present.bytes += bytes as u64;
        self.present.reading += reading;
        self.present.writing += writing;
        if self.present.bytes < WINDOW_BYTES {
            return false;
        }
        let waits = std::mem::take(&mut self.present).shows_a_waiting_client();
        self.waited = if waits { self.waited.saturating_add(1) } else { 0 };
        self.waited >= self.enough
    }

    /// What one request has moved.
    fn alone(&self, others: Others, now: Instant) -> Alone {
        let time = now.saturating_duration_since(self.since);
        Alone { moved: self.alone, of_each_other: others.each_since(self.others, time) }
    }

    /// Whether the processor may be what made this download and the others slow.
    fn share_a_busy_processor(&self, others: Others, now: Instant) -> bool {
        let Alone { moved, of_each_other } = self.alone(others, now);
        let of_all = moved.bytes_a_second() + of_each_other * others.running as f64;
        let waited = waited_for_processor().saturating_sub(self.waited_for_processor);
        let time = now.saturating_duration_since(self.since);
        others.running > 0 && of_all > MUCH_FOR_A_PROCESSOR && is_busy(waited, time)
    }

    /// Fetching ahead has brought nothing.
    fn try_later(&mut self, others: Others, now: Instant) {
        let enough = self.enough.saturating_mul(LATER);
        *self = Self { enough, ..Self::begin(others, now) };
    }
}

impl TimedWindow {
    fn shows_a_waiting_client(&self) -> bool {
        self.reading > STORE_IS_FAR && self.reading > self.writing * STORE_IS_SLOWER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows until the client counts as waiting, where each takes that long.
    fn windows(windows: &mut TimedWindows, reading: u64, writing: u64) -> Option<usize> {
        let (reading, writing) = (Duration::from_millis(reading), Duration::from_millis(writing));
        let bytes = usize::try_from(WINDOW_BYTES).unwrap();
        (1..100).find(|_| windows.show_a_waiting_client(bytes, reading, writing))
    }

    fn none_yet() -> TimedWindows {
        TimedWindows::begin(Others::default(), Instant::now())
    }

    #[test]
    fn what_was_not_worth_it_is_tried_again_much_later() {
        let mut timed = none_yet();
        assert_eq!(windows(&mut timed, 60, 1), Some(2));
        timed.try_later(Others::default(), Instant::now());
        assert_eq!(windows(&mut timed, 60, 1), Some(32));
    }

    #[test]
    fn only_a_far_store_counts() {
        assert_eq!(windows(&mut none_yet(), 9, 1), None, "near");
        assert_eq!(windows(&mut none_yet(), 40, 20), None, "a slow client");
    }

    #[test]
    fn where_little_is_moved_no_processor_is_the_limit() {
        let others = Others { moved: 0, running: 7 };
        assert!(!none_yet().share_a_busy_processor(others, Instant::now()));
    }

    #[test]
    fn all_that_was_copied_tells_how_fast_one_request_is() {
        let mut timed = none_yet();
        let begun = timed.since;
        windows(&mut timed, 99, 1);
        let others = Others { moved: 3 << 20, running: 2 };
        let alone = timed.alone(others, begun + Duration::from_secs(1));
        let moved = Moved { bytes: 2 * WINDOW_BYTES, taken: Duration::from_millis(200) };
        assert_eq!((alone.moved, alone.of_each_other), (moved, 3.0 * f64::from(1 << 20)));
    }
}
