//! How many files are moved from mount to mount at once: each takes the memory of a part.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::limits;

/// The places of those who move files. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct CopyPlaces(Arc<AtomicUsize>);

/// One of them, given back when it is dropped.
#[derive(Debug)]
pub(super) struct CopyPlace<'a>(&'a AtomicUsize);

impl CopyPlaces {
    /// A place, if one is free.
    pub(super) fn take(&self) -> Option<CopyPlace<'_>> {
        let more = |taken| (taken < limits::MOUNT_COPIES).then_some(taken + 1);
        let taken = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        taken.is_ok().then(|| CopyPlace(&self.0))
    }
}

impl Drop for CopyPlace<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back() {
        let places = CopyPlaces::default();
        let taken: Vec<_> = (0..limits::MOUNT_COPIES).map_while(|_| places.take()).collect();
        assert_eq!(taken.len(), limits::MOUNT_COPIES);
        assert!(places.clone().take().is_none(), "clones share them");
        drop(taken);
        assert!(places.take().is_some());
    }
}
