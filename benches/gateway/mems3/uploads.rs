//! Uploads in parts: begun, sent or copied, and completed.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;

use crate::answer::{escaped, send_error, send_xml};
use crate::dates;
use crate::exchange::{elements, Exchange};
use crate::store::{Object, Part, Upload};

/// Least bytes of a part that is not the last: S3 wants 5 MiB, COS 1 MiB, which is taken here.
const SMALLEST_PART: usize = 1 << 20;

/// CreateMultipartUpload.
pub fn create(exchange: &mut Exchange<'_>) -> io::Result<()> {
    let id = format!("up{}", exchange.store.numbered.fetch_add(1, Relaxed));
    let (bucket, key) = (exchange.bucket.clone(), exchange.key.clone());
    let xml = format!(
        "<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Bucket>{bucket}</Bucket><Key>{}</Key><UploadId>{id}</UploadId>\
         </InitiateMultipartUploadResult>",
        escaped(&key),
    );
    let metadata = exchange.request.metadata();
    let upload = Upload { bucket, key, parts: BTreeMap::new(), metadata };
    exchange.store.uploads.lock().unwrap().insert(id, upload);
    send_xml(exchange.stream, &xml)
}

/// UploadPart.
pub fn put_part(exchange: &mut Exchange<'_>, body: Vec<u8>) -> io::Result<()> {
    match add(exchange, body) {
        true => exchange.confirm(),
        false => send_error(exchange.stream, "404 Not Found", "NoSuchUpload", false),
    }
}

/// UploadPartCopy.
pub fn copy_part(exchange: &mut Exchange<'_>) -> io::Result<()> {
    let copied = exchange.source().map(|source| {
        let range = exchange.request.range("x-amz-copy-source-range", source.size);
        let (first, end) = match range {
            Some(Ok((first, last))) => (first, last + 1),
            _ => (0, source.size),
        };
        source.pieces(first, end).collect::<Vec<_>>().concat()
    });
    match add(exchange, copied.unwrap_or_default()) {
        true => exchange.confirm_copy("CopyPartResult"),
        false => send_error(exchange.stream, "404 Not Found", "NoSuchUpload", false),
    }
}

/// Whether there is an upload to add it to.
fn add(exchange: &Exchange<'_>, bytes: Vec<u8>) -> bool {
    let request = exchange.request;
    let number = request.parameter("partNumber").parse().unwrap_or(0);
    let mut uploads = exchange.store.uploads.lock().unwrap();
    let upload = uploads.get_mut(request.parameter("uploadId"));
    upload.map(|upload| upload.parts.insert(number, Arc::new(bytes))).is_some()
}

/// CompleteMultipartUpload.
pub fn complete(exchange: &mut Exchange<'_>, body: &[u8]) -> io::Result<()> {
    let id = exchange.request.parameter("uploadId");
    let upload = exchange.store.uploads.lock().unwrap().remove(id);
    let Some(mut upload) = upload else {
        return send_error(exchange.stream, "404 Not Found", "NoSuchUpload", false);
    };
    let Some(parts) = named_parts(&mut upload, &String::from_utf8_lossy(body)) else {
        return send_error(exchange.stream, "400 Bad Request", "InvalidPart", false);
    };
    let Upload { bucket, key, metadata, .. } = upload;
    let object = Object {
        size: parts.iter().map(|part| part.len() as u64).sum(),
        parts,
        etag: exchange.etag.clone(),
        modified: dates::now(),
        metadata,
    };
    let replaced = exchange.store.put(&bucket, &key, object);
    let xml = format!(
        "<CompleteMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Location>http://x/</Location><Bucket>{bucket}</Bucket><Key>{}</Key>\
         <ETag>&quot;{}&quot;</ETag></CompleteMultipartUploadResult>",
        escaped(&key),
        exchange.etag,
    );
    send_xml(exchange.stream, &xml)?;
    drop(replaced);
    Ok(())
}

/// The parts that the list in `body` names; `None` where S3 would refuse it.
fn named_parts(upload: &mut Upload, body: &str) -> Option<Vec<Part>> {
    let (mut parts, mut last) = (Vec::new(), 0);
    for number in elements(body, "PartNumber") {
        let number: u32 = number.trim().parse().ok()?;
        if number <= last {
            return None;
        }
        last = number;
        parts.push(upload.parts.remove(&number)?);
    }
    let (_, before) = parts.split_last()?;
    before.iter().all(|part| part.len() >= SMALLEST_PART).then_some(parts)
}
