//! Memory for data, taken from the system and given back to it. An allocator would keep what the
//! busiest hour needed: its arenas shrink at their ends only.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};

use memmap2::MmapMut;

use crate::limits;

/// Bytes that start as zeros. Pages are taken when they are touched, and all are given back when
/// it is dropped.
#[derive(Debug)]
pub(super) struct Memory(Kind);

#[derive(Debug)]
enum Kind {
    Mapped(MmapMut),
    Allocated(Box<[u8]>),
}

/// How much is mapped by this process, beside what its allocator knows of.
#[derive(Clone, Copy, Debug)]
pub struct Mapped;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

impl Memory {
    /// `bytes` of it: small ones come from the allocator, and so do those for which the system has
    /// no mapping left.
    pub(super) fn new(bytes: usize) -> Self {
        let maps = bytes >= limits::LEAST_MAPPING_BYTES && Mapped::now() < limits::MAPPED_BYTES;
        let mapped = maps.then(|| MmapMut::map_anon(bytes).ok()).flatten();
        Self(match mapped {
            Some(mapped) => {
                let now = NOW.fetch_add(bytes, Ordering::Relaxed) + bytes;
                PEAK.fetch_max(now, Ordering::Relaxed);
                Kind::Mapped(mapped)
            }
            None => Kind::Allocated(vec![0; bytes].into_boxed_slice()),
        })
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Kind::Mapped(mapped) = &self.0 {
            NOW.fetch_sub(mapped.len(), Ordering::Relaxed);
        }
    }
}

impl Deref for Memory {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Kind::Mapped(mapped) => mapped,
            Kind::Allocated(bytes) => bytes,
        }
    }
}

impl DerefMut for Memory {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Kind::Mapped(mapped) => mapped,
            Kind::Allocated(bytes) => bytes,
        }
    }
}

impl Mapped {
    /// Bytes mapped now.
    pub fn now() -> usize {
        NOW.load(Ordering::Relaxed)
    }

    /// Bytes mapped at most since the start, or since [`Self::reset_peak`].
    pub fn peak() -> usize {
        PEAK.load(Ordering::Relaxed)
    }

    /// Begins a new measurement.
    pub fn reset_peak() {
        PEAK.store(Self::now(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_zero_and_can_be_written() {
        for bytes in [1, limits::LEAST_MAPPING_BYTES, limits::BLOCK_BYTES] {
            let mut memory = Memory::new(bytes);
            assert_eq!(memory.len(), bytes);
            assert!(memory.iter().all(|byte| *byte == 0));
            memory[bytes - 1] = 7;
            assert_eq!(memory[bytes - 1], 7);
            let is_mapped = matches!(memory.0, Kind::Mapped(_));
            assert_eq!(is_mapped, bytes >= limits::LEAST_MAPPING_BYTES, "{bytes}");
        }
    }
}
