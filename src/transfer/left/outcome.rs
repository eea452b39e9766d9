//! What comes of what was left.

/// What came of the try to publish one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeftOutcome {
    /// Nothing is left to be done.
    Ended,
    /// The store does not answer now.
    StoreAway,
    /// Nor did it a moment ago.
    NotAsked,
    /// A newer upload of the name is to end first.
    Waits,
    /// Somebody goes on with it at present.
    Taken,
}
