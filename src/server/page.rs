//! What whoever runs the server may look at in a browser: given to the server, which serves it
//! beside its metrics.

use std::fmt;

/// A page and what it shows.
pub struct StatusPage {
    /// The whole of it, in HTML.
    pub html: &'static str,
    /// What it may load and run: the header `Content-Security-Policy`.
    pub policy: String,
    /// Tells what the server is doing now, in JSON.
    pub report: Box<dyn Fn() -> String + Send + Sync>,
}

impl fmt::Debug for StatusPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusPage").field("policy", &self.policy).finish_non_exhaustive()
    }
}
