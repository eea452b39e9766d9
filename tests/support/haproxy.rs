//! HAProxy, for what stands before a server or before a store.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::process::ask_to_end;

/// How long its start may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// HAProxy, ended with its owner.
pub(crate) struct Haproxy {
    master: Child,
    dir: TempDir,
}

impl Haproxy {
    /// With this configuration; returns when it listens.
    pub(crate) fn start(config: &str) -> Self {
        let dir = TempDir::new().expect("a directory");
        let file = dir.path().join("haproxy.cfg");
        fs::write(&file, config).expect("written");
        let ready = dir.path().join("ready");
        let readiness = UnixDatagram::bind(&ready).expect("a socket");
        readiness.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        let log = fs::File::create(dir.path().join("log")).expect("a file");
        let master = Command::new("haproxy")
            // The form for systemd, which tells when it is ready.
            .arg("-Ws")
            .arg("-f")
            .arg(&file)
            .env("NOTIFY_SOCKET", &ready)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("haproxy runs");
        let haproxy = Self { master, dir };
        loop {
            let mut message = [0; 256];
            let told = readiness.recv(&mut message).map(|length| message[..length].to_vec());
            let told = told.unwrap_or_else(|error| panic!("not ready: {error}\n{}", haproxy.log()));
            // It says first that it reads its configuration.
            if told.starts_with(b"READY=1") {
                return haproxy;
            }
        }
    }

    /// What it and its `log stderr` wrote.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the log of HAProxy:\n{}", self.log());
        }
        // Not SIGKILL: the master takes its worker with it.
        ask_to_end(&mut self.master);
    }
}
