//! As much of HTTP/1.1 as a scraper speaks: one GET or HEAD, one answer, and the connection is
//! closed. `httparse` reads the request.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Instant;

use crate::limits;

/// Status lines behind `HTTP/1.1`.
pub(super) const OK: &str = "200 OK";
pub(super) const NOT_FOUND: &str = "404 Not Found";
pub(super) const UNAVAILABLE: &str = "503 Service Unavailable";
const BAD_REQUEST: &str = "400 Bad Request";
const NOT_ALLOWED: &str = "405 Method Not Allowed";

/// Version 0.0.4 of the text format of Prometheus.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Headers of a request: more are refused.
const MAX_HEADERS: usize = 64;

/// What is answered.
#[derive(Debug)]
pub(super) struct Answer {
    status: &'static str,
    content_type: &'static str,
    body: String,
}

impl Answer {
    /// A text for people.
    pub(super) fn text(status: &'static str, body: &str) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", body: body.to_owned() }
    }

    /// Figures for Prometheus.
    pub(super) fn metrics(body: String) -> Self {
        Self { status: OK, content_type: METRICS_TYPE, body }
    }
}

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// The path without its query, and whether the answer's body is wanted.
    Path(String, Wanted),
    /// Something that is not answered; the status to tell so.
    Refused(&'static str),
}

/// How much of an answer is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    All,
    Head,
}

/// Answers one request and closes the connection, within [`limits::MONITOR_TIMEOUT`] and the time
/// that the answer takes to be made.
///
/// # Errors
/// When the client is gone or too slow.
pub(super) fn serve(stream: &TcpStream, answer: impl FnOnce(&str) -> Answer) -> io::Result<()> {
    stream.set_write_timeout(Some(limits::MONITOR_TIMEOUT))?;
    let (answer, wanted) = match read_request(stream)? {
        Asked::Path(path, wanted) => (answer(&path), wanted),
        Asked::Refused(status) => (Answer::text(status, ""), Wanted::All),
    };
    let Answer { status, content_type, body } = answer;
    let mut text = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n",
        body.len()
    );
    if wanted == Wanted::All {
        text.push_str(&body);
    }
    let mut stream = stream;
    stream.write_all(text.as_bytes())?;
    stream.shutdown(Shutdown::Write)
}

fn read_request(mut stream: &TcpStream) -> io::Result<Asked> {
    let deadline = Instant::now() + limits::MONITOR_TIMEOUT;
    let mut buffer = [0; limits::MONITOR_REQUEST_BYTES];
    let mut filled = 0;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        let count = stream.read(&mut buffer[filled..])?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        filled += count;
        if let Some(asked) = understand(&buffer[..filled]) {
            return Ok(asked);
        }
        if filled == buffer.len() {
            return Ok(Asked::Refused(BAD_REQUEST));
        }
    }
}

/// What the head of a request asks for; `None` while it is not whole.
fn understand(bytes: &[u8]) -> Option<Asked> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Err(_) => return Some(Asked::Refused(BAD_REQUEST)),
        Ok(status) if status.is_partial() => return None,
        Ok(_) => {}
    }
    let path = request.path.unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default().to_owned();
    Some(match request.method {
        Some("GET") => Asked::Path(path, Wanted::All),
        Some("HEAD") => Asked::Path(path, Wanted::Head),
        _ => Asked::Refused(NOT_ALLOWED),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_what_they_ask_for() {
        let path = |path: &str, wanted| Some(Asked::Path(path.to_owned(), wanted));
        for (text, expected) in [
            ("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", path("/metrics", Wanted::All)),
            ("GET /metrics?a=b HTTP/1.0\r\n\r\n", path("/metrics", Wanted::All)),
            ("HEAD /healthz HTTP/1.1\r\n\r\n", path("/healthz", Wanted::Head)),
            ("GET /metrics HTTP/1.1\r\nHost: a\r\n", None),
            ("", None),
            ("POST /metrics HTTP/1.1\r\n\r\n", Some(Asked::Refused(NOT_ALLOWED))),
            ("USER alice\r\n\r\n", Some(Asked::Refused(BAD_REQUEST))),
            ("\u{16}\u{3}\u{1}\u{0}", Some(Asked::Refused(BAD_REQUEST))),
        ] {
            assert_eq!(understand(text.as_bytes()), expected, "{text:?}");
        }
    }
}
