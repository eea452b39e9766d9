//! What a connection reads into and sends from.
//!
//! The HTTP client's own buffers have one size for everything and are filled with zeros before the
//! first byte, so they cannot be large. An answer's head fits into a few KiB, while an object is
//! read a fifth cheaper when one call reads half a mebibyte: these grow when they are found full.

use std::sync::atomic::{AtomicBool, Ordering};

use ureq::unversioned::transport::Buffers;

/// Room for the first read.
const FIRST_READ_BYTES: usize = 16 * 1024;

/// The buffers of one connection.
#[derive(Debug)]
pub(crate) struct ConnectionBuffers {
    input: Vec<u8>,
    /// Where what was read begins that is not consumed, and where it ends.
    consumed: usize,
    filled: usize,
    /// Room for the next read.
    wanted: usize,
    most_input: usize,
    output: Vec<u8>,
    output_bytes: usize,
    /// Whether the last look at the input took something: if not, it waits for more.
    has_progressed: bool,
    /// Whether something came since, which may be all there is to come: who asked whether a body is
    /// wanted looks at the answer and leaves it for another look.
    is_new: AtomicBool,
}

impl ConnectionBuffers {
    /// Buffers of nothing yet: at most `most_input` bytes to read into, and `output_bytes` to send
    /// from.
    pub(crate) fn new(most_input: usize, output_bytes: usize) -> Self {
        Self {
            input: Vec::new(),
            consumed: 0,
            filled: 0,
            wanted: FIRST_READ_BYTES.min(most_input),
            most_input,
            output: Vec::new(),
            output_bytes,
            has_progressed: false,
            is_new: AtomicBool::new(false),
        }
    }

    /// Moves what is not consumed to the front, and makes room behind it for a read.
    fn make_room(&mut self) {
        self.input.copy_within(self.consumed..self.filled, 0);
        self.filled -= self.consumed;
        self.consumed = 0;
        let needed = (self.filled + self.wanted).min(self.most_input);
        if self.input.len() < needed {
            self.input.resize(needed, 0);
        }
    }
}

impl Buffers for ConnectionBuffers {
    fn output(&mut self) -> &mut [u8] {
        self.output.resize(self.output_bytes, 0);
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        &self.input[self.consumed..self.filled]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.make_room();
        &mut self.input[self.filled..]
    }

    fn input_appended(&mut self, amount: usize) {
        self.filled += amount;
        *self.is_new.get_mut() = amount > 0;
        if self.filled == self.input.len() {
            self.wanted = (self.wanted * 2).min(self.most_input);
        }
    }

    fn input_consume(&mut self, amount: usize) {
        self.consumed += amount;
        debug_assert!(self.consumed <= self.filled);
        self.has_progressed = amount > 0;
        *self.is_new.get_mut() = false;
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.make_room();
        self.output.resize(self.output_bytes, 0);
        (&mut self.input[self.filled..], &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        // Once: half an answer must not be looked at for ever.
        let is_new = self.is_new.swap(false, Ordering::Relaxed);
        (self.has_progressed || is_new) && !self.input().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `bytes`, as far as there is room.
    fn append(buffers: &mut ConnectionBuffers, bytes: &[u8]) -> usize {
        let room = buffers.input_append_buf();
        let now = room.len().min(bytes.len());
        room[..now].copy_from_slice(&bytes[..now]);
        buffers.input_appended(now);
        now
    }

    #[test]
    fn what_is_not_consumed_stays_in_order() {
        let mut buffers = ConnectionBuffers::new(8, 4);
        assert_eq!(append(&mut buffers, b"abcdef"), 6);
        assert!(buffers.can_use_input(), "it may be all there is to come");
        assert!(!buffers.can_use_input(), "it was looked at, and nothing was taken");
        buffers.input_consume(4);
        assert!(buffers.can_use_input());
        assert_eq!(append(&mut buffers, b"ghijklmnop"), 6, "room for eight");
        assert_eq!(buffers.input(), b"efghijkl");
        buffers.input_consume(0);
        assert!(!buffers.can_use_input(), "half a head");
        assert_eq!(append(&mut buffers, b"x"), 0);
        buffers.input_consume(8);
        assert!(!buffers.can_use_input(), "nothing is left");
        assert_eq!((buffers.output().len(), buffers.tmp_and_output().1.len()), (4, 4));
    }

    #[test]
    fn the_input_grows_while_reads_fill_it_and_no_further_than_it_may() {
        let most = 5 * FIRST_READ_BYTES;
        let mut buffers = ConnectionBuffers::new(most, 1);
        let bytes = vec![7; most];
        let mut rooms = Vec::new();
        for fill in [100, most, most, most, most] {
            rooms.push(buffers.input_append_buf().len() / FIRST_READ_BYTES);
            let got = append(&mut buffers, &bytes[..fill]);
            buffers.input_consume(got);
        }
        assert_eq!(rooms, [1, 1, 2, 4, 5]);
    }
}
