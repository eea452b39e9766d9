//! What wakes the session's thread while it waits for others.

use std::io;

use crate::net::Wake;

/// The wake of one session, made when it is first needed: an idle session costs no second
/// descriptor.
#[derive(Debug, Default)]
pub(super) struct OwnWake(Option<Wake>);

impl OwnWake {
    /// A clone of it.
    ///
    /// # Errors
    /// When the machine gives no descriptor.
    pub(super) fn get(&mut self) -> io::Result<Wake> {
        let wake = match self.0.take() {
            Some(wake) => wake,
            None => Wake::new()?,
        };
        self.0 = Some(wake.clone());
        Ok(wake)
    }
}
