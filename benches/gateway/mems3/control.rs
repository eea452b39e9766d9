//! What the benchmarks tell it, and ask it: paths that begin with `/__`.

use std::io;
use std::net::TcpStream;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;

use crate::request::Request;
use crate::store::{Object, Store};
use crate::{answer, dates};

/// Carries `order` out, and answers in JSON: all but `sha` with the counts.
pub fn obey(
    store: &Store,
    order: &str,
    request: &Request,
    stream: &mut TcpStream,
) -> io::Result<()> {
    match order {
        "zero" => {
            store.counts.lock().unwrap().clear();
            store.connections.store(0, Relaxed);
        }
        "clear" => {
            store.objects.write().unwrap().values_mut().for_each(|bucket| bucket.clear());
            store.uploads.lock().unwrap().clear();
        }
        "plant" => plant(store, request),
        _ => {}
    }
    let json = match order {
        "sha" => {
            let found = store.get(request.parameter("bucket"), request.parameter("key"));
            let size = found.as_ref().map_or(0, |object| object.size);
            format!("{{\"exists\":{},\"size\":{size}}}", found.is_some())
        }
        _ => counts(store),
    };
    answer::send(stream, "200 OK", &[], json.len() as u64, json.as_bytes())
}

/// Makes `n` objects of `size` bytes.
fn plant(store: &Store, request: &Request) {
    let count: u64 = request.parameter("n").parse().unwrap_or(0);
    let size: usize = request.parameter("size").parse().unwrap_or(0);
    let part = Arc::new(vec![b'x'; size]);
    let mut objects = store.objects.write().unwrap();
    let bucket = objects.entry(request.parameter("bucket").to_string()).or_default();
    for number in 0..count {
        let object = Object {
            parts: vec![part.clone()],
            size: size as u64,
            etag: format!("{number:032x}-1"),
            modified: dates::now(),
            metadata: vec![],
        };
        let key = format!("{}f{number:05}.dat", request.parameter("prefix"));
        bucket.insert(key, Arc::new(object));
    }
}

fn counts(store: &Store) -> String {
    let counts = store.counts.lock().unwrap();
    let mut fields: Vec<String> =
        counts.iter().map(|(name, count)| format!("\"{name}\":{count}")).collect();
    fields.push(format!("\"conns\":{}", store.connections.load(Relaxed)));
    fields.push(format!("\"uploads_open\":{}", store.uploads.lock().unwrap().len()));
    format!("{{{}}}", fields.join(","))
}
