//! What a store answered last.

use std::time::SystemTime;

use super::Operation;

/// The answer to one request, or that none came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreAnswer {
    /// When.
    pub at: SystemTime,
    /// What was asked.
    pub operation: Operation,
    /// The status of HTTP; `None` where no answer came.
    pub status: Option<u16>,
}
