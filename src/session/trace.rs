//! The last lines that a session and its client said to each other, for the log when something has
//! failed: what was asked before tells more than the failure alone.
//!
//! What may be a secret is [masked](crate::protocol::masked) before it comes here.

use std::collections::VecDeque;
use std::thread;
use std::time::{Duration, Instant};

use log::warn;

use crate::limits;

/// Lines of the control connection, oldest first, in one buffer that forgets.
///
/// They are kept as they were said, and made readable when they are told: that is rare, and this is
/// done for each line.
#[derive(Debug)]
pub(super) struct Trace {
    began: Instant,
    /// How many are kept: `trace_lines`.
    most: usize,
    lines: usize,
    /// Each line behind its [`LineHeader`].
    bytes: VecDeque<u8>,
}

/// What stands before each line.
struct LineHeader {
    /// Since the session began, in whole seconds and milliseconds.
    passed: (u32, u16),
    /// Who said it: `<` the client, `>` the server.
    side: u8,
    is_cut: bool,
    /// Bytes of the line.
    bytes: u16,
}

impl Trace {
    /// Keeps `most` lines, in [`limits::TRACE_BYTES_OF_LINE`] for each of them on average; 0 keeps
    /// nothing.
    pub(super) fn of(most: usize) -> Self {
        Self { began: Instant::now(), most, lines: 0, bytes: VecDeque::new() }
    }

    /// One more line, or lines that were said at once. `side` tells who said it: `<` the client,
    /// `>` the server.
    pub(super) fn note(&mut self, side: u8, line: &[u8]) {
        if self.most == 0 {
            return;
        }
        let line = line.trim_ascii_end();
        let kept = &line[..end_of_kept(line)];
        let header = LineHeader::of(self.began.elapsed(), side, kept, line.len());
        let added = LineHeader::BYTES + kept.len();
        let most = self.most * limits::TRACE_BYTES_OF_LINE;
        while self.lines >= self.most || (self.lines > 0 && self.bytes.len() + added > most) {
            self.forget_oldest();
        }
        let needed = self.bytes.len() + added;
        if needed > self.bytes.capacity() {
            // Little for who says little, else all at once: what a buffer outgrows step by step may
            // stay with the allocator.
            let room =
                if needed <= limits::TRACE_FIRST_BYTES { limits::TRACE_FIRST_BYTES } else { most };
            let room = room.min(most).max(needed);
            self.bytes.reserve_exact(room - self.bytes.len());
        }
        self.bytes.extend(header.to_bytes());
        self.bytes.extend(kept);
        self.lines += 1;
    }

    fn forget_oldest(&mut self) {
        if let Some(header) = LineHeader::take(&mut self.bytes) {
            self.bytes.drain(..usize::from(header.bytes));
        }
        self.lines = self.lines.saturating_sub(1);
    }

    /// Tells the log what is kept, and forgets it: no line is told twice.
    pub(super) fn tell(&mut self) {
        self.take_lines().for_each(|line| warn!("trace: {line}"));
    }

    /// What is kept, each line as a person reads it.
    fn take_lines(&mut self) -> impl Iterator<Item = String> + use<> {
        let mut bytes = std::mem::take(&mut self.bytes);
        self.lines = 0;
        std::iter::from_fn(move || {
            let LineHeader { passed: (seconds, milliseconds), side, is_cut, bytes: length } =
                LineHeader::take(&mut bytes)?;
            let line: Vec<u8> = bytes.drain(..usize::from(length)).collect();
            let (side, line) = (char::from(side), in_one_line(&line));
            let cut = if is_cut { "…" } else { "" };
            Some(format!("{seconds}.{milliseconds:03} {side} {line}{cut}"))
        })
    }
}

impl LineHeader {
    const BYTES: usize = 10;

    /// For a line that had `whole` bytes, of which these are `kept`.
    fn of(passed: Duration, side: u8, kept: &[u8], whole: usize) -> Self {
        let seconds = u32::try_from(passed.as_secs()).unwrap_or(u32::MAX);
        // Three digits, and at most `limits::TRACE_LINE_BYTES`.
        let (milliseconds, bytes) = (passed.subsec_millis() as u16, kept.len() as u16);
        let is_cut = kept.len() < whole;
        Self { passed: (seconds, milliseconds), side, is_cut, bytes }
    }

