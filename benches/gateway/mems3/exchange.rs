//! One request: which operation it is, and what is done for it.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;

use crate::answer::{send, send_empty, send_error, send_xml};
use crate::listing::list;
use crate::request::{decoded, Request};
use crate::store::{Object, Store};
use crate::{dates, uploads};

/// Up to here, head and body are written at once.
const SMALL: u64 = 64 << 10;

/// What is asked for, as it is counted.
#[derive(Clone, Copy, Debug)]
pub enum Operation {
    PartCopy,
    UploadPart,
    Copy,
    Put,
    BucketMisc,
    List,
    Acl,
    Get,
    HeadBucket,
    Head,
    Delete,
    Create,
    Complete,
    DeleteMulti,
    Other,
}

/// A request with its object, and the connection for the answer.
pub struct Exchange<'a> {
    pub store: &'a Store,
    pub request: &'a Request,
    pub stream: &'a mut TcpStream,
    pub bucket: String,
    pub key: String,
    /// Of what is stored by it.
    pub etag: String,
}

impl<'a> Exchange<'a> {
    pub fn new(store: &'a Store, request: &'a Request, stream: &'a mut TcpStream) -> Self {
        let (bucket, key) = place(request);
        let etag = format!("{:032x}-1", store.numbered.fetch_add(1, Relaxed) + 1);
        Self { store, request, stream, bucket, key, etag }
    }

    /// Does what is asked for, and answers.
    pub fn run(&mut self, body: Vec<u8>) -> io::Result<()> {
        let operation = self.operation();
        *self.store.counts.lock().unwrap().entry(format!("{operation:?}")).or_insert(0) += 1;
        match operation {
            Operation::Put if self.key.is_empty() => self.create_bucket(),
            Operation::Put => self.put(body),
            Operation::Copy => self.copy(),
            Operation::Create => uploads::create(self),
            Operation::UploadPart => uploads::put_part(self, body),
            Operation::PartCopy => uploads::copy_part(self),
            Operation::Complete => uploads::complete(self, &body),
            Operation::Get | Operation::Head => self.get(),
            Operation::HeadBucket => send_empty(self.stream, "200 OK", &[]),
            Operation::Acl => send_xml(
                self.stream,
                "<AccessControlPolicy><Owner><ID>me</ID></Owner><AccessControlList><Grant>\
                 <Grantee><ID>me</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>\
                 </AccessControlList></AccessControlPolicy>",
            ),
            Operation::BucketMisc => self.tell_of_bucket(),
            Operation::List if self.bucket.is_empty() => self.list_buckets(),
            Operation::List => match list(self.store, &self.bucket, self.request) {
                Some(page) => send_xml(self.stream, &page),
                None => send_error(self.stream, "404 Not Found", "NoSuchBucket", false),
            },
            Operation::Delete => self.delete(),
            Operation::DeleteMulti => self.delete_several(&body),
            Operation::Other => {
                let is_head = self.request.is_head();
                send_error(self.stream, "501 Not Implemented", "NotImplemented", is_head)
            }
        }
    }

    fn operation(&self) -> Operation {
        let has = |parameter: &str| self.request.has(parameter);
        let is_copy = |header: &str| self.request.headers.contains_key(header);
        match self.request.method.as_str() {
            "PUT" if has("partNumber") && is_copy("x-amz-copy-source") => Operation::PartCopy,
            "PUT" if has("partNumber") => Operation::UploadPart,
            "PUT" if self.request.copy_source().is_some() => Operation::Copy,
            "PUT" => Operation::Put,
            "GET" if self.key.is_empty() => {
                let is_misc = ["location", "versioning", "acl", "uploads"].into_iter().any(has);
                if is_misc {
                    Operation::BucketMisc
                } else {
                    Operation::List
                }
            }
            "GET" if has("acl") => Operation::Acl,
            "GET" => Operation::Get,
            "HEAD" if self.key.is_empty() => Operation::HeadBucket,
            "HEAD" => Operation::Head,
            "DELETE" => Operation::Delete,
            "POST" if has("uploads") => Operation::Create,
            "POST" if has("uploadId") => Operation::Complete,
            "POST" if has("delete") => Operation::DeleteMulti,
            _ => Operation::Other,
        }
    }

    /// The object that is to be copied.
    pub fn source(&self) -> Option<Arc<Object>> {
        let source = self.request.copy_source()?;
        let source = decoded(source.split('?').next()?, false);
        let (bucket, key) = source.trim_start_matches('/').split_once('/')?;
        // COS names the host here.
        self.store.get(bucket.split('.').next()?, key)
    }

    /// `200 OK` with the ETag of what was stored.
    pub fn confirm(&mut self) -> io::Result<()> {
        send_empty(self.stream, "200 OK", &[("ETag", format!("\"{}\"", self.etag))])
    }

    /// The same, for a copy.
    pub fn confirm_copy(&mut self, result: &str) -> io::Result<()> {
        let (time, etag) = (dates::iso(dates::now()), &self.etag);
        let xml = format!(
            "<{result}><LastModified>{time}</LastModified><ETag>&quot;{etag}&quot;</ETag></{result}>"
        );
        send_xml(self.stream, &xml)
    }

    fn create_bucket(&mut self) -> io::Result<()> {
        self.store.objects.write().unwrap().entry(self.bucket.clone()).or_default();
        send_empty(self.stream, "200 OK", &[])
    }

