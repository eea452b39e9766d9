//! 200 GB, cut at 150 GB, parked and gone on with: what the parts are then, and how long it takes.
//! `cargo bench --bench transfer -- resumed`; `RESUMED_GB` is another size.

use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use cos_ftp_server::limits;
use cos_ftp_server::net::{Stream, Wake};
use cos_ftp_server::store::{Freshness, Multipart, ObjectStore};
use cos_ftp_server::transfer::{
    Budget, EndingThreads, OverFiles, ParkedAmong, PartialUpload, Plan, Resources, TransferOptions,
    TransferReport, Upload, UploadRequest, Verdict, WriteMode,
};
use cos_ftp_server::vfs::FtpPath;
use socket2::SockRef;

use super::discarding_store::DiscardingStore;
use super::{Silent, connected, send};

const GB: u64 = 1_000_000_000;

/// How the client's part of an upload ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    InOrder,
    ByReset,
}

pub(super) fn run() {
    let size = std::env::var("RESUMED_GB").map_or(200, |text| text.parse().unwrap()) * GB + 12_345;
    let cut = size / 4 * 3;
    let store = Arc::new(DiscardingStore::default());
    let began = Instant::now();
    let report = upload(&store, WriteMode::Replace, cut, End::ByReset);
    assert!(report.is_parked, "{report:?}");
    let path = FtpPath::root().join("file").unwrap();
    let parked = store.find_parked_upload(&path, Freshness::Now).unwrap().unwrap();
    let offset = parked.offset();
    let first = parked.parts.len();
    let seconds = began.elapsed().as_secs_f64();
    println!("cut at byte {cut} after {seconds:.0} s: {first} parts, goes on at byte {offset}");
    let before = store.parts().len();
    let report = upload(&store, WriteMode::ResumeAt(offset), size - offset, End::InOrder);
    assert!(matches!(report.verdict, Verdict::Complete), "{report:?}");
    assert_eq!((report.kept, report.bytes), (offset, size - offset));
    // What came behind the cut begins where it was said, and each where the one before it ends.
    let mut resumed = store.parts().split_off(before);
    resumed.sort_unstable_by_key(|(place, _)| place.number);
    let (mut number, mut end) = (first as u32, offset);
    for (place, bytes) in &resumed {
        assert_eq!((place.number, place.offset), (number, end));
        (number, end) = (number + 1, end + bytes);
    }
    assert_eq!(end, size);
    let parts = store.completed();
    assert!(parts.iter().zip(1..).all(|(part, number)| part.number == number));
    let (last, others) = parts.split_last().unwrap();
    assert!(others.iter().all(|part| part.size >= limits::S3_MIN_PART_BYTES), "{last:?}");
    assert!(parts.len() <= limits::PARTS_PER_UPLOAD as usize, "{}", parts.len());
    assert_eq!(parts.iter().map(|part| part.size).sum::<u64>(), size);
    let largest = parts.iter().map(|part| part.size).max().unwrap();
    let seconds = began.elapsed().as_secs_f64();
    println!("{size} bytes after {seconds:.0} s: {} parts, up to {largest} bytes", parts.len());
}

fn upload(store: &Arc<DiscardingStore>, mode: WriteMode, bytes: u64, end: End) -> TransferReport {
    let (client, data) = connected();
    let options = TransferOptions { partial: PartialUpload::Park, ..TransferOptions::default() };
    let (budget, ending_threads) = (Budget::new(options.buffer_memory), EndingThreads::default());
    let wake = Wake::new().unwrap();
    let resources = Resources {
        options: &options,
        budget: &budget,
        ending_threads: &ending_threads,
        wake: &wake,
    };
    let store: Arc<dyn ObjectStore> = Arc::clone(store) as _;
    let path = FtpPath::root().join("file").unwrap();
    let plan = Plan::make(&*store, &path, mode, ParkedAmong::All, OverFiles::default()).unwrap();
    let request = UploadRequest::new(store, path, plan);
    let report = thread::scope(|scope| {
        scope.spawn(|| send_and_end(client, bytes, end));
        let upload = Upload::admit(request, resources, &mut Silent).unwrap();
        upload.run(Stream::Plain(data), &mut Silent)
    });
    assert_eq!(ending_threads.join_all(Instant::now() + Duration::from_secs(60)), 0);
    report
}

fn send_and_end(client: TcpStream, bytes: u64, end: End) {
    if end == End::ByReset {
        SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
    }
    send(client, bytes as usize);
}
