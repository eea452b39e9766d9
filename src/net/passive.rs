//! The ports of passive mode.

use std::ops::RangeInclusive;

/// The configured range, shared by all sessions.
#[derive(Debug)]
pub struct PassivePorts {
    range: RangeInclusive<u16>,
}

impl PassivePorts {
    /// All ports of `range` are free.
    pub fn new(range: RangeInclusive<u16>) -> Self {
        Self { range }
    }

    /// The configured range.
    pub fn range(&self) -> &RangeInclusive<u16> {
        &self.range
    }
}
