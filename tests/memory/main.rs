//! What an upload holds in memory: its part buffer and a stated constant, whatever the size of the
//! file and whoever is the slower. Measured at the allocator and at what is mapped for blocks,
//! through the real client of the COS store; and afterwards, at the kernel, that all of it is given
//! back. One test, as both count for the whole process.
#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod discarding_store;

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use cos_ftp_server::limits;
use cos_ftp_server::net::{Stream, Wake};
use cos_ftp_server::store::ObjectStore;
use cos_ftp_server::store::cos::{Buckets, CosOptions, CredentialSource, Scheme};
use cos_ftp_server::transfer::{
    Budget, Control, Directive, EndingThreads, OverFiles, ParkedAmong, Plan, Progress, Resources,
    TransferOptions, TransferReport, Upload, UploadRequest, Verdict, WriteMode,
};
use cos_ftp_server::vfs::FtpPath;
use peak_alloc::PeakAlloc;

use discarding_store::{DiscardingStore, Pace};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The size of every part here: files are small enough for the schedule to stay at its start.
const PART: usize = 5 * 1024 * 1024;

/// The same where the store is far and takes so small ones: as small as they become.
const FAR_PART: usize = limits::COS_MIN_PART_BYTES as usize;

/// What a worker holds beside its part: a connection's buffers, 64 KiB to send from and 16 KiB to
/// read into, and the request and its answer as values.
const WORKER_BYTES: usize = (64 + 16 + 8) * 1024;

/// What an upload holds beside its buffer and workers: channels, threads, the client's own
/// bookkeeping. Less than a block, so that one block that leaks shows.
const UPLOAD_BYTES: usize = 64 * 1024;

/// What it holds for each part until the end: the receipt, and its lines in the list that Complete
/// sends, while that is put together.
const RECEIPT_BYTES: usize = 512;

/// What may stay with the process when no transfer runs: stacks of the threads that serve here, idle
/// connections, what the allocator keeps of small things.
const RESIDENT_BYTES: usize = 8 * 1024 * 1024;

/// One upload to measure.
#[derive(Clone, Copy, Debug)]
struct Case {
    part_buffer: Option<u64>,
    upload_threads: usize,
    parts: usize,
    pace: Pace,
    trouble: Trouble,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    None,
    /// The store refuses a part in the middle, which is sent again.
    Retry,
}

impl Case {
    /// The buffer the operator has allowed, bytes.
    fn buffer(self) -> usize {
        self.part_buffer.unwrap_or(limits::PART_BUFFER_BYTES) as usize
    }

    /// The smallest part that the store takes.
    fn least_part(self) -> usize {
        if self.pace == Pace::Far { FAR_PART } else { PART }
    }

    fn bound(self) -> usize {
        // As many workers as there can be parts in the buffer, and one that asks what the name may
        // be: over a slow line it still does when the first part begins.
        let part = self.least_part();
        let workers = self.upload_threads.min(self.buffer() / part + 1);
        let receipts = self.parts * (PART / part) * RECEIPT_BYTES;
        self.buffer() + workers * WORKER_BYTES + UPLOAD_BYTES + receipts
    }
}

#[test]
fn an_upload_holds_its_part_buffer_and_a_constant() {
    // As `upload_thread_num` is by default.
    const WORKERS: usize = 16;
    const DEFAULT: (Option<u64>, usize) = (None, WORKERS);
    const ONE_WORKER: (Option<u64>, usize) = (None, 1);
    const ONE_PART: (Option<u64>, usize) = (Some(5_242_880), WORKERS);
    for (settings, parts, pace, trouble) in [
        (DEFAULT, 1, Pace::Fast, Trouble::None),
        (DEFAULT, 1, Pace::Slow, Trouble::None),
        (DEFAULT, 50, Pace::Fast, Trouble::None),
        (DEFAULT, 50, Pace::Slow, Trouble::None),
        (DEFAULT, 50, Pace::Slow, Trouble::Retry),
        (DEFAULT, 500, Pace::Fast, Trouble::None),
        (DEFAULT, 500, Pace::Slow, Trouble::None),
        (DEFAULT, 50, Pace::Far, Trouble::None),
        (DEFAULT, 50, Pace::Far, Trouble::Retry),
        (ONE_WORKER, 50, Pace::Fast, Trouble::Retry),
        (ONE_WORKER, 50, Pace::Slow, Trouble::None),
        (ONE_PART, 1, Pace::Slow, Trouble::None),
        (ONE_PART, 50, Pace::Fast, Trouble::Retry),
        (ONE_PART, 50, Pace::Slow, Trouble::None),
        (ONE_PART, 500, Pace::Slow, Trouble::None),
    ] {
        let (part_buffer, upload_threads) = settings;
        let case = Case { part_buffer, upload_threads, parts, pace, trouble };
        let peak = measure(case);
        println!("{case:?}: {peak} of {} bytes", case.bound());
        assert!(peak <= case.bound(), "{case:?}: {peak} bytes, allowed {}", case.bound());
        let kept = resident();
        println!("resident afterwards: {kept}");
        assert!(kept <= RESIDENT_BYTES, "{case:?}: {kept} bytes stay with the process");
        if case.pace != Pace::Fast && case.parts > 1 {
            // The measurement sees what it should: a slow store fills the buffer.
            assert!(peak >= case.buffer() * 3 / 4, "{case:?}: {peak} bytes only");
        }
    }
}

