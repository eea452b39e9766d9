//! An S3 store that throws everything away: enough of HTTP/1.1 for an upload, on a loopback port.
//! It keeps its buffers on its threads' stacks, so that it weighs nothing in the measurement.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Longest request head that is understood.
const HEAD_BYTES: usize = 16 * 1024;

/// How fast the store takes what it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// All connections at once, in large reads.
    Fast,
    /// One request at a time, in small reads.
    Slow,
    /// All at once, each after a long way.
    Far,
}

/// That way: the smallest parts are more than a connection to a near store moves in this time.
const FAR: Duration = Duration::from_millis(100);

/// The store.
#[derive(Clone)]
pub(crate) struct DiscardingStore(Arc<Shared>);

struct Shared {
    address: SocketAddr,
    pace: Pace,
    one_at_a_time: Mutex<()>,
    parts: AtomicUsize,
    refuses_next: AtomicBool,
    refused: AtomicUsize,
}

impl DiscardingStore {
    /// A store that serves for as long as the process lives.
    pub(crate) fn start(pace: Pace) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let store = Self(Arc::new(Shared {
            address: listener.local_addr().unwrap(),
            pace,
            one_at_a_time: Mutex::new(()),
            parts: AtomicUsize::new(0),
            refuses_next: AtomicBool::new(false),
            refused: AtomicUsize::new(0),
        }));
        let shared = Arc::clone(&store.0);
        thread::spawn(move || {
            for connection in listener.incoming() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || shared.serve(&connection.unwrap()));
            }
        });
        store
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// Whole objects and parts taken so far.
    pub(crate) fn parts(&self) -> usize {
        self.0.parts.load(Ordering::SeqCst)
    }

    /// Answers 503 to the next body, once it has been read.
    pub(crate) fn refuse_next(&self) {
        self.0.refuses_next.store(true, Ordering::SeqCst);
    }

    /// Bodies answered with 503.
    pub(crate) fn refused(&self) -> usize {
        self.0.refused.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn serve(&self, mut connection: &TcpStream) {
        let mut head = [0; HEAD_BYTES];
        let mut filled = 0;
        loop {
            let Some(end) = find_end(&head[..filled]) else {
                match connection.read(&mut head[filled..]) {
                    Ok(0) | Err(_) => return,
                    Ok(bytes) => filled += bytes,
                }
                continue;
            };
            let request = std::str::from_utf8(&head[..end]).unwrap();
            let length = content_length(request);
            let here = (filled - end).min(length);
            let Some(answer) = self.answer(request, connection, length - here) else { return };
            if connection.write_all(answer.as_bytes()).is_err() {
                return;
            }
            head.copy_within(end + here..filled, 0);
            filled -= end + here;
        }
    }

    /// Reads the rest of the body and tells what to answer.
    fn answer(&self, head: &str, connection: &TcpStream, rest: usize) -> Option<String> {
        let line = head.lines().next()?;
        if line.starts_with("PUT ") {
            self.discard(connection, rest)?;
            if self.refuses_next.swap(false, Ordering::SeqCst) {
                self.refused.fetch_add(1, Ordering::SeqCst);
                return Some(response("503 Slow Down", ""));
            }
            self.parts.fetch_add(1, Ordering::SeqCst);
            return Some(response("200 OK\r\nETag: \"opaque\"", ""));
        }
        if line.starts_with("GET ") {
            return Some(response("200 OK", "<ListBucketResult></ListBucketResult>"));
        }
        read_away::<1024>(connection, rest)?;
        Some(if line.contains("uploadId=") {
            let body = "<CompleteMultipartUploadResult><ETag>\"opaque\"</ETag>\
                        </CompleteMultipartUploadResult>";
            response("200 OK", body)
        } else {
            let body = "<InitiateMultipartUploadResult><UploadId>one</UploadId>\
                        </InitiateMultipartUploadResult>";
            response("200 OK", body)
        })
    }

    fn discard(&self, connection: &TcpStream, rest: usize) -> Option<()> {
        match self.pace {
            Pace::Fast => read_away::<{ 256 * 1024 }>(connection, rest),
            Pace::Far => {
                thread::sleep(FAR);
                read_away::<{ 64 * 1024 }>(connection, rest)
            }
            Pace::Slow => {
                let _turn = self.one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
                read_away::<{ 8 * 1024 }>(connection, rest)
            }
        }
    }
}

fn read_away<const BUFFER: usize>(mut connection: &TcpStream, mut rest: usize) -> Option<()> {
    let mut buffer = [0; BUFFER];
    while rest > 0 {
        let most = rest.min(BUFFER);
        match connection.read(&mut buffer[..most]) {
            Ok(0) | Err(_) => return None,
            Ok(bytes) => rest -= bytes,
        }
    }
    Some(())
}

fn response(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn find_end(head: &[u8]) -> Option<usize> {
    head.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

fn content_length(head: &str) -> usize {
    let mut lengths = head.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    lengths.next().unwrap_or(0)
}
