//! What goes back, and how it is written.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::TcpStream;

use crate::dates;

/// Of every answer in XML.
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// Writes an answer whose body is so long and begins with `body`: of HEAD there is none, and a
/// large one is written afterwards.
pub fn send(
    stream: &mut TcpStream,
    status: &str,
    headers: &[(&str, String)],
    length: u64,
    body: &[u8],
) -> io::Result<()> {
    let mut head = format!(
        "HTTP/1.1 {status}\r\nServer: mems3\r\nDate: {}\r\nx-amz-request-id: 1\r\n\
         x-cos-request-id: 1\r\n",
        dates::http(dates::now()),
    );
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if !status.starts_with("204") {
        let _ = write!(head, "Content-Length: {length}\r\n");
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    stream.write_all(&bytes)
}

/// An answer without a body.
pub fn send_empty(
    stream: &mut TcpStream,
    status: &str,
    headers: &[(&str, String)],
) -> io::Result<()> {
    send(stream, status, headers, 0, b"")
}

/// `200 OK` with this XML.
pub fn send_xml(stream: &mut TcpStream, xml: &str) -> io::Result<()> {
    let body = format!("{DECLARATION}{xml}");
    let headers = [("Content-Type", "application/xml".into())];
    send(stream, "200 OK", &headers, body.len() as u64, body.as_bytes())
}

/// An error, of which HEAD gets no body.
pub fn send_error(
    stream: &mut TcpStream,
    status: &str,
    code: &str,
    is_head: bool,
) -> io::Result<()> {
    let body = format!(
        "{DECLARATION}<Error><Code>{code}</Code><Message>{code}</Message>\
         <RequestId>1</RequestId></Error>"
    );
    let sent = if is_head { &[] } else { body.as_bytes() };
    let headers = [("Content-Type", "application/xml".into())];
    send(stream, status, &headers, body.len() as u64, sent)
}

/// As in a URL.
pub fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
            encoded.push(byte as char);
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// As in XML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