/// Bytes of anonymous memory that the process holds, as the kernel sees it.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// Runs one upload and returns the most bytes it held at a time.
fn measure(case: Case) -> usize {
    let remote = DiscardingStore::start(case.pace);
    let store: Arc<dyn ObjectStore> =
        Arc::new(Buckets::default().open(bucket(&remote, case.least_part())).unwrap());
    let options = TransferOptions {
        part_buffer: case.part_buffer,
        upload_threads: case.upload_threads,
        // Parts of the first target are enough for it.
        max_file: 32 << 30,
        ..TransferOptions::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (data, _) = listener.accept().unwrap();
    data.set_nonblocking(true).unwrap();

    let baseline = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let budget = Budget::new(options.buffer_memory);
    let report = thread::scope(|scope| {
        scope.spawn(|| send(client, case, &remote));
        upload(store, &options, &budget, Stream::Plain(data))
    });
    // The two may have been at different times: the sum is never less than what was held.
    let peak = MEMORY.peak_usage().saturating_sub(baseline) + budget.mapped_at_most();
    let is_spare = budget.give_back_unused();
    assert!(is_spare, "{case:?}: no block waits for the next upload");
    assert!(!budget.give_back_unused(), "{case:?}: blocks that nobody uses are kept");

    assert!(matches!(report.verdict, Verdict::Complete), "{case:?}: {report:?}");
    assert_eq!(report.bytes, (case.parts * PART) as u64);
    assert_eq!(remote.refused(), usize::from(case.trouble == Trouble::Retry), "{case:?}");
    peak
}

fn upload(
    store: Arc<dyn ObjectStore>,
    options: &TransferOptions,
    budget: &Budget,
    data: Stream,
) -> TransferReport {
    let ending_threads = EndingThreads::default();
    let wake = Wake::new().unwrap();
    let resources = Resources { options, budget, ending_threads: &ending_threads, wake: &wake };
    let path = FtpPath::root().join("file").unwrap();
    let over = OverFiles::default();
    let plan = Plan::make(&*store, &path, WriteMode::Replace, ParkedAmong::None, over).unwrap();
    let request = UploadRequest::new(store, path, plan);
    let upload = Upload::admit(request, resources, &mut Silent).unwrap();
    let report = upload.run(data, &mut Silent);
    assert_eq!(ending_threads.join_all(Instant::now() + Duration::from_secs(60)), 0);
    assert_eq!(budget.in_use(), 0);
    report
}

/// Sends the file. To a fast store it sends a part only when the one before it was taken.
fn send(mut client: TcpStream, case: Case, remote: &DiscardingStore) {
    static PIECE: [u8; 64 * 1024] = [7; 64 * 1024];
    for part in 0..case.parts {
        if case.trouble == Trouble::Retry && part == case.parts / 2 {
            remote.refuse_next();
        }
        while case.pace == Pace::Fast && remote.parts() + 1 < part {
            thread::yield_now();
        }
        for _ in 0..PART / PIECE.len() {
            client.write_all(&PIECE).unwrap();
        }
    }
}

/// A control connection on which nothing happens.
struct Silent;

impl Control for Silent {
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn attend(&mut self, _: &Progress) -> Directive {
        Directive::Continue
    }
}

fn bucket(remote: &DiscardingStore, least_part: usize) -> CosOptions {
    let credentials = CredentialSource::told("id".to_owned(), "key".to_owned());
    CosOptions {
        scheme: Scheme::Http,
        min_part: least_part as u64,
        ..CosOptions::new("bucket", remote.address().to_string(), credentials)
    }
}
