//! A [`Body`] as the reader that the HTTP client sends from.

use std::io::{self, Read};

use super::outlet::Outlet;
use crate::store::Body;

/// Reads the pieces of a body one after another, for one try of one request. Where the request's
/// connection lets it, the bytes go from the pieces to the kernel and the client's buffer is left
/// as it is; over TLS they are copied into that buffer.
///
/// It never answers 0 before its end has been announced by the Content-Length: the client would
/// ask again for ever. Running short or being cancelled is an error.
pub(super) struct BodyReader<'a> {
    body: Body<'a>,
    piece: usize,
    offset: usize,
    outlet: Outlet,
}

impl<'a> BodyReader<'a> {
    /// A reader at the first byte of `body`.
    pub(super) fn new(body: Body<'a>) -> Self {
        Self { body, piece: 0, offset: 0, outlet: Outlet::open() }
    }

    /// What is left of the first piece that is not sent; empty at the end.
    fn rest(&mut self) -> &'a [u8] {
        while let Some(piece) = self.body.pieces().get(self.piece) {
            if self.offset < piece.len() {
                return &piece[self.offset..];
            }
            self.piece += 1;
            self.offset = 0;
        }
        &[]
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
        let now = &rest[..rest.len().min(buffer.len())];
        let count = match self.outlet.write(now) {
            Some(written) => written?,
            None => {
                buffer[..now.len()].copy_from_slice(now);
                now.len()
            }
        };
        self.offset += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Cancel;

    #[test]
    fn pieces_are_read_in_order_whatever_the_buffer() {
        let cancel = Cancel::new();
        let pieces: [&[u8]; 4] = [b"abc", b"", b"defgh", b"i"];
        for size in 1..12 {
            let mut reader = BodyReader::new(Body::new(&pieces, &cancel));
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
        let cancel = Cancel::new();
        let pieces: [&[u8]; 1] = [b"abc"];
        let mut reader = BodyReader::new(Body::new(&pieces, &cancel));
        cancel.raise();
        assert!(reader.read(&mut [0; 2]).is_err());
    }
}
