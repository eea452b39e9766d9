//! Waiting for several descriptors at once.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// What to wait for on one descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Bytes, a connection to accept, or end of file.
    Read,
    /// Room to write, or the outcome of a connect.
    Write,
    /// Only the end of the connection: it is broken, or was shut down in both directions.
    End,
    /// Nothing: the descriptor is left out of the wait. Even a broken connection does not end it.
    Nothing,
}

/// Waits until at least one of `wanted` is ready or `timeout` has passed (`None`: for ever), and
/// tells for each whether it is ready; all are `false` after the time-out. An error or hang-up on
/// a descriptor makes it ready: the next read or write tells what happened.
///
/// Interruptions by signals are not seen; the wait goes on for the time that is left.
///
/// # Errors
/// When the kernel is out of memory.
pub fn wait<const N: usize>(
    wanted: [(BorrowedFd<'_>, Interest); N],
    timeout: Option<Duration>,
) -> io::Result<[bool; N]> {
    // Of those that are left out there is nothing in the first `count`. No allocation: this is
    // called for every command.
    let mut polled = wanted.map(|(fd, _)| PollFd::from_borrowed_fd(fd, PollFlags::empty()));
    let mut count = 0;
    for (fd, interest) in wanted {
        if let Some(flags) = interest.flags() {
            polled[count] = PollFd::from_borrowed_fd(fd, flags);
            count += 1;
        }
    }
    let polled = &mut polled[..count];
    poll_within(polled, timeout)?;
    // They are in their order.
    let mut results = polled.iter().map(|fd| !fd.revents().is_empty());
    Ok(wanted.map(|(_, interest)| interest != Interest::Nothing && results.next() == Some(true)))
}

/// As [`wait`], for any number of them.
///
/// # Errors
/// When the kernel is out of memory.
pub fn wait_for_any(
    wanted: &[(BorrowedFd<'_>, Interest)],
    timeout: Option<Duration>,
) -> io::Result<Vec<bool>> {
    let polled = wanted.iter().filter_map(|(fd, interest)| {
        interest.flags().map(|flags| PollFd::from_borrowed_fd(*fd, flags))
    });
    let mut polled: Vec<_> = polled.collect();
    poll_within(&mut polled, timeout)?;
    let mut results = polled.iter().map(|fd| !fd.revents().is_empty());
    let ready = |interest| interest != Interest::Nothing && results.next() == Some(true);
    Ok(wanted.iter().map(|(_, interest)| *interest).map(ready).collect())
}

impl Interest {
    /// What the kernel is asked for; `None` leaves the descriptor out.
    fn flags(self) -> Option<PollFlags> {
        match self {
            Self::Read => Some(PollFlags::IN),
            Self::Write => Some(PollFlags::OUT),
            // Told in any case.
            Self::End => Some(PollFlags::empty()),
            Self::Nothing => None,
        }
    }
}

fn poll_within(polled: &mut [PollFd<'_>], timeout: Option<Duration>) -> io::Result<()> {
    let begun = Instant::now();
    let mut left = timeout;
    loop {
        // A time too long for the kernel is as good as none.
        let at_most = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(polled, at_most.as_ref()) {
            Err(Errno::INTR) => {
                left = timeout.map(|timeout| timeout.saturating_sub(begun.elapsed()));
            }
            other => return other.map(drop).map_err(io::Error::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::*;
    use crate::net::Wake;

    const LONG: Option<Duration> = Some(Duration::from_secs(60));

    #[test]
    fn tells_which_descriptor_is_ready() {
        let (reader, mut writer) = UnixStream::pair().unwrap();
        let wake = Wake::new().unwrap();
        writer.write_all(b"x").unwrap();
        let ready = wait([(reader.as_fd(), Interest::Read), (wake.as_fd(), Interest::Read)], LONG);
        assert_eq!(ready.unwrap(), [true, false]);

        wake.notify();
        let ready =
            wait([(reader.as_fd(), Interest::Nothing), (wake.as_fd(), Interest::Read)], LONG);
        assert_eq!(ready.unwrap(), [false, true]);
    }

    #[test]
    fn a_hang_up_is_ready_unless_left_out() {
        let (reader, writer) = UnixStream::pair().unwrap();
        drop(writer);
        assert_eq!(wait([(reader.as_fd(), Interest::Read)], LONG).unwrap(), [true]);
        let no_time = Some(Duration::ZERO);
        assert_eq!(wait([(reader.as_fd(), Interest::Nothing)], no_time).unwrap(), [false]);
    }

    #[test]
    fn an_end_is_told_although_there_is_data_and_room() {
        let (reader, mut writer) = UnixStream::pair().unwrap();
        writer.write_all(b"x").unwrap();
        let wanted = || [(reader.as_fd(), Interest::End)];
        assert_eq!(wait(wanted(), Some(Duration::ZERO)).unwrap(), [false]);
        reader.shutdown(std::net::Shutdown::Both).unwrap();
        assert_eq!(wait(wanted(), LONG).unwrap(), [true]);
    }

    #[test]
    fn the_time_out_ends_it() {
        let wake = Wake::new().unwrap();
        let timeout = Duration::from_millis(20);
        let before = Instant::now();
        assert_eq!(wait([(wake.as_fd(), Interest::Read)], Some(timeout)).unwrap(), [false]);
        assert!(before.elapsed() >= timeout);
    }

    #[test]
    fn another_thread_ends_a_wait_without_time_out() {
        let wake = Wake::new().unwrap();
        let other = wake.clone();
        let notifier = std::thread::spawn(move || other.notify());
        assert_eq!(wait([(wake.as_fd(), Interest::Read)], None).unwrap(), [true]);
        notifier.join().unwrap();
    }
}
