//! A directory of 100,000 files is listed in the memory of one page: the store's client takes a
//! page, hands it out and forgets it.
//!
//! The heap of this process is measured as a whole, so this file holds one test only.
#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use cos_ftp_server::store::cos::{CosOptions, CosStore, CredentialSource, Scheme};
use cos_ftp_server::store::{FileTree, ListRequest};
use cos_ftp_server::vfs::FtpPath;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// `metadata_cache_time`, as it is by default.
const METADATA_CACHE: Duration = Duration::from_secs(10);

/// Keys of one page.
const PAGE: usize = 1000;

/// What a listing may hold at its peak: the text of a page, and its entries as they are decoded,
/// corrected, remembered and handed out.
const BOUND_BYTES: usize = 2 * 1024 * 1024;

#[test]
fn a_listing_of_100_000_entries_holds_a_page() {
    let short = measure(5 * PAGE, Duration::ZERO);
    let long = measure(100 * PAGE, Duration::ZERO);
    // With the memory of names, whose size is bounded for itself: it is full after 16,384 of them.
    let full = measure(20 * PAGE, METADATA_CACHE);
    let remembered = measure(40 * PAGE, METADATA_CACHE);
    println!(
        "peak heap: {short} bytes for 5,000 entries, {long} for 100,000; with the memory of names \
         {full} for 20,000, {remembered} for 40,000"
    );
    assert!(long <= short + 256 * 1024, "{long} bytes, a short listing takes {short}");
    assert!(long <= BOUND_BYTES, "{long} bytes");
    assert!(remembered <= full + 512 * 1024, "{remembered} bytes after {full}");
    assert!(short > 100 * 1024, "a page of {short} bytes: nothing was measured");
}

/// Lists a directory of `count` files and returns the most bytes that took at a time.
fn measure(count: usize, metadata_cache: Duration) -> usize {
    let store = CosStore::connect(options(serve(count), metadata_cache)).unwrap();
    let directory = FtpPath::root().join("directory").unwrap();
    let baseline = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let (mut seen, mut after) = (0, None);
    loop {
        let request = ListRequest {
            directory: &directory,
            name_prefix: "",
            after: after.as_ref(),
            with_times: false,
        };
        let page = store.list(&request, None).unwrap();
        for entry in &page.entries {
            assert!(entry.name.ends_with(&format!("{seen:07}")), "{} is no {seen}", entry.name);
            seen += 1;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, count);
    MEMORY.peak_usage().saturating_sub(baseline)
}

fn options(address: SocketAddr, metadata_cache: Duration) -> CosOptions {
    let credentials = CredentialSource::told("id".to_owned(), "key".to_owned());
    CosOptions {
        scheme: Scheme::Http,
        metadata_cache,
        ..CosOptions::new("bucket", address.to_string(), credentials)
    }
}

/// A store that makes up the pages of a directory of `count` files as it is asked for them. It
/// holds no page either. Its threads end with the process.
fn serve(count: usize) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let connection = connection.unwrap();
            connection.set_nodelay(true).unwrap();
            thread::spawn(move || answer_pages(&connection, count));
        }
    });
    address
}

fn answer_pages(connection: &TcpStream, count: usize) {
    let mut requests = BufReader::new(connection);
    let mut line = String::new();
    let mut first = 0;
    loop {
        line.clear();
        if requests.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if line.starts_with("GET ") {
            first = marker(&line).map_or(0, |last| last + 1);
        } else if line == "\r\n" && write_page(connection, first, count).is_err() {
            return;
        }
    }
}

/// The number in the query `marker=…name-0000999`.
fn marker(line: &str) -> Option<usize> {
    let marker = line.split("marker=").nth(1)?.split(['&', ' ']).next()?;
    marker[marker.len() - 7..].parse().ok()
}

fn write_page(connection: &TcpStream, first: usize, count: usize) -> std::io::Result<()> {
    let end = count.min(first + PAGE);
    let truncated = end < count;
    let head = format!(
        "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>{truncated}</IsTruncated>"
    );
    let tail = "</ListBucketResult>";
    let length = head.len() + (end - first) * contents(first).len() + tail.len();
    let mut out = BufWriter::new(connection);
    write!(out, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{head}")?;
    for number in first..end {
        out.write_all(contents(number).as_bytes())?;
    }
    out.write_all(tail.as_bytes())?;
    out.flush()
}

fn contents(number: usize) -> String {
    format!(
        "<Contents><Key>directory/a%20name%20of%20usual%20length%20in%20front%20of%20its%20number\
         -{number:07}</Key><LastModified>2020-12-10T03:37:30.000Z</LastModified>\
         <ETag>&quot;0123456789abcdef0123456789abcdef&quot;</ETag><Size>1234567</Size>\
         <StorageClass>STANDARD</StorageClass></Contents>"
    )
}
