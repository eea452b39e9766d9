//! The server under test: the real binary with a configuration of its own, on a port the system
//! chose, over a directory or a bucket.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::process::end;
use super::rgw::{self, Rgw};
use super::scripted::Scripted;
use super::stored::Stored;

/// The account that every server has: it may do everything.
pub(crate) const USER: &str = "alice";
/// Its password.
pub(crate) const PASSWORD: &str = "secret-1";

/// How long the server may take to start or to stop when nothing holds it up.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server to be started.
pub(crate) struct Setup {
    place: Place,
    accounts: String,
    network: Vec<(String, String)>,
    options: String,
    operations: String,
    events: String,
    scan: String,
    tls: String,
    security: Vec<(String, String)>,
    environment: Vec<(String, String)>,
    files: Vec<(String, String)>,
    directories: Vec<String>,
}

enum Place {
    Directory,
    Bucket { name: String, endpoint: String },
}

impl Setup {
    /// Over a directory of its own.
    pub(crate) fn local() -> Self {
        Self::new(Place::Directory)
    }

    /// Over a bucket that answers by a script. The server asks it at its start for one listing, and
    /// whether it keeps what is stored.
    pub(crate) fn scripted(script: &Scripted) -> Self {
        // Nobody can look into it.
        let name = "bucket".to_owned();
        Self::new(Place::Bucket { name, endpoint: script.endpoint.clone() })
            .operations("abort_unfinished_after", "0")
    }

    /// Over a bucket of its own on the gateway of this test run.
    pub(crate) fn bucket() -> Self {
        Self::bucket_behind(Rgw::shared().endpoint())
    }

    /// Over this bucket, reached by way of `endpoint` (host and port).
    pub(crate) fn bucket_named(name: &str, endpoint: &str) -> Self {
        Self::new(Place::Bucket { name: name.to_owned(), endpoint: endpoint.to_owned() })
    }

    /// The same, reached by way of `endpoint` (host and port).
    pub(crate) fn bucket_behind(endpoint: &str) -> Self {
        let name = Rgw::shared().new_bucket();
        Self::new(Place::Bucket { name, endpoint: endpoint.to_owned() })
    }

    /// Over the same bucket as `other`, which has one.
    pub(crate) fn beside(other: &TestServer) -> Self {
        let Stored::Bucket(name) = &other.stored else { panic!("not over a bucket") };
        let endpoint = Rgw::shared().endpoint().to_owned();
        Self::new(Place::Bucket { name: name.clone(), endpoint })
    }

