//! The bookkeeping of an upload in parts: how large the next one must be, where it belongs, and
//! which are confirmed.

use std::collections::VecDeque;

use crate::limits::{BLOCK_BYTES, FIRST_WORKERS, PART_BUFFER_BYTES};
use crate::store::{CopySource, PartLimits, PartPlace, PartReceipt};
use crate::transfer::block::blocks_for;
use crate::transfer::concurrency::ConcurrencyLimit;
use crate::transfer::pool::Size;
use crate::transfer::schedule::Schedule;
use crate::transfer::upload::plan::Plan;
use crate::transfer::{TransferError, TransferOptions};

/// The parts of one upload.
#[derive(Debug)]
pub(super) struct Parts {
    schedule: Schedule,
    limits: PartLimits,
    /// The store's smallest part, or `min_part_size` where that is larger.
    floor: u64,
    part_buffer: Option<u64>,
    /// Blocks beside a whole part without which nothing can be read.
    beside_part: usize,
    max_file: u64,
    /// New parts given out so far, copies not counted, and their bytes.
    given: u32,
    given_bytes: u64,
    next: PartPlace,
    copies: VecDeque<(PartPlace, CopySource)>,
    outstanding: u32,
    receipts: Vec<PartReceipt>,
    /// The last part of a parked upload, in whose place the first new one comes.
    resent: Option<PartReceipt>,
}

impl Parts {
    pub(super) fn new(options: &TransferOptions, limits: PartLimits, plan: &mut Plan) -> Self {
        let copies = std::mem::take(&mut plan.copies);
        let (receipts, resent) = plan.take_parked_parts();
        let mut next = behind(&receipts);
        let placed = copies.into_iter().map(|source| {
            let place = next;
            next = PartPlace { number: place.number + 1, offset: source.end };
            (place, source)
        });
        let copies: VecDeque<_> = placed.collect();
        let parts_left = limits.max_parts.saturating_sub(next.number - 1);
        let floor = options.min_part.max(limits.min_part);
        let schedule = Schedule::new(
            floor,
            limits.max_part,
            parts_left,
            options.max_file.saturating_sub(next.offset),
        );
        Self {
            schedule,
            limits,
            floor,
            part_buffer: options.part_buffer,
            beside_part: 0,
            max_file: options.max_file,
            given: 0,
            given_bytes: 0,
            next,
            copies,
            outstanding: 0,
            receipts,
            resent,
        }
    }

    /// TYPE A is converted in steps that may end in the middle of a block: a part can only become
    /// whole if there is one block more to put the rest of the step into.
    pub(super) fn convert_ascii(&mut self) {
        self.beside_part = 1;
    }

    /// Whether the object begins with parts of the old one.
    pub(super) fn keeps_parts(&self) -> bool {
        !self.copies.is_empty() || !self.receipts.is_empty() || self.outstanding > 0
    }

    /// Whole blocks the next part must have.
    pub(super) fn target_blocks(&self) -> usize {
        self.schedule.target_blocks(self.given, self.given_bytes)
    }

    /// Whole blocks the next part must have when so many requests share a buffer of `memory`
    /// blocks: those to a far store are more, and so its parts are smaller.
    pub(super) fn next_blocks(&self, limit: &ConcurrencyLimit, memory: usize) -> usize {
        let usual = self.target_blocks();
        if limit.get() <= FIRST_WORKERS {
            return usual;
        }
        limit.share_of(memory).max(self.least_blocks()).min(usual)
    }

    /// Whole blocks it has at most then, so that several connections fill evenly. The first parts
    /// are small: their answers tell how far the store is.
    pub(super) fn most_blocks(&self, limit: &ConcurrencyLimit, memory: usize) -> usize {
        match limit.get() {
            _ if !limit.knows_the_store() => self.target_blocks(),
            few @ ..=FIRST_WORKERS => self.capacity_blocks() / few.max(2),
            _ => limit.share_of(memory),
        }
    }

