//! The way of a request's body past the HTTP client's buffer.
//!
//! The client has a body copied into the buffer of its connection, and then has the connection
//! send that buffer. The copy is all the buffer is good for, and it was a seventh of the CPU time
//! of an upload. So the body is written to the [wire](super::wire) from where it stands, or
//! encrypted from there, at the moment the client asks for it; the connection, asked to send the
//! buffer, finds it sent. It need not be written in pieces as small as that buffer, either: the
//! client is told of a large piece in several steps. The head of the request waits until then, so
//! that it goes out with the first of them in one call.
//!
//! The client takes a request and tells nobody which connection it chose, but it lends the body the
//! very buffer that it had of the connection. By that buffer [`Outlets`], which the
//! [connections](super::connection) and the [bodies](super::body) of one host are given, know whose
//! outlet it is. A buffer that they do not know is filled as any other.

use std::collections::HashMap;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::Arc;

use parking_lot::Mutex;

use super::wire::Wire;

/// Heads are shorter. What is longer waits for nothing.
const HEAD_BYTES: usize = 8 * 1024;

/// The outlets of all connections, by where their buffers are. Clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outlets(Arc<Mutex<HashMap<usize, Arc<Outlet>>>>);

/// The wire of one connection, and how far what was written to it is known to the client.
#[derive(Debug)]
pub(crate) struct Outlet {
    wire: Arc<Wire>,
    progress: Mutex<SendProgress>,
}

#[derive(Debug, Default)]
struct SendProgress {
    /// The head of a request, which is to be written with the beginning of its body.
    head: Vec<u8>,
    /// Bytes written that the client has not been told of yet.
    ahead: usize,
    /// Bytes it was told of that the connection has not been asked to send yet.
    sent: usize,
}

impl Outlets {
    /// Opens an outlet to `wire` for who fills `buffer`, which stays where it is until the outlet
    /// is [closed](Self::close).
    pub(crate) fn open(&self, buffer: &[u8], wire: &Arc<Wire>) -> Arc<Outlet> {
        let (wire, progress) = (Arc::clone(wire), Mutex::default());
        let outlet = Arc::new(Outlet { wire, progress });
        self.0.lock().insert(place(buffer), Arc::clone(&outlet));
        outlet
    }

    /// The outlet of the connection whose buffer this is; `None` when it has to see its bytes.
    pub(crate) fn of(&self, buffer: &[u8]) -> Option<Arc<Outlet>> {
        self.0.lock().get(&place(buffer)).map(Arc::clone)
    }

    /// The buffer goes.
    pub(crate) fn close(&self, buffer: &[u8]) {
        self.0.lock().remove(&place(buffer));
    }
}

fn place(buffer: &[u8]) -> usize {
    buffer.as_ptr().addr()
}

impl Outlet {
    /// Takes what is to be written before all else: with the beginning of a body, or when it is
    /// [asked for](Self::flush).
    ///
    /// # Errors
    /// As [`Self::flush`].
    pub(crate) fn hold(&self, bytes: &[u8]) -> io::Result<()> {
        let head = &mut self.progress.lock().head;
        if head.len() + bytes.len() <= HEAD_BYTES {
            head.extend_from_slice(bytes);
            return Ok(());
        }
        write_head(&self.wire, head)?;
        self.wire.write_all(bytes)
    }

    /// Writes what is held.
    ///
    /// # Errors
    /// What the socket says.
    pub(crate) fn flush(&self) -> io::Result<()> {
        write_head(&self.wire, &mut self.progress.lock().head)
    }

