//! What has come over a control connection and was not obeyed yet: lines, and a piece of another.

use std::collections::VecDeque;

use crate::limits;
use crate::protocol::{FirstBytes, Line, LineDecoder};

/// Lines that wait for their turn, and what is still no line.
#[derive(Debug)]
pub(super) struct ReceivedLines {
    pub(super) lines: VecDeque<Line>,
    decoder: LineDecoder,
    first_bytes: FirstBytes,
    /// The protocol that this is instead of FTP.
    foreign: Option<&'static str>,
}

impl ReceivedLines {
    /// Nothing has come.
    pub(super) fn new() -> Self {
        Self {
            lines: VecDeque::new(),
            decoder: LineDecoder::new(),
            first_bytes: FirstBytes::default(),
            foreign: None,
        }
    }

    /// Makes lines of what was read.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.foreign = self.foreign.or(self.first_bytes.feed(bytes));
        self.decoder.feed(bytes);
        if self.decoder.is_endless() {
            self.foreign = self.foreign.or(Some("a line without end"));
        }
        while let Some(line) = self.decoder.next_line() {
            self.lines.push_back(line);
        }
    }

    /// The protocol that the client speaks instead of FTP, if it does.
    pub(super) fn foreign(&self) -> Option<&'static str> {
        self.foreign
    }

    /// Whether so many lines wait that no more are read.
    pub(super) fn are_many(&self) -> bool {
        self.lines.len() >= limits::PIPELINED_COMMANDS
    }

    /// Drops lines and pieces of lines. Tells whether there was any.
    pub(super) fn forget_all(&mut self) -> bool {
        let was_any = !self.lines.is_empty() || !self.decoder.is_at_start();
        self.lines.clear();
        self.decoder = LineDecoder::new();
        was_any
    }
}
