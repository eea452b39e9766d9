//! From the data socket into blocks: read in large pieces, gathered in order.

use std::collections::VecDeque;
use std::io::{self, Read};

use super::beginning::Beginning;
use super::scanning::Scanning;
use crate::limits::{BEGINNING_BYTES, BLOCKS_PER_READ};
use crate::store::CopySource;
use crate::threads::OwnedThread;
use crate::transfer::TransferError;
use crate::transfer::ascii::FromAscii;
use crate::transfer::block::{Block, spare_slices};
use crate::transfer::pool::{BlockPool, Size};

/// Bytes converted at most in one step when TYPE A turns line ends round.
const ASCII_CHUNK: usize = 64 * 1024;

/// Room that makes such a step worth it.
const LEAST_ASCII_ROOM: usize = 4 * 1024;

/// What is left of a pause's end is small when it fills no more of a small block than this: a
/// client that goes on does not have it moved at once again.
const SMALL_REST: usize = BEGINNING_BYTES / 2;

/// What has arrived and is not given to a worker yet.
#[derive(Debug)]
pub(super) struct Intake {
    pub(super) pool: BlockPool,
    /// Full blocks, oldest first. None is small: parts are counted in whole ones.
    gathered: VecDeque<Block>,
    /// The blocks being filled: the first may hold data, the others are empty. A small one is
    /// alone.
    filling: VecDeque<Block>,
    /// How many blocks the next read is offered; grows while reads fill all they are offered, and
    /// shrinks while they do not.
    offer: usize,
    ascii: Option<(FromAscii, Box<[u8]>)>,
    beginning: Beginning,
    /// Who checks what arrives.
    scanning: Option<Scanning>,
}

impl Intake {
    pub(super) fn new(pool: BlockPool) -> Self {
        let (gathered, filling) = (VecDeque::new(), VecDeque::new());
        let beginning = Beginning::new();
        Self { pool, gathered, filling, offer: 1, ascii: None, beginning, scanning: None }
    }

    /// Begins with room beside the budget. For when there is nothing yet.
    pub(super) fn begin_small(&mut self) {
        self.filling.push_back(self.pool.small_block());
    }

    /// Turns CR LF into LF from now on.
    pub(super) fn convert_ascii(&mut self) {
        self.ascii = Some((FromAscii::default(), vec![0; ASCII_CHUNK].into_boxed_slice()));
    }

    /// Lets `scanning` have what arrives from now on.
    pub(super) fn scan_by(&mut self, scanning: Scanning) {
        self.scanning = Some(scanning);
    }

    /// Whether the scanner takes more at present; a wake tells when it does.
    pub(super) fn scanner_keeps_up(&self) -> bool {
        self.scanning.as_ref().is_none_or(Scanning::has_room)
    }

    /// All has arrived, and `tail` of an earlier file stands behind it.
    pub(super) fn end_data(&mut self, tail: Option<CopySource>) {
        if let Some(scanning) = &mut self.scanning {
            scanning.finish(tail);
        }
    }

    /// Whether nothing is against its becoming a file.
    ///
    /// # Errors
    /// What is.
    pub(super) fn is_passed(&self) -> Result<bool, TransferError> {
        self.scanning.as_ref().map_or(Ok(true), Scanning::is_passed)
    }

    /// Why it becomes one although it was not checked, if that is so.
    pub(super) fn unchecked(&self) -> Option<String> {
        self.scanning.as_ref().and_then(Scanning::unchecked)
    }

    /// No more is checked; the thread that did.
    pub(super) fn end_scanning(&mut self) -> Vec<OwnedThread<()>> {
        self.scanning.take().and_then(Scanning::dismiss).into_iter().collect()
    }

    /// What tells the beginning of what has arrived from that of another file.
    pub(super) fn beginning(&self) -> Option<u64> {
        self.beginning.sum()
    }

    /// Whether what is given out differs from what was read.
    pub(super) fn converts(&self) -> bool {
        self.ascii.is_some()
    }

    /// Makes sure there is room for the next read; tells whether there is.
    pub(super) fn make_room(&mut self, size: Size) -> bool {
        self.fill_up(size);
        self.has_room()
            || (self.pool.ask(size) && {
                self.fill_up(size);
                self.has_room()
            })
    }

    fn fill_up(&mut self, size: Size) {
        while self.wants_block()
            && let Some(block) = self.pool.take(size)
        {
            self.add(block);
        }
    }

    fn wants_block(&self) -> bool {
        !self.has_room() || (self.filling.len() < self.offer && !self.is_small())
    }

    fn has_room(&self) -> bool {
        self.room() >= if self.ascii.is_some() { LEAST_ASCII_ROOM } else { 1 }
    }

    fn is_small(&self) -> bool {
        self.filling.front().is_some_and(Block::is_small)
    }

    /// An empty block more, in place of a small one.
    fn add(&mut self, mut block: Block) {
        if self.is_small()
            && let Some(small) = self.filling.pop_front()
        {
            block.extend(small.filled());
        }
        self.filling.push_back(block);
    }

    /// Whether memory is held that no data stands in.
    pub(super) fn has_surplus(&self) -> bool {
        self.filling.len() > 1 || self.fits_small() || self.pool.has_surplus()
    }

