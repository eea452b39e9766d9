//! How often the log is told of others, which whoever owns a port decides.

use std::fmt;
use std::sync::Arc;

/// Whether the log may be told of something that others can bring about as often as they like.
/// Clones share it.
#[derive(Clone)]
pub struct LogRule(Arc<dyn Fn(&'static str) -> bool + Send + Sync>);

impl LogRule {
    /// `permits` is asked with what it is about.
    pub fn new(permits: impl Fn(&'static str) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(permits))
    }

    /// Whether `what` has happened may be told now.
    pub(super) fn permits(&self, what: &'static str) -> bool {
        (self.0)(what)
    }
}

impl fmt::Debug for LogRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogRule")
    }
}
