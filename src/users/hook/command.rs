//! `auth_command`: a program that reads the question and writes the answer.
//!
//! It gets the question on its standard input, where no other user of the machine can see it, and
//! next to nothing of the server's environment, which may hold the store's keys. Of Pure-FTPd's
//! variables it gets those that are no secret.

use std::io::{ErrorKind, PipeReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use std::{env, io};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};

use super::answer::HookAnswer;
use super::fault::HookFault;
use super::question::HookQuestion;
use crate::limits;
use crate::users::LoginError;

/// What a program gets of the server's environment.
const PASSED_ON: &[&str] = &["PATH", "LANG", "LC_ALL", "TZ"];

/// A program that runs. When this is dropped, neither it nor any child of its group is left.
struct Running(Child);

/// Asks the program `words`, as long as `is_wanted`.
pub(super) fn ask(
    words: &[String],
    question: &HookQuestion<'_>,
    deadline: Instant,
    is_wanted: &mut dyn FnMut() -> bool,
) -> Result<HookAnswer, LoginError> {
    let unreachable = |error: io::Error| {
        log::debug!("auth_command: {error}");
        LoginError::from(HookFault::Unreachable)
    };
    let (mut output, writer) = io::pipe().map_err(unreachable)?;
    // Nothing but this keeps the other end of the pipe open, once the program has ended.
    let mut running = Running(start(words, question, writer.into()).map_err(unreachable)?);
    if let Some(mut input) = running.0.stdin.take() {
        // A pipe takes more than a question has. Whoever does not read it can do without.
        let _ = input.write_all(&question.json);
    }
    let bytes = read(&mut output, deadline, is_wanted)?;
    Ok(HookAnswer::parse(&bytes)?)
}

fn start(words: &[String], question: &HookQuestion<'_>, output: Stdio) -> io::Result<Child> {
    let (program, arguments) = words.split_first().ok_or(ErrorKind::NotFound)?;
    let mut command = Command::new(program);
    let kept = PASSED_ON.iter().filter_map(|name| Some((*name, env::var_os(name)?)));
    command
        .args(arguments)
        .env_clear()
        .envs(kept)
        .env("AUTHD_ACCOUNT", question.name)
        .env("AUTHD_REMOTE_IP", question.client.to_string())
        .env("AUTHD_ENCRYPTED", if question.is_encrypted { "1" } else { "0" })
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(output)
        // It may hold anything, also a password.
        .stderr(Stdio::null())
        .spawn()
}

/// All that comes until the end.
fn read(
    output: &mut PipeReader,
    deadline: Instant,
    is_wanted: &mut dyn FnMut() -> bool,
) -> Result<Vec<u8>, LoginError> {
    let mut bytes = vec![0; limits::HOOK_ANSWER_BYTES + 1];
    let mut filled = 0;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(HookFault::Late.into());
        }
        let step = Timespec::try_from(left.min(limits::PASSWORD_CHECK_STEP));
        let mut waited_for = [PollFd::new(output, PollFlags::IN)];
        match poll(&mut waited_for, step.ok().as_ref()) {
            Ok(0) if !is_wanted() => return Err(LoginError::Abandoned),
            Ok(0) | Err(rustix::io::Errno::INTR) => continue,
            _ => {}
        }
        match output.read(&mut bytes[filled..]) {
            Ok(0) if filled > limits::HOOK_ANSWER_BYTES => return Err(HookFault::Confused.into()),
            Ok(0) => {
                bytes.truncate(filled);
                return Ok(bytes);
            }
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Err(HookFault::Unreachable.into()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Not waited for yet, so its number is nobody else's.
        if let Some(group) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.0.wait();
    }
}
