//! `command`: a program that is run for each event, with the event on its standard input.
//!
//! No shell comes near names that clients choose. It gets next to nothing of the server's
//! environment, which may hold the store's keys, and leads a process group of its own: one that
//! takes too long ends with all that it has started.

use std::io::{self, ErrorKind, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};
use std::{env, thread};

use process_wrap::std::{ChildWrapper, CommandWrap, ProcessGroup};

use super::not_taken::NotTaken;
use super::record::Event;

/// What a program gets of the server's environment.
const PASSED_ON: &[&str] = &["PATH", "LANG", "LC_ALL", "TZ"];

/// Between two looks whether it has ended: most end soon, and none is looked at often.
const FIRST_LOOK: Duration = Duration::from_millis(1);
const LAST_LOOK: Duration = Duration::from_millis(50);

/// A program that runs. Dropped before its end, it is killed with its group.
struct RunningCommand {
    child: Box<dyn ChildWrapper>,
    has_ended: bool,
}

/// Runs the program `words` for `event`, as long as `is_wanted`.
///
/// # Errors
/// When it does not end with status 0 within `timeout`.
pub(super) fn tell(
    words: &[String],
    event: &Event,
    timeout: Duration,
    is_wanted: &dyn Fn() -> bool,
) -> Result<(), NotTaken> {
    let deadline = Instant::now() + timeout;
    let child = start(words, event).map_err(NotTaken::because)?;
    let mut running = RunningCommand { child, has_ended: false };
    if let Some(mut input) = running.child.stdin().take() {
        // A pipe takes more than an event has. Whoever does not read it can do without.
        let _ = input.write_all(&event.to_json()).and_then(|()| input.write_all(b"\n"));
    }
    let mut look = FIRST_LOOK;
    loop {
        if let Some(status) = running.child.try_wait().map_err(NotTaken::because)? {
            running.has_ended = true;
            return if status.success() { Ok(()) } else { Err(NotTaken::because(status)) };
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(NotTaken::because("it took longer than timeout, and was killed"));
        }
        if !is_wanted() {
            return Err(NotTaken::because("the server stops"));
        }
        thread::sleep(look.min(left));
        look = (look * 2).min(LAST_LOOK);
    }
}

fn start(words: &[String], event: &Event) -> io::Result<Box<dyn ChildWrapper>> {
    let (program, arguments) = words.split_first().ok_or(ErrorKind::NotFound)?;
    let kept = PASSED_ON.iter().filter_map(|name| Some((*name, env::var_os(name)?)));
    let mut command = CommandWrap::with_new(program, |command| {
        command
            .args(arguments)
            .env_clear()
            .envs(kept)
            .env("EVENT_ID", &event.id)
            .env("EVENT_TYPE", event.kind.name())
            .env("EVENT_PATH", &event.path)
            .env("EVENT_BUCKET", &event.bucket)
            .env("EVENT_KEY", &event.key)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
    });
    command.wrap(ProcessGroup::leader()).spawn()
}

impl Drop for RunningCommand {
    fn drop(&mut self) {
        if !self.has_ended {
            // Gone already is as good.
            let _ = self.child.start_kill();
            let _ = self.child.wait();
        }
    }
}
