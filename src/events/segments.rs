//! The files of the journal: lines are added to the last, and the first goes when nothing in it
//! waits any more.
//!
//! A file has its length from the start, in zeros that lines take the place of: bringing one to the
//! disk is then a write of its bytes, and no change of the file's length, for which a file system
//! waits for what everybody else does. Where the lines end stands a zero.
//!
//! Files go in their order alone, as a later one may tell that what an earlier one holds was done.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::line::JournalLine;
use super::sole_use;
use crate::limits;

/// Names of files are numbers and this.
const ENDING: &str = ".jsonl";

/// Where a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LinePlace {
    pub(super) segment: u64,
    offset: u64,
    bytes: u64,
}

/// One file.
#[derive(Debug)]
struct SegmentFile {
    file: Arc<File>,
    bytes: u64,
    /// Lines that are still needed.
    live: u64,
}

/// All files.
#[derive(Debug)]
pub(super) struct Segments {
    directory: PathBuf,
    /// By their numbers. The last is written to.
    files: BTreeMap<u64, SegmentFile>,
    /// Of all lines that are still needed.
    live_bytes: u64,
    /// Held as long as this lives: two servers cannot share a journal.
    _lock: File,
}

impl Segments {
    /// Opens the journal in `directory`, which is made for nobody else, and tells all its
    /// lines.
    ///
    /// # Errors
    /// When it cannot be used, or another server uses it.
    pub(super) fn open(
        directory: &Path,
        tell: &mut dyn FnMut(JournalLine, LinePlace),
    ) -> io::Result<Self> {
        directory.parent().map_or(Ok(()), fs::create_dir_all)?;
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let lock = private().create(true).truncate(false).open(directory.join("lock"))?;
        sole_use::take(&lock)?;
        let mut segments = Self {
            directory: directory.to_owned(),
            files: BTreeMap::new(),
            live_bytes: 0,
            _lock: lock,
        };
        for number in numbers(directory)? {
            segments.read_file(number, tell)?;
        }
        // Behind a line that a crash tore nothing is written.
        segments.begin_file()?;
        Ok(segments)
    }

    fn read_file(
        &mut self,
        segment: u64,
        tell: &mut dyn FnMut(JournalLine, LinePlace),
    ) -> io::Result<()> {
        let file = File::open(self.path(segment))?;
        let text = fs::read(self.path(segment))?;
        let mut offset = 0;
        let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
        for line in text[..end].split_inclusive(|byte| *byte == b'\n') {
            let bytes = line.len() as u64;
            match JournalLine::parse(line) {
                Some(parsed) => tell(parsed, LinePlace { segment, offset, bytes }),
                // What the end of a process tore had not been done.
                None if !line.ends_with(b"\n") => {}
                None => log::warn!("events: {segment}{ENDING}: a line is damaged and left out"),
            }
            offset += bytes;
        }
        self.files.insert(segment, SegmentFile { file: Arc::new(file), bytes: offset, live: 0 });
        Ok(())
    }

    /// Adds a line.
    ///
    /// # Errors
    /// When the disk takes no more.
    pub(super) fn append(&mut self, line: &[u8]) -> io::Result<LinePlace> {
        let mut last = self.files.last_entry().ok_or(io::ErrorKind::NotFound)?;
        let (segment, current) = (*last.key(), last.get_mut());
        let offset = current.bytes;
        // What of it is written before it fails, the next one is written over.
        current.file.write_all_at(line, offset)?;
        current.bytes += line.len() as u64;
        Ok(LinePlace { segment, offset, bytes: line.len() as u64 })
    }

    /// The bytes of a line.
    ///
    /// # Errors
    /// When the disk does not give them.
    pub(super) fn read(&self, place: LinePlace) -> io::Result<Vec<u8>> {
        let segment = self.files.get(&place.segment).ok_or(io::ErrorKind::NotFound)?;
        let mut line = vec![0; usize::try_from(place.bytes).map_err(io::Error::other)?];
        segment.file.read_exact_at(&mut line, place.offset)?;
        Ok(line)
    }

    /// The line is needed until [`Self::release`].
    pub(super) fn hold(&mut self, place: LinePlace) {
        if let Some(segment) = self.files.get_mut(&place.segment) {
            segment.live += 1;
            self.live_bytes += place.bytes;
        }
    }

    /// The line is not needed any more.
    pub(super) fn release(&mut self, place: LinePlace) {
        if let Some(segment) = self.files.get_mut(&place.segment) {
            segment.live -= 1;
            self.live_bytes -= place.bytes;
        }
    }

    /// What is written to now.
    pub(super) fn current(&self) -> Option<Arc<File>> {
        self.files.last_key_value().map(|(_, segment)| Arc::clone(&segment.file))
    }

    /// Whether another file is to be begun.
    pub(super) fn is_full(&self) -> bool {
        let current = self.files.last_key_value();
        current.is_some_and(|(_, segment)| segment.bytes >= limits::EVENT_SEGMENT_BYTES)
    }

    /// Begins another file, once all that was written is on the disk.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub(super) fn begin_file(&mut self) -> io::Result<()> {
        if let Some((_, current)) = self.files.last_key_value() {
            current.file.sync_data()?;
        }
        let number = self.files.last_key_value().map_or(1, |(number, _)| number + 1);
        let file = private().create_new(true).open(self.path(number))?;
        let zeros = vec![0; limits::EVENT_SEGMENT_BYTES as usize];
        file.write_all_at(&zeros, 0)?;
        file.sync_all()?;
        File::open(&self.directory)?.sync_all()?;
        self.files.insert(number, SegmentFile { file: Arc::new(file), bytes: 0, live: 0 });
        Ok(())
    }

    /// Removes the first files, as far as nothing in them is needed.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn remove_done(&mut self) -> io::Result<()> {
        let mut is_synced = false;
        while self.files.len() > 1
            && let Some(first) = self.files.first_entry()
            && first.get().live == 0
        {
            let number = *first.key();
            if !is_synced && let Some(current) = self.current() {
                // What says that they are done may be there alone.
                current.sync_data()?;
                is_synced = true;
            }
            fs::remove_file(self.path(number))?;
            self.files.remove(&number);
        }
        Ok(())
    }

    /// The first file, where there are more than what waits is worth: what is needed of it is to
    /// be written anew.
    pub(super) fn crowded(&self) -> Option<u64> {
        let worth = 4 * self.live_bytes / limits::EVENT_SEGMENT_BYTES;
        let is_crowded = self.files.len() as u64 > limits::EVENT_SEGMENTS.max(worth);
        self.files.first_key_value().filter(|_| is_crowded).map(|(number, _)| *number)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("{number:012}{ENDING}"))
    }
}

/// Names of users and files are nobody else's business.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

/// The numbers of the files in `directory`, from the first on.
fn numbers(directory: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(ENDING));
        numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}