    /// How many parts of the smallest size a buffer of `memory` blocks has room for.
    pub(super) fn room_in(&self, memory: usize) -> usize {
        ConcurrencyLimit::room_in(memory, self.least_blocks())
    }

    /// Whole blocks that the next part may be as small as.
    pub(super) fn least_blocks(&self) -> usize {
        self.schedule.least_blocks(self.given, self.given_bytes)
    }

    /// Blocks of the smallest part but the last.
    pub(super) fn floor_blocks(&self) -> usize {
        blocks_for(self.floor)
    }

    /// Parts the store still takes.
    pub(super) fn left(&self) -> usize {
        (self.limits.max_parts + 1).saturating_sub(self.next.number) as usize
    }

    /// How many blocks the upload may have, and must.
    pub(super) fn size(&self) -> Size {
        Size { part: self.reserve_blocks(), capacity: self.capacity_blocks() }
    }

    /// Blocks the upload may hold now: the part buffer.
    pub(super) fn capacity_blocks(&self) -> usize {
        let target = self.target_blocks();
        match self.part_buffer {
            Some(bytes) => ((bytes / BLOCK_BYTES as u64) as usize).max(target + self.beside_part),
            None => blocks_for(PART_BUFFER_BYTES).max(2 * target),
        }
    }

    /// Blocks an upload cannot do without: a part of the present target and one to read into, as
    /// far as the part buffer has room for both.
    pub(super) fn reserve_blocks(&self) -> usize {
        (self.target_blocks() + 1).min(self.capacity_blocks())
    }

    /// Where the next part of `bytes` belongs.
    ///
    /// # Errors
    /// When the store takes no more parts.
    pub(super) fn place(&mut self, bytes: u64) -> Result<PartPlace, TransferError> {
        let place = self.take_place(bytes)?;
        self.given += 1;
        self.given_bytes += bytes;
        self.outstanding += 1;
        Ok(place)
    }

    fn take_place(&mut self, bytes: u64) -> Result<PartPlace, TransferError> {
        let place = self.next;
        if place.number > self.limits.max_parts {
            return Err(TransferError::TooLarge { limit: self.max_file });
        }
        self.next = PartPlace { number: place.number + 1, offset: place.offset + bytes };
        Ok(place)
    }

    /// Lets `sources` follow what was given out: the last parts.
    ///
    /// # Errors
    /// When the store takes no more parts.
    pub(super) fn copy_behind(
        &mut self,
        sources: impl Iterator<Item = CopySource>,
    ) -> Result<(), TransferError> {
        for source in sources {
            let place = self.take_place(source.end - source.first)?;
            self.copies.push_back((place, source));
        }
        Ok(())
    }

    /// Offset behind all that was given out or is kept as parts.
    pub(super) fn end(&self) -> u64 {
        self.next.offset
    }

    /// What the store takes.
    pub(super) fn limits(&self) -> PartLimits {
        self.limits
    }

    /// The next range to be copied.
    pub(super) fn next_copy(&mut self) -> Option<(PartPlace, CopySource)> {
        let copy = self.copies.pop_front()?;
        self.outstanding += 1;
        Some(copy)
    }

    /// Whether ranges are left to be copied.
    pub(super) fn has_copies(&self) -> bool {
        !self.copies.is_empty()
    }

    pub(super) fn confirm(&mut self, receipt: PartReceipt) {
        self.outstanding -= 1;
        self.resent.take_if(|resent| resent.number == receipt.number);
        self.receipts.push(receipt);
    }

    /// Whether every part given out is confirmed and nothing is left to be copied.
    pub(super) fn all_confirmed(&self) -> bool {
        self.outstanding == 0 && self.copies.is_empty()
    }

