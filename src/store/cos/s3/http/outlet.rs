//! The way of a request's body past the HTTP client's buffer.
//!
//! The client has a body copied into the buffer of its connection, and then has the connection
//! send that buffer. Where nothing encrypts, the copy is all the buffer is good for, and it was a
//! seventh of the CPU time of an upload. So the body is written to the socket from where it
//! stands, at the moment the client asks for it; the connection, asked to send the buffer, finds
//! it sent. It need not be written in pieces as small as that buffer, either: the client is told
//! of a large piece in several steps.
//!
//! The two ends meet in the thread: a request runs in the thread that makes it. An [`Outlet`] is
//! opened by the [body](super::body) for one try of one request; the
//! [connection](super::connection) connects it when it has sent the head.

use std::cell::RefCell;
use std::io::{self, ErrorKind, IoSlice, Write};
use std::marker::PhantomData;
use std::net::TcpStream;
use std::sync::Arc;

thread_local! {
    static OPEN: RefCell<Option<State>> = const { RefCell::new(None) };
}

#[derive(Debug, Default)]
struct State {
    /// Where the head went.
    socket: Option<Arc<TcpStream>>,
    /// Bytes written that the client has not been told of yet.
    ahead: usize,
    /// Bytes it was told of that the connection has not been asked to send yet.
    sent: usize,
}

/// The outlet of this thread's request, as long as it lives.
#[derive(Debug)]
pub(crate) struct Outlet {
    /// It belongs to its thread.
    _thread: PhantomData<*const ()>,
}

impl Outlet {
    /// An outlet that leads nowhere yet.
    pub(crate) fn open() -> Self {
        OPEN.set(Some(State::default()));
        Self { _thread: PhantomData }
    }

    /// Writes what the socket takes of `rest`, all of the body that the client has not been told
    /// of or a piece of it; answers how much to tell it now, at least one byte and `most` at most.
    /// `None` when the request goes over a connection that has to see its bytes.
    ///
    /// # Errors
    /// What the socket says; [`ErrorKind::TimedOut`] after its time-out.
    pub(crate) fn write(&self, rest: &[IoSlice<'_>], most: usize) -> Option<io::Result<usize>> {
        OPEN.with_borrow_mut(|open| {
            let state = open.as_mut()?;
            let socket = state.socket.as_ref()?;
            if state.ahead == 0 {
                match write(socket, rest) {
                    Ok(written) => state.ahead = written,
                    Err(error) => return Some(Err(error)),
                }
            }
            let told = state.ahead.min(most);
            state.ahead -= told;
            state.sent += told;
            Some(Ok(told))
        })
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        OPEN.set(None);
    }
}

/// The bytes that this thread's outlet has told of since it was asked last.
pub(crate) fn take_sent() -> usize {
    OPEN.with_borrow_mut(|open| open.as_mut().map_or(0, |state| std::mem::take(&mut state.sent)))
}

/// Leads this thread's outlet, if one is open, to `socket`.
pub(crate) fn connect(socket: &Arc<TcpStream>) {
    OPEN.with_borrow_mut(|open| {
        if let Some(state) = open {
            state.socket = Some(Arc::clone(socket));
        }
    });
}

fn write(mut socket: &TcpStream, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
    loop {
        match socket.write_vectored(bytes) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Err(io::Error::new(ErrorKind::TimedOut, "the store takes nothing"));
            }
            written => return written,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    fn pair() -> (Arc<TcpStream>, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (Arc::new(near), listener.accept().unwrap().0)
    }

    /// Offers `pieces`, in a client's buffer of `most` bytes.
    fn write_all_of(outlet: &Outlet, pieces: &[&[u8]], most: usize) -> Option<usize> {
        let pieces: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        outlet.write(&pieces, most).map(Result::unwrap)
    }

    #[test]
    fn bytes_go_to_the_connection_of_the_request_and_are_counted_once() {
        let (socket, mut far) = pair();
        let outlet = Outlet::open();
        assert!(write_all_of(&outlet, &[b"abc"], 9).is_none(), "not connected");
        connect(&socket);
        assert_eq!(write_all_of(&outlet, &[b"abc"], 9), Some(3));
        assert_eq!(write_all_of(&outlet, &[b"d", b"e"], 9), Some(2));
        assert_eq!((take_sent(), take_sent()), (5, 0));
        let mut got = [0; 5];
        far.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"abcde");
    }

    #[test]
    fn what_exceeds_the_buffer_is_written_once_and_told_in_steps() {
        let (socket, mut far) = pair();
        let outlet = Outlet::open();
        connect(&socket);
        assert_eq!(write_all_of(&outlet, &[b"abc", b"de"], 2), Some(2));
        assert_eq!(take_sent(), 2);
        assert_eq!(write_all_of(&outlet, &[b"c", b"de"], 2), Some(2));
        assert_eq!(write_all_of(&outlet, &[b"e"], 2), Some(1));
        assert_eq!(take_sent(), 3);
        assert_eq!(write_all_of(&outlet, &[b"fg"], 2), Some(2));
        drop((socket, outlet));
        let mut got = Vec::new();
        far.read_to_end(&mut got).unwrap();
        assert_eq!(got, b"abcdefg");
    }

    #[test]
    fn an_outlet_ends_with_its_request() {
        let (socket, _far) = pair();
        let outlet = Outlet::open();
        connect(&socket);
        drop(outlet);
        assert_eq!(Arc::strong_count(&socket), 1);
        connect(&socket);
        assert_eq!(Arc::strong_count(&socket), 1, "no outlet is open");
        let next = Outlet::open();
        assert!(write_all_of(&next, &[b"x"], 9).is_none(), "its connection is another");
    }
}
