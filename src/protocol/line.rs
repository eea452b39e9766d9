//! Bytes of the control connection become lines. A command may arrive in pieces, several may
//! arrive at once (RFC 1123 4.1.3: segment boundaries mean nothing), and Telnet commands may stand
//! anywhere between (RFC 959 5.3).

use std::collections::VecDeque;

use zeroize::Zeroize;

use crate::limits;

/// Telnet "interpret as command" (RFC 854). UTF-8 never holds this byte.
const IAC: u8 = 0xFF;

/// "Interrupt process" and "data mark", which precede an urgent `ABOR` (RFC 959 4.1.3). Some
/// clients send them without an IAC, the urgent pointer being the mark.
const IP: u8 = 0xF4;
const DM: u8 = 0xF2;

/// Bytes of a line that there is room for from its beginning; few commands are longer.
const USUAL_LINE_BYTES: usize = 128;

/// One line, without its terminator. It may hold a password: overwritten when dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// UTF-8 text. It may hold CR, NUL and other control characters; a path with them is refused
    /// by [`crate::vfs::FtpPath`].
    Text(String),
    /// Something else; names are UTF-8 (RFC 2640 2.2).
    NotUtf8(Vec<u8>),
    /// Longer than [`limits::COMMAND_LINE_BYTES`]; its bytes are gone.
    TooLong,
}

impl Drop for Line {
    fn drop(&mut self) {
        match self {
            Self::Text(text) => text.zeroize(),
            Self::NotUtf8(bytes) => bytes.zeroize(),
            Self::TooLong => {}
        }
    }
}

/// Cuts a byte stream into lines. Holds at most one unfinished line, bounded by
/// [`limits::COMMAND_LINE_BYTES`], and the finished lines that nobody has taken yet: those
/// of one feeding, if the caller takes them before it feeds on.
#[derive(Debug, Default)]
pub struct LineDecoder {
    unfinished: Vec<u8>,
    place: LinePosition,
    /// Bytes of the present line that were dropped.
    dropped: usize,
    telnet: Telnet,
    finished: VecDeque<Line>,
}

/// Where in a line the decoder is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum LinePosition {
    #[default]
    Inside,
    /// In the rest of a line that was reported as too long.
    Dropping,
}

/// How much of a Telnet command has been seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Telnet {
    #[default]
    Data,
    /// IAC was the last byte.
    Command,
    /// WILL, WONT, DO or DONT was; the option follows.
    Option,
}

impl Drop for LineDecoder {
    fn drop(&mut self) {
        self.unfinished.zeroize();
    }
}

