//! The worker of one download: copies from the store to the data socket. One answer of the store
//! is copied straight through, which is the cheapest way near it; when the client is found waiting
//! for the store, ranges are fetched ahead by [`Lanes`].

use std::io::{self, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::lanes::Lanes;
use super::source::Source;
use crate::limits::DOWNLOAD_CHUNK_BYTES;
use crate::net::{Interest, Stream, Wake, wait};
use crate::transfer::ascii::ToAscii;
use crate::transfer::budget::{Budget, Lease};
use crate::transfer::memory::Pages;
use crate::transfer::throttle::{Allowance, Throttle};
use crate::transfer::{Conversion, Incomplete, Interruption, Progress, TransferError};

/// What is copied before the speeds of both sides are compared.
const WINDOW_BYTES: u64 = 1024 * 1024;

/// How often in a row the client must be found waiting: a busy machine is slow for a moment, and
/// more connections would only make it busier.
const WINDOWS_WAITED: u32 = 2;

/// The client is waiting for the store when reading takes this many times as long as writing …
const STORE_IS_SLOWER: u32 = 3;

/// … and longer than this for a window: a store that gives 100 MB/s on one connection is near, or
/// the machine is busy with many other transfers.
const STORE_IS_FAR: Duration = Duration::from_millis(10);

/// What the operator allows for fetching ahead.
#[derive(Clone, Debug)]
pub(super) struct Ahead {
    /// Ranges fetched at once.
    pub(super) threads: usize,
    /// Bytes in all of them.
    pub(super) buffer: u64,
    pub(super) budget: Budget,
}

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
    let mut buffer = ahead.budget.memory().take(buffer_bytes(source.left()), Pages::Together);
    let mut window = Window::default();
    loop {
        let begun = Instant::now();
        let got = source.fill(&mut buffer)?;
        let filled = Instant::now();
        if got == 0 {
            return delivery.finish();
        }
        delivery.write(&buffer[..got])?;
        if window.shows_a_waiting_client(got, filled - begun, filled.elapsed()) {
            match Lanes::start(source, ahead) {
                Ok(mut lanes) => {
                    drop(buffer);
                    lanes.deliver(delivery)?;
                    return delivery.finish();
                }
                Err(unchanged) => source = *unchanged,
            }
        }
    }
}

/// The buffer for so many bytes of an object.
pub(super) fn buffer_bytes(left: u64) -> usize {
    usize::try_from(left).unwrap_or(usize::MAX).clamp(1, DOWNLOAD_CHUNK_BYTES)
}

/// How long both sides took for the last bytes.
#[derive(Debug, Default)]
struct Window {
    bytes: u64,
    reading: Duration,
    writing: Duration,
    /// Windows in a row that found the client waiting.
    waited: u32,
}

impl Window {
    fn shows_a_waiting_client(
        &mut self,
        bytes: usize,
        reading: Duration,
        writing: Duration,
    ) -> bool {
        self.bytes += bytes as u64;
        self.reading += reading;
        self.writing += writing;
        if self.bytes < WINDOW_BYTES {
            return false;
        }
        let full = std::mem::take(self);
        let waits = full.reading > STORE_IS_FAR && full.reading > full.writing * STORE_IS_SLOWER;
        self.waited = if waits { full.waited + 1 } else { 0 };
        self.waited == WINDOWS_WAITED
    }
}

/// What every byte of an object passes on its way to the client, in order.
#[derive(Debug)]
pub(super) struct Delivery<W> {
    data: W,
    progress: Progress,
    /// Present while the object's CRC can be checked: all of it is sent, from its first byte.
    crc64: Option<(crc_fast::Digest, u64)>,
    ascii: Option<ToAscii>,
    throttle: Throttle,
}

impl<W> Delivery<W> {
    /// To `data`; `crc64` is what the whole object must have.
    pub(super) fn new(
        data: W,
        progress: Progress,
        crc64: Option<u64>,
        conversion: Conversion,
    ) -> Self {
        let algorithm = crc_fast::CrcAlgorithm::Crc64Xz;
        Self {
            data,
            progress,
            crc64: crc64.map(|expected| (crc_fast::Digest::new(algorithm), expected)),
            ascii: (conversion == Conversion::Ascii).then(ToAscii::default),
            throttle: Throttle::default(),
        }
    }

    /// No faster than `throttle` allows.
    pub(super) fn throttled(self, throttle: Throttle) -> Self {
        Self { throttle, ..self }
    }

    /// What `bytes` of the object are on the wire, counted into the checksum.
    pub(super) fn prepare<'b>(&'b mut self, bytes: &'b [u8]) -> (&'b mut W, &'b [u8]) {
        if let Some((digest, _)) = &mut self.crc64 {
            digest.update(bytes);
        }
        let bytes = match &mut self.ascii {
            Some(ascii) => ascii.convert(bytes),
            None => bytes,
        };
        (&mut self.data, bytes)
    }

    /// What it goes to.
    pub(super) fn sender(&mut self) -> &mut W {
        &mut self.data
    }

    /// After the last byte: whether the object is what the store says it is.
    pub(super) fn check(&self) -> Result<(), Incomplete> {
        match &self.crc64 {
            Some((digest, expected)) if digest.finalize() != *expected => {
                Err(TransferError::Checksum.into())
            }
            _ => Ok(()),
        }
    }
}

impl Delivery<Arc<Stream>> {
    /// Writes `bytes` of the object; waits for the client as long as the socket's time-out says.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Incomplete> {
        let (throttle, progress) = (self.throttle.clone(), self.progress.clone());
        let (data, mut bytes) = self.prepare(bytes);
        while !bytes.is_empty() {
            let most = match throttle.allowance(Instant::now()) {
                Allowance::Bytes(most) => most.min(bytes.len()),
                Allowance::Wait(pause) => {
                    rest(data, pause)?;
                    continue;
                }
            };
            let (present, following) = bytes.split_at(most);
            (&**data).write_all(present).map_err(|error| interrupted(&error))?;
            throttle.take(most, Instant::now());
            progress.add_bytes(most as u64);
            bytes = following;
        }
        Ok(())
    }

    /// After the last byte: checks the object, and tells the client that it has all of it.
    pub(super) fn finish(&self) -> Result<(), Incomplete> {
        self.check()?;
        self.data.finish().map_err(|error| interrupted(&error))
    }
}

fn interrupted(error: &io::Error) -> Incomplete {
    Incomplete::Interrupted(match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Interruption::DataIdle,
        _ => Interruption::DataLost,
    })
}

/// Sends nothing for `pause`, unless the connection ends: that is how the session's thread cancels.
fn rest(data: &Stream, pause: Duration) -> Result<(), Incomplete> {
    match wait([(data.as_fd(), Interest::End)], Some(pause)) {
        Ok([false]) => Ok(()),
        Ok([true]) => Err(Interruption::DataLost.into()),
        Err(error) => Err(TransferError::System(error).into()),
    }
}
