//! From the store to the data connection.
//!
//! A small object is sent by the session's own thread. A larger one is copied by a worker
//! ([`copier`]), straight from the store's answer to the data socket or from ranges fetched ahead
//! ([`range_fetchers`]), while the session's thread attends to the control connection; to cancel,
//! it shuts the data socket down. Where the bytes come from is a [`source`].

mod copier;
mod delivery;
mod processor;
mod range_fetchers;
mod source;
mod together;

use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::bounded;

use crate::limits::{BLOCK_BYTES, DOWNLOAD_RESERVE_BYTES, PART_BUFFER_BYTES, UNREAD_PAUSE};
use crate::metrics::Direction;
use crate::net::Stream;
use crate::store::{Cancel, Object, ObjectStore};
use crate::threads;
use crate::transfer::budget::Lease;
use crate::transfer::memory::Pages;
use crate::transfer::receipt::wait_for_receipt;
use crate::transfer::unread::Unread;
use crate::transfer::waiting::{lease, wait_for};
use crate::transfer::{
    Control, Conversion, DataSender, Directive, Incomplete, Interruption, Progress, Resources,
    Throttle, TransferError, TransferReport,
};
use crate::vfs::FtpPath;
use copier::{Copier, buffer_bytes};
use delivery::Delivery;
use range_fetchers::Ahead;
use source::{ObjectVersion, Source};
pub use together::Downloads;

/// One object, opened for reading.
#[derive(Debug)]
pub struct DownloadRequest {
    /// Where it is.
    pub store: Arc<dyn ObjectStore>,
    /// Its name.
    pub path: FtpPath,
    /// Its answer, beginning at `first`.
    pub object: Object,
    /// Offset of the first byte to send.
    pub first: u64,
    /// Whether line ends are turned round.
    pub conversion: Conversion,
}

/// One download that has its memory and may begin.
#[derive(Debug)]
pub struct Download<'a> {
    source: Source,
    crc64: Option<u64>,
    conversion: Conversion,
    resources: Resources<'a>,
    lease: Lease,
    progress: Progress,
    throttle: Throttle,
    among: Arc<Downloads>,
}

impl<'a> Download<'a> {
    /// Waits in line for the memory of the copy buffer.
    ///
    /// # Errors
    /// As an upload's admission.
    pub fn admit(
        request: DownloadRequest,
        resources: Resources<'a>,
        control: &mut dyn Control,
    ) -> Result<Self, Incomplete> {
        let DownloadRequest { store, path, object, first, conversion } = request;
        let crc64 = object.crc64.filter(|_| first == 0);
        let (size, etag) = (object.size, object.etag.clone());
        let version = ObjectVersion { store, path, size, etag };
        let source = Source::opened(version, object, first, Cancel::new());
        let bytes = source.left().clamp(1, DOWNLOAD_RESERVE_BYTES as u64);
        let progress = Progress::of_file(Direction::Download);
        let budget = resources.budget.for_reading();
        let lease = lease(bytes, &budget, resources.wake, control, &progress)?;
        Ok(Self {
            source,
            crc64,
            conversion,
            resources,
            lease,
            progress,
            throttle: Throttle::default(),
            among: Arc::default(),
        })
    }

    /// No faster than `throttle` allows.
    #[must_use]
    pub fn throttled(self, throttle: Throttle) -> Self {
        Self { throttle, ..self }
    }

    /// As one of the downloads of the process.
    #[must_use]
    pub fn among(self, downloads: &Arc<Downloads>) -> Self {
        Self { among: Arc::clone(downloads), ..self }
    }

    /// The download's counters.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Sends the object over `data`, which is non-blocking.
    pub fn run(self, data: Stream, control: &mut dyn Control) -> TransferReport {
        let progress = self.progress.clone();
        progress.restart();
        let ended = if self.source.left() <= BLOCK_BYTES as u64 {
            self.send_here(data, control, &progress)
        } else {
            self.send_by_worker(data, control, &progress)
        };
        TransferReport {
            verdict: ended.into(),
            bytes: progress.bytes(),
            kept: 0,
            elapsed: progress.elapsed(),
            tail: Duration::ZERO,
            parts: 0,
            stored: None,
            seen: None,
            renamed: None,
            is_parked: false,
            parked: None,
            unended: None,
        }
    }

    fn send_here(
        mut self,
        data: Stream,
        control: &mut dyn Control,
        progress: &Progress,
    ) -> Result<(), Incomplete> {
        let sender =
            DataSender::new(data, self.resources, progress.clone()).throttled(self.throttle);
        let counters = progress.clone();
        let mut delivery =
            Delivery::new(sender, counters, self.crc64, self.conversion, &self.among);
        let mut buffer =
            self.lease.memory().take(buffer_bytes(self.source.left()), Pages::Together);
        loop {
            let got = self.source.fill(&mut buffer)?;
            if got == 0 {
                delivery.check()?;
                return delivery.sender().finish(control);
            }
            let (sender, bytes) = delivery.prepare(&buffer[..got]);
            sender.send(bytes, control)?;
        }
    }

    fn send_by_worker(
        self,
        data: Stream,
        control: &mut dyn Control,
        progress: &Progress,
    ) -> Result<(), Incomplete> {
        data.set_nonblocking(false)
            .and_then(|()| data.set_write_timeout(self.resources.options.data_idle))
            .map_err(TransferError::System)?;
        let data = Arc::new(data);
        let cancel = self.source.cancel().clone();
        let options = self.resources.options;
        let (tell, told) = bounded(1);
        let (socket, counters) = (Arc::clone(&data), progress.clone());
        let copy = Delivery::new(socket, counters, self.crc64, self.conversion, &self.among)
            .throttled(self.throttle);
        let worker = Copier {
            source: self.source,
            delivery: copy,
            ahead: Ahead {
                threads: options.download_threads,
                buffer: options.part_buffer.unwrap_or(PART_BUFFER_BYTES),
                budget: self.resources.budget.clone(),
            },
            tell,
            wake: self.resources.wake.clone(),
            lease: self.lease,
        };
        let spawned = threads::spawn_helper(move || worker.run());
        self.resources.ending_threads.adopt(vec![spawned.map_err(TransferError::System)?]);
        let mut unread = Unread::default();
        loop {
            match told.try_recv() {
                Ok(Ok(())) => break,
                Ok(failed) => return failed,
                Err(_) => {}
            }
            let stop = match wait_for(control, self.resources.wake, None, Some(UNREAD_PAUSE)) {
                Ok(woken) if woken.control => match control.attend(progress) {
                    Directive::Interrupt(by) => by.into(),
                    Directive::Continue => continue,
                },
                Ok(_) if unread.keeps_others_waiting(&data, self.resources.budget) => {
                    Interruption::DataIdle.into()
                }
                Ok(_) => continue,
                Err(error) => error.into(),
            };
            // It may just have failed by itself; what it says later is what we made it say.
            let ended = told.try_recv().ok();
            cancel.raise();
            // A connection that is gone already needs no shutting down.
            drop(data.shutdown(Shutdown::Both));
            return ended.filter(Result::is_err).unwrap_or(Err(stop));
        }
        let (idle, wake) = (options.data_idle, self.resources.wake);
        let received = wait_for_receipt(&data, wake, idle, progress, control);
        // End of file for the client before the reply, whoever still holds the socket.
        drop(data.shutdown(Shutdown::Write));
        received
    }
}
