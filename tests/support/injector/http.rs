use std::io::{self, BufRead};

use percent_encoding::percent_decode_str;

use super::Request;

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes.
    Length(u64),
    /// Chunks, the last of them empty.
    Chunked,
    /// By the end of the connection.
    UntilClose,
}

/// Request line and headers.
#[derive(Debug)]
pub(super) struct RequestHead {
    /// As they came, the empty line included.
    pub(super) text: String,
    pub(super) request: Option<Request>,
    /// The object's, still percent-encoded; empty for the bucket itself.
    pub(super) key: String,
    pub(super) query: String,
    pub(super) is_head: bool,
    pub(super) framing: Framing,
    pub(super) expects_continue: bool,
}

/// Status line and headers.
#[derive(Debug)]
pub(super) struct AnswerHead {
    /// As they came, the empty line included.
    pub(super) text: String,
    pub(super) status: u16,
    pub(super) framing: Framing,
}

impl RequestHead {
    /// The next request; `None` when the connection ends before it.
    pub(super) fn read(stream: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(text) = read_head(stream)? else { return Ok(None) };
        let mut line = text.lines().next().unwrap_or_default().split(' ');
        let method = line.next().unwrap_or_default();
        let target = line.next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let key = path.trim_start_matches('/').split_once('/').map_or("", |(_, key)| key);
        let is_copy = header(&text, "x-amz-copy-source").is_some();
        // A greeting, by somebody without a key pair, asks the same.
        let is_signed = header(&text, "authorization").is_some();
        let request = recognise(method, key, query, is_copy);
        Ok(Some(Self {
            request: request.filter(|request| *request != Request::HeadBucket || is_signed),
            key: key.to_owned(),
            query: query.to_owned(),
            is_head: method == "HEAD",
            framing: framing(&text).unwrap_or(Framing::Length(0)),
            expects_continue: header(&text, "expect").is_some(),
            text,
        }))
    }

    /// Whether a checksum of the body comes with it.
    pub(super) fn has_checksum(&self) -> bool {
        let head = self.text.to_ascii_lowercase();
        head.contains("\r\ncontent-md5:") || head.contains("\r\nx-amz-checksum-")
    }

    /// Whether it is to be refused where something stands under its key.
    pub(super) fn must_replace_nothing(&self) -> bool {
        header(&self.text, "if-none-match") == Some("*")
    }

    /// The object's key as it is.
    pub(super) fn plain_key(&self) -> String {
        percent_decode_str(&self.key).decode_utf8_lossy().into_owned()
    }

    /// The bucket, of a request in the style of paths.
    pub(super) fn bucket(&self) -> &str {
        let target = self.text.split(' ').nth(1).unwrap_or_default();
        target.trim_start_matches('/').split(['/', '?']).next().unwrap_or_default()
    }

    /// The key that a copy is made of, still percent-encoded.
    pub(super) fn copied_key(&self) -> Option<&str> {
        let source = header(&self.text, "x-amz-copy-source")?;
        source.trim_start_matches('/').split_once('/').map(|(_, key)| key)
    }

    /// The value of `name` in the query.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }
}

impl AnswerHead {
    /// The next answer; an error when the connection ends before it.
    pub(super) fn read(stream: &mut impl BufRead, to_head: bool) -> io::Result<Self> {
        let text = read_head(stream)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let framing = match status {
            _ if to_head => Framing::Length(0),
            100..200 | 204 | 304 => Framing::Length(0),
            _ => framing(&text).unwrap_or(Framing::UntilClose),
        };
        Ok(Self { text, status, framing })
    }

    /// Adds a header.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.text.truncate(self.text.len() - 2);
        self.text += &format!("{name}: {value}\r\n\r\n");
    }

    /// Dates the object long ago.
    pub(super) fn date_earlier(&mut self) {
        if let Some(date) = header(&self.text, "last-modified") {
            self.text = self.text.replace(date, "Fri, 02 Jan 2026 10:00:00 GMT");
        }
    }

    /// Whether another answer may follow over the connection.
    pub(super) fn keeps_alive(&self) -> bool {
        let closes = header(&self.text, "connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"));
        !closes && self.framing != Framing::UntilClose
    }
}

fn recognise(method: &str, key: &str, query: &str, is_copy: bool) -> Option<Request> {
    let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    Some(match method {
        "PUT" if key.is_empty() => return None,
        "PUT" if has("partNumber") && is_copy => Request::UploadPartCopy,
        "PUT" if has("partNumber") => Request::UploadPart,
        "PUT" if is_copy => Request::CopyObject,
        "PUT" if has("rename") => Request::RenameObject,
        "PUT" if has("tagging") => Request::PutObjectTagging,
        "PUT" => Request::PutObject,
        "POST" if has("uploads") => Request::CreateMultipartUpload,
        "POST" if has("restore") => Request::RestoreObject,
        "POST" if has("uploadId") => Request::CompleteMultipartUpload,
        "GET" if key.is_empty() && has("uploads") => Request::ListMultipartUploads,
        "GET" if key.is_empty() && has("object-lock") => Request::GetObjectLockConfiguration,
        "GET" if key.is_empty() => Request::ListObjects,
        "GET" if has("uploadId") => Request::ListParts,
        "GET" if has("acl") => Request::GetObjectAcl,
        "GET" if has("tagging") => Request::GetObjectTagging,
        "GET" => Request::GetObject,
        "HEAD" if key.is_empty() => Request::HeadBucket,
        "HEAD" => Request::HeadObject,
        "DELETE" if has("uploadId") => Request::AbortMultipartUpload,
        "DELETE" if !key.is_empty() => Request::DeleteObject,
        _ => return None,
    })
}

fn framing(head: &str) -> Option<Framing> {
    let is_chunked = header(head, "transfer-encoding")
        .is_some_and(|value| value.to_ascii_lowercase().contains("chunked"));
    if is_chunked {
        return Some(Framing::Chunked);
    }
    header(head, "content-length").and_then(|value| value.parse().ok()).map(Framing::Length)
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().skip(1).find_map(|line| {
        let (have, value) = line.split_once(':')?;
        have.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn read_head(stream: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_until(b'\n', &mut head)? == 0 {
            return if head.is_empty() {
                Ok(None)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
    }
    String::from_utf8(head).map(Some).map_err(io::Error::other)
}
