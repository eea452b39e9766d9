//! Texts that must never reach a log, an error message or a debug print, and are wiped from memory
//! when they are no longer needed.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// A text that must never be printed. Clones share it; it is overwritten when the last is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Wraps a secret. The text is moved, not copied.
    pub fn new(text: String) -> Self {
        Self(Arc::new(Zeroizing::new(text)))
    }

    /// The secret itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use zeroize::ZeroizeOnDrop;

    use super::*;

    /// Does not compile for a type that leaves its bytes behind.
    fn is_wiped_when_dropped(_: &impl ZeroizeOnDrop) {}

    #[test]
    fn a_secret_is_not_printed_and_is_wiped() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "*** Some(***)");
        is_wiped_when_dropped(&*secret.0);
    }

    #[test]
    fn clones_are_no_copies() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(secret.clone().expose().as_ptr(), secret.expose().as_ptr());
    }
}
