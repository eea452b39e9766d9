//! One TLS connection: records in, plaintext out, and the other way round.
//!
//! rustls' interface without buffers of its own is used: what the socket holds is read in large
//! pieces and decrypted where it lies, and many records leave in one write.

mod handshake;

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::sync::Arc;

use rustix::net::SendFlags;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, UnbufferedStatus};
use rustls::{HandshakeKind, ProtocolVersion, ServerConfig};

use super::buffer::Buffer;
use super::outgoing::{Outgoing, encode};
use super::version::Version;
use crate::limits;

pub use handshake::Handshake;
use handshake::Otherwise;

/// What a connection is for, which decides how much memory it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Lines now and then: holds no buffer while nothing is in it.
    Control,
    /// Bulk: buffers of [`limits::TLS_DATA_BUFFER_BYTES`] in the direction that is used.
    Data,
}

impl Purpose {
    /// For what the client has sent: passwords, on the control connection.
    fn buffer(self) -> Buffer {
        match self {
            Self::Control => Buffer::wiping(),
            Self::Data => Buffer::default(),
        }
    }

    /// How the socket is written to.
    fn flags(self) -> SendFlags {
        match self {
            Self::Control => SendFlags::NOSIGNAL | SendFlags::DONTWAIT,
            Self::Data => SendFlags::NOSIGNAL,
        }
    }
}

/// What the end of a connection without close_notify is (RFC 8446 6.1: data may have been cut off).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Truncation {
    /// An end like any other: many clients just close.
    #[default]
    Tolerated,
    /// [`ErrorKind::UnexpectedEof`].
    Refused,
}

/// One connection's state, on the server's side. The socket is handed to each call; reading from it
/// never waits, nor does writing for control, and writing data waits or not as the socket is set.
pub struct TlsConnection {
    connection: UnbufferedServerConnection,
    /// Until the client has its first answer.
    otherwise: Option<Otherwise>,
    purpose: Purpose,
    truncation: Truncation,
    /// Read from the socket, not decrypted yet.
    incoming: Buffer,
    /// Decrypted, not asked for yet: at most what was in [`Self::incoming`].
    plaintext: Buffer,
    /// Encrypted, not taken by the socket yet.
    outgoing: Buffer,
    end: Option<End>,
    /// Our close_notify is sent or about to be.
    said_goodbye: bool,
    /// The last read ended because its caller had no more room.
    left_unread: bool,
}

/// How the client's half has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// By close_notify.
    Closed,
    /// By the end of the TCP connection alone.
    Cut,
    /// By an error, told once more to each read.
    Broken(ErrorKind),
}

/// What a look at the incoming records gave.
enum Step {
    /// So many bytes of plaintext went into the target.
    Plaintext(usize),
    /// All whole records are used up.
    Exhausted,
}

impl TlsConnection {
    /// A connection before its handshake, which `otherwise` is for where the client is incompatible
    /// with `config`.
    pub(super) fn new(
        config: Arc<ServerConfig>,
        otherwise: Option<Arc<ServerConfig>>,
        purpose: Purpose,
        truncation: Truncation,
    ) -> io::Result<Self> {
        let connection = UnbufferedServerConnection::new(config).map_err(io::Error::other)?;
        Ok(Self {
            connection,
            otherwise: otherwise.map(Otherwise::new),
            purpose,
            truncation,
            incoming: purpose.buffer(),
            plaintext: purpose.buffer(),
            outgoing: Buffer::default(),
            end: None,
            said_goodbye: false,
            left_unread: false,
        })
    }

