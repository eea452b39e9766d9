//! Whether the peer has acknowledged all that was sent over a data connection.
//!
//! What a socket has taken may wait in this machine for as long as the peer likes. Only its
//! acknowledgement tells that the bytes are there.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

use super::Stream;
use super::tcp_state::{self, Outstanding};

/// The wait for the peer's acknowledgement, behind the end of what is sent.
#[derive(Debug)]
pub struct Receipt {
    /// Tells of whatever happens to the connection. Waiting for the socket itself would not tell of
    /// an acknowledgement.
    events: OwnedFd,
    begun: Outstanding,
}

/// How far the peer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It has acknowledged everything.
    All,
    /// It has acknowledged so many bytes since the connection began.
    Bytes(u64),
}

impl Receipt {
    /// Sends the end of the data, unless the peer has acknowledged everything already: then there
    /// is nothing to wait for, and closing the connection sends it.
    ///
    /// # Errors
    /// When the connection was reset before the peer had acknowledged all data, or the process is
    /// out of descriptors.
    pub fn request(stream: &Stream) -> io::Result<Option<Self>> {
        if !tcp_state::is_told() {
            return Ok(None);
        }
        let tcp = stream.socket();
        let begun = Outstanding::of(tcp).and_then(|begun| {
            if !begun.is_nothing() {
                begun.end(tcp)?;
            }
            Ok(begun)
        });
        let begun = match begun {
            Err(error) if stream.ended().is_some_and(|last| last.tells_all(&error, None)) => {
                return Ok(None);
            }
            begun => begun?,
        };
        if begun.is_nothing() {
            return Ok(None);
        }
        let events = epoll::create(CreateFlags::CLOEXEC)?;
        // Once the end is sent there is always room to write: with ET each event is told once.
        let any = EventFlags::IN | EventFlags::OUT | EventFlags::ET;
        epoll::add(&events, tcp, EventData::new_u64(0), any)?;
        Ok(Some(Self { events, begun }))
    }

    /// Looks how far the peer has come. What happens later makes the descriptor of this readable;
    /// but not each acknowledgement of a part does.
    ///
    /// # Errors
    /// When the connection was reset, or given up by the kernel, before the peer had acknowledged
    /// all data.
    pub fn look(&self, stream: &Stream) -> io::Result<Received> {
        let mut event = [epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }];
        // Before the look, so that nothing is missed.
        epoll::wait(&self.events, &mut event, Some(&rustix::event::Timespec::default()))?;
        let now = match Outstanding::of(stream.socket()) {
            Err(error) if self.is_late(stream, &error) => return Ok(Received::All),
            now => now?,
        };
        let is_all = now.is_nothing() || now.is_only_the_end(&self.begun);
        Ok(if is_all { Received::All } else { Received::Bytes(now.acknowledged) })
    }

    /// Whether the connection ended by `error` when the peer had all data.
    fn is_late(&self, stream: &Stream, error: &io::Error) -> bool {
        stream.ended().is_some_and(|last| last.tells_all(error, Some(&self.begun)))
    }
}

impl AsFd for Receipt {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.events.as_fd()
    }
}
