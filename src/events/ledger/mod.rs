//! `ledger`: a line for everything that came to be done with a file, each with the hash of the line
//! before it, so that none can be changed or taken out unseen.
//!
//! A line is with the kernel before the client hears of what it tells, so a kill of the server
//! loses none. What a crash tore is closed off by a line that says so.

mod line;
mod standing;
mod walk;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use super::record::Event;
use super::sole_use;
use line::{LedgerNote, LineContent, NO_LINE, hash, line, parse};

pub use line::LedgerEntry;
pub use standing::{LedgerObject, LedgerStanding, ObjectFinding};
pub use walk::{LedgerFault, LedgerWalk, walk};

/// More than the longest line has: names are 1 KiB each at most, and six times that in JSON.
const TAIL_BYTES: u64 = 64 * 1024;

/// An open ledger. Nobody else writes to its file.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    end: Mutex<LedgerEnd>,
}

/// Where the next line goes.
#[derive(Debug)]
struct LedgerEnd {
    file: File,
    /// Bytes of whole lines.
    bytes: u64,
    /// The number of the last line.
    number: u64,
    /// Its hash.
    last: String,
    /// Lines that could not be written since then.
    lost: u64,
}

impl Ledger {
    /// Opens the ledger, which is made, and closes off what a crash tore.
    ///
    /// # Errors
    /// When the file cannot be used, another server uses it, or it ends in what no ledger has.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        // Names of users and files are nobody else's business.
        let file = options.read(true).append(true).create(true).mode(0o600).open(path)?;
        sole_use::take(&file)?;
        let mut end = LedgerEnd::find(file)?;
        if let Some(bytes) = end.close_off()? {
            log::warn!(
                "ledger: a line of {bytes} bytes was torn by the last end, and is closed off"
            );
        }
        Ok(Self { path: path.to_owned(), end: Mutex::new(end) })
    }

    /// Adds what happened to a file. Where the disk does not take it, that is told once, and the
    /// next line that it takes tells how many are missing: what a store has done cannot be undone.
    pub(super) fn enter(&self, event: &Event) {
        let mut end = self.end.lock();
        match end.catch_up().and_then(|()| end.add(&LineContent::File(event))) {
            Ok(()) => {}
            Err(error) => {
                end.lost += 1;
                if end.lost == 1 {
                    let path = self.path.display();
                    log::error!("ledger: {path} cannot be written, lines are lost: {error}");
                }
            }
        }
    }
}

impl LedgerEnd {
    fn find(file: File) -> io::Result<Self> {
        let bytes = file.metadata()?.len();
        let first = bytes.saturating_sub(TAIL_BYTES);
        let mut tail = vec![0; usize::try_from(bytes - first).map_err(io::Error::other)?];
        file.read_exact_at(&mut tail, first)?;
        // What stands behind the end of the last whole line was torn.
        let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let torn = (tail.len() - whole) as u64;
        let mut end =
            Self { file, bytes: bytes - torn, number: 0, last: NO_LINE.to_owned(), lost: 0 };
        let lines = tail[..whole].split(|byte| *byte == b'\n');
        let lines: Vec<&[u8]> = lines.filter(|line| !line.is_empty()).collect();
        match lines.last() {
            Some(line) => {
                let entry = parse(line).ok_or_else(|| {
                    io::Error::other(
                        "its last line is no line of a ledger: verify-ledger tells more",
                    )
                })?;
                (end.number, end.last) = (entry.number, hash(line));
            }
            None if first > 0 => return Err(io::Error::other("it is no ledger")),
            None => {}
        }
        Ok(end)
    }

