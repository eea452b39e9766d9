//! The user of an installed service. What root can do tells nothing of what that user can, so
//! `check` as root looks with the user's eyes.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::geteuid;

use super::report::{CheckLine, Form};
use crate::cli::locations::{anywhere, program};
use crate::cli::shell;

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

/// Tells the process that root begins whose eyes it has.
const LOOKING_AS: &str = "COS_FTP_LOOKING_AS";

/// The service that is installed.
#[derive(Debug, PartialEq, Eq)]
struct Service {
    unit: PathBuf,
    user: String,
    /// The words of `ExecStart`.
    command: Vec<String>,
}

/// With whose eyes is looked.
pub(super) enum Looking {
    /// With those of whoever runs this process. What there is to say of that.
    Here(Option<CheckLine>),
    /// It was done by another process, as the service's user. Whether nothing failed.
    Done(bool),
}

/// As root, with a service of another user for this `config`: lets another process do it as that
/// user.
pub(super) fn look_as_its_user(config: &Path, form: Form) -> Looking {
    if !geteuid().is_root() {
        let line = |user| CheckLine::passed("user", format!("looked as {user}"));
        return Looking::Here(looking_as().map(line));
    }
    let Some(service) = Service::installed().filter(|service| service.user != "root") else {
        return Looking::Here(None);
    };
    let Service { unit, user, .. } = &service;
    let mut why = "it has another program or configuration".to_owned();
    if service.is_of(env::current_exe().ok().as_deref(), config) {
        why = match group_of(user).map(|group| as_user(user, &group, config, form).status()) {
            Some(Ok(status)) => return Looking::Done(status.success()),
            Some(Err(error)) => format!("setpriv cannot be run: {error}"),
            None => "it is not in /etc/passwd".to_owned(),
        };
    }
    let text = format!(
        "looked at as root; the service in {} runs as {user}, and {why}: {}; sudo -u {user} {} \
         check --config {}",
        unit.display(),
        made_readable(user, config),
        program(),
        shell::file(&anywhere(config)),
    );
    Looking::Here(Some(CheckLine::skipped("user", text)))
}

/// The user that root looks as.
fn looking_as() -> Option<String> {
    env::var(LOOKING_AS).ok()
}

/// What to do about a `config` that may not be read.
pub(super) fn reading_fix(config: &Path) -> String {
    match looking_as() {
        Some(user) => {
            let how = made_readable(&user, config);
            format!("let {user}, who runs the service, read it: {how}")
        }
        None => "run this as root, or as the user of the server".to_owned(),
    }
}

/// The configuration that root writes for the installed service, if that runs this program. It
/// need not be there yet.
pub(crate) fn config_of_service() -> Option<PathBuf> {
    let service = Service::installed().filter(|_| geteuid().is_root())?;
    let config = PathBuf::from(service.config()?);
    service.runs(env::current_exe().ok().as_deref()).then_some(config)
}

/// The group of the user that the installed service runs as, if root is to write the `config` that
/// it names.
pub(crate) fn group_of_reader(config: &Path) -> Option<u32> {
    let service = Service::installed().filter(|_| geteuid().is_root())?;
    let is_named = service.config().is_some_and(|named| Path::new(named) == config);
    group_of(&service.user).filter(|_| is_named)?.parse().ok()
}

/// The commands that let `user`, and nobody else, read `config`.
fn made_readable(user: &str, config: &Path) -> String {
    let (group, config) = (group_name(user), shell::file(&anywhere(config)));
    format!("chgrp {group} {config}; chmod 640 {config}")
}

/// What the user's own group is called: as the user, where nothing else is known.
fn group_name(user: &str) -> String {
    let number = group_of(user);
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    let mut lines = groups.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let line = lines.find(|fields| fields.get(2).copied() == number.as_deref());
    line.and_then(|fields| fields.first().copied()).unwrap_or(user).to_owned()
}

/// The configuration that the installed service names, if it is a service of this program.
pub(super) fn its_config() -> Option<PathBuf> {
    let service = Service::installed()?;
    let config = PathBuf::from(service.config()?);
    service.is_of(env::current_exe().ok().as_deref(), &config).then_some(config)
}

/// The unit of the installed service that names `config`, and what it and its additions say.
pub(super) fn unit_of(config: &Path) -> Option<(PathBuf, String)> {
    let service = Service::installed()?;
    if !service.is_of(env::current_exe().ok().as_deref(), config) {
        return None;
    }
    let mut text = fs::read_to_string(&service.unit).ok()?;
    let mut additions: Vec<_> = places()
        .into_iter()
        .filter_map(|place| fs::read_dir(place.join(format!("{UNIT}.d"))).ok())
        .flat_map(|directory| directory.filter_map(Result::ok))
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|it| it == "conf"))
        .collect();
    additions.sort_by_key(|path| path.file_name().map(ToOwned::to_owned));
    for addition in additions {
        text.push('\n');
        text += &fs::read_to_string(addition).unwrap_or_default();
    }
    Some((service.unit, text))
}

/// A check of `config`, as the service would be run.
fn as_user(user: &str, group: &str, config: &Path, form: Form) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args([format!("--reuid={user}"), format!("--regid={group}"), "--init-groups".to_owned()])
        .args(["--inh-caps", CAPABILITY, "--ambient-caps", CAPABILITY, "--"])
        .args(env::current_exe())
        .args(["check", "--config"])
        .arg(config)
        .args((form == Form::Json).then_some("--json"))
        .env(LOOKING_AS, user);
    command
}

/// The number of the user's own group.
fn group_of(user: &str) -> Option<String> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let mut lines = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let line = lines.find(|fields| fields.first() == Some(&user))?;
    line.get(3).map(|group| (*group).to_owned())
}

/// Where units are looked for.
fn places() -> Vec<PathBuf> {
    match env::var(PLACES_VARIABLE) {
        Ok(places) => places.split(':').map(PathBuf::from).collect(),
        Err(_) => PLACES.iter().map(PathBuf::from).collect(),
    }
}

impl Service {
    fn installed() -> Option<Self> {
        places().into_iter().map(|place| place.join(UNIT)).find_map(|unit| {
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

    /// What it names behind `--config`.
    fn config(&self) -> Option<&String> {
        let named = self.command.iter().position(|word| word == "--config")?;
        self.command.get(named + 1)
    }

    /// Whether it runs `program` with `config`.
    fn is_of(&self, program: Option<&Path>, config: &Path) -> bool {
        self.runs(program) && self.config().is_some_and(|word| is_same(word, config))
    }

    /// Whether it runs `program`.
    fn runs(&self, program: Option<&Path>) -> bool {
        self.command.first().zip(program).is_some_and(|(word, program)| is_same(word, program))
    }
}

/// Whether `word` names the file at `path`.
fn is_same(word: &str, path: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    real(Path::new(word)).is_some_and(|word| real(path) == Some(word))
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
