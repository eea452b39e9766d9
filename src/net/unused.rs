//! Data connections that end before their client is done with them, or without having served at
//! all.

use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use rustix::net::{RecvFlags, recv};

use super::tls::{Handshake, TlsConnection, TlsSession};
use super::{Claim, Stream, TlsStream, socket};
use crate::limits;

/// Connections that nobody will use any more.
///
/// Closing one with bytes unread resets it, and so does whatever the client sends afterwards. Many
/// clients take that for the end of everything and never read the reply that tells them why. So,
/// once they have been told, these are ended from our side, and what still comes is read and
/// dropped until the client ends them too: for [`limits::UNUSED_WAIT`] and up to
/// [`limits::UNUSED_BYTES`]. Dropped, this closes them at once, in as much order as can be had
/// without waiting.
#[derive(Debug, Default)]
pub struct Unused {
    connections: Vec<Leaving>,
    /// Since they were ended from our side.
    ending: Option<UnusedStream>,
}

/// One of them.
#[derive(Debug)]
enum Leaving {
    /// As it was accepted.
    Fresh(TcpStream),
    /// Its client waits for the TLS handshake before it looks at any reply (curl). Then it is
    /// ended.
    Handshaking(TcpStream, Box<TlsConnection>),
    /// To be ended, or ended from our side.
    Stream(Stream),
}

#[derive(Debug)]
struct UnusedStream {
    until: Instant,
    /// Who has not begun a handshake by then expects none.
    handshake_until: Instant,
    /// Bytes that are still read.
    left: usize,
}

impl Unused {
    /// One more that was accepted and not used.
    pub fn add_claim(&mut self, claim: Claim) {
        let (tcp, begun) = claim.into_parts();
        self.push(match begun {
            None => Leaving::Fresh(tcp),
            Some(Ok(tls)) => Leaving::Handshaking(tcp, tls),
            Some(Err(_)) => Leaving::Stream(tcp.into()),
        });
    }

    /// One more that was used, or refused; its client has not been told yet.
    pub fn add(&mut self, stream: impl Into<Stream>) {
        self.push(Leaving::Stream(stream.into()));
    }

    /// All of `others`, too.
    pub fn extend(&mut self, mut others: Self) {
        std::mem::take(&mut others.connections).into_iter().for_each(|one| self.push(one));
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    fn push(&mut self, connection: Leaving) {
        if self.ending.is_some() {
            // What is ending already belongs to an earlier command.
            *self = Self::default();
        }
        self.connections.push(connection);
    }

    /// The clients have been told: ends them from our side. Where `tls` is given, clients of those
    /// that were not served expect its handshake first.
    pub fn end(&mut self, tls: Option<&TlsSession>) {
        if self.connections.is_empty() || self.ending.is_some() {
            return;
        }
        if let Some(session) = tls {
            let plain = std::mem::take(&mut self.connections);
            self.connections = plain.into_iter().map(|one| one.encrypted(session)).collect();
        }
        self.connections.iter().for_each(Leaving::end);
        let now = Instant::now();
        self.ending = Some(UnusedStream {
            until: now + limits::UNUSED_WAIT,
            handshake_until: now + limits::UNUSED_HANDSHAKE_WAIT,
            left: limits::UNUSED_BYTES,
        });
        self.attend();
    }

    /// What to wait for, and until when, before [`Self::attend`].
    pub fn waits_for(&self) -> Option<(BorrowedFd<'_>, Instant)> {
        let (ending, first) = (self.ending.as_ref()?, self.connections.first()?);
        let until = match first {
            Leaving::Handshaking(..) => ending.handshake_until,
            Leaving::Fresh(_) | Leaving::Stream(_) => ending.until,
        };
        Some((first.socket().as_fd(), until))
    }

    /// Goes on with handshakes, drops what has come, and those that their clients have ended. Does
    /// not wait.
    pub fn attend(&mut self) {
        let Some(ending) = &mut self.ending else { return };
        let mut going_on = Vec::new();
        for connection in std::mem::take(&mut self.connections) {
            let connection = match Instant::now() < ending.handshake_until {
                true => connection.advanced(),
                false => connection.without_handshake(),
            };
            let goes_on = matches!(connection, Leaving::Handshaking(..))
                || drain(connection.socket(), &mut ending.left);
            if goes_on {
                going_on.push(connection);
            }
        }
        let is_over = ending.left == 0 || Instant::now() >= ending.until;
        self.connections = going_on;
        if self.connections.is_empty() || is_over {
            *self = Self::default();
        }
    }
}

impl Leaving {
    /// The same for a client that expects the handshake of a data connection of `session`.
    fn encrypted(self, session: &TlsSession) -> Self {
        match self {
            Self::Fresh(tcp) => match session.unused_data() {
                Ok(tls) if tcp.set_nonblocking(true).is_ok() => {
                    Self::Handshaking(tcp, Box::new(tls))
                }
                _ => Self::Fresh(tcp),
            },
            other => other,
        }
    }