    /// Closes off what stands behind the last whole line: as a line, if it is a whole one but for
    /// its end, otherwise by one that says how much of it is there.
    fn close_off(&mut self) -> io::Result<Option<u64>> {
        let bytes = self.file.metadata()?.len() - self.bytes;
        if bytes == 0 {
            return Ok(None);
        }
        let mut torn = vec![0; usize::try_from(bytes).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut torn, self.bytes)?;
        self.file.write_all(b"\n")?;
        self.bytes += bytes + 1;
        self.last = hash(&torn);
        if let Some(entry) = parse(&torn) {
            self.number = entry.number;
            return Ok(None);
        }
        self.add(&LineContent::Note(LedgerNote::Torn { bytes }))?;
        Ok(Some(bytes))
    }

    /// Tells of the lines that are missing, if any are.
    fn catch_up(&mut self) -> io::Result<()> {
        if self.lost == 0 {
            return Ok(());
        }
        if self.file.metadata()?.len() > self.bytes {
            self.file.set_len(self.bytes)?;
        }
        self.add(&LineContent::Note(LedgerNote::Lost { lines: self.lost }))?;
        log::warn!("ledger: written again, lines that are missing: {}", self.lost);
        self.lost = 0;
        Ok(())
    }

    fn add(&mut self, content: &LineContent<'_>) -> io::Result<()> {
        let mut line = line(self.number + 1, &self.last, content).into_bytes();
        let hash = hash(&line);
        line.push(b'\n');
        if let Err(error) = self.file.write_all(&line) {
            // What got there of it is taken back, now or before the next one.
            let _ = self.file.set_len(self.bytes);
            return Err(error);
        }
        self.bytes += line.len() as u64;
        (self.number, self.last) = (self.number + 1, hash);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::net::{IpAddr, Ipv4Addr};

    use tempfile::TempDir;

    use super::*;
    use crate::events::options::EventKind;
    use crate::events::record::Actor;
    use crate::store::ObjectPlace;

    fn event(name: &str) -> Event {
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let actor = Actor { user: "u".to_owned(), peer, session: 1, is_encrypted: false };
        let place = ObjectPlace { bucket: "b".to_owned(), key: name.to_owned() };
        Event::of(EventKind::Upload, &actor, format!("/{name}"), place)
    }

    fn walked(path: &Path) -> LedgerWalk {
        walk(&mut &fs::read(path).unwrap()[..], &mut |_, _| ()).unwrap()
    }

    #[test]
    fn a_full_disk_leaves_a_line_that_says_how_many_are_missing() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("ledger");
        let ledger = Ledger::open(&path).unwrap();
        ledger.enter(&event("a"));
        let full = OpenOptions::new().append(true).open("/dev/full").unwrap();
        let whole = std::mem::replace(&mut ledger.end.lock().file, full);
        ledger.enter(&event("b"));
        ledger.enter(&event("c"));
        ledger.end.lock().file = whole;
        ledger.enter(&event("d"));
        let found = walked(&path);
        assert_eq!((found.faults.as_slice(), found.lines, found.lost), (&[][..], 3, 2));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.lines().nth(1).unwrap().contains("\"type\":\"lost\",\"lines\":2"), "{text}");
    }

    #[test]
    fn what_a_crash_tore_is_closed_off() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("ledger");
        Ledger::open(&path).unwrap().enter(&event("a"));
        let whole = fs::read(&path).unwrap();
        for cut in 1..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            assert_eq!(walked(&path).unfinished, cut as u64);
            Ledger::open(&path).unwrap().enter(&event("b"));
            let found = walked(&path);
            // But for its end, it is a whole one.
            let torn = u64::from(cut < whole.len() - 1);
            assert_eq!((found.faults.as_slice(), found.torn), (&[][..], torn), "{cut}");
            assert_eq!((found.lines, found.unfinished), (2 + torn, 0), "{cut}");
        }
    }

    #[test]
    fn another_file_is_no_ledger_and_two_do_not_share_one() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("ledger");
        fs::write(&path, "something else\n").unwrap();
        assert!(Ledger::open(&path).is_err());
        fs::write(&path, "").unwrap();
        let first = Ledger::open(&path).unwrap();
        assert!(Ledger::open(&path).unwrap_err().to_string().contains("another server"));
        drop(first);
        Ledger::open(&path).unwrap();
    }
}
