//! Whether a ledger is as it was written: from its first line to its last.

use std::fmt;
use std::io::{self, BufRead};

use super::line::{LedgerEntry, LedgerKind, NO_LINE, hash, parse};

/// What was found.
#[derive(Debug, Default)]
pub struct LedgerWalk {
    /// Whole lines.
    pub lines: u64,
    /// The number of the last of them.
    pub number: u64,
    /// The hash of the last line. Kept elsewhere, it shows later that none was cut off.
    pub last: String,
    /// Where the chain is broken, in the order of lines.
    pub faults: Vec<LedgerFault>,
    /// Lines that a crash tore, and that were closed off.
    pub torn: u64,
    /// Lines that the disk did not take, as the ledger itself tells.
    pub lost: u64,
    /// Bytes behind the last whole line: one is being written, or was torn.
    pub unfinished: u64,
}

/// Where a chain is broken. Lines are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerFault {
    /// The first line tells of one before it.
    NoBeginning,
    /// The line does not continue the one before it.
    Unlinked {
        /// Its place in the file.
        line: u64,
    },
    /// The line is none of a ledger's.
    Damaged {
        /// Its place in the file.
        line: u64,
    },
}

impl fmt::Display for LedgerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBeginning => f.write_str("line 1: lines before it are gone"),
            Self::Unlinked { line } => write!(
                f,
                "line {line} does not continue line {}: that one was changed, or lines between \
                 them are gone",
                line - 1
            ),
            Self::Damaged { line } => write!(f, "line {line} is no line of a ledger"),
        }
    }
}

/// Walks through a ledger, and tells `each` of its lines, by its place from 1.
///
/// # Errors
/// When it cannot be read.
pub fn walk(
    ledger: &mut dyn BufRead,
    each: &mut dyn FnMut(u64, &LedgerEntry),
) -> io::Result<LedgerWalk> {
    let mut walk = LedgerWalk { last: NO_LINE.to_owned(), ..LedgerWalk::default() };
    // One that may have been torn: the next tells.
    let mut damaged = None;
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        ledger.read_until(b'\n', &mut bytes)?;
        let Some(content) = bytes.strip_suffix(b"\n") else { break };
        walk.lines += 1;
        let entry = parse(content);
        let is_linked = entry
            .as_ref()
            .is_some_and(|entry| (entry.number, &entry.prev) == (walk.number + 1, &walk.last));
        let is_torn = entry.as_ref().is_some_and(|entry| entry.kind == LedgerKind::Torn);
        match (damaged.take(), is_torn && is_linked) {
            (Some(_), true) => walk.torn += 1,
            (Some(line), false) => walk.faults.push(LedgerFault::Damaged { line }),
            (None, _) if entry.is_some() && !is_linked => walk.faults.push(match walk.lines {
                1 => LedgerFault::NoBeginning,
                line => LedgerFault::Unlinked { line },
            }),
            (None, _) => {}
        }
        match &entry {
            Some(entry) => {
                walk.number = entry.number;
                walk.lost += entry.lines;
                each(walk.lines, entry);
            }
            None => damaged = Some(walk.lines),
        }
        walk.last = hash(content);
    }
    walk.unfinished = bytes.len() as u64;
    walk.faults.extend(damaged.map(|line| LedgerFault::Damaged { line }));
    Ok(walk)
}