    fn new(place: Place) -> Self {
        let network = [
            ("listen_port", "0"),
            ("listen_address", "127.0.0.1"),
            ("passive_ports", "40000,59999"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
        let mut setup = Self {
            place,
            accounts: String::new(),
            network: network.into(),
            options: String::new(),
            operations: String::new(),
            events: String::new(),
            scan: String::new(),
            tls: String::new(),
            security: Vec::new(),
            environment: Vec::new(),
            files: Vec::new(),
            directories: Vec::new(),
        };
        setup.add_account(USER, "RW", "true");
        setup
    }

    /// One more account on the same store, with [`PASSWORD`]; `authority` is R, W or RW.
    pub(crate) fn account(mut self, name: &str, authority: &str, delete_enable: &str) -> Self {
        self.add_account(name, authority, delete_enable);
        self
    }

    /// One more account, which may do everything, on a bucket of its own behind `endpoint`; the
    /// bucket's name.
    pub(crate) fn bucket_account(mut self, name: &str, endpoint: &str) -> (Self, String) {
        let bucket = Rgw::shared().new_bucket();
        self.add_account_on(&bucket_keys(endpoint, &bucket), name, "RW", "true");
        (self, bucket)
    }

    /// The same on the directory `@DIR@/name`.
    pub(crate) fn directory_account(mut self, name: &str) -> Self {
        self.directories.push(name.to_owned());
        self.add_account_on(&format!("cos_endpoint = file://@DIR@/{name}\n"), name, "RW", "true");
        self
    }

    /// A section of mounts with these keys.
    pub(crate) fn mount(mut self, keys: &[(&str, &str)]) -> Self {
        let number = self.accounts.matches("[MOUNT_").count();
        let _ = writeln!(self.accounts, "[MOUNT_{number}]");
        for (key, value) in keys {
            let _ = writeln!(self.accounts, "{key} = {value}");
        }
        self
    }

    /// A key in the section of every account so far.
    pub(crate) fn account_key(mut self, key: &str, value: &str) -> Self {
        let delete = "delete_enable = ";
        self.accounts = self.accounts.replace(delete, &format!("{key} = {value}\n{delete}"));
        self
    }

    /// What every account so far may do: R, W or RW.
    pub(crate) fn authority(self, authority: &str) -> Self {
        self.replace("authority = RW", &format!("authority = {authority}"))
    }

    /// Whether every account so far may delete.
    pub(crate) fn delete_enable(self, delete_enable: &str) -> Self {
        self.replace("delete_enable = true", &format!("delete_enable = {delete_enable}"))
    }

    /// Other words in the sections of all accounts so far.
    pub(crate) fn replace(mut self, from: &str, to: &str) -> Self {
        assert!(self.accounts.contains(from), "{from:?} is not in {}", self.accounts);
        self.accounts = self.accounts.replace(from, to);
        self
    }

    /// The first account's section has a file of users with these lines in the place of its login.
    pub(crate) fn users_file(self, lines: &str) -> Self {
        self.login_by("users_file = @DIR@/users\n").file("users", lines)
    }

    /// Other keys in the place of the first account's login.
    pub(crate) fn login_by(self, keys: &str) -> Self {
        let login = format!("ftp_login_user_name = {USER}\nftp_login_user_password = {PASSWORD}\n");
        self.replace(&login, keys)
    }

    /// A file beside the configuration, which is `@DIR@/NAME` in the sections of accounts.
    pub(crate) fn file(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    /// A key of [NETWORK].
    pub(crate) fn network(mut self, key: &str, value: &str) -> Self {
        self.network.retain(|(have, _)| have != key);
        self.network.push((key.to_owned(), value.to_owned()));
        self
    }

    /// At all addresses of the machine, IPv6 and IPv4 by one socket.
    pub(crate) fn at_all_addresses(mut self) -> Self {
        self.network.retain(|(key, _)| key != "listen_address");
        self
    }

    /// A key of [FILE_OPTION].
    pub(crate) fn file_option(mut self, key: &str, value: &str) -> Self {
        let _ = write!(self.accounts, "[FILE_OPTION]\n{key} = {value}\n");
        self
    }

    /// A key of [OPTIONAL]; `@DIR@` is the directory of the configuration.
    pub(crate) fn option(mut self, key: &str, value: &str) -> Self {
        let _ = writeln!(self.options, "{key} = {value}");
        self
    }

    /// A key of [SECURITY].
    pub(crate) fn security(mut self, key: &str, value: &str) -> Self {
        self.security.retain(|(have, _)| have != key);
        self.security.push((key.to_owned(), value.to_owned()));
        self
    }

    /// A key of [OPERATIONS].
    pub(crate) fn operations(mut self, key: &str, value: &str) -> Self {
        let _ = writeln!(self.operations, "{key} = {value}");
        self
    }

    /// A key of [EVENTS]; `@DIR@` is the directory of the configuration.
    pub(crate) fn events(mut self, key: &str, value: &str) -> Self {
        let _ = writeln!(self.events, "{key} = {value}");
        self
    }

    /// A key of [SCAN].
    pub(crate) fn scan(mut self, key: &str, value: &str) -> Self {
        let _ = writeln!(self.scan, "{key} = {value}");
        self
    }

    /// The name of the bucket.
    pub(crate) fn bucket_name(&self) -> &str {
        let Place::Bucket { name, .. } = &self.place else { panic!("a directory") };
        name
    }

    /// Writes its configuration, and starts nothing.
    pub(crate) fn write(&self) -> Written {
        let dir = TempDir::new().expect("a temporary directory");
        let config = self.write_into(dir.path());
        Written { dir, config }
    }

    fn write_into(&self, dir: &Path) -> PathBuf {
        let own = self.directories.iter().map(String::as_str);
        for name in ["data", "log"].into_iter().chain(own) {
            fs::create_dir(dir.join(name)).expect("a directory");
        }
        for (name, text) in &self.files {
            let path = dir.join(name);
            fs::create_dir_all(path.parent().expect("a directory")).expect("its directory");
            write_secret(&path, text);
        }
        let config = dir.join("vsftpd.conf");
        write_secret(&config, &self.text(dir));
        config
    }

    /// A key of [TLS].
    pub(crate) fn tls(mut self, key: &str, value: &str) -> Self {
        let _ = writeln!(self.tls, "{key} = {value}");
        self
    }

    /// A variable of the server's environment.
    pub(crate) fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts the server; returns when it listens.
    pub(crate) fn start(self) -> TestServer {
        TestServer::start(self)
    }

    fn add_account(&mut self, name: &str, authority: &str, delete_enable: &str) {
        let store = match &self.place {
            // The directory is known only at the start.
            Place::Directory => "cos_endpoint = file://@DATA@\n".to_owned(),
            Place::Bucket { name, endpoint } => bucket_keys(endpoint, name),
        };
        self.add_account_on(&store, name, authority, delete_enable);
    }

    fn add_account_on(&mut self, store: &str, name: &str, authority: &str, delete_enable: &str) {
        let number = self.accounts.matches("[COS_ACCOUNT_").count();
        let _ = write!(
            self.accounts,
            "[COS_ACCOUNT_{number}]\n{store}home_dir = /home/{name}\n\
             ftp_login_user_name = {name}\nftp_login_user_password = {PASSWORD}\n\
             authority = {authority}\ndelete_enable = {delete_enable}\n",
        );
    }

    fn text(&self, dir: &Path) -> String {
        let mut text = self.accounts.replace("@DATA@", &dir.join("data").display().to_string());
        text = text.replace("@DIR@", &dir.display().to_string());
        text.push_str("[NETWORK]\n");
        for (key, value) in &self.network {
            let _ = writeln!(text, "{key} = {value}");
        }
        let log = dir.join("log");
        let options = self.options.replace("@DIR@", &dir.display().to_string());
        let _ = write!(text, "[OPTIONAL]\nlog_dir = {}\n{options}", log.display());
        text.push_str("[SECURITY]\n");
        for (key, value) in &self.security {
            let _ = writeln!(text, "{key} = {value}");
        }
        let _ = write!(text, "[OPERATIONS]\n{}[TLS]\n{}", self.operations, self.tls);
        if !self.events.is_empty() {
            let events = self.events.replace("@DIR@", &dir.display().to_string());
            let _ = write!(text, "[EVENTS]\n{events}");
        }
        if !self.scan.is_empty() {
            let _ = write!(text, "[SCAN]\n{}", self.scan);
        }
        text
    }
}

fn write_secret(path: &Path, text: &str) {
    fs::write(path, text).expect("a file");
    // The server warns about secrets that others may read.
    fs::set_permissions(path, Permissions::from_mode(0o600)).expect("its mode");
}

fn bucket_keys(endpoint: &str, bucket: &str) -> String {
    format!(
        "cos_endpoint = http://{endpoint}\ncos_region = us-east-1\ncos_bucket = {bucket}\n\
         cos_secretid = {}\ncos_secretkey = {}\naddressing_style = path\n",
        rgw::access_key(),
        rgw::secret_key(),
    )
}

/// A configuration of which no server was started.
pub(crate) struct Written {
    dir: TempDir,
    config: PathBuf,
}

impl Written {
    /// The file.
    pub(crate) fn config(&self) -> &Path {
        &self.config
    }

    /// The directory of file, data and log.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The server's program with `arguments` and this configuration.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
        command.args(arguments).arg("--config").arg(&self.config).stdin(Stdio::null());
        command
    }
}

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
