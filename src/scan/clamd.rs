//! The protocol of clamd(8): `INSTREAM`, chunks with their length in front, and one answer.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::{ScanOptions, ScanVerdict, ScannerAddress};
use crate::limits;

/// What an answer has more of is no answer.
const ANSWER_BYTES: u64 = 4096;

/// A connection to the scanner.
#[derive(Debug)]
pub struct ClamdStream(ScannerSocket);

#[derive(Debug)]
enum ScannerSocket {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl ClamdStream {
    /// Connects, and announces bytes.
    ///
    /// # Errors
    /// When nobody answers there within the time-out.
    pub fn begin(options: &ScanOptions) -> io::Result<Self> {
        let mut stream = Self::connect(options)?;
        stream.write_all(b"zINSTREAM\0")?;
        Ok(stream)
    }

    /// Whether a scanner answers there.
    ///
    /// # Errors
    /// When none does within the time-out.
    pub fn ping(options: &ScanOptions) -> io::Result<()> {
        let mut stream = Self::connect(options)?;
        stream.write_all(b"zPING\0")?;
        match stream.answer()?.as_str() {
            "PONG" => Ok(()),
            other => Err(io::Error::other(format!("it answers {other:?}, not PONG"))),
        }
    }

    fn connect(options: &ScanOptions) -> io::Result<Self> {
        let timeout = Some(options.timeout);
        let connection = match &options.clamd {
            ScannerAddress::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(timeout)?;
                stream.set_write_timeout(timeout)?;
                ScannerSocket::Unix(stream)
            }
            ScannerAddress::Tcp(address) => {
                let stream = connect_to_any(address, options.timeout)?;
                stream.set_read_timeout(timeout)?;
                stream.set_write_timeout(timeout)?;
                // What is sent last is waited for.
                stream.set_nodelay(true)?;
                ScannerSocket::Tcp(stream)
            }
        };
        Ok(Self(connection))
    }

    /// The same connection, for somebody who may have to end it.
    ///
    /// # Errors
    /// When there is no descriptor for it.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self(match &self.0 {
            ScannerSocket::Unix(stream) => ScannerSocket::Unix(stream.try_clone()?),
            ScannerSocket::Tcp(stream) => ScannerSocket::Tcp(stream.try_clone()?),
        }))
    }

    /// Ends it, whoever waits for it.
    pub fn shut_down(&self) {
        // Gone already is as good.
        let _ = match &self.0 {
            ScannerSocket::Unix(stream) => stream.shutdown(Shutdown::Both),
            ScannerSocket::Tcp(stream) => stream.shutdown(Shutdown::Both),
        };
    }

    /// Sends bytes, which are not none.
    ///
    /// # Errors
    /// When the scanner does not take them: what it has to say is its verdict then, but for
    /// [`ErrorKind::TimedOut`].
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        for chunk in bytes.chunks(limits::SCAN_CHUNK_BYTES) {
            let length = u32::try_from(chunk.len()).map_err(io::Error::other)?;
            // In one write, which is one packet of a small file.
            self.write_all(&[&length.to_be_bytes(), chunk].concat())?;
        }
        Ok(())
    }

    /// That was all.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn end(&mut self) -> io::Result<()> {
        self.write_all(&0_u32.to_be_bytes())
    }

    /// What the scanner says, as soon as it does.
    pub fn verdict(&mut self) -> ScanVerdict {
        match self.answer() {
            Ok(answer) => understood(&answer),
            Err(error) if is_timeout(&error) => {
                ScanVerdict::Failed("it did not answer within scan_timeout".to_owned())
            }
            Err(error) => ScanVerdict::Failed(error.to_string()),
        }
    }

    fn answer(&mut self) -> io::Result<String> {
        let mut answer = Vec::new();
        let mut byte = [0];
        while self.read(&mut byte)? > 0 && byte[0] != 0 {
            answer.push(byte[0]);
            if answer.len() as u64 > ANSWER_BYTES {
                return Err(io::Error::other("its answer has no end"));
            }
        }
        if answer.is_empty() {
            return Err(io::Error::other("it closed the connection without an answer"));
        }
        Ok(shown(&String::from_utf8_lossy(&answer)))
    }
}

impl Read for ClamdStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            ScannerSocket::Unix(stream) => stream.read(buffer),
            ScannerSocket::Tcp(stream) => stream.read(buffer),
        }
    }
}

impl Write for ClamdStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            ScannerSocket::Unix(stream) => stream.write(bytes),
            ScannerSocket::Tcp(stream) => stream.write(bytes),
        }
        .map_err(|error| match is_timeout(&error) {
            true => io::Error::new(ErrorKind::TimedOut, "it took nothing within scan_timeout"),
            false => error,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn connect_to_any(address: &str, timeout: Duration) -> io::Result<TcpStream> {
    let mut failure = io::Error::from(ErrorKind::NotFound);
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// What an answer means: `stream: OK`, `stream: NAME FOUND`, anything else is a failure.
fn understood(answer: &str) -> ScanVerdict {
    let said = answer.strip_prefix("stream: ").unwrap_or(answer);
    match said.strip_suffix(" FOUND") {
        Some(name) => ScanVerdict::Found(name.to_owned()),
        None if said == "OK" => ScanVerdict::Clean,
        None => ScanVerdict::Failed(said.trim_end_matches(" ERROR").to_owned()),
    }
}

/// What of an answer may be shown to a client and in the log: a line of ASCII.
fn shown(answer: &str) -> String {
    let is_plain = |c: char| c.is_ascii_graphic() || c == ' ';
    answer.trim().chars().filter(|c| is_plain(*c)).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_understood() {
        for (answer, verdict) in [
            ("stream: OK", ScanVerdict::Clean),
            ("stream: Some.Name-1 FOUND", ScanVerdict::Found("Some.Name-1".to_owned())),
            (
                "INSTREAM size limit exceeded. ERROR",
                ScanVerdict::Failed("INSTREAM size limit exceeded.".to_owned()),
            ),
            ("stream: broken ERROR", ScanVerdict::Failed("broken".to_owned())),
            ("UNKNOWN COMMAND", ScanVerdict::Failed("UNKNOWN COMMAND".to_owned())),
        ] {
            assert_eq!(understood(answer), verdict, "{answer}");
        }
    }

    #[test]
    fn nothing_but_a_line_of_ascii_is_shown() {
        assert_eq!(shown("a\r\nb\u{1b}[2Jé c "), "ab[2J c");
        assert_eq!(shown(&"x".repeat(1000)).len(), 200);
    }
}
