//! A [`Body`] as the reader that the HTTP client sends from.

use std::io::{self, IoSlice, Read};

use super::outlet::Outlets;
use crate::store::{Body, ReplyWait};

/// What is written to the kernel in one call. Calls of 128 KiB take a quarter more of CPU time.
const WRITE_BYTES: usize = 512 * 1024;

/// Reads the pieces of a body one after another, for one try of one request. The bytes go from the
/// pieces to the connection, and the client's buffer is left as it is.
///
/// It never answers 0 before its end has been announced by the Content-Length: the client would
/// ask again for ever. Running short or being cancelled is an error.
pub(crate) struct BodyReader<'a> {
    body: Body<'a>,
    piece: usize,
    offset: usize,
    /// Where it may go past the client's buffer.
    outlets: &'a Outlets,
    /// Who is to know that the store takes it.
    wait: Option<&'a ReplyWait>,
}

impl<'a> BodyReader<'a> {
    /// A reader at the first byte of `body`. What is read of it counts as progress for `wait`.
    pub(super) fn new(body: Body<'a>, wait: Option<&'a ReplyWait>, outlets: &'a Outlets) -> Self {
        let mut reader = Self { body, piece: 0, offset: 0, outlets, wait };
        reader.advance(0);
        reader
    }

    /// Passes `count` bytes, and pieces that have none left.
    fn advance(&mut self, count: usize) {
        self.offset += count;
        while let Some(piece) = self.body.pieces().get(self.piece)
            && self.offset >= piece.len()
        {
            self.offset -= piece.len();
            self.piece += 1;
        }
    }

    /// What is left of the present piece; empty at the end.
    fn rest(&self) -> &'a [u8] {
        self.body.pieces().get(self.piece).map_or(&[], |piece| &piece[self.offset..])
    }

    /// The next [`WRITE_BYTES`] of what is left, or all of it.
    fn next_write(&self) -> Vec<IoSlice<'a>> {
        let following = self.body.pieces().get(self.piece + 1..).unwrap_or_default();
        let (mut slices, mut room) = (Vec::new(), WRITE_BYTES);
        for piece in [self.rest()].iter().chain(following) {
            let now = &piece[..piece.len().min(room)];
            slices.push(IoSlice::new(now));
            room -= now.len();
            if room == 0 {
                break;
            }
        }
        slices
    }
}

impl Read for BodyReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.body.cancel().is_raised() {
            return Err(io::Error::other("the request was cancelled"));
        }
        let rest = self.rest();
        if rest.is_empty() && !buffer.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the body has ended"));
        }
        let count = match self.outlets.of(buffer) {
            Some(outlet) => outlet.write(&self.next_write(), buffer.len())?,
            None => {
                let now = &rest[..rest.len().min(buffer.len())];
                buffer[..now.len()].copy_from_slice(now);
                now.len()
            }
        };
        self.advance(count);
        self.wait.iter().for_each(|wait| wait.note_progress());
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Cancel;

    #[test]
    fn pieces_are_read_in_order_whatever_the_buffer() {
        let (cancel, outlets) = (Cancel::new(), Outlets::default());
        let pieces: [&[u8]; 4] = [b"abc", b"", b"defgh", b"i"];
        for size in 1..12 {
            let mut reader = BodyReader::new(Body::new(&pieces, &cancel), None, &outlets);
            let mut seen = Vec::new();
            let mut buffer = vec![0; size];
            while seen.len() < 9 {
                let count = reader.read(&mut buffer).unwrap();
                seen.extend_from_slice(&buffer[..count]);
            }
            assert_eq!(seen, b"abcdefghi", "buffer of {size}");
            assert!(reader.read(&mut buffer).is_err(), "never 0 behind the end");
        }
    }

    #[test]
    fn a_cancelled_body_is_an_error() {
        let (cancel, outlets) = (Cancel::new(), Outlets::default());
        let pieces: [&[u8]; 1] = [b"abc"];
        let mut reader = BodyReader::new(Body::new(&pieces, &cancel), None, &outlets);
        cancel.raise();
        assert!(reader.read(&mut [0; 2]).is_err());
    }
}