    /// Whether all that waits is so little that it needs no block.
    fn fits_small(&self) -> bool {
        self.gathered.is_empty()
            && self
                .filling
                .front()
                .is_some_and(|block| !block.is_small() && block.filled().len() <= SMALL_REST)
    }

    /// Gives back the memory that no data stands in, but for a block to read into; or for a small
    /// one, where that is enough.
    pub(super) fn give_surplus_back(&mut self) {
        self.offer = 1;
        while self.filling.len() > 1
            && let Some(empty) = self.filling.pop_back()
        {
            self.pool.put_back([empty]);
        }
        if self.fits_small()
            && let Some(block) = self.filling.pop_front()
        {
            let mut small = self.pool.small_block();
            small.extend(block.filled());
            self.filling.push_back(small);
            self.pool.put_back([block]);
        }
        self.pool.give_surplus_back();
    }

    /// One read. 0 is the end of the data. Call only after [`Self::make_room`] said yes.
    pub(super) fn read(&mut self, data: &mut impl Read) -> io::Result<usize> {
        if let Some((mut decoder, mut chunk)) = self.ascii.take() {
            // Converted it may be a byte longer.
            let most = chunk.len().min(self.room().saturating_sub(1));
            let got = data.read(&mut chunk[..most]);
            if let Ok(bytes) = &got {
                let rest = if *bytes == 0 { decoder.finish() } else { &[] };
                self.push(rest);
                let converted = decoder.convert(&chunk[..*bytes]);
                self.push(converted);
            }
            self.ascii = Some((decoder, chunk));
            return got;
        }
        let room = self.room();
        let got = data.read_vectored(&mut spare_slices(self.filling.make_contiguous()))?;
        // A fast client's reads come short now and then: no reason to begin with one block again.
        // That a small block is full tells nothing of its speed.
        self.offer = if got < room { self.offer / 2 } else { self.offer * 2 };
        let most = if self.is_small() { 1 } else { BLOCKS_PER_READ };
        self.offer = self.offer.clamp(1, most);
        self.advance(got);
        Ok(got)
    }

    /// Makes room for `bytes` behind what waits; tells whether there is.
    pub(super) fn make_room_for(&mut self, bytes: u64, size: Size) -> bool {
        while (self.room() as u64) < bytes {
            match self.pool.take(size) {
                Some(block) => self.add(block),
                None if self.pool.ask(size) => {}
                None => return false,
            }
        }
        true
    }

    /// Everything that waits and the room behind it.
    pub(super) fn cut_with_room(&mut self) -> Vec<Block> {
        self.gathered.drain(..).chain(self.filling.drain(..)).collect()
    }

    /// What [`Self::cut_with_room`] gave, with more in it. Nothing waits meanwhile.
    pub(super) fn take_back(&mut self, blocks: Vec<Block>) {
        for block in blocks {
            if block.is_full() && !block.is_small() {
                self.gathered.push_back(block);
            } else {
                self.filling.push_back(block);
            }
        }
    }

    /// Forgets what has arrived.
    pub(super) fn clear(&mut self) {
        let blocks = self.cut_all();
        self.pool.put_back(blocks);
    }

    /// Adds converted bytes. There is room for them.
    fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let Some(block) = self.filling.front_mut() else {
                debug_assert!(false, "room was made for all of it");
                return;
            };
            let now = block.room().min(bytes.len());
            block.spare()[..now].copy_from_slice(&bytes[..now]);
            bytes = &bytes[now..];
            self.advance(now);
        }
    }

    /// Full blocks that wait for a worker.
    pub(super) fn full_blocks(&self) -> usize {
        self.gathered.len()
    }

    /// Bytes that wait for a worker, those of the last, partly filled block included.
    pub(super) fn bytes(&self) -> u64 {
        let blocks = self.gathered.iter().chain(self.filling.front());
        blocks.map(|block| block.filled().len() as u64).sum()
    }

    /// The oldest `count` full blocks.
    pub(super) fn cut(&mut self, count: usize) -> Vec<Block> {
        self.gathered.drain(..count.min(self.gathered.len())).collect()
    }

    /// Everything that waits, the last block as far as it is filled. Empty blocks go back.
    pub(super) fn cut_all(&mut self) -> Vec<Block> {
        let mut blocks: Vec<_> = self.gathered.drain(..).collect();
        for block in self.filling.drain(..) {
            if block.filled().is_empty() {
                self.pool.put_back([block]);
            } else {
                blocks.push(block);
            }
        }
        blocks
    }

    fn room(&self) -> usize {
        self.filling.iter().map(Block::room).sum()
    }

    fn advance(&mut self, mut bytes: usize) {
        while bytes > 0
            && let Some(block) = self.filling.front_mut()
        {
            let (before, now) = (block.filled().len(), block.room().min(bytes));
            block.advance(now);
            bytes -= now;
            self.beginning.push(&block.filled()[before..]);
            if let Some(scanning) = &mut self.scanning {
                scanning.push(&block.filled()[before..]);
            }
            if block.is_full() && !block.is_small() {
                self.gathered.extend(self.filling.pop_front());
            }
        }
    }
}
