//! What wakes the session's thread while it waits for others.

use std::cell::RefCell;
use std::io;

use crate::net::Wake;

/// The wake of one session, made when it is first needed: an idle session costs no second
/// descriptor. Afterwards the next session of this thread may have it, which spares cameras that
/// log in for each picture two system calls.
#[derive(Debug, Default)]
pub(super) struct OwnWake(Option<Wake>);

thread_local! {
    /// That of this thread's last session.
    static SPARE: RefCell<Option<Wake>> = const { RefCell::new(None) };
}

impl OwnWake {
    /// A clone of it.
    ///
    /// # Errors
    /// When the machine gives no descriptor.
    pub(super) fn get(&mut self) -> io::Result<Wake> {
        let wake = match self.0.take().or_else(|| SPARE.take()) {
            Some(wake) => wake,
            None => Wake::new()?,
        };
        self.0 = Some(wake.clone());
        Ok(wake)
    }
}

impl Drop for OwnWake {
    fn drop(&mut self) {
        // Where somebody may still ring it, it goes with the last of them.
        if let Some(wake) = self.0.take().filter(Wake::is_only) {
            SPARE.set(Some(wake));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn the_next_session_of_a_thread_has_the_wake_unless_somebody_may_ring_it() {
        let place = |wake: &Wake| std::os::fd::AsFd::as_fd(wake).as_raw_fd();
        let mut first = OwnWake::default();
        let its = place(&first.get().unwrap());
        assert_eq!(place(&first.get().unwrap()), its, "a session has one");
        let mut beside = OwnWake::default();
        assert_ne!(place(&beside.get().unwrap()), its);
        drop((beside, first));
        let mut second = OwnWake::default();
        let late = second.get().unwrap();
        assert_eq!(place(&late), its);
        drop(second);
        let mut third = OwnWake::default();
        assert_ne!(place(&third.get().unwrap()), its, "somebody has it yet");
        drop(late);
    }
}
