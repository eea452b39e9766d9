//! Requests as they come: head, query and body, in any of the ways in which clients send them.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// The head of a request.
pub struct Request {
    pub method: String,
    /// Without the query, and decoded.
    pub path: String,
    pub query: HashMap<String, String>,
    /// By their names in small letters.
    pub headers: HashMap<String, String>,
}

impl Request {
    /// The next one; `None` at the end of the connection.
    pub fn read(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Self>> {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_whitespace();
        let method = words.next().unwrap_or("").to_string();
        let target = words.next().unwrap_or("/").to_string();
        let mut headers = HashMap::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':') {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_string());
            }
        }
        let (path, parameters) = target.split_once('?').unwrap_or((&target, ""));
        let parameters = parameters.split('&').filter(|parameter| !parameter.is_empty());
        let query = parameters
            .map(|parameter| {
                let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
                (decoded(name, true), decoded(value, true))
            })
            .collect();
        // A proxy's client names the host here.
        let path = match path.strip_prefix("http://") {
            Some(url) => url.find('/').map_or("/", |at| &url[at..]),
            None => path,
        };
        Ok(Some(Self { method, path: decoded(path, false), query, headers }))
    }

    /// The value of a header; nothing where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The value of a parameter; nothing where there is none.
    pub fn parameter(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    pub fn has(&self, parameter: &str) -> bool {
        self.query.contains_key(parameter)
    }

    pub fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// What a copy is made of: `/bucket/key`, encoded.
    pub fn copy_source(&self) -> Option<&String> {
        self.headers.get("x-amz-copy-source").or(self.headers.get("x-cos-copy-source"))
    }

    /// The headers that stay with an object.
    pub fn metadata(&self) -> Vec<(String, String)> {
        let stays = |name: &str| {
            name.starts_with("x-amz-meta-")
                || name.starts_with("x-cos-meta-")
                || name == "content-type"
        };
        let kept = self.headers.iter().filter(|(name, _)| stays(name));
        kept.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// First and last byte of what the header `name` asks for of so many; an error where there is
    /// nothing of it, `None` for all.
    pub fn range(&self, name: &str, size: u64) -> Option<Result<(u64, u64), ()>> {
        let (first, last) = self.headers.get(name)?.strip_prefix("bytes=")?.split_once('-')?;
        if first.is_empty() {
            let count: u64 = last.parse().ok()?;
            if count == 0 || size == 0 {
                return Some(Err(()));
            }
            return Some(Ok((size.saturating_sub(count), size - 1)));
        }
        let first: u64 = first.parse().ok()?;
        if first >= size {
            return Some(Err(()));
        }
        let last = match last {
            "" => size - 1,
            last => last.parse::<u64>().ok()?.min(size - 1),
        };
        (last >= first).then_some(Ok((first, last)))
    }

    /// Reads the body, which is asked for where the client waits for that.
    pub fn read_body(
        &self,
        reader: &mut BufReader<TcpStream>,
        stream: &mut TcpStream,
    ) -> io::Result<Vec<u8>> {
        if self.header("expect").eq_ignore_ascii_case("100-continue") {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let mut body = Vec::new();
        if self.header("transfer-encoding").contains("chunked") {
            read_chunks(reader, &mut body)?;
        } else if let Ok(length) = self.header("content-length").parse::<u64>() {
            body.reserve_exact(length as usize);
            if reader.by_ref().take(length).read_to_end(&mut body)? as u64 != length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let is_signed_in_chunks = self.header("content-encoding").contains("aws-chunked")
            || self.header("x-amz-content-sha256").starts_with("STREAMING-");
        Ok(if is_signed_in_chunks { without_signatures(&body) } else { body })
    }
}

/// A body of `Transfer-Encoding: chunked`.
fn read_chunks(reader: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> io::Result<()> {
    let mut line = String::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let size = usize::from_str_radix(line.trim().split(';').next().unwrap_or("0"), 16)
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        if size == 0 {
            break;
        }
        let before = body.len();
        body.resize(before + size, 0);
        reader.read_exact(&mut body[before..])?;
        // The end of the line behind it.
        reader.read_line(&mut line)?;
    }
    // Trailers.
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            return Ok(());
        }
    }
}

/// What is in the chunks of `aws-chunked`, each of which has a signature.
fn without_signatures(body: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(body.len());
    let mut at = 0;
    while let Some(end) = body[at..].iter().position(|byte| *byte == b'\n').map(|end| at + end) {
        let line = String::from_utf8_lossy(&body[at..end]);
        let size = line.trim().split(';').next().unwrap_or("");
        let Ok(size) = usize::from_str_radix(size, 16) else { break };
        if size == 0 {
            break;
        }
        data.extend_from_slice(&body[end + 1..end + 1 + size]);
        at = end + 1 + size + 2;
    }
    data
}

/// Without percent signs; `plus`: a plus sign stands for a space, as in a query.
pub fn decoded(text: &str, plus: bool) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            decoded.push(byte);
            at += 3;
            continue;
        }
        decoded.push(if plus && bytes[at] == b'+' { b' ' } else { bytes[at] });
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
