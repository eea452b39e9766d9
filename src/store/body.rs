//! What is sent to a store: bytes that stay where they are until they are confirmed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A request body in pieces. The pieces are borrowed, so a failed request is sent again from the
/// same memory, and nothing is copied on the way here.
#[derive(Clone, Copy, Debug)]
pub struct Body<'a> {
    pieces: &'a [&'a [u8]],
    len: u64,
    cancel: &'a Cancel,
}

impl<'a> Body<'a> {
    /// A body of `pieces` in order, given up when `cancel` is raised.
    pub fn new(pieces: &'a [&'a [u8]], cancel: &'a Cancel) -> Self {
        let len = pieces.iter().map(|piece| piece.len() as u64).sum();
        Self { pieces, len, cancel }
    }

    /// Bytes in all pieces.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The pieces, in order.
    pub fn pieces(&self) -> &'a [&'a [u8]] {
        self.pieces
    }

    /// Raised when nobody wants the request any more.
    pub fn cancel(&self) -> &'a Cancel {
        self.cancel
    }
}

/// A flag that ends the requests of one transfer: a body's reader turns it into an error, a retry
/// loop stops at it.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A flag that is not raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises the flag, for good.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it was raised.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
