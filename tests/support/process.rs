//! Processes that tests begin, and their end.

use std::io;
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};

/// Ends it, whatever it does, and waits for that. What could not be signalled is not waited for: it
/// would be for ever.
pub(crate) fn end(child: &mut Child) {
    finish(child, Child::kill);
}

/// Asks it to end, for a program that has to end others first, and waits for that.
pub(crate) fn ask_to_end(child: &mut Child) {
    finish(child, |child| Ok(kill_process(Pid::from_child(child), Signal::TERM)?));
}

fn finish(child: &mut Child, signal: impl Fn(&mut Child) -> io::Result<()>) {
    // A number is nobody else's before it has been waited for; afterwards nothing is signalled.
    if let Ok(Some(_)) = child.try_wait() {
        return;
    }
    if let Err(error) = signal(child).and_then(|()| child.wait().map(drop)) {
        eprintln!("process {} cannot be ended: {error}", child.id());
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn what_cannot_be_signalled_is_not_waited_for() {
        let mut child =
            Command::new("sh").args(["-c", "read line"]).stdin(Stdio::piped()).spawn().unwrap();
        finish(&mut child, |_| Err(io::ErrorKind::PermissionDenied.into()));
        assert_eq!(child.try_wait().unwrap(), None);
        end(&mut child);
        assert_eq!(child.try_wait().unwrap().unwrap().signal(), Some(Signal::KILL.as_raw()));
        // Twice is no error.
        ask_to_end(&mut child);
    }
}
