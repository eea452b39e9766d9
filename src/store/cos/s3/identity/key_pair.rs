//! A pair of keys.

use std::fmt;

use crate::secret::Secret;

/// What signs a request.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct KeyPair {
    /// The public half.
    pub(crate) id: Secret,
    /// The secret half.
    pub(crate) secret: Secret,
    /// What a temporary pair comes with; it is sent along.
    pub(crate) token: Option<Secret>,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPair(***)")
    }
}
