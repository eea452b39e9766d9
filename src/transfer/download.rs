//! From the store to the data connection.
//!
//! A small object is sent by the session's own thread. A larger one is copied by one worker,
//! straight from the store's answer to the data socket, while the session's thread attends to the
//! control connection; to cancel, it shuts the data socket down.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{Sender, bounded};

use crate::limits::{BLOCK_BYTES, DOWNLOAD_CHUNK_BYTES, WORKER_STACK_BYTES};
use crate::net::{Stream, Wake};
use crate::store::{ByteRange, Cancel, Object, ObjectStore};
use crate::transfer::ascii::ToAscii;
use crate::transfer::budget::Lease;
use crate::transfer::waiting::{lease, wait_for};
use crate::transfer::{
    Control, Conversion, DataSender, Directive, Interruption, Progress, Report, Resources,
    TransferError, Verdict,
};
use crate::vfs::FtpPath;

/// How often a body that ends early is opened again without a byte of progress.
const RESUMES_WITHOUT_PROGRESS: u32 = 3;

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
    resources: Resources<'a>,
    lease: Lease,
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
    ) -> Result<Self, Verdict> {
        let source = Source::new(request);
        let bytes = source.buffer_bytes() as u64;
        let progress = Progress::begin();
        let lease = lease(bytes, resources.budget, resources.wake, control, &progress)?;
        Ok(Self { source, resources, lease })
    }

    /// Sends the object over `data`, which is non-blocking.
    pub fn run(self, data: Stream, control: &mut dyn Control) -> Report {
        let progress = Progress::begin();
        let verdict = if self.source.left() <= BLOCK_BYTES as u64 {
            self.send_here(data, control, &progress)
        } else {
            self.send_by_worker(data, control, &progress)
        };
        Report {
            verdict,
            bytes: progress.bytes(),
            elapsed: progress.elapsed(),
            tail: Duration::ZERO,
            parts: 0,
            stored: None,
        }
    }

    fn send_here(
        mut self,
        data: Stream,
        control: &mut dyn Control,
        progress: &Progress,
    ) -> Verdict {
        let options = self.resources.options;
        let mut sender =
            DataSender::new(data, self.resources.wake, options.data_idle, progress.clone());
        let mut buffer = vec![0; self.source.buffer_bytes()];
        loop {
            match self.source.next(&mut buffer) {
                Err(error) => return Verdict::Failed(error),
                Ok([]) => return Verdict::Complete,
                Ok(bytes) => {
                    if let Err(verdict) = sender.send(bytes, control) {
                        return verdict;
                    }
                }
            }
        }
    }

    fn send_by_worker(
        self,
        data: Stream,
        control: &mut dyn Control,
        progress: &Progress,
    ) -> Verdict {
        let prepared = data
            .set_nonblocking(false)
            .and_then(|()| data.set_write_timeout(self.resources.options.data_idle));
        if let Err(error) = prepared {
            return Verdict::Failed(TransferError::System(error));
        }
        let data = Arc::new(data);
        let cancel = self.source.cancel.clone();
        let (tell, verdict) = bounded(1);
        let worker = Copier {
            source: self.source,
            data: Arc::clone(&data),
            progress: progress.clone(),
            verdict: tell,
            wake: self.resources.wake.clone(),
            _lease: self.lease,
        };
        let spawned = Builder::new()
            .name(std::thread::current().name().unwrap_or("download").to_owned())
            .stack_size(WORKER_STACK_BYTES)
            .spawn(move || worker.run());
        match spawned {
            Ok(thread) => self.resources.stragglers.adopt(vec![thread]),
            Err(error) => return Verdict::Failed(TransferError::System(error)),
        }
        loop {
            if let Ok(verdict) = verdict.try_recv() {
                return verdict;
            }
            let stop = match wait_for(control, self.resources.wake, None, None) {
                Ok(woken) if woken.control => match control.attend(progress) {
                    Directive::Interrupt(by) => Verdict::Interrupted { by, kept: false },
                    Directive::Continue => continue,
                },
                Ok(_) => continue,
                Err(error) => Verdict::Failed(error),
            };
            // It may just have ended well: then the client has all of it.
            cancel.raise();
            // A connection that is gone already needs no shutting down.
            drop(data.shutdown(Shutdown::Both));
            return verdict.try_recv().unwrap_or(stop);
        }
    }
}

/// The worker of one download.
#[derive(Debug)]
struct Copier {
    source: Source,
    data: Arc<Stream>,
    progress: Progress,
    verdict: Sender<Verdict>,
    wake: Wake,
    _lease: Lease,
}

