//! The bodies of the scripted store's answers to GetObject.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cos_ftp_server::store::Operation;

use crate::transfers::store::ScriptedStore;

/// Whose turn it is to read, of bodies that are read in turn.
static TURN: Mutex<()> = Mutex::new(());

/// How GetObject answers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AnswerScript {
    /// Each body ends after so many bytes.
    pub(crate) body_bytes: Option<usize>,
    /// A body that ends early does so with an error.
    pub(crate) breaks: Breaks,
    /// How long each read of a body takes, as over a long way.
    pub(crate) latency: Duration,
    /// One read at a time of all bodies: what is slow is common to them.
    pub(crate) in_turn: bool,
    /// The CRC-64 to tell.
    pub(crate) crc64: Option<u64>,
    /// The store does not know If-Match.
    pub(crate) ignores_if_match: bool,
}

/// As they should be.
pub(crate) const FAIR: AnswerScript = AnswerScript {
    body_bytes: None,
    breaks: Breaks::Cleanly,
    latency: Duration::ZERO,
    in_turn: false,
    crc64: None,
    ignores_if_match: false,
};

/// How a body ends early.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Breaks {
    #[default]
    Cleanly,
    WithError,
    /// The reader panics.
    WithPanic,
}

/// A body that does what the script says.
pub(crate) struct AnswerBody {
    store: ScriptedStore,
    bytes: Arc<[u8]>,
    at: usize,
    end: usize,
    left: usize,
    answers: AnswerScript,
}

impl AnswerBody {
    pub(crate) fn new(
        store: ScriptedStore,
        answers: AnswerScript,
        bytes: Arc<[u8]>,
        range: Range<usize>,
    ) -> Self {
        let left = answers.body_bytes.unwrap_or(usize::MAX);
        Self { store, bytes, at: range.start, end: range.end, left, answers }
    }
}

impl Read for AnswerBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.store.wait_at_gate(Operation::GetObject);
        let turn = self.answers.in_turn.then(|| TURN.lock().unwrap());
        std::thread::sleep(self.answers.latency);
        drop(turn);
        let rest = self.end - self.at;
        let now = buffer.len().min(rest).min(self.left);
        if now == 0 && rest > 0 {
            match self.answers.breaks {
                Breaks::Cleanly => {}
                Breaks::WithError => return Err(io::ErrorKind::ConnectionReset.into()),
                Breaks::WithPanic => panic!("as the script says"),
            }
        }
        buffer[..now].copy_from_slice(&self.bytes[self.at..self.at + now]);
        self.at += now;
        self.left -= now;
        Ok(now)
    }
}