impl LineDecoder {
    /// A decoder at the start of a line.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what arrived.
    pub fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.take(byte);
        }
    }

    /// The oldest finished line, if there is one.
    pub fn next_line(&mut self) -> Option<Line> {
        self.finished.pop_front()
    }

    /// Whether nothing has come, or everything was whole lines that were taken.
    pub fn is_at_start(&self) -> bool {
        self.unfinished.is_empty() && self.finished.is_empty() && self.place == LinePosition::Inside
    }

    /// Whether the present line goes on beyond [`limits::ENDLESS_LINE_BYTES`].
    pub fn is_endless(&self) -> bool {
        self.dropped > limits::ENDLESS_LINE_BYTES
    }

    /// Finished lines that wait in [`Self::next_line`]; for tests.
    pub fn queued(&self) -> usize {
        self.finished.len()
    }

    /// Whether nothing is held: no finished line and no beginning of one.
    pub fn is_empty(&self) -> bool {
        self.finished.is_empty()
            && self.unfinished.is_empty()
            && self.place == LinePosition::Inside
            && self.telnet == Telnet::Data
    }

    fn take(&mut self, byte: u8) {
        match std::mem::take(&mut self.telnet) {
            Telnet::Data if byte == IAC => self.telnet = Telnet::Command,
            // No verb begins so, in no encoding.
            Telnet::Data if matches!(byte, IP | DM) && self.is_before_a_line() => {}
            Telnet::Data => self.data(byte),
            // SE to GA (IP and DM, which precede an urgent ABOR, among them) stand alone.
            Telnet::Command => match byte {
                0xF0..=0xFA => {}
                // Options are not answered: no client that speaks FTP waits for it.
                0xFB..=0xFE => self.telnet = Telnet::Option,
                IAC => self.data(IAC),
                // No Telnet at all, such as a Latin-1 y with diaeresis: stays, and is not UTF-8.
                other => {
                    self.data(IAC);
                    self.data(other);
                }
            },
            Telnet::Option => {}
        }
    }

    fn is_before_a_line(&self) -> bool {
        self.unfinished.is_empty() && self.place == LinePosition::Inside
    }

    fn data(&mut self, byte: u8) {
        match (byte, self.place) {
            (b'\n', LinePosition::Dropping) => {
                (self.place, self.dropped) = (LinePosition::Inside, 0);
            }
            (b'\n', LinePosition::Inside) => self.finish(),
            (_, LinePosition::Dropping) => self.dropped = self.dropped.saturating_add(1),
            (_, LinePosition::Inside)
                if self.unfinished.len() + 1 >= limits::COMMAND_LINE_BYTES =>
            {
                self.unfinished.zeroize();
                self.place = LinePosition::Dropping;
                self.finished.push_back(Line::TooLong);
            }
            (_, LinePosition::Inside) => {
                if self.unfinished.len() == self.unfinished.capacity() {
                    self.grow();
                }
                self.unfinished.push(byte);
            }
        }
    }

    /// More room for the line. An allocator that finds it elsewhere would leave a copy behind.
    fn grow(&mut self) {
        let room = USUAL_LINE_BYTES.max(2 * self.unfinished.capacity());
        let mut larger = Vec::with_capacity(room.min(limits::COMMAND_LINE_BYTES));
        larger.extend_from_slice(&self.unfinished);
        self.unfinished.zeroize();
        self.unfinished = larger;
    }

    fn finish(&mut self) {
        let mut bytes = std::mem::take(&mut self.unfinished);
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        self.finished.push_back(match String::from_utf8(bytes) {
            Ok(text) => Line::Text(text),
            Err(error) => Line::NotUtf8(error.into_bytes()),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(pieces: &[&[u8]]) -> Vec<Line> {
        let mut decoder = LineDecoder::new();
        for piece in pieces {
            decoder.feed(piece);
        }
        std::iter::from_fn(|| decoder.next_line()).collect()
    }

    fn text(text: &str) -> Line {
        Line::Text(text.to_owned())
    }

    #[test]
    fn lines_come_out_whatever_the_segments() {
        for (pieces, expected) in [
            // RFC 959 5.3
            (&[b"NOOP\r\n".as_slice()][..], vec![text("NOOP")]),
            // cameras end lines with LF alone
            (&[b"NOOP\n"], vec![text("NOOP")]),
            // RFC 1123 4.1.3: split and pipelined
            (&[b"NO", b"OP", b"\r", b"\n"], vec![text("NOOP")]),
            (&[b"A\r\nB\nC"], vec![text("A"), text("B")]),
            (&[b"\r\n\n"], vec![text(""), text("")]),
            // only one CR belongs to the end; others would forge listing lines and are kept
            (&[b"X\r\r\n"], vec![text("X\r")]),
            (&[b"DELE a\rb\0c\r\n"], vec![text("DELE a\rb\0c")]),
            // RFC 2640
            (&["RETR 数据\r\n".as_bytes()], vec![text("RETR 数据")]),
            (&[b"RETR \xE6\x95", b"\xB0\r\n"], vec![text("RETR 数")]),
            (&[b"RETR \xCA\xFD\r\n"], vec![Line::NotUtf8(b"RETR \xCA\xFD".to_vec())]),
        ] {
            assert_eq!(decode(pieces), expected, "{pieces:?}");
        }
    }

    #[test]
    fn telnet_commands_vanish() {
        for (pieces, expected) in [
            // lftp: IP, then Synch, around an urgent ABOR
            (&[b"\xFF\xF4\xFF\xF2ABOR\r\n".as_slice()][..], text("ABOR")),
            (&[b"\xFF", b"\xF4\xFF", b"\xF2", b"ABOR\r\n"], text("ABOR")),
            // The mark alone, which only the urgent pointer tells from a letter. Inside a line it
            // is one.
            (&[b"\xFF\xF4", b"\xF2", b"ABOR\r\n"], text("ABOR")),
            (&[b"RETR \xF2\n"], Line::NotUtf8(b"RETR \xF2".to_vec())),
            // options have a third byte, which may look like anything
            (&[b"A\xFF\xFB\nB\xFF\xFE", b"\rC\r\n"], text("ABC")),
            // an escaped 0xFF is data
            (&[b"A\xFF\xFFB\n"], Line::NotUtf8(b"A\xFFB".to_vec())),
            (&[b"A\xFFB\n"], Line::NotUtf8(b"A\xFFB".to_vec())),
            // an unfinished command never swallows the end of the line
            (&[b"A\xFF\n"], Line::NotUtf8(b"A\xFF".to_vec())),
        ] {
            assert_eq!(decode(pieces), vec![expected], "{pieces:?}");
        }
    }

    #[test]
    fn an_over_long_line_is_reported_once_and_costs_no_memory() {
        let longest = vec![b'x'; limits::COMMAND_LINE_BYTES - 2];
        let line = [&longest[..], b"\r\n"].concat();
        assert_eq!(decode(&[&line]), vec![Line::Text(String::from_utf8(longest).unwrap())]);

        let mut decoder = LineDecoder::new();
        for _ in 0..100 {
            decoder.feed(&[b'x'; limits::COMMAND_LINE_BYTES]);
            assert!(decoder.unfinished.capacity() <= limits::COMMAND_LINE_BYTES);
        }
        assert_eq!(decoder.next_line(), Some(Line::TooLong));
        assert_eq!(decoder.next_line(), None);
        assert!(!decoder.is_empty());
        decoder.feed(b"tail\r\nNOOP\r\n");
        assert_eq!(decoder.next_line(), Some(text("NOOP")));
        assert!(decoder.is_empty());
    }

    #[test]
    fn a_line_without_end_is_told_from_one_that_is_too_long() {
        let mut decoder = LineDecoder::new();
        decoder.feed(&vec![b'x'; limits::ENDLESS_LINE_BYTES]);
        assert!(!decoder.is_endless());
        decoder.feed(b"\n");
        decoder.feed(&vec![b'x'; limits::ENDLESS_LINE_BYTES]);
        assert!(!decoder.is_endless());
        decoder.feed(&[b'x'; 2 * limits::COMMAND_LINE_BYTES]);
        assert!(decoder.is_endless());
    }

    #[test]
    fn the_limit_counts_the_terminator() {
        let over = [&vec![b'x'; limits::COMMAND_LINE_BYTES - 1][..], b"\r\n"].concat();
        assert_eq!(decode(&[&over]), vec![Line::TooLong]);
    }

    #[test]
    fn any_bytes_in_any_pieces_give_the_same_lines() {
        let mut random = fastrand::Rng::with_seed(959);
        for _ in 0..200 {
            let bytes: Vec<u8> = (0..random.usize(..3 * limits::COMMAND_LINE_BYTES))
                .map(|_| match random.u8(..8) {
                    0 => b'\r',
                    1 if random.u8(..64) == 0 => b'\n',
                    2 => random.u8(0xF0..),
                    _ => random.u8(..),
                })
                .collect();
            let at = random.usize(..=bytes.len());
            assert_eq!(decode(&[&bytes]), decode(&[&bytes[..at], &bytes[at..]]));
        }
    }
}