    fn put(&mut self, body: Vec<u8>) -> io::Result<()> {
        let object = Object {
            size: body.len() as u64,
            parts: vec![Arc::new(body)],
            etag: self.etag.clone(),
            modified: dates::now(),
            metadata: self.request.metadata(),
        };
        let replaced = self.store.put(&self.bucket, &self.key, object);
        self.confirm()?;
        drop(replaced);
        Ok(())
    }

    fn copy(&mut self) -> io::Result<()> {
        let Some(source) = self.source() else {
            return send_error(self.stream, "404 Not Found", "NoSuchKey", false);
        };
        let directive = self.request.header("x-amz-metadata-directive");
        let metadata = match directive.eq_ignore_ascii_case("REPLACE") {
            true => self.request.metadata(),
            false => source.metadata.clone(),
        };
        let object = Object {
            parts: source.parts.clone(),
            size: source.size,
            etag: self.etag.clone(),
            modified: dates::now(),
            metadata,
        };
        self.store.put(&self.bucket, &self.key, object);
        self.confirm_copy("CopyObjectResult")
    }

    fn get(&mut self) -> io::Result<()> {
        let is_head = self.request.is_head();
        let Some(object) = self.store.get(&self.bucket, &self.key) else {
            return send_error(self.stream, "404 Not Found", "NoSuchKey", is_head);
        };
        let mut headers: Vec<(&str, String)> = vec![
            ("ETag", format!("\"{}\"", object.etag)),
            ("Last-Modified", dates::http(object.modified)),
            ("Accept-Ranges", "bytes".into()),
        ];
        if !object.metadata.iter().any(|(name, _)| name == "content-type") {
            headers.push(("Content-Type", "application/octet-stream".into()));
        }
        headers.extend(object.metadata.iter().map(|(name, value)| (name.as_str(), value.clone())));
        let (status, first, end) = match self.request.range("range", object.size) {
            Some(Err(())) => {
                let status = "416 Requested Range Not Satisfiable";
                return send_error(self.stream, status, "InvalidRange", is_head);
            }
            Some(Ok((first, last))) => {
                headers.push(("Content-Range", format!("bytes {first}-{last}/{}", object.size)));
                ("206 Partial Content", first, last + 1)
            }
            None => ("200 OK", 0, object.size),
        };
        let length = end - first;
        if is_head {
            return send(self.stream, status, &headers, length, b"");
        }
        let pieces: Vec<&[u8]> = object.pieces(first, end).collect();
        if length <= SMALL {
            return send(self.stream, status, &headers, length, &pieces.concat());
        }
        send(self.stream, status, &headers, length, b"")?;
        pieces.iter().try_for_each(|piece| self.stream.write_all(piece))
    }

    /// `?location`, `?versioning` and `?uploads`.
    fn tell_of_bucket(&mut self) -> io::Result<()> {
        let (name, content) = if self.request.has("location") {
            ("LocationConstraint", "us-east-1")
        } else if self.request.has("versioning") {
            ("VersioningConfiguration", "")
        } else {
            ("ListMultipartUploadsResult", "<IsTruncated>false</IsTruncated>")
        };
        let namespace = "http://s3.amazonaws.com/doc/2006-03-01/";
        send_xml(self.stream, &format!("<{name} xmlns=\"{namespace}\">{content}</{name}>"))
    }

    fn list_buckets(&mut self) -> io::Result<()> {
        let time = dates::iso(dates::now());
        let objects = self.store.objects.read().unwrap();
        let bucket = |name: &String| {
            format!("<Bucket><Name>{name}</Name><CreationDate>{time}</CreationDate></Bucket>")
        };
        let buckets: String = objects.keys().map(bucket).collect();
        drop(objects);
        let xml = format!(
            "<ListAllMyBucketsResult><Buckets>{buckets}</Buckets></ListAllMyBucketsResult>"
        );
        send_xml(self.stream, &xml)
    }

    /// An object, or an upload that is aborted.
    fn delete(&mut self) -> io::Result<()> {
        if let Some(upload) = self.request.query.get("uploadId") {
            self.store.uploads.lock().unwrap().remove(upload);
        } else if let Some(keys) = self.store.objects.write().unwrap().get_mut(&self.bucket) {
            keys.remove(&self.key);
        }
        send_empty(self.stream, "204 No Content", &[])
    }

    fn delete_several(&mut self, body: &[u8]) -> io::Result<()> {
        let body = String::from_utf8_lossy(body);
        let mut objects = self.store.objects.write().unwrap();
        let mut keys = objects.get_mut(&self.bucket);
        let mut deleted = String::new();
        for key in elements(&body, "Key") {
            if let Some(keys) = &mut keys {
                keys.remove(&key.replace("&amp;", "&"));
            }
            deleted += &format!("<Deleted><Key>{key}</Key></Deleted>");
        }
        drop(objects);
        send_xml(self.stream, &format!("<DeleteResult>{deleted}</DeleteResult>"))
    }
}

/// The bucket and the key that a request names, by the host or by the path.
fn place(request: &Request) -> (String, String) {
    let path = request.path.strip_prefix('/').unwrap_or_default();
    let host = request.header("host");
    let bucket = host.split_once('.').map(|(first, _)| first).filter(|first| {
        first.contains('-') && !first.starts_with(|character: char| character.is_ascii_digit())
    });
    let (bucket, key) = match bucket {
        Some(bucket) => (bucket, path),
        None => path.split_once('/').unwrap_or((path, "")),
    };
    (bucket.to_string(), key.to_string())
}

/// What stands in each element of this name.
pub fn elements<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (opening, closing) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let (element, behind) = rest.split_once(&opening)?.1.split_once(&closing)?;
        rest = behind;
        Some(element)
    })
}
