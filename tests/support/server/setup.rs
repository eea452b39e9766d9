//! What a server is started with: its configuration, and the files and directories that this names.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{PASSWORD, TestServer, USER};
use crate::support::rgw::{self, Rgw};
use crate::support::scripted::Scripted;
use crate::support::stored::Stored;

/// A server to be started.
pub(crate) struct Setup {
    pub(super) place: Place,
    accounts: String,
    network: Vec<(String, String)>,
    options: String,
    operations: String,
    events: String,
    scan: String,
    tls: String,
    security: Vec<(String, String)>,
    pub(super) environment: Vec<(String, String)>,
    files: Vec<(String, String)>,
    directories: Vec<String>,
}

pub(super) enum Place {
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

    pub(super) fn write_into(&self, dir: &Path) -> PathBuf {
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