    /// Writes what the wire takes of `rest`, all of the body that the client has not been told
    /// of or a piece of it; answers how much to tell it now, at least one byte and `most` at most.
    ///
    /// # Errors
    /// What the socket says; [`ErrorKind::TimedOut`] after its time-out.
    pub(crate) fn write(&self, rest: &[IoSlice<'_>], most: usize) -> io::Result<usize> {
        let mut progress = self.progress.lock();
        if progress.ahead == 0 {
            progress.ahead = write_behind(&self.wire, &mut progress.head, rest)?;
        }
        let told = progress.ahead.min(most);
        progress.ahead -= told;
        progress.sent += told;
        Ok(told)
    }

    /// The bytes that the client was told of since this was asked last.
    pub(crate) fn take_sent(&self) -> usize {
        std::mem::take(&mut self.progress.lock().sent)
    }
}

fn write_head(wire: &Wire, head: &mut Vec<u8>) -> io::Result<()> {
    wire.write_all(head)?;
    head.clear();
    Ok(())
}

/// Writes `head`, and behind it what the wire takes of `rest`; answers how much of `rest` that was.
fn write_behind(wire: &Wire, head: &mut Vec<u8>, rest: &[IoSlice<'_>]) -> io::Result<usize> {
    while !head.is_empty() {
        let pieces: Vec<_> = [IoSlice::new(head)].iter().chain(rest).copied().collect();
        let written = write(wire, &pieces)?;
        if written == 0 {
            return Err(ErrorKind::WriteZero.into());
        }
        let of_head = written.min(head.len());
        head.drain(..of_head);
        if written > of_head {
            return Ok(written - of_head);
        }
    }
    write(wire, rest)
}

fn write(wire: &Wire, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
    wire.write(bytes).map_err(|error| match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            io::Error::new(ErrorKind::TimedOut, "the store takes nothing")
        }
        _ => error,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{Ipv4Addr, TcpListener, TcpStream};

    use super::*;

    fn pair() -> (Arc<Wire>, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (Arc::new(Wire::plain(near)), listener.accept().unwrap().0)
    }

    /// Offers `pieces`, in a client's buffer of `most` bytes.
    fn write_all_of(outlet: &Outlet, pieces: &[&[u8]], most: usize) -> usize {
        let pieces: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        outlet.write(&pieces, most).unwrap()
    }

    #[test]
    fn bytes_go_to_the_connection_whose_buffer_it_is_and_are_counted_once() {
        let ((wire, mut far), (other, _other_far)) = (pair(), pair());
        let (buffer, buffer_of_other) = (vec![0; 9], vec![0; 9]);
        let outlets = Outlets::default();
        assert!(outlets.of(&buffer).is_none(), "nobody's");
        let (of_wire, of_other) =
            (outlets.open(&buffer, &wire), outlets.open(&buffer_of_other, &other));
        assert_eq!(write_all_of(&outlets.of(&buffer).unwrap(), &[b"abc"], 9), 3);
        assert_eq!(write_all_of(&outlets.of(&buffer).unwrap(), &[b"d", b"e"], 9), 2);
        assert_eq!((of_wire.take_sent(), of_wire.take_sent(), of_other.take_sent()), (5, 0, 0));
        let mut got = [0; 5];
        far.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"abcde");
    }

    #[test]
    fn what_exceeds_the_buffer_is_written_once_and_told_in_steps() {
        let (wire, mut far) = pair();
        let outlets = Outlets::default();
        let outlet = outlets.open(&[0], &wire);
        assert_eq!(write_all_of(&outlet, &[b"abc", b"de"], 2), 2);
        assert_eq!(outlet.take_sent(), 2);
        assert_eq!(write_all_of(&outlet, &[b"c", b"de"], 2), 2);
        assert_eq!(write_all_of(&outlet, &[b"e"], 2), 1);
        assert_eq!(outlet.take_sent(), 3);
        assert_eq!(write_all_of(&outlet, &[b"fg"], 2), 2);
        drop((wire, outlet, outlets));
        let mut got = Vec::new();
        far.read_to_end(&mut got).unwrap();
        assert_eq!(got, b"abcdefg");
    }

    #[test]
    fn a_head_goes_before_what_follows_it_and_waits_for_that() {
        let (wire, mut far) = pair();
        let outlets = Outlets::default();
        let outlet = outlets.open(&[0], &wire);
        outlet.hold(b"head ").unwrap();
        far.set_nonblocking(true).unwrap();
        assert_eq!(far.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        far.set_nonblocking(false).unwrap();
        assert_eq!(write_all_of(&outlet, &[b"body "], 9), 5);
        assert_eq!(outlet.take_sent(), 5, "of the body alone");
        outlet.hold(b"no body").unwrap();
        outlet.flush().unwrap();
        outlet.flush().unwrap();
        outlet.hold(b" and ").unwrap();
        let long = vec![b'x'; HEAD_BYTES];
        outlet.hold(&long).unwrap();
        drop((wire, outlet, outlets));
        let mut got = String::new();
        far.read_to_string(&mut got).unwrap();
        assert_eq!(got, format!("head body no body and {}", "x".repeat(HEAD_BYTES)));
    }

    #[test]
    fn an_outlet_ends_with_its_connection() {
        let (wire, _far) = pair();
        let (outlets, buffer) = (Outlets::default(), vec![0; 9]);
        drop(outlets.open(&buffer, &wire));
        assert_eq!(Arc::strong_count(&wire), 2);
        outlets.close(&buffer);
        assert_eq!(Arc::strong_count(&wire), 1);
        assert!(outlets.of(&buffer).is_none(), "the next one there is another's");
    }
}
