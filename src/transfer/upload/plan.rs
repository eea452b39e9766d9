//! What of an existing object an upload keeps, and how: the bytes are copied inside the store,
//! never through here, but for a head too small to be a part.

use std::collections::VecDeque;

use super::head::KeptHead;
use super::ranges::copy_ranges;
use super::tail::Tail;
use crate::store::{
    Admission, Attributes, CopySource, ETag, Expected, Freshness, ObjectStore, ParkedUpload,
    PartLimits, PartReceipt, Stat,
};
use crate::transfer::TransferError;
use crate::vfs::FtpPath;

/// How an upload treats what stands under its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteMode {
    /// STOR: the new object takes the place of the old one when it is complete.
    Replace,
    /// APPE: the old bytes, then the new ones.
    Append,
    /// REST and STOR: the first bytes of the old object up to the offset, then the new ones. Where
    /// they end before the old object does, its other bytes stay behind them.
    ResumeAt(u64),
}

/// Among which interrupted uploads of a name the one is that is gone on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParkedAmong {
    /// There is none: what is interrupted is not parked.
    None,
    /// Those that this process has parked: the others may be somebody else's, and the client has
    /// said nothing that shows which it means.
    Own,
    /// All that the store has.
    All,
}

/// What an upload keeps, and what it needs to be true of its name.
#[derive(Debug)]
pub struct Plan {
    /// Whether a file may come to stand there.
    pub(super) admission: Admission,
    /// What the kept bytes are of.
    pub(super) expected: Expected,
    /// Bytes of the old object that become the new one's first.
    pub(super) kept: u64,
    /// Where the kept bytes are read, when they are too few for a part.
    pub(super) head: Option<KeptHead>,
    /// The ranges that become the first parts.
    pub(super) copies: VecDeque<CopySource>,
    /// What stands behind the offset.
    pub(super) tail: Option<Tail>,
    /// The interrupted upload that is gone on with, instead of an object.
    pub(super) parked: Option<ParkedUpload>,
}

impl Plan {
    /// Looks at the object under `path`, if `mode` keeps anything of it.
    ///
    /// # Errors
    /// [`TransferError::BadRestart`] beyond its end; what the store says, also of a name under
    /// which no file may come to stand.
    pub fn make(
        store: &dyn ObjectStore,
        path: &FtpPath,
        mode: WriteMode,
        among: ParkedAmong,
    ) -> Result<Self, TransferError> {
        let admission = store.admits_file(path, Freshness::Recent)?;
        if matches!(mode, WriteMode::Replace | WriteMode::ResumeAt(0)) {
            let expected = Expected::Anything;
            let (copies, head, tail, parked) = (VecDeque::new(), None, None, None);
            return Ok(Self { admission, expected, kept: 0, head, copies, tail, parked });
        }
        let found = store.find_file_to_continue(path)?;
        if let Some(parked) = among.find(store, path, found.as_ref())? {
            return Self::go_on(admission, parked, found, mode);
        }
        let size = found.as_ref().map_or(0, |stat| stat.metadata.size);
        let kept = match mode {
            WriteMode::ResumeAt(offset) if offset > size => {
                return Err(TransferError::BadRestart { size });
            }
            WriteMode::ResumeAt(offset) => offset,
            WriteMode::Append | WriteMode::Replace => size,
        };
        let etag = found.as_ref().and_then(|stat| stat.etag.clone());
        let tail = Tail::new(CopySource { first: kept, end: size, etag: etag.clone() });
        let (head, copies) = keep(kept, etag, store.part_limits());
        let expected = Expected::Seen(found);
        Ok(Self { admission, expected, kept, head, copies, tail, parked: None })
    }

    /// Goes on with an interrupted upload.
    fn go_on(
        admission: Admission,
        parked: ParkedUpload,
        found: Option<Stat>,
        mode: WriteMode,
    ) -> Result<Self, TransferError> {
        let offset = parked.offset();
        if matches!(mode, WriteMode::ResumeAt(asked) if asked != offset) {
            return Err(TransferError::ParkedElsewhere { offset });
        }
        Ok(Self {
            admission,
            expected: Expected::Seen(found),
            kept: offset,
            head: None,
            copies: VecDeque::new(),
            tail: None,
            parked: Some(parked),
        })
    }

    /// The parts that are there already, and the one that is sent again.
    pub(super) fn take_parked_parts(&mut self) -> (Vec<PartReceipt>, Option<PartReceipt>) {
        self.parked.as_mut().map(ParkedUpload::take_parts).unwrap_or_default()
    }

    /// What the file is that is gone on with.
    pub(super) fn attributes(&self) -> Option<Attributes> {
        match &self.expected {
            Expected::Seen(Some(seen)) => Some(seen.attributes.clone()),
            _ => None,
        }
    }
}

impl ParkedAmong {
    /// The interrupted upload of `path`, if what was `found` there is older.
    fn find(
        self,
        store: &dyn ObjectStore,
        path: &FtpPath,
        found: Option<&Stat>,
    ) -> Result<Option<ParkedUpload>, TransferError> {
        let freshness = match self {
            Self::None => return Ok(None),
            Self::Own => Freshness::Recent,
            Self::All => Freshness::Now,
        };
        let parked = store.find_parked_upload(path, freshness)?;
        Ok(parked.filter(|parked| parked.offset() > 0 && parked.is_newer_than(found)))
    }
}

/// How the first `kept` bytes of a version are kept: read, or copied inside the store.
fn keep(
    kept: u64,
    etag: Option<ETag>,
    limits: PartLimits,
) -> (Option<KeptHead>, VecDeque<CopySource>) {
    if kept < limits.min_part {
        return ((kept > 0).then_some(KeptHead { bytes: kept, etag }), VecDeque::new());
    }
    let ranges = copy_ranges(kept, limits);
    (None, ranges.map(|(first, end)| CopySource { first, end, etag: etag.clone() }).collect())
}
