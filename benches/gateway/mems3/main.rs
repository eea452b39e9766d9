//! mems3: an S3 endpoint in memory for measuring, std only, a thread for each connection.
//!   rustc -O -C target-cpu=native -o mems3 mems3/main.rs ;  ./mems3 127.0.0.1:9000
//! No signature is checked (SigV4 and COS q-sign both pass), no TLS.
//! Path style (/bucket/key) and virtual-host style (bucket.host) addressing.
//! Objects: PUT (also aws-chunked), GET (Range), HEAD, DELETE, COPY, multipart (complete is
//! metadata only, as in a real store), ListObjects v1/v2, DeleteObjects, ?location, ?versioning.
//! ETags are never plain MD5 ("<n>-1"), so no client checks a hash against them.
//! Control:  GET /__stats  -> JSON request counts since the last /__zero; uploads_open; conns
//!           GET /__zero   -> zero the counts        GET /__clear -> drop every object
//!           GET /__plant?bucket=B&prefix=d10k/&n=10000&size=16
//!           GET /__sha?bucket=B&key=K  -> size and existence only (JSON)

/// What goes back, and how it is written.
mod answer;
/// What the benchmarks tell it, and ask it.
mod control;
/// Times as S3 writes them.
mod dates;
/// Which operation a request is, and what is done for it.
mod exchange;
/// ListObjects.
mod listing;
/// Requests as they come.
mod request;
/// What is kept.
mod store;
/// Uploads in parts.
mod uploads;

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::Ordering::Relaxed;

use exchange::Exchange;
use request::Request;
use store::Store;

/// What is read of a connection at once.
const READ_AHEAD: usize = 256 << 10;

fn main() {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:9000".into());
    let bucket = std::env::args().nth(2).unwrap_or("test-1250000000".into());
    let store: &'static Store = Box::leak(Box::default());
    store.objects.write().unwrap().insert(bucket, BTreeMap::new());
    let listener = TcpListener::bind(&address).expect("bind");
    eprintln!("mems3 on {address}");
    for connection in listener.incoming().flatten() {
        store.connections.fetch_add(1, Relaxed);
        let _ = std::thread::Builder::new().stack_size(256 << 10).spawn(move || {
            let _ = serve(store, connection);
        });
    }
}

/// Answers the requests of one connection until it ends.
fn serve(store: &Store, connection: TcpStream) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let mut stream = connection.try_clone()?;
    let mut reader = BufReader::with_capacity(READ_AHEAD, connection);
    while let Some(request) = Request::read(&mut reader)? {
        let body = request.read_body(&mut reader, &mut stream)?;
        if let Some(order) = request.path.strip_prefix("/__") {
            control::obey(store, order, &request, &mut stream)?;
            continue;
        }
        Exchange::new(store, &request, &mut stream).run(body)?;
        if request.header("connection").eq_ignore_ascii_case("close") {
            break;
        }
    }
    Ok(())
}