    fn socket(&self) -> &TcpStream {
        match self {
            Self::Fresh(tcp) | Self::Handshaking(tcp, _) => tcp,
            Self::Stream(stream) => stream.socket(),
        }
    }

    /// Ends it from our side, unless a handshake comes first.
    fn end(&self) {
        match self {
            Self::Handshaking(..) => return,
            Self::Fresh(_) => {}
            // Some clients wait for the end of TLS before they look at the reply.
            Self::Stream(stream) => {
                let _ = stream.finish();
            }
        }
        // Who is gone, or takes nothing, misses nothing.
        let _ = self.socket().shutdown(Shutdown::Write);
    }

    /// Goes on with its handshake, and ends it when that is done or has failed.
    fn advanced(self) -> Self {
        let Self::Handshaking(tcp, mut tls) = self else { return self };
        match tls.handshake(&tcp) {
            Ok(Handshake::Needs(_)) => Self::Handshaking(tcp, tls),
            // Whoever found the port may have this one: what it is owed, a ticket, it must not get.
            Ok(Handshake::Done) if tls.held_bytes() > 0 && !tls.is_resumed() => Self::ended(tcp),
            Ok(Handshake::Done) => Self::ended(TlsStream::new(tcp, *tls)),
            Err(_) => Self::ended(tcp),
        }
    }

    /// Waits for its handshake no longer.
    fn without_handshake(self) -> Self {
        match self {
            Self::Handshaking(tcp, _) => Self::ended(tcp),
            other => other,
        }
    }

    fn ended(stream: impl Into<Stream>) -> Self {
        let ended = Self::Stream(stream.into());
        ended.end();
        ended
    }
}

impl Drop for Unused {
    fn drop(&mut self) {
        self.connections.iter().for_each(|connection| socket::hang_up(connection.socket()));
    }
}

/// Reads and drops a piece of what has come, of `left` bytes at most. Tells whether there may come
/// more.
// Its buffer is to take stack only in sessions with such a connection.
#[inline(never)]
fn drain(tcp: &TcpStream, left: &mut usize) -> bool {
    let mut dropped = [0; limits::UNUSED_READ_BYTES];
    for _ in 0..limits::UNUSED_READS {
        match recv(tcp, &mut dropped, RecvFlags::DONTWAIT) {
            Ok((0, _)) => return false,
            Ok((bytes, _)) => *left = left.saturating_sub(bytes),
            Err(error) if error == rustix::io::Errno::AGAIN => return true,
            Err(error) if error == rustix::io::Errno::INTR => {}
            Err(_) => return false,
        }
        if *left == 0 {
            break;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpListener};
    use std::time::Duration;

    use super::*;
    use crate::net::{Interest, wait};

    #[test]
    fn what_still_comes_is_read_until_the_client_is_done() {
        let (ours, mut theirs) = connected_pair();
        let mut unused = Unused::default();
        unused.add(ours);
        assert!(unused.waits_for().is_none(), "nobody was told yet");
        unused.end(None);
        assert_eq!(theirs.read(&mut [0]).unwrap(), 0);
        let sender = std::thread::spawn(move || {
            // More than both sockets hold.
            theirs.write_all(&vec![0; 32 << 20]).unwrap();
            theirs
        });
        while !sender.is_finished() {
            attend(&mut unused);
        }
        let theirs = sender.join().unwrap();
        assert!(theirs.take_error().unwrap().is_none());
        drop(theirs);
        while unused.waits_for().is_some() {
            attend(&mut unused);
        }
    }

    #[test]
    fn who_goes_on_and_on_is_cut_off() {
        let (ours, mut theirs) = connected_pair();
        let mut unused = Unused::default();
        unused.add(ours);
        unused.end(None);
        unused.ending.as_mut().unwrap().left = 1 << 20;
        let sender = std::thread::spawn(move || {
            loop {
                if theirs.write_all(&[0; 1 << 16]).is_err() {
                    return;
                }
            }
        });
        while unused.waits_for().is_some() {
            attend(&mut unused);
        }
        sender.join().unwrap();
    }

    #[test]
    fn who_is_silent_is_closed_in_the_end() {
        let (ours, _theirs) = connected_pair();
        let mut unused = Unused::default();
        unused.add(ours);
        unused.end(None);
        unused.ending.as_mut().unwrap().until = Instant::now();
        unused.attend();
        assert!(unused.waits_for().is_none());
    }

    #[test]
    fn what_an_earlier_command_left_makes_room() {
        let (ours, mut theirs) = connected_pair();
        let mut unused = Unused::default();
        unused.add(ours);
        unused.end(None);
        let (next, _other) = connected_pair();
        unused.add(next);
        assert_eq!(unused.connections.len(), 1);
        assert!(unused.waits_for().is_none());
        assert_eq!(theirs.read(&mut [0]).unwrap(), 0);
    }

    fn attend(unused: &mut Unused) {
        if let Some((fd, _)) = unused.waits_for() {
            wait([(fd, Interest::Read)], Some(Duration::from_millis(10))).unwrap();
            unused.attend();
        }
    }

    fn connected_pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let theirs = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (listener.accept().unwrap().0, theirs)
    }
}
