//! One TLS connection: records in, plaintext out, and the other way round.

mod handshake;

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use rustix::net::{RecvFlags, SendFlags};
use rustls::pki_types::CertificateDer;
use rustls::server::UnbufferedServerConnection;
use rustls::{HandshakeKind, ProtocolVersion, ServerConfig};

use super::version::Version;
use crate::limits;
use crate::records::{Buffer, Decrypted, End, Outgoing, Records};

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
/// waits only where that is said, writing for control never does, and writing data waits or not as
/// the socket is set.
pub struct TlsConnection {
    records: Records<UnbufferedServerConnection>,
    /// Until the client has its first answer.
    otherwise: Option<Otherwise>,
    purpose: Purpose,
    truncation: Truncation,
    /// Our close_notify is sent or about to be.
    goodbye: Option<Goodbye>,
    /// The last read ended because its caller had no more room.
    left_unread: bool,
}

/// Our close_notify.
#[derive(Clone, Copy, Debug)]
pub struct Goodbye {
    /// Its bytes, encrypted: the last ones.
    pub bytes: usize,
    /// When it was said, all data having been sent.
    pub at: Instant,
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
            records: Records::new(connection, || purpose.buffer()),
            otherwise: otherwise.map(Otherwise::new),
            purpose,
            truncation,
            goodbye: None,
            left_unread: false,
        })
    }

    /// Reads what has arrived, without waiting. 0 is the end of what the client sends.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] when nothing is there; [`ErrorKind::UnexpectedEof`] when the
    /// connection ended without close_notify and that is not tolerated.
    pub fn read(&mut self, tcp: &TcpStream, target: &mut [u8]) -> io::Result<usize> {
        self.read_within(tcp, target, RecvFlags::DONTWAIT)
    }

    /// The same, but where nothing has arrived it waits for the first bytes as long as the socket's
    /// time-out says.
    ///
    /// # Errors
    /// As [`Self::read`]; [`ErrorKind::WouldBlock`] also where what came is no whole record.
    pub fn wait_and_read(&mut self, tcp: &TcpStream, target: &mut [u8]) -> io::Result<usize> {
        self.read_within(tcp, target, RecvFlags::empty())
    }

    fn read_within(
        &mut self,
        tcp: &TcpStream,
        target: &mut [u8],
        mut flags: RecvFlags,
    ) -> io::Result<usize> {
        let mut got = self.records.plaintext.take(target);
        self.left_unread = true;
        let mut is_drained = false;
        while got < target.len() {
            match self.records.step(&mut target[got..]) {
                Ok(Decrypted::Plaintext(bytes)) => got += bytes,
                Ok(Decrypted::Exhausted) if self.records.end.is_some() => break,
                Ok(Decrypted::Exhausted) if is_drained => {
                    self.left_unread = false;
                    break;
                }
                Ok(Decrypted::Exhausted) => {
                    let now = if got == 0 { flags } else { RecvFlags::DONTWAIT };
                    is_drained = self.refill(tcp, now);
                    flags = RecvFlags::DONTWAIT;
                }
                // It is the end that the next turn finds.
                Err(error) => log::debug!("TLS: {error}"),
            }
        }
        // Alerts. A socket that takes nothing now may take them later.
        let is_broken = matches!(self.records.end, Some(End::Broken(_)));
        if is_broken || self.purpose == Purpose::Control {
            let _ = self.records.outgoing.send(tcp, self.purpose.flags());
        }
        self.release();
        if got > 0 || target.is_empty() { Ok(got) } else { self.nothing_more() }
    }

    /// Whether the client has sent data, or may still send some: what has come is decrypted for
    /// that, as far as there is something to tell by. Never waits.
    pub(in crate::net) fn may_bring_data(&mut self, tcp: &TcpStream) -> bool {
        // Neither data nor the end is in the socket any more.
        self.left_unread = true;
        loop {
            // An error is told by the read that comes upon it.
            while let Ok(Decrypted::Plaintext(_)) = self.records.step(&mut []) {}
            if !self.records.plaintext.is_empty() || self.records.end.is_some() {
                return !self.records.plaintext.is_empty();
            }
            match self.receive(tcp, RecvFlags::DONTWAIT) {
                Ok(bytes) if bytes > 0 => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
                Ok(_) => return false,
            }
        }
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
        self.records.outgoing.send(tcp, self.purpose.flags())?;
        self.release();
        Ok(())
    }

    /// Tells the client by close_notify that nothing more comes.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] when the socket does not take all of it now: call it again.
    pub fn close(&mut self, tcp: &TcpStream) -> io::Result<()> {
        if self.goodbye.is_none() {
            self.goodbye = Some(Goodbye { bytes: 0, at: Instant::now() });
            let before = self.records.outgoing.len();
            match self.put(&Outgoing::CloseNotify) {
                // Both sides have said it: ours was the answer to the client's.
                Err(error) if error.kind() == ErrorKind::NotConnected => {}
                put => put?,
            }
            let bytes = self.records.outgoing.len() - before;
            self.goodbye = self.goodbye.map(|goodbye| Goodbye { bytes, ..goodbye });
        }
        self.flush(tcp)
    }

    /// Encrypted bytes that the socket has not taken.
    pub fn held_bytes(&self) -> usize {
        self.records.outgoing.len()
    }

    /// What [`Self::close`] has said.
    pub fn goodbye(&self) -> Option<Goodbye> {
        self.goodbye
    }

    /// The version that was agreed on, when the handshake is over.
    pub fn version(&self) -> Version {
        match self.records.side.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => Version::Tls12,
            _ => Version::Tls13,
        }
    }

    /// Whether the handshake is over: data of the client may be at hand.
    pub fn is_established(&self) -> bool {
        !self.records.side.is_handshaking()
    }

    /// Whether it resumed an earlier session of the client.
    pub fn is_resumed(&self) -> bool {
        self.records.side.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// The certificates that the client has shown, now or in the session that it resumed, its own
    /// first; none if it did not.
    pub(super) fn client_certificates(&self) -> &[CertificateDer<'static>] {
        self.records.side.peer_certificates().unwrap_or_default()
    }

    /// Protocol version and cipher, for the log.
    pub fn describe(&self) -> String {
        let version = self.version();
        match self.records.side.negotiated_cipher_suite() {
            Some(suite) => format!("{version} {:?}", suite.suite()),
            None => version.to_string(),
        }
    }

    /// Encrypts what is to be said.
    fn put(&mut self, what: &Outgoing<'_>) -> io::Result<()> {
        let put = self.records.put(what);
        // What has arrived was decrypted before.
        self.left_unread |= !self.records.plaintext.is_empty();
        put
    }

    /// One read from the socket, which waits or not as `flags` say; what ends the connection is
    /// noted. Tells whether it has taken all that was there.
    fn refill(&mut self, tcp: &TcpStream, flags: RecvFlags) -> bool {
        match self.receive(tcp, flags) {
            Ok(0) => {
                log::debug!("the client ended the connection without TLS close_notify");
                self.records.end = Some(End::Cut);
                false
            }
            Ok(_) => !self.records.incoming.room().is_empty(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => true,
            Err(error) if error.kind() == ErrorKind::Interrupted => false,
            Err(error) => {
                self.records.end = Some(End::Broken(error.kind()));
                false
            }
        }
    }

    /// One read from the socket, which waits or not as `flags` say; 0 is its end.
    fn receive(&mut self, tcp: &TcpStream, flags: RecvFlags) -> io::Result<usize> {
        // Behind the record that is not whole yet.
        let held =
            self.otherwise.as_ref().map_or(0, Otherwise::held).max(self.records.incoming.len());
        let left = limits::TLS_INCOMING_BYTES.saturating_sub(held);
        if left == 0 {
            return Err(ErrorKind::InvalidData.into());
        }
        let room = match self.purpose {
            Purpose::Data if self.is_established() => left,
            _ => limits::TLS_SHORT_READ_BYTES.min(left),
        };
        self.records.incoming.make_room(room);
        let bytes = self.records.incoming.receive(tcp, flags)?;
        if let Some(otherwise) = &mut self.otherwise {
            let filled = self.records.incoming.filled();
            otherwise.hear(&filled[filled.len() - bytes..]);
        }
        Ok(bytes)
    }

    fn nothing_more(&self) -> io::Result<usize> {
        match self.records.end {
            None => Err(ErrorKind::WouldBlock.into()),
            Some(End::Closed) => Ok(0),
            Some(End::Broken(kind)) => Err(kind.into()),
            Some(End::Cut) => match self.truncation {
                Truncation::Refused => Err(ErrorKind::UnexpectedEof.into()),
                Truncation::Tolerated => Ok(0),
            },
        }
    }

    /// Gives back the memory of empty buffers, of a connection over which nothing may come for a
    /// while.
    pub fn release_empty(&mut self) {
        self.records.incoming.release_if_empty();
        self.records.outgoing.release_if_empty();
        self.records.plaintext.release_if_empty();
    }

    /// Gives back the memory of empty buffers of a connection that may idle for hours.
    fn release(&mut self) {
        if self.purpose == Purpose::Control {
            self.records.incoming.release_if_empty();
            self.records.outgoing.release_if_empty();
        }
        self.records.plaintext.release_if_empty();
    }
}

impl fmt::Debug for TlsConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnection")
            .field("protocol", &self.describe())
            .field("end", &self.records.end)
            .finish_non_exhaustive()
    }
}
