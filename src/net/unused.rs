//! Data connections that end before their client is done with them, or without having served at all.

use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use rustix::net::{RecvFlags, recv};

use super::{Stream, socket};
use crate::limits;

/// Connections that nobody will use any more.
///
/// Closing one with bytes unread resets it, and so does whatever the client sends afterwards. Many
/// clients take that for the end of everything and never read the reply that tells them why. So,
/// once they have been told, these are ended from our side, and what still comes is read and dropped
/// until the client ends them too: for [`limits::UNUSED_WAIT`] and up to [`limits::UNUSED_BYTES`].
/// Dropped, this closes them at once, in as much order as can be had without waiting.
#[derive(Debug, Default)]
pub struct Unused {
    streams: Vec<Stream>,
    /// Since they were ended from our side.
    ending: Option<Ending>,
}

#[derive(Debug)]
struct Ending {
    until: Instant,
    /// Bytes that are still read.
    left: usize,
}

impl Unused {
    /// One more, whose client has not been told yet.
    pub fn add(&mut self, stream: impl Into<Stream>) {
        if self.ending.is_some() {
            // What is ending already belongs to an earlier command.
            *self = Self::default();
        }
        self.streams.push(stream.into());
    }

    /// All of `others`, too.
    pub fn extend(&mut self, mut others: Self) {
        std::mem::take(&mut others.streams).into_iter().for_each(|stream| self.add(stream));
    }

    /// The clients have been told: ends them from our side.
    pub fn end(&mut self) {
        if self.streams.is_empty() || self.ending.is_some() {
            return;
        }
        for stream in &self.streams {
            // Some clients wait for the end of TLS before they look at the reply. Who is gone, or takes
            // nothing, misses nothing.
            let _ = stream.finish();
            let _ = stream.shutdown(Shutdown::Write);
        }
        let until = Instant::now() + limits::UNUSED_WAIT;
        self.ending = Some(Ending { until, left: limits::UNUSED_BYTES });
        self.attend();
    }

    /// What to wait for, and until when, before [`Self::attend`].
    pub fn waits_for(&self) -> Option<(BorrowedFd<'_>, Instant)> {
        let (ending, first) = (self.ending.as_ref()?, self.streams.first()?);
        Some((first.as_fd(), ending.until))
    }

    /// Drops what has come, and those that their clients have ended. Does not wait.
    pub fn attend(&mut self) {
        let Some(ending) = &mut self.ending else { return };
        let left = &mut ending.left;
        self.streams.retain(|stream| drain(stream.socket(), left));
        if self.streams.is_empty() || *left == 0 || Instant::now() >= ending.until {
            *self = Self::default();
        }
    }
}

impl Drop for Unused {
    fn drop(&mut self) {
        self.streams.iter().for_each(|stream| socket::hang_up(stream.socket()));
    }
}

/// Reads and drops a piece of what has come, of `left` bytes at most. Tells whether there may come
/// more.
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
        unused.end();
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
        unused.end();
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
        unused.end();
        unused.ending.as_mut().unwrap().until = Instant::now();
        unused.attend();
        assert!(unused.waits_for().is_none());
    }

    #[test]
    fn what_an_earlier_command_left_makes_room() {
        let (ours, mut theirs) = connected_pair();
        let mut unused = Unused::default();
        unused.add(ours);
        unused.end();
        let (next, _other) = connected_pair();
        unused.add(next);
        assert_eq!(unused.streams.len(), 1);
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
