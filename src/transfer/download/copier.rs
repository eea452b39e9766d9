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
use super::processor::{Processor, ProcessorWatch};
use super::range_fetchers::{Ahead, RangeFetchers};
use super::source::{ObjectVersion, Source};
use super::together::AmongDownloads;
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
const MUCH_FOR_A_PROCESSOR: f64 = 320e6;

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
        let (now, others) = (Instant::now(), delivery.among.others());
        let took = Took { reading: filled - begun, writing: now - filled };
        if !windows.show_a_waiting_client(got, took, others, now)
            || !may_fetch_ahead(&windows, &mut delivery.among, now)
        {
            continue;
        }
        let alone = windows.alone(others, now);
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
    let processor = windows.processor(among.others(), now);
    let is_known = processor == Processor::Free || windows.alone.taken >= LEAST_TIME_OF_MANY;
    is_known && among.begin_trial(processor, now)
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
    /// How many in a row must find the client waiting, before several requests are tried.
    enough: u32,
    /// Those in the present row.
    waited: u32,
    /// All that was copied in it, since when, and what other downloads had moved by then.
    alone: Moved,
    since: Instant,
    others: Others,
    /// Looks from the first of them on: what is not waited for is not to cost a look each.
    watch: Option<ProcessorWatch>,
}

/// How long both sides took for the last bytes.
#[derive(Debug, Default)]
struct TimedWindow {
    bytes: u64,
    took: Took,
}

/// How long both sides took.
#[derive(Clone, Copy, Debug, Default)]
struct Took {
    reading: Duration,
    writing: Duration,
}

impl TimedWindows {
    /// None yet, at `now`, when `others` had moved so much.
    fn begin(others: Others, now: Instant) -> Self {
        Self {
            present: TimedWindow::default(),
            enough: WINDOWS_WAITED,
            waited: 0,
            alone: Moved::default(),
            since: now,
            others,
            watch: None,
        }
    }

    /// Adds what was copied until `now`, when `others` had moved so much; tells whether the client
    /// was found waiting often enough.
    fn show_a_waiting_client(
        &mut self,
        bytes: usize,
        took: Took,
        others: Others,
        now: Instant,
    ) -> bool {
        self.present.add(bytes as u64, took);
        if self.present.bytes < WINDOW_BYTES {
            return false;
        }
        let full = std::mem::take(&mut self.present);
        if !full.shows_a_waiting_client() {
            *self = Self { enough: self.enough, ..Self::begin(others, now) };
            return false;
        }
        self.waited = self.waited.saturating_add(1);
        self.alone.bytes += full.bytes;
        self.alone.taken += full.took.reading + full.took.writing;
        self.watch.get_or_insert_with(|| ProcessorWatch::begin(now));
        self.waited >= self.enough
    }

    /// What one request has moved.
    fn alone(&self, others: Others, now: Instant) -> Alone {
        let time = now.saturating_duration_since(self.since);
        Alone { moved: self.alone, of_each_other: others.each_since(self.others, time) }
    }

    /// Whether the processor may be what made this download and the others slow.
    fn processor(&self, others: Others, now: Instant) -> Processor {
        let Alone { moved, of_each_other } = self.alone(others, now);
        let of_all = moved.bytes_a_second() + of_each_other * others.running as f64;
        match self.watch {
            Some(watch) if others.running > 0 && of_all > MUCH_FOR_A_PROCESSOR => watch.look(now),
            _ => Processor::Free,
        }
    }

    /// Fetching ahead has brought nothing.
    fn try_later(&mut self, others: Others, now: Instant) {
        let enough = self.enough.saturating_mul(LATER);
        *self = Self { enough, ..Self::begin(others, now) };
    }
}

impl TimedWindow {
    fn add(&mut self, bytes: u64, took: Took) {
        self.bytes += bytes;
        self.took.reading += took.reading;
        self.took.writing += took.writing;
    }

    fn shows_a_waiting_client(&self) -> bool {
        let Took { reading, writing } = self.took;
        reading > STORE_IS_FAR && reading > writing * STORE_IS_SLOWER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// Windows until the client counts as waiting, where each takes that long.
    fn windows(windows: &mut TimedWindows, reading: u64, writing: u64) -> Option<usize> {
        let (reading, writing) = (Duration::from_millis(reading), Duration::from_millis(writing));
        let (bytes, took) = (usize::try_from(WINDOW_BYTES).unwrap(), Took { reading, writing });
        let (others, now) = (Others::default(), windows.since);
        (1..100).find(|_| windows.show_a_waiting_client(bytes, took, others, now))
    }

    fn none_yet() -> TimedWindows {
        TimedWindows::begin(Others::default(), Instant::now())
    }

    #[test]
    fn what_was_not_worth_it_is_tried_again_much_later() {
        let mut timed = none_yet();
        assert_eq!(windows(&mut timed, 40, 1), Some(2));
        timed.try_later(Others::default(), Instant::now());
        assert_eq!(windows(&mut timed, 40, 1), Some(32));
        assert_eq!(windows(&mut none_yet(), 9, 1), None, "near");
        assert_eq!(windows(&mut none_yet(), 40, 20), None, "a slow client");
    }

    #[test]
    fn what_the_client_did_not_wait_for_tells_nothing_of_one_request() {
        let mut timed = none_yet();
        let begun = timed.since;
        assert_eq!(windows(&mut timed, 40, 60_000), None);
        assert_eq!(windows(&mut timed, 99, 1), Some(2));
        let others = Others { moved: 3 * MIB, running: 2 };
        let alone = timed.alone(others, begun + Duration::from_secs(1));
        let moved = Moved { bytes: 2 * MIB, taken: Duration::from_millis(200) };
        // None of them ran when the row began.
        assert_eq!((alone.moved, alone.of_each_other), (moved, 3.0 * MIB as f64));
    }

    #[test]
    fn where_little_is_moved_no_processor_is_the_limit() {
        let mut timed = none_yet();
        assert_eq!(windows(&mut timed, 40, 1), Some(2));
        let (others, later) = (Others { moved: MIB, running: 7 }, Instant::now());
        assert_eq!(timed.processor(others, later + Duration::from_secs(1)), Processor::Free);
    }
}
