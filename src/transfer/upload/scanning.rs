//! What arrives is checked by a scanner before it may become a file.
//!
//! One thread for an upload hands its bytes to the scanner as they arrive, from a queue that is
//! bounded: while it is full the client is not read. What an upload keeps of an earlier file goes
//! there, too, before and behind, read from the store.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use crate::limits;
use crate::net::Wake;
use crate::scan::{ClamdStream, ScanFailed, ScanOptions, ScanVerdict};
use crate::store::{ByteRange, CopySource, ObjectStore};
use crate::threads::{self, OwnedThread};
use crate::transfer::TransferError;
use crate::vfs::FtpPath;

/// The check of one upload. Dropped, it ends.
#[derive(Debug)]
pub(super) struct Scanning {
    shared: Arc<ScanQueue>,
    failed: ScanFailed,
    /// What the thread needs, until there is one.
    task: Option<ScanTask>,
    thread: Option<OwnedThread<()>>,
}

/// What the thread does.
#[derive(Debug)]
struct ScanTask {
    options: ScanOptions,
    store: Arc<dyn ObjectStore>,
    path: FtpPath,
    /// What of an earlier file stands before the new bytes.
    kept: Option<CopySource>,
    wake: Wake,
}

/// What stands between both.
#[derive(Debug, Default)]
struct ScanQueue {
    state: Mutex<QueuedBytes>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct QueuedBytes {
    chunks: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Nothing more arrives; what of an earlier file stands behind it.
    end: Option<Option<CopySource>>,
    /// Nobody wants to know any more.
    is_cancelled: bool,
    /// To be ended with it.
    connection: Option<ClamdStream>,
    verdict: Option<ScanVerdict>,
}

/// What comes next.
enum NextBytes {
    Chunk(Vec<u8>),
    End(Option<CopySource>),
}

/// Why nothing more is sent.
enum Halt {
    Cancelled,
    /// The scanner takes no more: it may have said why.
    Scanner(io::Error),
    /// What is to be checked could not be read.
    Source(String),
}

impl Scanning {
    /// A check of what becomes of `path`, of which `kept` is there already.
    pub(super) fn new(
        options: &ScanOptions,
        store: &Arc<dyn ObjectStore>,
        path: &FtpPath,
        kept: Option<CopySource>,
        wake: &Wake,
    ) -> Self {
        let (store, path, wake) = (Arc::clone(store), path.clone(), wake.clone());
        Self {
            shared: Arc::default(),
            failed: options.failed,
            task: Some(ScanTask { options: options.clone(), store, path, kept, wake }),
            thread: None,
        }
    }

    /// The upload goes on with parts that nobody can read: so it cannot be checked.
    pub(super) fn rule_out(&mut self) {
        let why = "it goes on with a parked upload, which cannot be read";
        self.task = None;
        self.shared.settle(ScanVerdict::Failed(why.to_owned()));
    }

    /// Takes bytes that have arrived; with the first, the thread begins.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if let Some(task) = self.task.take() {
            let shared = Arc::clone(&self.shared);
            match threads::spawn_helper(move || task.run(&shared)) {
                Ok(thread) => self.thread = Some(thread),
                Err(error) => {
                    self.shared.settle(ScanVerdict::Failed(format!("no thread for it: {error}")));
                }
            }
        }
        let mut state = self.shared.state.lock();
        if state.verdict.is_none() {
            state.chunks.push_back(bytes.to_vec());
            state.bytes += bytes.len();
            self.shared.changed.notify_one();
        }
    }

    /// Whether more may be read; the wake tells when it may.
    pub(super) fn has_room(&self) -> bool {
        let state = self.shared.state.lock();
        state.verdict.is_some() || state.bytes < limits::SCAN_QUEUE_BYTES
    }

    /// All has arrived; `tail` of an earlier file stands behind it.
    pub(super) fn finish(&mut self, tail: Option<CopySource>) {
        if self.task.take().is_some() {
            // Nothing has come that could be anything.
            self.shared.settle(ScanVerdict::Clean);
        }
        self.shared.state.lock().end.get_or_insert(tail);
        self.shared.changed.notify_one();
    }

    /// Whether the scanner has nothing against it, or its failure does not matter.
    ///
    /// # Errors
    /// What it found, or that it failed.
    pub(super) fn is_passed(&self) -> Result<bool, TransferError> {
        match (&self.shared.state.lock().verdict, self.failed) {
            (None, _) => Ok(false),
            (Some(ScanVerdict::Clean), _) => Ok(true),
            (Some(ScanVerdict::Found(name)), _) => {
                Err(TransferError::Infected { name: name.clone() })
            }
            (Some(ScanVerdict::Failed(_)), ScanFailed::Publish) => Ok(true),
            (Some(ScanVerdict::Failed(why)), ScanFailed::Refuse) => {
                Err(TransferError::NotScanned { why: why.clone() })
            }
        }
    }

    /// Why the file is stored although it was not checked, if that is so.
    pub(super) fn unchecked(&self) -> Option<String> {
        match &self.shared.state.lock().verdict {
            Some(ScanVerdict::Failed(why)) => Some(why.clone()),
            _ => None,
        }
    }

    /// Ends it, and hands over its thread, which may wait for the store.
    pub(super) fn dismiss(mut self) -> Option<OwnedThread<()>> {
        self.thread.take()
    }
}

