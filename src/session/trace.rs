//! The last lines that a session and its client said to each other, for the log when something has
//! failed: what was asked before tells more than the failure alone.
//!
//! What may be a secret is [masked](crate::protocol::masked) before it comes here.

use std::collections::VecDeque;
use std::thread;
use std::time::Instant;

use log::warn;

use crate::limits;

/// Lines of the control connection, oldest first, in one buffer that forgets.
#[derive(Debug)]
pub(super) struct Trace {
    began: Instant,
    /// How many are kept: `trace_lines`.
    most: usize,
    lines: usize,
    /// Each line with its end.
    bytes: VecDeque<u8>,
}

impl Trace {
    /// Keeps `most` lines, in [`limits::TRACE_BYTES_OF_LINE`] for each of them on average; 0 keeps
    /// nothing.
    pub(super) fn of(most: usize) -> Self {
        Self { began: Instant::now(), most, lines: 0, bytes: VecDeque::new() }
    }

    /// Whether anything is kept.
    pub(super) fn is_kept(&self) -> bool {
        self.most > 0
    }

    /// One more line. `side` tells who said it: `<` the client, `>` the server.
    pub(super) fn note(&mut self, side: char, line: &str) {
        if !self.is_kept() {
            return;
        }
        let end = (0..=line.len().min(limits::TRACE_LINE_BYTES)).rev();
        let end = end.into_iter().find(|at| line.is_char_boundary(*at)).unwrap_or_default();
        let cut = if end < line.len() { "…" } else { "" };
        let passed = self.began.elapsed();
        // In whole numbers: this is done for each line, and a fraction costs most of it.
        let (seconds, milliseconds) = (passed.as_secs(), passed.subsec_millis());
        let line = format!("{seconds}.{milliseconds:03} {side} {}{cut}\n", &line[..end]);
        let most = self.most * limits::TRACE_BYTES_OF_LINE;
        while self.lines >= self.most || (self.lines > 0 && self.bytes.len() + line.len() > most) {
            self.forget_oldest();
        }
        let needed = self.bytes.len() + line.len();
        if needed > self.bytes.capacity() {
            // Little for who says little, else all at once: what a buffer outgrows step by step may
            // stay with the allocator.
            let room =
                if needed <= limits::TRACE_FIRST_BYTES { limits::TRACE_FIRST_BYTES } else { most };
            let room = room.min(most).max(needed);
            self.bytes.reserve_exact(room - self.bytes.len());
        }
        self.bytes.extend(line.as_bytes());
        self.lines += 1;
    }

    fn forget_oldest(&mut self) {
        let end = self.bytes.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.bytes.drain(..end);
        self.lines = if end == 0 { 0 } else { self.lines - 1 };
    }

    /// Tells the log what is kept, and forgets it: no line is told twice.
    pub(super) fn tell(&mut self) {
        let bytes = Vec::from(std::mem::take(&mut self.bytes));
        self.lines = 0;
        let text = String::from_utf8_lossy(&bytes);
        text.lines().for_each(|line| warn!("trace: {line}"));
    }
}

impl Drop for Trace {
    /// A session that ends by a fault of the server's failed, too.
    fn drop(&mut self) {
        if thread::panicking() {
            self.tell();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(trace: &Trace) -> Vec<String> {
        let text = String::from_utf8(trace.bytes.iter().copied().collect()).unwrap();
        text.lines().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
    }

    #[test]
    fn the_oldest_lines_are_forgotten() {
        let mut trace = Trace::of(3);
        (1..=5).for_each(|n| trace.note('<', &format!("NOOP {n}")));
        assert_eq!(kept(&trace), ["< NOOP 3", "< NOOP 4", "< NOOP 5"]);
        trace.tell();
        assert_eq!(kept(&trace), Vec::<String>::new());
    }

    #[test]
    fn long_lines_are_cut_and_all_together_are_bounded() {
        let mut trace = Trace::of(64);
        let bound = 64 * limits::TRACE_BYTES_OF_LINE;
        for _ in 0..1000 {
            trace.note('<', &format!("STOR {}", "中".repeat(5000)));
            assert!(trace.bytes.len() <= bound, "{}", trace.bytes.len());
        }
        assert!(trace.bytes.capacity() <= bound, "{}", trace.bytes.capacity());
        assert!(
            kept(&trace).iter().all(|line| line.starts_with("< STOR 中") && line.ends_with('…'))
        );
    }

    #[test]
    fn without_lines_nothing_is_held() {
        let mut trace = Trace::of(0);
        trace.note('<', "NOOP");
        assert_eq!((trace.lines, trace.bytes.capacity()), (0, 0));
    }
}
