//! `buffer_memory`: the bytes that all transfers together may hold.

/// The process-wide byte budget.
#[derive(Debug)]
pub struct Budget {
    total: u64,
}

impl Budget {
    /// A budget of `total` bytes, all free.
    pub fn new(total: u64) -> Self {
        Self { total }
    }

    /// Its size in bytes.
    pub fn total(&self) -> u64 {
        self.total
    }
}
