//! A terminal on which a command runs, and somebody who types and reads.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use cos_ftp_server::net::{Interest, wait};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use super::polling::pause;
use super::process::end;

/// How long something may be waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The command, and the other side of its terminal. Dropping it closes the terminal and ends the
/// command.
pub(crate) struct Terminal {
    child: Child,
    screen: Option<File>,
    shown: String,
}

impl Terminal {
    /// Runs `command`, of which nothing but program and arguments counts, as the first process of a
    /// terminal of its own.
    pub(crate) fn run(command: &Command) -> Self {
        // No child of another test may keep it open.
        let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
            .expect("a terminal");
        grantpt(&screen).and_then(|()| unlockpt(&screen)).expect("its other side");
        let name = ptsname(&screen, Vec::new()).expect("its name").into_string().expect("UTF-8");
        let open = || OpenOptions::new().read(true).write(true).open(&name).expect("the terminal");
        // Replaces itself by the command.
        let child = Command::new("setsid")
            .arg("--ctty")
            .arg(command.get_program())
            .args(command.get_args())
            .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .stdin(open())
            .stdout(open())
            .stderr(open())
            .spawn()
            .expect("setsid runs");
        Self { child, screen: Some(File::from(screen)), shown: String::new() }
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until `text` is shown behind what was waited for before; what came up to it.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.shown.find(text) {
                let rest = self.shown.split_off(at + text.len());
                return std::mem::replace(&mut self.shown, rest);
            }
            assert!(self.read(deadline), "{text:?} was not shown: {:?}", self.shown);
        }
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, line: &str) {
        let screen = self.screen.as_mut().expect("the terminal is open");
        screen.write_all(format!("{line}\n").as_bytes()).expect("the terminal takes it");
    }

    /// Types a line once the terminal no longer shows what is typed.
    pub(crate) fn type_hidden(&mut self, line: &str) {
        let deadline = Instant::now() + PATIENCE;
        let shows = |screen: &File| {
            tcgetattr(screen).expect("its state").local_modes.contains(LocalModes::ECHO)
        };
        while shows(self.screen.as_ref().expect("the terminal is open")) {
            assert!(Instant::now() < deadline, "what is typed would be shown: {:?}", self.shown);
            pause();
        }
        self.type_line(line);
    }

    /// Closes it, as one closes a window.
    pub(crate) fn close(&mut self) {
        self.screen = None;
    }

    /// Waits for the end of the command; what it has shown since, and how it ended.
    pub(crate) fn end(&mut self) -> (String, ExitStatus) {
        let deadline = Instant::now() + PATIENCE;
        while self.read(deadline) {}
        (std::mem::take(&mut self.shown), self.child.wait().expect("it can be waited for"))
    }

    /// Whether more may come.
    fn read(&mut self, deadline: Instant) -> bool {
        let Some(screen) = self.screen.as_mut() else { return false };
        let left = deadline.saturating_duration_since(Instant::now());
        let ready = wait([(screen.as_fd(), Interest::Read)], Some(left)).expect("poll");
        let mut bytes = [0; 4096];
        // An error is how a terminal tells that nobody has it open any more.
        let got = if ready == [true] { screen.read(&mut bytes).unwrap_or(0) } else { 0 };
        self.shown.push_str(&String::from_utf8_lossy(&bytes[..got]));
        got > 0
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}
