//! The receiver of `events`: takes whatever is sent to it, as cheaply as can be.
//! `sink ADDRESS:PORT`
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

fn main() {
    let address = std::env::args().nth(1).expect("an address");
    for connection in TcpListener::bind(address).expect("a free address").incoming() {
        let connection = connection.expect("a connection");
        std::thread::spawn(move || take(connection));
    }
}

/// Answers each request, until there are no more.
fn take(mut connection: TcpStream) -> Option<()> {
    let mut requests = BufReader::new(connection.try_clone().ok()?);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            requests.read_line(&mut line).ok().filter(|&bytes| bytes > 0)?;
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().ok()?;
            }
        }
        std::io::copy(&mut requests.by_ref().take(length), &mut std::io::sink()).ok()?;
        connection.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").ok()?;
    }
}
