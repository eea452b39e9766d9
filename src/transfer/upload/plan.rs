//! What of an existing object an upload keeps, and how: the bytes are copied inside the store,
//! never through here, but for a head too small to be a part.

use std::collections::VecDeque;

use time::OffsetDateTime;

use super::head::KeptHead;
use super::ranges::copy_ranges;
use super::tail::Tail;
use crate::limits;
use crate::store::{
    Admission, Attributes, CopySource, ETag, ErrorKind, Expected, Freshness, ObjectStore, OnExists,
    Operation, ParkedUpload, PartLimits, PartReceipt, Stat, StoreError,
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
    /// All that the store has: the client was told to go on at this byte of the one begun then.
    Told(u64, OffsetDateTime),
    /// All that the store has.
    All,
}

/// What an upload may do to a file that has its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OverFiles {
    /// What becomes of a new file.
    pub on_exists: OnExists,
    /// Whether the old one may become longer, where it may not be replaced.
    pub appends: bool,
}

impl OverFiles {
    /// What stands under the name for a new file to be published there.
    fn expected(self) -> Expected {
        match self.on_exists {
            OnExists::Replace => Expected::Anything,
            OnExists::Refuse | OnExists::KeepBoth => Expected::Nothing,
        }
    }

    /// Whether an upload that goes on with a file of `size` bytes may not.
    fn refuse(self, mode: WriteMode, size: u64) -> bool {
        let adds = match mode {
            WriteMode::Append => true,
            WriteMode::ResumeAt(offset) => offset >= size,
            WriteMode::Replace => false,
        };
        self.on_exists != OnExists::Replace && !(self.appends && adds)
    }
}

/// What an upload keeps, and what it needs to be true of its name.
#[derive(Debug)]
pub struct Plan {
    /// Whether a file may come to stand there.
    pub(super) admission: Admission,
    /// What the kept bytes are of.
    pub(super) expected: Expected,
    /// Whether it takes another name where its own is taken.
    pub(super) keeps_both: bool,
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
    /// First bytes of what the client sends that are there already.
    pub(super) repeated: u64,
}

impl Plan {
    /// Whether what is kept is of an object.
    pub fn keeps_object(&self) -> bool {
        self.kept > 0 && self.parked.is_none()
    }

    /// The object at whose end it goes on, if it does; or so little before it as clients go back.
    pub fn added_to(&self) -> Option<&Stat> {
        let Expected::Seen(Some(seen)) = &self.expected else { return None };
        let is_at_end = seen.metadata.size.abs_diff(self.kept) <= limits::RESUME_BACK_BYTES;
        Some(seen).filter(|_| self.keeps_object() && (self.tail.is_none() || is_at_end))
    }

    /// Where the kept bytes stand, if any are kept of an object.
    pub(super) fn source(&self) -> Option<CopySource> {
        let of_head = self.head.as_ref().map(|head| head.etag.clone());
        let etag = of_head.or_else(|| self.copies.front().map(|copy| copy.etag.clone()))?;
        Some(CopySource { first: 0, end: self.kept, etag })
    }

    /// Looks at the object under `path`, if `mode` keeps anything of it.
    ///
    /// # Errors
    /// [`TransferError::BadRestart`] beyond its end; what the store says, also of a name under
    /// which no file may come to stand, or of one to which nothing can be added;
    /// [`ErrorKind::AlreadyExists`] where `over` does not let it
    /// do what it is to do to the file that has its name.
    pub fn make(
        store: &dyn ObjectStore,
        path: &FtpPath,
        mode: WriteMode,
        among: ParkedAmong,
        over: OverFiles,
    ) -> Result<Self, TransferError> {
        let taken =
            || StoreError::new(ErrorKind::AlreadyExists, Operation::PutObject, path.as_str());
        let admission = store.admits_file(path, Freshness::Recent)?;
        if matches!(mode, WriteMode::Replace | WriteMode::ResumeAt(0)) {
            if over.on_exists == OnExists::Refuse && store.find_file(path)?.is_some() {
                return Err(taken().into());
            }
            let keeps_both = over.on_exists == OnExists::KeepBoth;
            let new = Self::of_new_file(admission, over.expected());
            return Ok(Self { keeps_both, ..new });
        }
        let found = store.find_file_to_continue(path)?;
        if found.as_ref().is_some_and(|found| over.refuse(mode, found.metadata.size)) {
            return Err(taken().into());
        }
        // What goes on with a parked upload replaces what was found.
        let may_go_on = found.is_none() || over.on_exists == OnExists::Replace;
        let among = if may_go_on { among } else { ParkedAmong::None };
        let parked = among.find(store, path, found.as_ref())?;
        let expected = match found {
            None if over.on_exists != OnExists::Replace => Expected::Nothing,
            _ => Expected::Seen(found.clone()),
        };
        if let Some(parked) = parked {
            let new = Self::of_new_file(admission, expected);
            let (asked, is_told) = (among.asked(mode), among.means(&parked, mode));
            return Self::go_on(new, parked, asked, is_told);
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
        // What is too small for a part is read and sent anew.
        if !copies.is_empty() || (tail.is_some() && size >= store.part_limits().min_part) {
            store.admits_adding(path)?;
        }
        let new = Self::of_new_file(admission, expected);
        Ok(Self { kept, head, copies, tail, ..new })
    }

    /// Keeps nothing.
    fn of_new_file(admission: Admission, expected: Expected) -> Self {
        Self {
            admission,
            expected,
            keeps_both: false,
            kept: 0,
            head: None,
            copies: VecDeque::new(),
            tail: None,
            parked: None,
            repeated: 0,
        }
    }

    /// Goes on with an interrupted upload, at the byte `asked` if the client has one in mind. Some
    /// clients go back a little, to be sure of what is there. Others were told less than there is,
    /// which `is_told` says: parts were still on their way from a server that had died.
    fn go_on(
        new: Self,
        parked: ParkedUpload,
        asked: Option<u64>,
        is_told: bool,
    ) -> Result<Self, TransferError> {
        let offset = parked.offset();
        let asked = asked.unwrap_or(offset);
        match offset.checked_sub(asked) {
            Some(repeated)
                if repeated <= limits::RESUME_BACK_BYTES
                    || (is_told && parked.has_part_end(asked)) =>
            {
                Ok(Self { kept: offset, parked: Some(parked), repeated, ..new })
            }
            _ => Err(TransferError::ParkedElsewhere { offset, came: parked.came() }),
        }
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
    /// Whether the client was told of `parked` that it goes on where `mode` has it go on.
    fn means(self, parked: &ParkedUpload, mode: WriteMode) -> bool {
        let Self::Told(offset, begun) = self else { return false };
        begun == parked.begun
            && matches!(mode, WriteMode::Append | WriteMode::ResumeAt(_))
            && self.asked(mode) == Some(offset)
    }

    /// Where the client goes on, as far as it has said so, or was told.
    fn asked(self, mode: WriteMode) -> Option<u64> {
        match (mode, self) {
            (WriteMode::ResumeAt(offset), _) | (_, Self::Told(offset, _)) => Some(offset),
            _ => None,
        }
    }

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
            Self::Told(..) | Self::All => Freshness::Now,
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
