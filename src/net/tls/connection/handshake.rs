//! The handshake of a connection, and the choice of what is spoken in it.

use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::sync::Arc;

use rustix::net::RecvFlags;
use rustls::server::UnbufferedServerConnection;
use rustls::{Error, ServerConfig};

use super::{Purpose, TlsConnection};
use crate::net::Interest;
use crate::net::tls::client_auth::explain;
use crate::net::tls::version::Version;
use crate::records::{Buffer, Decrypted};

/// How far a handshake has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// The connection stands.
    Done,
    /// Wait for this and go on.
    Needs(Interest),
}

/// A second configuration, for clients that the first one is too narrow for. It is rustls that
/// finds out, from the client's first words; then it hears them once more.
pub(super) struct Otherwise {
    config: Arc<ServerConfig>,
    /// What the client has said so far.
    heard: Vec<u8>,
}

impl Otherwise {
    pub(super) fn new(config: Arc<ServerConfig>) -> Self {
        Self { config, heard: Vec::new() }
    }

    /// Takes note of what has arrived.
    pub(super) fn hear(&mut self, bytes: &[u8]) {
        self.heard.extend_from_slice(bytes);
    }

    /// How many bytes it holds.
    pub(super) fn held(&self) -> usize {
        self.heard.len()
    }
}

impl TlsConnection {
    /// Goes on with the handshake as far as `tcp` lets it.
    ///
    /// # Errors
    /// When the client has left, or what it sends is not acceptable: then it is told by an alert.
    pub fn handshake(&mut self, tcp: &TcpStream) -> io::Result<Handshake> {
        loop {
            let finished = self.negotiate(tcp)?;
            if !self.records.outgoing.is_empty() {
                // The client has its answer.
                self.otherwise = None;
            }
            if finished && self.holds_tickets_back() {
                self.release();
                return Ok(Handshake::Done);
            }
            match self.records.outgoing.send(tcp, self.purpose.flags()) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Ok(Handshake::Needs(Interest::Write));
                }
                sent => sent?,
            }
            if finished {
                self.release();
                return Ok(Handshake::Done);
            }
            match self.receive(tcp, RecvFlags::DONTWAIT) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Ok(Handshake::Needs(Interest::Read));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Hears the client's first words once more. Nothing was said to it yet.
    fn begin_again(&mut self, otherwise: Otherwise) -> io::Result<()> {
        let again = UnbufferedServerConnection::new(otherwise.config).map_err(io::Error::other)?;
        self.records.side = again;
        self.records.end = None;
        self.records.outgoing = Buffer::default();
        self.records.incoming = self.purpose.buffer();
        self.records.incoming.push(&otherwise.heard);
        Ok(())
    }

    /// Whether what is left to say at the end of the handshake, tickets, is sent with the first
    /// data or behind the client's. A client that only sends may close without a look at them, and
    /// a socket that is closed with bytes unread resets the connection, which loses what was on its
    /// way to us. Who is refused behind the handshake gets none.
    fn holds_tickets_back(&self) -> bool {
        self.purpose == Purpose::Data && self.version() == Version::Tls13
    }

    /// Uses what has arrived; true when the handshake is over and all it has to say is on its way.
    fn negotiate(&mut self, tcp: &TcpStream) -> io::Result<bool> {
        loop {
            match self.records.step(&mut []) {
                // The client's first data may come right behind its last word.
                Ok(Decrypted::Plaintext(_)) => {}
                Ok(Decrypted::Exhausted) => return Ok(!self.records.side.is_handshaking()),
                Err(error) => match self.otherwise.take() {
                    Some(otherwise) if matches!(error, Error::PeerIncompatible(_)) => {
                        self.begin_again(otherwise)?;
                    }
                    _ => {
                        // What tells the client why; nobody waits for it to be read.
                        let _ = self.records.outgoing.send(tcp, self.purpose.flags());
                        return Err(explain(error));
                    }
                },
            }
            if !self.records.side.is_handshaking() {
                self.left_unread = true;
            }
        }
    }
}
