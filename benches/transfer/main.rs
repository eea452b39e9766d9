//! What an upload costs on this side of the store: the block pipe from the data connection to a
//! store that throws everything away, and the CRC-64 that is compared with COS's.
#![allow(clippy::unwrap_used, reason = "a bench that panics fails")]

mod discarding_store;
mod resumed;

use std::hint::black_box;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use cos_ftp_server::net::{Stream, Wake};
use cos_ftp_server::store::ObjectStore;
use cos_ftp_server::transfer::{
    Budget, Control, Directive, EndingThreads, OverFiles, ParkedAmong, Plan, Progress, Resources,
    TransferOptions, Upload, UploadRequest, Verdict, WriteMode,
};
use cos_ftp_server::vfs::FtpPath;
use crc_fast::CrcAlgorithm;
use criterion::{Criterion, Throughput};

use discarding_store::DiscardingStore;

const MEBIBYTE: usize = 1024 * 1024;

/// What a client writes at a time.
const WRITE_BYTES: usize = MEBIBYTE;

fn main() {
    if std::env::args().any(|argument| argument == "resumed") {
        return resumed::run();
    }
    let mut criterion = Criterion::default().configure_from_args();
    uploads(&mut criterion);
    crc64(&mut criterion);
    criterion.final_summary();
}

/// One object, and parts that go through the pool of blocks again and again. The client's writes
/// and the loopback are in the figures.
fn uploads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("upload");
    group.sample_size(20);
    for (name, bytes) in [("4 KiB", 4096), ("1 MiB", MEBIBYTE), ("64 MiB, in parts", 64 * MEBIBYTE)]
    {
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(name, |bencher| bencher.iter(|| upload(bytes)));
    }
    group.finish();
}

/// A part that was sent is read again for its CRC.
fn crc64(criterion: &mut Criterion) {
    let part = vec![7; 5 * MEBIBYTE];
    let mut group = criterion.benchmark_group("crc64");
    group.throughput(Throughput::Bytes(part.len() as u64));
    group.bench_function("5 MiB", |bencher| {
        bencher.iter(|| crc_fast::checksum(CrcAlgorithm::Crc64Xz, black_box(&part)));
    });
    group.finish();
}

fn upload(bytes: usize) {
    let (client, data) = connected();
    let options = TransferOptions::default();
    let (budget, ending_threads) = (Budget::new(options.buffer_memory), EndingThreads::default());
    let wake = Wake::new().unwrap();
    let resources = Resources {
        options: &options,
        budget: &budget,
        ending_threads: &ending_threads,
        wake: &wake,
    };
    let store: Arc<dyn ObjectStore> = Arc::new(DiscardingStore::default());
    let path = FtpPath::root().join("file").unwrap();
    let over = OverFiles::default();
    let plan = Plan::make(&*store, &path, WriteMode::Replace, ParkedAmong::None, over).unwrap();
    let request = UploadRequest::new(store, path, plan);
    let report = thread::scope(|scope| {
        scope.spawn(|| send(client, bytes));
        let upload = Upload::admit(request, resources, &mut Silent).unwrap();
        upload.run(Stream::Plain(data), &mut Silent)
    });
    assert!(matches!(report.verdict, Verdict::Complete), "{report:?}");
    assert_eq!(report.bytes, bytes as u64);
    assert_eq!(ending_threads.join_all(Instant::now() + Duration::from_secs(60)), 0);
}

/// Sends the file and ends it, as a client does.
fn send(mut client: TcpStream, mut bytes: usize) {
    static PIECE: [u8; WRITE_BYTES] = [7; WRITE_BYTES];
    while bytes > 0 {
        let piece = bytes.min(WRITE_BYTES);
        client.write_all(&PIECE[..piece]).unwrap();
        bytes -= piece;
    }
}

/// The client's end of a data connection, and the server's.
fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    server.set_nonblocking(true).unwrap();
    (client, server)
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