    /// Reads what has arrived, without waiting. 0 is the end of what the client sends.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] when nothing is there; [`ErrorKind::UnexpectedEof`] when the
    /// connection ended without close_notify and that is not tolerated.
    pub fn read(&mut self, tcp: &TcpStream, target: &mut [u8]) -> io::Result<usize> {
        let mut got = self.plaintext.take(target);
        self.left_unread = true;
        while got < target.len() {
            match self.step(&mut target[got..]) {
                Ok(Step::Plaintext(bytes)) => got += bytes,
                Ok(Step::Exhausted) if self.end.is_some() => break,
                Ok(Step::Exhausted) => match self.receive(tcp) {
                    Ok(0) => {
                        log::debug!("the client ended the connection without TLS close_notify");
                        self.end = Some(End::Cut);
                    }
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        self.left_unread = false;
                        break;
                    }
                    Err(error) => self.end = Some(End::Broken(error.kind())),
                },
                // It is the end that the next turn finds.
                Err(error) => log::debug!("TLS: {error}"),
            }
        }
        // Alerts. A socket that takes nothing now may take them later.
        if self.end.is_some() || self.purpose == Purpose::Control {
            let _ = self.outgoing.send(tcp, self.purpose.flags());
        }
        self.release();
        if got > 0 || target.is_empty() { Ok(got) } else { self.nothing_more() }
    }

    /// Whether plaintext may be at hand that the socket will not tell of.
    pub fn holds_unread(&self) -> bool {
        self.left_unread
    }

    /// Encrypts and sends the beginning of `bytes`, and tells how much that was. What the socket
    /// did not take is sent by the next call, or by [`Self::flush`].
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] when the socket has not taken what was written before.
    pub fn write(&mut self, tcp: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        self.flush(tcp)?;
        let now = bytes.len().min(limits::TLS_DATA_BUFFER_BYTES);
        self.put(&Outgoing::Data(&bytes[..now]))?;
        match self.flush(tcp) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(now),
        }
    }

    /// Sends what was written and not taken yet.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] when the socket does not take all of it now.
    pub fn flush(&mut self, tcp: &TcpStream) -> io::Result<()> {
        self.outgoing.send(tcp, self.purpose.flags())?;
        self.release();
        Ok(())
    }

    /// Tells the client by close_notify that nothing more comes.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] when the socket does not take all of it now: call it again.
    pub fn close(&mut self, tcp: &TcpStream) -> io::Result<()> {
        if !self.said_goodbye {
            self.said_goodbye = true;
            match self.put(&Outgoing::CloseNotify) {
                // Both sides have said it: ours was the answer to the client's.
                Err(error) if error.kind() == ErrorKind::NotConnected => {}
                put => put?,
            }
        }
        self.flush(tcp)
    }

    /// The version that was agreed on, when the handshake is over.
    pub fn version(&self) -> Version {
        match self.connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => Version::Tls12,
            _ => Version::Tls13,
        }
    }

    /// Whether it resumed an earlier session of the client.
    pub fn is_resumed(&self) -> bool {
        self.connection.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// Protocol version and cipher, for the log.
    pub fn describe(&self) -> String {
        let version = self.version();
        match self.connection.negotiated_cipher_suite() {
            Some(suite) => format!("{version} {:?}", suite.suite()),
            None => version.to_string(),
        }
    }

    /// Lets rustls look at the records at hand, until it has plaintext or has used all of them.
    /// What `target` has no room for is kept.
    fn step(&mut self, target: &mut [u8]) -> Result<Step, rustls::Error> {
        if let Some(End::Broken(_)) = self.end {
            return Ok(Step::Exhausted);
        }
        loop {
            let UnbufferedStatus { mut discard, state } =
                self.connection.process_tls_records(self.incoming.filled_mut());
            let mut done = None;
            let outcome = match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    let mut got = 0;
                    while let Some(record) = traffic.next_record() {
                        let record = record?;
                        discard += record.discard;
                        let now = record.payload.len().min(target.len() - got);
                        target[got..got + now].copy_from_slice(&record.payload[..now]);
                        got += now;
                        self.plaintext.push(&record.payload[now..]);
                    }
                    done = Some(Step::Plaintext(got));
                    Ok(())
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    encode(&mut self.outgoing, |room| data.encode(room))
                }
                Ok(ConnectionState::TransmitTlsData(data)) => {
                    // It is in `outgoing`, which loses nothing.
                    data.done();
                    Ok(())
                }
                Ok(ConnectionState::PeerClosed) => {
                    self.end = Some(End::Closed);
                    Ok(())
                }
                Ok(ConnectionState::ReadEarlyData(_)) => {
                    Err(rustls::Error::General("early data was never offered".to_owned()))
                }
                // BlockedHandshake, WriteTraffic, Closed.
                Ok(_) => {
                    done = Some(Step::Exhausted);
                    Ok(())
                }
                Err(error) => Err(error),
            };
            self.incoming.discard(discard);
            if let Err(error) = outcome {
                self.fail();
                return Err(error);
            }
            if let Some(step) = done {
                return Ok(step);
            }
        }
    }

    /// After an error of the protocol nothing more is read: rustls would stumble over the same
    /// record again. What it has to say about it, an alert, is put into `outgoing`.
    fn fail(&mut self) {
        self.end = Some(End::Broken(ErrorKind::InvalidData));
        self.incoming = Buffer::default();
        let alert = self.connection.process_tls_records(&mut []);
        if let Ok(ConnectionState::EncodeTlsData(mut data)) = alert.state {
            // Without it the client sees the connection end, which tells it the same.
            let _ = encode(&mut self.outgoing, |room| data.encode(room));
        }
    }

    /// Encrypts what is to be said into `outgoing`.
    fn put(&mut self, what: &Outgoing<'_>) -> io::Result<()> {
        if let Some(End::Broken(kind)) = self.end {
            return Err(kind.into());
        }
        // What has arrived comes first: writing is a state that rustls reaches behind it.
        while let Step::Plaintext(_) = self.step(&mut []).map_err(invalid)? {
            self.left_unread = true;
        }
        self.outgoing.make_room(what.most_bytes());
        let UnbufferedStatus { discard, state } =
            self.connection.process_tls_records(self.incoming.filled_mut());
        let ConnectionState::WriteTraffic(mut traffic) = state.map_err(invalid)? else {
            return Err(ErrorKind::NotConnected.into());
        };
        let written = match what {
            Outgoing::Data(bytes) => traffic.encrypt(bytes, self.outgoing.room()),
            Outgoing::CloseNotify => traffic.queue_close_notify(self.outgoing.room()),
        };
        self.outgoing.advance(written.map_err(io::Error::other)?);
        self.incoming.discard(discard);
        Ok(())
    }

    fn receive(&mut self, tcp: &TcpStream) -> io::Result<usize> {
        let room = match self.purpose {
            Purpose::Data => limits::TLS_DATA_BUFFER_BYTES,
            Purpose::Control => limits::COMMAND_LINE_BYTES,
        };
        // Behind the record that is not whole yet.
        let held = self.otherwise.as_ref().map_or(0, Otherwise::held).max(self.incoming.len());
        let left = limits::TLS_INCOMING_BYTES.saturating_sub(held);
        if left == 0 {
            return Err(ErrorKind::InvalidData.into());
        }
        self.incoming.make_room(room.min(left));
        let bytes = self.incoming.receive(tcp)?;
        if let Some(otherwise) = &mut self.otherwise {
            let filled = self.incoming.filled();
            otherwise.hear(&filled[filled.len() - bytes..]);
        }
        Ok(bytes)
    }

    fn nothing_more(&self) -> io::Result<usize> {
        match self.end {
            None => Err(ErrorKind::WouldBlock.into()),
            Some(End::Closed) => Ok(0),
            Some(End::Broken(kind)) => Err(kind.into()),
            Some(End::Cut) => match self.truncation {
                Truncation::Refused => Err(ErrorKind::UnexpectedEof.into()),
                Truncation::Tolerated => Ok(0),
            },
        }
    }

    /// Gives back the memory of empty buffers of a connection that may idle for hours.
    fn release(&mut self) {
        if self.purpose == Purpose::Control {
            self.incoming.release_if_empty();
            self.outgoing.release_if_empty();
        }
        self.plaintext.release_if_empty();
    }
}

impl fmt::Debug for TlsConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnection")
            .field("protocol", &self.describe())
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

fn invalid(error: rustls::Error) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error)
}