    /// Those of an upload that is parked: none where there is a gap in front of one. Who went on at
    /// a gap, and was cut again, would leave a part behind it that begins elsewhere by then. Where
    /// nothing new was sent, it is all that had been there.
    pub(super) fn take_receipts_to_park(&mut self) -> Vec<PartReceipt> {
        let mut receipts = self.take_receipts();
        receipts.extend(self.resent.take().filter(|_| self.given == 0));
        if receipts.iter().zip(1..).any(|(part, number)| part.number != number) {
            receipts.clear();
        }
        receipts
    }

    /// Whether the new part in the place of the parked one is under way: until it is confirmed, the
    /// old one may stay there, and what follows must not stand behind that.
    pub(super) fn replaces_parked(&self) -> bool {
        self.resent.is_some() && self.given > 0
    }

    /// All receipts, in the order of their numbers.
    pub(super) fn take_receipts(&mut self) -> Vec<PartReceipt> {
        self.receipts.sort_unstable_by_key(|receipt| receipt.number);
        std::mem::take(&mut self.receipts)
    }
}

/// Where the next part belongs behind `receipts`.
fn behind(receipts: &[PartReceipt]) -> PartPlace {
    let offset = receipts.iter().map(|part| part.size).sum();
    PartPlace { number: receipts.last().map_or(1, |part| part.number + 1), offset }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::limits::{PARTS_PER_UPLOAD, S3_MIN_PART_BYTES};
    use crate::store::{Admission, ETag, Expected, MultipartUpload, ParkedUpload};
    use crate::vfs::FtpPath;

    const GB: u64 = 1_000_000_000;
    const LIMITS: PartLimits =
        PartLimits { min_part: S3_MIN_PART_BYTES, max_part: 5 << 30, max_parts: PARTS_PER_UPLOAD };

    fn plan(parked: Vec<PartReceipt>) -> Plan {
        let upload = MultipartUpload { path: FtpPath::root(), upload_id: "id".to_owned() };
        let begun = OffsetDateTime::UNIX_EPOCH;
        let parked = ParkedUpload { upload, parts: parked, lost: 0, begun };
        Plan {
            admission: Admission::Granted,
            expected: Expected::Anything,
            keeps_both: false,
            kept: parked.offset(),
            head: None,
            copies: VecDeque::new(),
            tail: None,
            parked: Some(parked),
            repeated: 0,
        }
    }

    /// Gives out parts of the sizes that are wanted up to the byte `end`, and confirms them.
    fn fill(parts: &mut Parts, end: u64) {
        while parts.end() < end {
            let (at, wanted) = (parts.end(), (parts.target_blocks() * BLOCK_BYTES) as u64);
            let size = wanted.min(end - at);
            let place = parts.place(size).unwrap();
            assert_eq!(place.offset, at);
            let etag = ETag(String::new());
            parts.confirm(PartReceipt { number: place.number, size, etag, crc64: None });
        }
    }

    #[test]
    fn what_is_parked_at_150_of_200_gb_goes_on_within_what_the_store_takes() {
        let options = TransferOptions { max_file: 200 << 30, ..TransferOptions::unset() };
        let mut parts = Parts::new(&options, LIMITS, &mut plan(Vec::new()));
        fill(&mut parts, 150 * GB);
        let parked = parts.take_receipts_to_park();
        let before = parked.len();
        let mut plan = plan(parked);
        let kept = plan.kept;
        let mut parts = Parts::new(&options, LIMITS, &mut plan);
        // All but the last of those that were there.
        assert_eq!((parts.end(), parts.next.number as usize), (kept, before));
        fill(&mut parts, 200 * GB + 1);
        let receipts = parts.take_receipts();
        assert!(receipts.len() <= PARTS_PER_UPLOAD as usize, "{}", receipts.len());
        assert!(receipts.iter().zip(1..).all(|(part, number)| part.number == number));
        let (_, others) = receipts.split_last().unwrap();
        assert!(others.iter().all(|part| part.size >= S3_MIN_PART_BYTES));
        assert_eq!(receipts.iter().map(|part| part.size).sum::<u64>(), 200 * GB + 1);
    }
}
