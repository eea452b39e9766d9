//! A connection that may be the client's, and its handshake where that comes before the command.

use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use super::Interest;
use super::tls::{Handshake, TlsConnection, TlsSession};

/// A connection that may be the client's; it is non-blocking.
///
/// Some clients (aioftp, Go's jlaffaye/ftp) encrypt their data connection before they send the
/// command that it is for, and wait for our side of the handshake. So, where data is encrypted,
/// what comes over it before a command is taken for the beginning of one.
#[derive(Debug)]
pub struct Claim {
    tcp: TcpStream,
    /// The handshake that its client has begun before the command.
    begun: Option<io::Result<Box<TlsConnection>>>,
    /// What that waits for; nothing when it is over.
    interest: Interest,
}

impl From<TcpStream> for Claim {
    /// One of which nothing was read.
    fn from(tcp: TcpStream) -> Self {
        Self { tcp, begun: None, interest: Interest::Read }
    }
}

impl Claim {
    /// What to wait for before [`Self::shake_hands`].
    pub(super) fn waits_for(&self) -> (BorrowedFd<'_>, Interest) {
        (self.tcp.as_fd(), self.interest)
    }

    /// Begins the handshake of a data connection of `session`, or goes on with it, as far as that
    /// is possible now. What comes of it is told by [`Self::into_parts`].
    pub(super) fn shake_hands(&mut self, session: &TlsSession) {
        self.begun.get_or_insert_with(|| session.data().map(Box::new));
        self.go_on();
    }

    /// Goes on with the handshake that has begun.
    fn go_on(&mut self) {
        self.interest = Interest::Nothing;
        self.begun = self.begun.take().map(|begun| {
            begun.and_then(|mut tls| {
                if let Handshake::Needs(interest) = tls.handshake(&self.tcp)? {
                    self.interest = interest;
                }
                // Its command may be long in coming.
                tls.release_empty();
                Ok(tls)
            })
        });
    }

    /// Whether its client has begun a handshake, which has not failed.
    pub(super) fn has_begun(&self) -> bool {
        matches!(self.begun, Some(Ok(_)))
    }

    /// Whether its client may still send, or has sent something. Where a handshake has begun the
    /// socket alone does not tell: what came with its last word was read with it, and may be a
    /// whole file; and what waits there may be no more than the client's farewell.
    pub(super) fn is_open(&mut self) -> bool {
        if self.has_begun() {
            self.go_on();
        }
        if let Some(Ok(tls)) = &mut self.begun
            && tls.is_established()
        {
            return tls.may_bring_data(&self.tcp);
        }
        match recv(&self.tcp, &mut [0], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
            Ok((bytes, _)) => bytes > 0,
            Err(error) => error == Errno::AGAIN,
        }
    }

    pub(super) fn socket(&self) -> &TcpStream {
        &self.tcp
    }

    /// The connection, and the handshake that its client has begun before the command, which may be
    /// over or has to go on; or what that has failed by.
    pub fn into_parts(self) -> (TcpStream, Option<io::Result<Box<TlsConnection>>>) {
        (self.tcp, self.begun)
    }
}