impl Drop for Scanning {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        state.is_cancelled = true;
        if let Some(connection) = &state.connection {
            connection.shut_down();
        }
        self.shared.changed.notify_one();
    }
}

impl ScanQueue {
    fn settle(&self, verdict: ScanVerdict) {
        let mut state = self.state.lock();
        state.verdict.get_or_insert(verdict);
        state.chunks = VecDeque::new();
        (state.bytes, state.connection) = (0, None);
    }

    fn next(&self, wake: &Wake) -> Result<NextBytes, Halt> {
        let mut state = self.state.lock();
        loop {
            if state.is_cancelled {
                return Err(Halt::Cancelled);
            }
            if let Some(chunk) = state.chunks.pop_front() {
                let was_full = state.bytes >= limits::SCAN_QUEUE_BYTES;
                state.bytes -= chunk.len();
                if was_full && state.bytes < limits::SCAN_QUEUE_BYTES {
                    wake.notify();
                }
                return Ok(NextBytes::Chunk(chunk));
            }
            if let Some(tail) = state.end.clone() {
                return Ok(NextBytes::End(tail));
            }
            self.changed.wait(&mut state);
        }
    }
}

impl ScanTask {
    fn run(self, queue: &ScanQueue) {
        let verdict = match ClamdStream::begin(&self.options) {
            Ok(stream) => self.ask(stream, queue),
            Err(error) => Some(ScanVerdict::Failed(error.to_string())),
        };
        if let Some(verdict) = verdict {
            queue.settle(verdict);
        }
        self.wake.notify();
    }

    /// The verdict; `None` when nobody wants to know any more.
    fn ask(&self, mut stream: ClamdStream, queue: &ScanQueue) -> Option<ScanVerdict> {
        match stream.try_clone() {
            Ok(connection) => queue.state.lock().connection = Some(connection),
            Err(error) => return Some(ScanVerdict::Failed(error.to_string())),
        }
        match self.send_all(&mut stream, queue) {
            Ok(()) => Some(stream.verdict()),
            Err(Halt::Cancelled) => None,
            Err(Halt::Source(why)) => Some(ScanVerdict::Failed(why)),
            Err(Halt::Scanner(error)) if error.kind() == ErrorKind::TimedOut => {
                Some(ScanVerdict::Failed(error.to_string()))
            }
            // It may have said why before it took no more.
            Err(Halt::Scanner(error)) => match stream.verdict() {
                ScanVerdict::Failed(why) if why.contains("limit") => Some(ScanVerdict::Failed(why)),
                ScanVerdict::Found(name) => Some(ScanVerdict::Found(name)),
                _ => Some(ScanVerdict::Failed(error.to_string())),
            },
        }
    }

    fn send_all(&self, stream: &mut ClamdStream, queue: &ScanQueue) -> Result<(), Halt> {
        if let Some(kept) = &self.kept {
            self.send_stored(stream, kept)?;
        }
        let tail = loop {
            match queue.next(&self.wake)? {
                NextBytes::Chunk(bytes) => stream.send(&bytes).map_err(Halt::Scanner)?,
                NextBytes::End(tail) => break tail,
            }
        };
        if let Some(tail) = tail {
            self.send_stored(stream, &tail)?;
        }
        stream.end().map_err(Halt::Scanner)
    }

    /// What stands in the store already.
    fn send_stored(&self, stream: &mut ClamdStream, source: &CopySource) -> Result<(), Halt> {
        let CopySource { first, end, etag } = source;
        let range = ByteRange::between(*first, *end);
        let object = self.store.get_object(&self.path, range, etag.as_ref());
        let object = object.map_err(|error| Halt::Source(error.to_string()))?;
        let mut body = object.body.take(end - first);
        let mut left = end - first;
        let mut buffer = vec![0; limits::SCAN_CHUNK_BYTES];
        while left > 0 {
            let got = body.read(&mut buffer).map_err(|error| Halt::Source(error.to_string()))?;
            if got == 0 {
                return Err(Halt::Source("the file that is gone on with ended early".to_owned()));
            }
            stream.send(&buffer[..got]).map_err(Halt::Scanner)?;
            left -= got as u64;
        }
        Ok(())
    }
}
