//! A file that one server uses at a time.

use std::fs::{File, TryLockError};
use std::io;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A server that is about to end, and a program that is about to be started, hold it that long.
const PATIENCE: Duration = Duration::from_secs(1);

const PAUSE: Duration = Duration::from_millis(20);

/// Takes `file` for this process until it is closed.
///
/// # Errors
/// When another server uses it.
pub(super) fn take(file: &File) -> io::Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < until => sleep(PAUSE),
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::other("another server uses it"));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn who_is_about_to_end_is_waited_for() {
        let path = tempfile::NamedTempFile::new().unwrap();
        let first = File::open(path.path()).unwrap();
        take(&first).unwrap();
        let second = File::open(path.path()).unwrap();
        thread::scope(|scope| {
            let taken = scope.spawn(|| take(&second));
            sleep(PAUSE * 3);
            drop(first);
            taken.join().unwrap().unwrap();
        });
        let third = File::open(path.path()).unwrap();
        assert!(take(&third).unwrap_err().to_string().contains("another server"));
    }
}