impl Copier {
    fn run(mut self) {
        let verdict = catch_unwind(AssertUnwindSafe(|| self.copy())).unwrap_or_else(|_| {
            // The session waits for a verdict, whatever happens.
            let bug = io::Error::other("a bug: the download worker panicked");
            Verdict::Failed(TransferError::System(bug))
        });
        // End of file for the client before the reply: only the session holds the socket now.
        drop(self.data.shutdown(Shutdown::Write));
        // The channel has room for it, and nobody listens any more after an interruption.
        let _ = self.verdict.try_send(verdict);
        self.wake.notify();
    }

    fn copy(&mut self) -> Verdict {
        let mut buffer = vec![0; self.source.buffer_bytes()];
        loop {
            let bytes = match self.source.next(&mut buffer) {
                Ok([]) => return Verdict::Complete,
                Ok(bytes) => bytes,
                Err(error) => return Verdict::Failed(error),
            };
            if let Err(error) = (&*self.data).write_all(bytes) {
                let by = match error.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Interruption::DataIdle,
                    _ => Interruption::DataLost,
                };
                return Verdict::Interrupted { by, kept: false };
            }
            self.progress.add_bytes(bytes.len() as u64);
        }
    }
}

/// The bytes of an object, whatever happens to the store's connections: a body that ends early is
/// opened again where it ended, and only in the same version.
#[derive(Debug)]
struct Source {
    request: DownloadRequest,
    offset: u64,
    cancel: Cancel,
    resumes: u32,
    /// Present while the object's CRC can be checked: all of it is read, from its first byte.
    crc64: Option<(crc_fast::Digest, u64)>,
    ascii: Option<ToAscii>,
}

impl Source {
    fn new(request: DownloadRequest) -> Self {
        let whole = request.first == 0;
        let crc64 = request
            .object
            .crc64
            .filter(|_| whole)
            .map(|expected| (crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64Xz), expected));
        let ascii = (request.conversion == Conversion::Ascii).then(ToAscii::default);
        let offset = request.first;
        Self { request, offset, cancel: Cancel::new(), resumes: 0, crc64, ascii }
    }

    fn left(&self) -> u64 {
        self.request.object.size.saturating_sub(self.offset)
    }

    fn buffer_bytes(&self) -> usize {
        usize::try_from(self.left()).unwrap_or(usize::MAX).clamp(1, DOWNLOAD_CHUNK_BYTES)
    }

    /// The next bytes; none when all have been read and are what the store says they are.
    fn next<'b>(&'b mut self, buffer: &'b mut [u8]) -> Result<&'b [u8], TransferError> {
        let got = self.fill(buffer)?;
        if got == 0 {
            return self.check().map(|()| &[][..]);
        }
        let bytes = &buffer[..got];
        if let Some((digest, _)) = &mut self.crc64 {
            digest.update(bytes);
        }
        match &mut self.ascii {
            Some(ascii) => Ok(ascii.convert(bytes)),
            None => Ok(bytes),
        }
    }

    /// Reads until the buffer is full or the object ends: few, large writes to the client.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, TransferError> {
        let mut got = 0;
        while got < buffer.len() && self.left() > 0 {
            let most = usize::try_from(self.left()).unwrap_or(usize::MAX).min(buffer.len() - got);
            match self.request.object.body.read(&mut buffer[got..got + most]) {
                Ok(0) => self.resume(None)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.resume(Some(error))?,
                Ok(bytes) => {
                    got += bytes;
                    self.offset += bytes as u64;
                    self.resumes = 0;
                }
            }
        }
        Ok(got)
    }

    fn resume(&mut self, cause: Option<io::Error>) -> Result<(), TransferError> {
        let request = &mut self.request;
        let short = TransferError::Source { expected: request.object.size, got: self.offset };
        if self.cancel.is_raised() || self.resumes == RESUMES_WITHOUT_PROGRESS {
            return Err(short);
        }
        let Some(etag) = request.object.etag.clone() else { return Err(short) };
        self.resumes += 1;
        let cause = cause.map_or_else(|| "end of body".to_owned(), |error| error.to_string());
        log::debug!("{} broke off at byte {} ({cause}), resuming", request.path, self.offset);
        let range = ByteRange::from(self.offset);
        let size = request.object.size;
        request.object = request.store.get_object(&request.path, range, Some(&etag))?;
        // An answer about another version, from a store that knows no If-Match.
        if request.object.size != size || request.object.etag.as_ref() != Some(&etag) {
            return Err(short);
        }
        Ok(())
    }

    fn check(&self) -> Result<(), TransferError> {
        match &self.crc64 {
            Some((digest, expected)) if digest.finalize() != *expected => {
                Err(TransferError::Checksum)
            }
            _ => Ok(()),
        }
    }
}
