//! The control connection, as a client has it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::secured::{ClientStream, ClientTls};

/// How long a reply or a piece of a file may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// Longest reply that is read; what is longer is no FTP.
const MAX_REPLY_BYTES: usize = 64 * 1024;

/// Commands go out, replies come in.
pub(super) struct Dialogue {
    /// `None` only while the handshake has it.
    stream: Option<ClientStream>,
    /// What has come and belongs to no reply yet.
    rest: Vec<u8>,
}

/// One reply.
#[derive(Debug)]
pub(super) struct ServerReply {
    code: u16,
    /// All of it, with the code.
    text: String,
}

impl ServerReply {
    /// Whether it has this code.
    pub(super) fn is(&self, code: u16) -> bool {
        self.code == code
    }

    /// Whether more is to come: 1xx.
    pub(super) fn is_preliminary(&self) -> bool {
        self.code / 100 == 1
    }

    /// Whether all is well: 2xx.
    pub(super) fn is_success(&self) -> bool {
        self.code / 100 == 2
    }

    /// All of it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What there is room for in a report.
    pub(super) fn first_line(&self) -> String {
        self.text.lines().next().unwrap_or_default().chars().take(120).collect()
    }
}

impl Dialogue {
    /// Over `stream`; nothing is read.
    ///
    /// # Errors
    /// When the connection is gone already.
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        set_patience(&stream)?;
        Ok(Self { stream: Some(ClientStream::Plain(stream)), rest: Vec::new() })
    }

    /// Goes on with TLS; tells what was agreed on.
    ///
    /// # Errors
    /// When the handshake fails.
    pub(super) fn encrypt(&mut self, tls: &ClientTls) -> io::Result<String> {
        match self.stream.take() {
            Some(ClientStream::Plain(stream)) if self.rest.is_empty() => {
                let stream = tls.handshake(stream)?;
                let agreed = stream.agreed();
                self.stream = Some(stream);
                Ok(agreed)
            }
            _ => Err(io::Error::new(ErrorKind::InvalidData, "plain text followed AUTH TLS")),
        }
    }

    /// Sends a line and waits for its reply.
    ///
    /// # Errors
    /// When the connection breaks, or nothing comes.
    pub(super) fn ask(&mut self, line: &str) -> io::Result<ServerReply> {
        self.say(line)?;
        self.reply()
    }

    /// Sends a line.
    fn say(&mut self, line: &str) -> io::Result<()> {
        let line = zeroize::Zeroizing::new(format!("{line}\r\n"));
        let stream = self.stream()?;
        stream.write_all(line.as_bytes())?;
        stream.flush()
    }

    /// The next reply, of one line or several (RFC 959 4.2).
    ///
    /// # Errors
    /// As [`Self::ask`]; also when it is none.
    pub(super) fn reply(&mut self) -> io::Result<ServerReply> {
        let mut text = String::new();
        let mut end = None;
        loop {
            let line = self.line()?;
            text += &line;
            text.push('\n');
            if text.len() > MAX_REPLY_BYTES {
                return Err(no_ftp(&text));
            }
            let code = line.get(..3).and_then(|code| code.parse().ok());
            match (&end, code, line.as_bytes().get(3)) {
                (None, Some(code), Some(b'-')) => end = Some(code),
                (None, Some(code), _) => return Ok(ServerReply { code, text }),
                (None, None, _) => return Err(no_ftp(&line)),
                (Some(wanted), Some(code), Some(b' ') | None) if *wanted == code => {
                    return Ok(ServerReply { code, text });
                }
                (Some(_), ..) => {}
            }
        }
    }

    fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            if self.rest.len() > MAX_REPLY_BYTES {
                return Err(no_ftp(&String::from_utf8_lossy(&self.rest)));
            }
            let mut bytes = [0; 4096];
            match self.stream()?.read(&mut bytes)? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                got => self.rest.extend_from_slice(&bytes[..got]),
            }
        }
    }

    fn stream(&mut self) -> io::Result<&mut ClientStream> {
        self.stream.as_mut().ok_or_else(|| ErrorKind::NotConnected.into())
    }
}

/// Nothing on `stream` waits for longer than [`PATIENCE`].
///
/// # Errors
/// When the connection is gone already.
pub(super) fn set_patience(stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)
}

fn no_ftp(said: &str) -> io::Error {
    let said: String = said.chars().take(60).collect();
    io::Error::new(ErrorKind::InvalidData, format!("this is not FTP: {said:?}"))
}
