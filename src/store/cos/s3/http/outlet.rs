//! The way of a request's body past the HTTP client's buffer.
//!
//! The client has a body copied into the buffer of its connection, and then has the connection
//! send that buffer. The copy is all the buffer is good for, and it was a seventh of the CPU time
//! of an upload. So the body is written to the [wire](super::wire) from where it stands, or
//! encrypted from there, at the moment the client asks for it; the connection, asked to send the
//! buffer, finds it sent. It need not be written in pieces as small as that buffer, either: the
//! client is told of a large piece in several steps.
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
    /// Writes what the wire takes of `rest`, all of the body that the client has not been told
    /// of or a piece of it; answers how much to tell it now, at least one byte and `most` at most.
    ///
    /// # Errors
    /// What the socket says; [`ErrorKind::TimedOut`] after its time-out.
    pub(crate) fn write(&self, rest: &[IoSlice<'_>], most: usize) -> io::Result<usize> {
        let mut progress = self.progress.lock();
        if progress.ahead == 0 {
            progress.ahead = write(&self.wire, rest)?;
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
