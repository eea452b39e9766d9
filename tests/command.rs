//! The command as an operator meets it: arguments, exit status, log and signals.

/// Where it writes.
mod log;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use cos_ftp_server::users::Password;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::support::process::end;

/// How long a line of the log may be waited for.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn version_and_help_go_to_standard_output() {
    let version = command(&["--version"]).output().unwrap();
    assert_eq!(version.status.code(), Some(0));
    let expected = format!("cos-ftp-server {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8(version.stdout).unwrap(), expected);

    let help = command(&["--help"]).output().unwrap();
    assert_eq!(help.status.code(), Some(0));
    assert!(String::from_utf8(help.stdout).unwrap().contains("--check-config"));
}

#[test]
fn a_wrong_argument_is_exit_status_64() {
    let output = command(&["--verbose"]).output().unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(stderr(&output).contains("--verbose"), "{output:?}");
}

#[test]
fn hash_password_reads_a_pipe() {
    let hash = |input: &str| {
        let mut command = command(&["hash-password"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let output = hash("two words\n");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.strip_suffix('\n').unwrap();
    let Ok(Password::Hashed(hashed)) = Password::parse(line) else { panic!("{line}") };
    assert!(hashed.is_of("two words"));
    for nothing in ["", "\n", "a\tb\n"] {
        let output = hash(nothing);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_configuration_that_is_missing_is_exit_status_78() {
    let output = command(&["--config", "/nowhere/vsftpd.conf"]).output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert!(stderr(&output).contains("/nowhere/vsftpd.conf"), "{output:?}");
}

#[test]
fn check_config_names_what_is_wrong_and_serves_nobody() {
    let site = Site::new("");
    let right = site.command(&["--check-config"]).output().unwrap();
    assert_eq!(right.status.code(), Some(0), "{right:?}");
    let text = String::from_utf8(right.stdout).unwrap();
    assert!(text.starts_with("configuration OK: "), "{text}");
    assert!(!text.contains(PASSWORD), "{text}");
    assert!(!site.log().exists());

    let site = Site::new("idle_timeout = soon");
    let wrong = site.command(&["--check-config"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(78));
    assert!(stderr(&wrong).contains("idle_timeout"), "{wrong:?}");

    // A directory that is not there would end the start.
    let site = Site::new("");
    let config = site.path().join("conf/vsftpd.conf");
    let text = fs::read_to_string(&config).unwrap();
    let (begin, end) = text.split_once("cos_endpoint = file://").unwrap();
    fs::write(&config, format!("{begin}cos_endpoint = file:///nowhere{end}")).unwrap();
    let wrong = site.command(&["--check-config"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(78), "{wrong:?}");
    assert!(stderr(&wrong).contains("/nowhere"), "{wrong:?}");
}

#[test]
fn check_config_warns_in_the_language_of_the_environment() {
    let site = Site::new("nonsense = 1");
    for (locale, said) in
        [("zh_CN.UTF-8", "] nonsense: 未知的键，已忽略"), ("C", "] nonsense: unknown key, ignored")]
    {
        let output = site.command(&["--check-config"]).env("LC_ALL", locale).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(stderr(&output).contains(said), "{output:?}");
    }
}

#[test]
fn check_config_finds_a_log_that_the_start_could_not_write() {
    let site = Site::new("");
    fs::write(site.path().join("log"), "in the way").unwrap();
    let of_the_file = site.command(&["--check-config"]).output().unwrap();
    let started = site.command(&[]).output().unwrap();
    assert_eq!(of_the_file.status.code(), started.status.code(), "{of_the_file:?}");
    let told = stderr(&of_the_file);
    // What is warned of is told, too.
    assert!(told.starts_with("warning: ") && told.contains("\nlog_dir cannot be used: "), "{told}");
    assert!(told.contains("/log is not a"), "{told}");
    // Where nothing can be made, not even by root.
    for (key, wanted) in
        [("log_dir", "/proc/nowhere/log"), ("ledger", "/nowhere/at/all/ledger"), ("ledger", "/tmp")]
    {
        let site = Site::new("");
        let config = site.path().join("conf/vsftpd.conf");
        let text = fs::read_to_string(&config).unwrap();
        let kept = text.lines().filter(|line| !line.starts_with(key));
        let text = kept.collect::<Vec<_>>().join("\n") + &format!("\n{key} = {wanted}\n");
        fs::write(&config, text).unwrap();
        let output = site.command(&["--check-config"]).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let told = format!("\n{key} cannot be used: ");
        assert!(stderr(&output).contains(&told), "{output:?}");
    }
}

#[test]
fn the_local_configuration_is_found() {
    let site = Site::new("");
    let output = command(&["--check-config"]).current_dir(site.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn a_taken_port_is_exit_status_1() {
    let first = Running::start(&Site::new(""));
    let second = Site::with_port(first.port, "");
    let output = second.command(&[]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let who = format!("by process {} ({}", first.child.id(), env!("CARGO_BIN_EXE_cos-ftp-server"));
    let key = format!("another listen_port than {}", first.port);
    for told in ["already in use", &who, "--config", &key] {
        assert!(stderr(&output).contains(told), "{told}: {output:?}");
    }
}

#[test]
fn a_stop_tells_how_many_transfers_are_left() {
    let mut running = Running::start(&Site::new("shutdown_grace = 600"));
    let (first, second) = (begin_upload(&running), begin_upload(&running));
    running.signal(Signal::TERM);
    running.wait_for("2 transfers left");
    drop(first);
    let line = running.wait_for("1 transfer left, still running, at most ");
    let seconds = line.rsplit(' ').nth(1).unwrap().parse::<f64>().unwrap();
    assert!(seconds > 0.0 && seconds <= 600.0, "{line}");
    drop(second);
    assert_eq!(running.exit_status(), Some(0));
}

#[test]
fn systemd_is_told_of_every_stage() {
    let site = Site::new("");
    let path = site.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let next = || {
        let mut bytes = [0; 4096];
        let got = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..got].to_vec()).unwrap()
    };
    let told = || loop {
        let text = next();
        if !text.starts_with("STATUS=") {
            break text;
        }
    };
    let mut command = site.command(&[]);
    command.env("NOTIFY_SOCKET", &path);
    let mut running = Running::start_by(command);
    assert_eq!(told(), "READY=1\n");
    let mut client = running.connect();
    client.read_exact(&mut [0; 4]).unwrap();
    while next() != "STATUS=sessions: 1, transfers: 0\n" {}
    for wrong in ["", "idle_timeout = soon\n"] {
        let config = site.path().join("conf/vsftpd.conf");
        let text = fs::read_to_string(&config).unwrap();
        fs::write(&config, text + wrong).unwrap();
        running.signal(Signal::HUP);
        let reloading = told();
        let time = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
        assert!(time.trim_end().parse::<u64>().unwrap() > 0, "{reloading}");
        assert_eq!(told(), "READY=1\n", "whatever became of it");
    }
    running.signal(Signal::TERM);
    assert_eq!(told(), "STOPPING=1\n");
    assert_eq!(running.exit_status(), Some(0));
}

#[test]
fn ctrl_c_and_sigterm_stop_it_with_exit_status_0() {
    for signal in [Signal::INT, Signal::TERM] {
        let site = Site::new("");
        let mut running = Running::start(&site);
        running.signal(signal);
        assert_eq!(running.exit_status(), Some(0), "{signal:?}");
        let log = fs::read_to_string(site.log()).unwrap();
        assert!(log.trim_end().ends_with("stopped"), "{log}");
    }
}

#[test]
fn a_second_ctrl_c_leaves_a_transfer_behind_with_exit_status_130() {
    let mut running = Running::start(&Site::new("shutdown_grace = 600"));
    let _transfer = begin_upload(&running);
    running.signal(Signal::INT);
    running.wait_for("1 transfer left");
    // What comes sooner is the same press.
    thread::sleep(Duration::from_millis(600));
    running.signal(Signal::INT);
    assert_eq!(running.exit_status(), Some(130));
}

#[test]
fn two_interrupts_within_a_moment_are_one() {
    let mut running = Running::start(&Site::new("shutdown_grace = 600"));
    let transfer = begin_upload(&running);
    running.signal(Signal::INT);
    running.wait_for("Ctrl+C: stopping");
    running.signal(Signal::INT);
    // Longer than an interrupt takes, were it counted.
    thread::sleep(Duration::from_millis(100));
    drop(transfer);
    assert_eq!(running.exit_status(), Some(0), "{:#?}", running.seen);
}

const PASSWORD: &str = "a-secret-of-the-test";

/// A directory with a configuration that serves `data` in it on a port of the system's choice.
struct Site(TempDir);

impl Site {
    fn new(optional: &str) -> Self {
        Self::with_port(0, optional)
    }

    fn with_port(port: u16, optional: &str) -> Self {
        let site = Self(TempDir::new().unwrap());
        let root = site.path().display();
        fs::create_dir_all(site.path().join("data")).unwrap();
        fs::create_dir_all(site.path().join("conf")).unwrap();
        let text = format!(
            "[COS_ACCOUNT_0]\ncos_endpoint = file://{root}/data\nhome_dir = /home/ftp\n\
             ftp_login_user_name = ftp\nftp_login_user_password = {PASSWORD}\nauthority = RW\n\
             [NETWORK]\nlisten_port = {port}\nlisten_address = 127.0.0.1\n\
             [OPTIONAL]\nlog_dir = {root}/log\n{optional}\n"
        );
        fs::write(site.path().join("conf/vsftpd.conf"), text).unwrap();
        site
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn log(&self) -> PathBuf {
        self.path().join("log/cos_v5.log")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(arguments);
        command.arg("--config").arg(self.path().join("conf/vsftpd.conf"));
        command
    }
}

/// A server that listens.
struct Running {
    child: Child,
    stderr: Receiver<String>,
    /// What it has said so far.
    seen: Vec<String>,
    port: u16,
}

impl Running {
    fn start(site: &Site) -> Self {
        Self::start_by(site.command(&[]))
    }

    fn start_by(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        // No further ahead: a log that nobody reads must stay unread.
        let (said, stderr) = sync_channel(1);
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        // Ends with the server.
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| said.send(line)));
        let mut running = Self { child, stderr, seen: Vec::new(), port: 0 };
        let line = running.wait_for("listening on");
        running.port = line.rsplit(':').next().unwrap().parse().unwrap();
        running
    }

    /// The next line of the log that contains `text`.
    fn wait_for(&mut self, text: &str) -> String {
        while let Ok(line) = self.stderr.recv_timeout(PATIENCE) {
            self.seen.push(line);
            if self.seen.last().unwrap().contains(text) {
                return self.seen.last().unwrap().clone();
            }
        }
        panic!("the server ended, or fell silent, without {text:?}: {:#?}", self.seen);
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn exit_status(&mut self) -> Option<i32> {
        // Its log is read to the end, so that it can never wait for us.
        self.seen.extend(self.stderr.iter());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Has ended already where the test waited for it.
        end(&mut self.child);
    }
}

/// Control and data connection of an upload that has begun and is not finished.
fn begin_upload(running: &Running) -> (TcpStream, TcpStream) {
    let mut control = BufReader::new(running.connect());
    let mut say = |line: &str, expected: &str| {
        if !line.is_empty() {
            control.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
        }
        let mut reply = String::new();
        control.read_line(&mut reply).unwrap();
        assert!(reply.starts_with(expected), "{line}: {reply}");
        reply
    };
    say("", "220 ");
    say("USER ftp", "331 ");
    say(&format!("PASS {PASSWORD}"), "230 ");
    let reply = say("EPSV", "229 ");
    let port: u16 = reply.split('|').nth(3).unwrap().parse().unwrap();
    let data = TcpStream::connect(("127.0.0.1", port)).unwrap();
    say("STOR file", "150 ");
    (control.into_inner(), data)
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
    command.args(arguments);
    command
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