    fn to_bytes(&self) -> [u8; Self::BYTES] {
        let [a, b, c, d] = self.passed.0.to_le_bytes();
        let [e, f] = self.passed.1.to_le_bytes();
        let [g, h] = self.bytes.to_le_bytes();
        [a, b, c, d, e, f, self.side, self.is_cut.into(), g, h]
    }

    /// The one that `bytes` begin with.
    fn take(bytes: &mut VecDeque<u8>) -> Option<Self> {
        if bytes.len() < Self::BYTES {
            return None;
        }
        let mut first = [0; Self::BYTES];
        first.iter_mut().zip(bytes.drain(..Self::BYTES)).for_each(|(to, byte)| *to = byte);
        let [a, b, c, d, e, f, side, is_cut, g, h] = first;
        Some(Self {
            passed: (u32::from_le_bytes([a, b, c, d]), u16::from_le_bytes([e, f])),
            side,
            is_cut: is_cut != 0,
            bytes: u16::from_le_bytes([g, h]),
        })
    }
}

/// Where what is kept of `line` ends: no character is cut in two.
fn end_of_kept(line: &[u8]) -> usize {
    let is_inside = |byte: u8| byte & 0xC0 == 0x80;
    match line.get(..=limits::TRACE_LINE_BYTES) {
        None => line.len(),
        Some(begun) => begun.iter().rposition(|byte| !is_inside(*byte)).unwrap_or_default(),
    }
}

/// Lines that were said at once, as one for the log.
pub(super) fn in_one_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().replace("\r\n", " | ")
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

    fn kept(trace: &mut Trace) -> Vec<String> {
        trace.take_lines().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
    }

    #[test]
    fn the_oldest_lines_are_forgotten() {
        let mut trace = Trace::of(3);
        (1..=5).for_each(|n| trace.note(b'<', format!("NOOP {n}").as_bytes()));
        assert_eq!(kept(&mut trace), ["< NOOP 3", "< NOOP 4", "< NOOP 5"]);
        assert_eq!(kept(&mut trace), Vec::<String>::new());
        assert_eq!(trace.lines, 0);
    }

    #[test]
    fn lines_that_were_said_at_once_are_told_in_one() {
        let mut trace = Trace::of(3);
        trace.note(b'>', b"211-Status:\r\n all is well\r\n211 End\r\n");
        trace.note(b'<', b"CWD \xff");
        assert_eq!(kept(&mut trace), ["> 211-Status: |  all is well | 211 End", "< CWD \u{fffd}"]);
    }

    #[test]
    fn the_time_is_told_since_the_beginning() {
        let mut trace = Trace::of(3);
        trace.began = Instant::now().checked_sub(Duration::from_millis(70_042)).unwrap();
        trace.note(b'<', b"NOOP");
        let line = trace.take_lines().next().unwrap();
        assert!(line.starts_with("70.0") && line.ends_with(" < NOOP"), "{line}");
    }

    #[test]
    fn long_lines_are_cut_and_all_together_are_bounded() {
        let mut trace = Trace::of(64);
        let bound = 64 * limits::TRACE_BYTES_OF_LINE;
        for _ in 0..1000 {
            trace.note(b'<', format!("STOR {}", "中".repeat(5000)).as_bytes());
            assert!(trace.bytes.len() <= bound, "{}", trace.bytes.len());
        }
        assert!(trace.bytes.capacity() <= bound, "{}", trace.bytes.capacity());
        let kept = kept(&mut trace);
        assert!(!kept.is_empty());
        let cut = format!("< STOR {}…", "中".repeat((limits::TRACE_LINE_BYTES - 5) / 3));
        assert!(kept.iter().all(|line| *line == cut), "{kept:?}");
    }

    #[test]
    fn without_lines_nothing_is_held() {
        let mut trace = Trace::of(0);
        trace.note(b'<', b"NOOP");
        assert_eq!((trace.lines, trace.bytes.capacity()), (0, 0));
    }
}
