//! Bytes on their way to and from the socket, encrypted.

use std::io;
use std::net::TcpStream;

use rustix::net::{RecvFlags, SendFlags, recv, send};
use zeroize::Zeroize;

/// Bytes in a row, taken from the front and added behind. Holds no memory while it is empty, unless
/// told to.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    /// Whether what is taken is overwritten.
    wipes: bool,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// A buffer for what may be secret: what was taken from it is overwritten.
    pub(crate) fn wiping() -> Self {
        Self { wipes: true, ..Self::default() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(crate) fn filled(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    pub(crate) fn filled_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.end]
    }

    /// The room behind the bytes.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.end..]
    }

    /// Makes sure that there is room for `wanted` bytes.
    pub(crate) fn make_room(&mut self, wanted: usize) {
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        }
        if self.bytes.len() - self.end >= wanted {
            return;
        }
        self.bytes.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.len());
        if self.bytes.len() - self.end < wanted {
            self.bytes.resize(self.end + wanted, 0);
        }
    }

    /// Declares `count` bytes of the room as filled.
    pub(crate) fn advance(&mut self, count: usize) {
        self.end += count;
        debug_assert!(self.end <= self.bytes.len());
    }

    /// Takes `count` bytes from the front.
    pub(crate) fn discard(&mut self, count: usize) {
        if self.wipes {
            self.bytes[self.start..self.start + count].zeroize();
        }
        self.start += count;
        debug_assert!(self.start <= self.end);
    }

    /// Adds bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.make_room(bytes.len());
        self.room()[..bytes.len()].copy_from_slice(bytes);
        self.advance(bytes.len());
    }

    /// Moves as many bytes as fit into `target`, and tells how many.
    pub(crate) fn take(&mut self, target: &mut [u8]) -> usize {
        let count = self.len().min(target.len());
        target[..count].copy_from_slice(&self.filled()[..count]);
        self.discard(count);
        count
    }

    /// Gives the memory back if nothing is in it.
    pub(crate) fn release_if_empty(&mut self) {
        if self.is_empty() {
            *self = Self { wipes: self.wipes, ..Self::default() };
        }
    }

    /// One read from the socket, which waits or not as it is set and `flags` say; 0 is its end.
    pub(crate) fn receive(&mut self, tcp: &TcpStream, flags: RecvFlags) -> io::Result<usize> {
        let (bytes, _) = recv(tcp, self.room(), flags)?;
        self.advance(bytes);
        Ok(bytes)
    }

    /// Writes all bytes to the socket, which waits or not as it is set and `flags` say.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] leaves in the buffer what was not taken.
    pub(crate) fn send(&mut self, tcp: &TcpStream, flags: SendFlags) -> io::Result<()> {
        while !self.is_empty() {
            match send(tcp, self.filled(), flags).map_err(io::Error::from) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(sent) => self.discard(sent),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_in_order_whatever_room_they_had() {
        let mut buffer = Buffer::default();
        let mut out = Vec::new();
        let mut next = 0_u8;
        for (put, get) in [(5, 2), (9, 7), (0, 5), (30, 30), (1, 1)] {
            let bytes: Vec<u8> = (0..put).map(|i| next + i).collect();
            next += put;
            buffer.push(&bytes);
            let mut target = vec![0; get];
            let got = buffer.take(&mut target);
            out.extend_from_slice(&target[..got]);
        }
        assert_eq!(out, (0..next).collect::<Vec<u8>>());
        assert!(buffer.is_empty());
        buffer.release_if_empty();
        assert_eq!(buffer.room().len(), 0);
    }
}
