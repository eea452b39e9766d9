//! Waking a thread that waits in `poll` from another thread.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::event::{EventfdFlags, eventfd};

/// An eventfd: [`Wake::notify`] makes its descriptor readable until [`Wake::clear`].
#[derive(Clone, Debug)]
pub struct Wake(Arc<OwnedFd>);

impl Wake {
    /// A new one, not readable.
    ///
    /// # Errors
    /// When the process is out of descriptors.
    pub fn new() -> io::Result<Self> {
        let fd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self(Arc::new(fd)))
    }

    /// Wakes the waiting thread, or lets its next wait return at once.
    pub fn notify(&self) {
        // The counter saturates only after 2^64 - 2 unread wakes, and then it is readable anyway.
        let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }

    /// Whether nobody else has it, so that nobody can ring it any more.
    pub fn is_only(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// Takes all wakes that came so far.
    pub fn clear(&self) {
        // EAGAIN: nothing had come, which is as good.
        let _ = rustix::io::read(&self.0, &mut [0_u8; 8]);
    }
}

impl AsFd for Wake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
