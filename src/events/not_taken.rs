//! What keeps a receiver from an event.

use std::fmt;

/// Why a receiver has not taken an event.
#[derive(Debug)]
pub(super) struct NotTaken(String);

impl NotTaken {
    /// In words.
    pub(super) fn because(why: impl fmt::Display) -> Self {
        Self(why.to_string())
    }
}

impl fmt::Display for NotTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
