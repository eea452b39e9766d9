//! The one place where a transfer blocks.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::net::{Interest, Wake, wait};
use crate::transfer::Control;

/// What woke the session's thread.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Woken {
    /// The control connection holds something, or another thread rang.
    pub(super) control: bool,
    /// The data connection is ready.
    pub(super) data: bool,
}

/// Waits for the control connection, for other threads, and for the data connection if one is
/// given, at most for `timeout`.
pub(super) fn wait_for(
    control: &dyn Control,
    wake: &Wake,
    data: Option<(BorrowedFd<'_>, Interest)>,
    timeout: Option<Duration>,
) -> io::Result<Woken> {
    use std::os::fd::AsFd;
    let mut all = vec![(wake.as_fd(), Interest::Read)];
    let control_at = control.descriptor().map(|fd| {
        all.push((fd, Interest::Read));
        all.len() - 1
    });
    let data_at = data.map(|data| {
        all.push(data);
        all.len() - 1
    });
    let ready = wait(&all, timeout)?;
    let at = |place: Option<usize>| place.is_some_and(|i| ready.contains(i));
    let rung = ready.contains(0);
    if rung {
        wake.clear();
    }
    Ok(Woken { control: rung || at(control_at), data: at(data_at) })
}
