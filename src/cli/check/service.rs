//! The user of an installed service. What root can do tells nothing of what that user can, so
//! `check` as root looks with the user's eyes.

use std::env;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{getegid, geteuid};

use super::report::CheckLine;

/// What the unit is called.
const UNIT: &str = "cos-ftp-server.service";

/// Where systemd looks for units, in its order.
const PLACES: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// Other places instead, as systemd has it.
const PLACES_VARIABLE: &str = "SYSTEMD_UNIT_PATH";

/// What a service gets beside the rights of its user: a port below 1024.
const CAPABILITY: &str = "+net_bind_service";

/// The service that is installed.
#[derive(Debug, PartialEq, Eq)]
struct Service {
    unit: PathBuf,
    user: String,
    /// The words of `ExecStart`.
    command: Vec<String>,
}

/// As root, with a service of another user for this `config`: begins this process again as that
/// user, and does not return. Else tells with whose eyes is looked.
pub(super) fn look_as_its_user(config: &Path) -> Option<CheckLine> {
    if !geteuid().is_root() {
        return None;
    }
    let service = Service::installed().filter(|service| service.user != "root")?;
    let Service { unit, user, .. } = &service;
    let mut why = "it has another program or configuration".to_owned();
    if service.is_of(env::current_exe().ok().as_deref(), config) {
        why = match group_of(user) {
            Some(group) => format!("setpriv cannot be run: {}", as_user(user, &group).exec()),
            None => "it is not in /etc/passwd".to_owned(),
        };
    }
    let text = format!(
        "looked at as root; the service in {} runs as {user}, and {why}: \
         sudo -u {user} {} check --config {}",
        unit.display(),
        env::args().next().unwrap_or_default(),
        config.display(),
    );
    Some(CheckLine::skipped("user", text))
}

/// This process again, as the service would be run.
fn as_user(user: &str, group: &str) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args([format!("--reuid={user}"), format!("--regid={group}"), "--init-groups".to_owned()])
        .args(["--inh-caps", CAPABILITY, "--ambient-caps", CAPABILITY, "--"])
        .args(env::current_exe())
        .args(env::args_os().skip(1));
    command
}

/// What lets the user who runs this read `file`.
pub(super) fn how_to_let_in(file: &Path) -> String {
    let (file, group) = (file.display(), getegid().as_raw());
    format!(
        "run this as root, or let the server's group read it: chgrp {group} {file}; chmod 640 {file}"
    )
}

/// The number of the user's own group.
fn group_of(user: &str) -> Option<String> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let mut lines = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let line = lines.find(|fields| fields.first() == Some(&user))?;
    line.get(3).map(|group| (*group).to_owned())
}

impl Service {
    fn installed() -> Option<Self> {
        let places = match env::var(PLACES_VARIABLE) {
            Ok(places) => places.split(':').map(PathBuf::from).collect(),
            Err(_) => PLACES.iter().map(PathBuf::from).collect::<Vec<_>>(),
        };
        places.into_iter().map(|place| place.join(UNIT)).find_map(|unit| {
            let text = fs::read_to_string(&unit).ok()?;
            Some(Self::read(unit, &text))
        })
    }

    fn read(unit: PathBuf, text: &str) -> Self {
        let of = |key: &str| {
            let mut lines = text.lines().map(str::trim).filter_map(|line| line.split_once('='));
            lines.find(|(name, _)| *name == key).map(|(_, value)| value.trim())
        };
        let user = of("User").unwrap_or("root").to_owned();
        let command = of("ExecStart").unwrap_or_default().split_whitespace();
        Self { unit, user, command: command.map(str::to_owned).collect() }
    }

    /// Whether it runs `program` with `config`.
    fn is_of(&self, program: Option<&Path>, config: &Path) -> bool {
        let same = |word: &String, path: &Path| {
            let real = |path: &Path| fs::canonicalize(path).ok();
            real(Path::new(word)).is_some_and(|word| real(path) == Some(word))
        };
        let is_program = self.command.first().zip(program).is_some_and(|(word, p)| same(word, p));
        let named = self.command.iter().position(|word| word == "--config");
        let named = named.and_then(|at| self.command.get(at + 1));
        is_program && named.is_some_and(|word| same(word, config))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_tells_user_and_command() {
        let text = include_str!("../../../conf/cos-ftp-server.service");
        let service = Service::read(UNIT.into(), text);
        assert_eq!(service.user, "cos-ftp");
        assert_eq!(service.command[1], "--config");
        assert_eq!(Service::read(UNIT.into(), "[Service]\n").user, "root");
    }

    #[test]
    fn a_service_is_known_by_program_and_configuration() {
        let program = env::current_exe().unwrap();
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let text = format!("ExecStart={} --config {}", program.display(), config.display());
        let service = Service::read(UNIT.into(), &text);
        assert!(service.is_of(Some(&program), &config));
        assert!(!service.is_of(Some(&program), Path::new("/etc/hosts")));
        assert!(!service.is_of(Some(Path::new("/bin/sh")), &config));
    }
}
