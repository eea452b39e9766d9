//! The server under test: the real binary with a configuration of its own, on a port the system
//! chose, over a directory or a bucket.

/// What it is started with.
mod setup;

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use self::setup::Place;
pub(crate) use self::setup::{Setup, Written};
use super::process::end;
use super::stored::Stored;

/// The account that every server has: it may do everything.
pub(crate) const USER: &str = "alice";
/// Its password.
pub(crate) const PASSWORD: &str = "secret-1";

/// How long the server may take to start or to stop when nothing holds it up.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server. It is killed when dropped.
pub(crate) struct TestServer {
    child: Child,
    address: SocketAddr,
    log: Arc<Log>,
    stored: Stored,
    dir: TempDir,
}

impl TestServer {
    fn start(setup: Setup) -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        let config = setup.write_into(dir.path());
        let stored = match setup.place {
            Place::Directory => Stored::Directory(dir.path().join("data")),
            Place::Bucket { name, .. } => Stored::Bucket(name),
        };
        let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
        command.arg("--config").arg(config).envs(setup.environment);
        let (child, address, log) = spawn(command);
        Self { child, address, log, stored, dir }
    }

    /// Starts `command`, which must be a server with `listen_port = 0` and one address.
    pub(crate) fn port_of(command: Command) -> (Killed, u16) {
        let (child, address, _) = spawn(command);
        (Killed(child), address.port())
    }

    /// Where it listens for implicit TLS.
    pub(crate) fn implicit_address(&self) -> SocketAddr {
        let line = self.wait_for_log("listening for implicit TLS at ");
        let address = line.rsplit(' ').next().and_then(|text| text.parse().ok());
        address.unwrap_or_else(|| panic!("no address in {line:?}"))
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server's process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the store holds.
    pub(crate) fn stored(&self) -> &Stored {
        &self.stored
    }

    /// A directory for the test's own files.
    pub(crate) fn scratch(&self) -> PathBuf {
        let path = self.dir.path().join("scratch");
        fs::create_dir_all(&path).expect("a directory");
        path
    }

    /// All that was logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().join("\n")
    }

    /// Waits until a line holds `text`, and returns it.
    pub(crate) fn wait_for_log(&self, text: &str) -> String {
        self.log.wait_for(text)
    }

    /// Waits until a line is what `is_it` looks for, and returns it.
    pub(crate) fn wait_for_line(&self, is_it: impl Fn(&str) -> bool) -> String {
        self.log.wait_for_line(0, "what was looked for", is_it)
    }

    /// As [`Self::wait_for_log`], past the first `skip` lines.
    pub(crate) fn wait_for_log_after(&self, skip: usize, text: &str) -> String {
        self.log.wait_for_line(skip, text, |line| line.contains(text))
    }

    /// Puts another text in the place of the configuration's.
    pub(crate) fn rewrite_config(&self, change: impl FnOnce(String) -> String) {
        let path = self.config();
        let text = fs::read_to_string(&path).expect("the configuration");
        fs::write(path, change(text)).expect("the configuration");
    }

    /// A file beside the configuration.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.dir.path().join("vsftpd.conf")
    }

    /// The directory of its log.
    pub(crate) fn log_dir(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Ends it at once; what it stored stays.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
        self.log.wait_for_end();
    }

    /// Waits until it has ended, or nobody of it can write a line any more.
    pub(crate) fn wait_for_end_of_log(&self) {
        self.log.wait_for_end();
    }

    /// Asks it to stop, as `kill` does, and waits for the end.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("the server can be waited for") {
                return status;
            }
            assert!(Instant::now() < deadline, "the server did not stop:\n{}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        end(&mut self.child);
        if thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        }
    }
}

/// A process that ends with its owner.
pub(crate) struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        end(&mut self.0);
    }
}

fn spawn(mut command: Command) -> (Child, SocketAddr, Arc<Log>) {
    let (reader, writer) = io::pipe().expect("a pipe");
    command.stdin(Stdio::null()).stderr(writer.try_clone().expect("a descriptor")).stdout(writer);
    let child = command.spawn().expect("the server starts");
    // The writing ends in it would keep the reader waiting for ever.
    drop(command);
    let log = Arc::new(Log::default());
    let sink = Arc::clone(&log);
    thread::spawn(move || sink.collect(reader));
    let line = log.wait_for("listening on ");
    // The end of a line of JSON, where the log has those.
    let address = line.trim_end_matches("\"}").rsplit(' ').next();
    let address = address.and_then(|text| text.parse().ok());
    (child, address.unwrap_or_else(|| panic!("no address in {line:?}")), log)
}

/// The lines a server wrote.
#[derive(Default)]
struct Log {
    lines: Mutex<Vec<String>>,
    ended: Mutex<bool>,
    grown: Condvar,
}

impl Log {
    fn collect(&self, reader: io::PipeReader) {
        for line in BufReader::new(reader).lines().map_while(Result::ok) {
            self.lock().push(line);
            self.grown.notify_all();
        }
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        let _lines = self.lock();
        self.grown.notify_all();
    }

    /// Waits until nobody can write to it any more.
    fn wait_for_end(&self) {
        let lines = self.lock();
        let (_lines, waited) = self
            .grown
            .wait_timeout_while(lines, PATIENCE, |_| !self.has_ended())
            .expect("the log is whole");
        assert!(!waited.timed_out(), "the server goes on writing");
    }

    fn has_ended(&self) -> bool {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for(&self, text: &str) -> String {
        self.wait_for_line(0, text, |line| line.contains(text))
    }

    /// `wanted`: what it is, in words.
    fn wait_for_line(&self, skip: usize, wanted: &str, is_it: impl Fn(&str) -> bool) -> String {
        let found = |lines: &[String]| lines.iter().skip(skip).find(|line| is_it(line)).cloned();
        let lines = self.lock();
        let (lines, _) = self
            .grown
            .wait_timeout_while(lines, PATIENCE, |lines| {
                found(lines).is_none() && !self.has_ended()
            })
            .expect("the log is whole");
        found(&lines).unwrap_or_else(|| panic!("no {wanted:?} in the log:\n{}", lines.join("\n")))
    }
}
