//! The body of an answer, read to its very end.

use std::io::{self, Read};

/// Reads a body of known length. The HTTP client gives a connection back to its pool only when it
/// is asked for more than the last byte; who reads exactly the announced bytes never asks. Without
/// this every download would cost a new connection.
pub(crate) struct Drained<R> {
    body: R,
    left: u64,
}

impl<R: Read> Drained<R> {
    /// The next `length` bytes of `body` are all of it.
    pub(crate) fn new(body: R, length: u64) -> Self {
        Self { body, left: length }
    }
}

impl<R: Read> Read for Drained<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || self.left == 0 {
            return Ok(0);
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let got = self.body.read(&mut buffer[..most])?;
        self.left -= got as u64;
        if self.left == 0 {
            // Does not wait: the client knows the length, too. All bytes are here, so what it
            // says is of no interest.
            let _ = self.body.read(&mut [0]);
        }
        Ok(got)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts the reads behind the end.
    struct Body<'a>(&'a [u8], &'a mut u32);

    impl Read for Body<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            *self.1 += u32::from(self.0.is_empty());
            self.0.read(buffer)
        }
    }

    #[test]
    fn the_end_is_asked_for_once_and_a_short_body_stays_short() {
        for (length, behind_the_end) in [(5, 1), (7, 1), (3, 0)] {
            let mut asked = 0;
            let mut drained = Drained::new(Body(b"12345", &mut asked), length);
            let mut bytes = [0; 16];
            let mut got = 0;
            loop {
                match drained.read(&mut bytes[got..]).unwrap() {
                    0 => break,
                    more => got += more,
                }
            }
            assert_eq!(&bytes[..got], &b"12345"[..got]);
            assert_eq!((got as u64, asked), (length.min(5), behind_the_end), "{length}");
        }
    }
}
