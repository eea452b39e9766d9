//! The user of an installed service. What root can do tells nothing of what that user can, so
//! `check` as root looks with the user's eyes.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::geteuid;

use super::report::{CheckLine, Form};
use crate::cli::locations::{self, anywhere, program};
use crate::cli::made::is_of;
use crate::cli::shell;
use crate::cli::unit::Service;

/// What a service gets beside the rights of its user: a port below 1024.
const CAPABILITY: &str = "+net_bind_service";

/// Tells the process that root begins whose eyes it has.
const LOOKING_AS: &str = "COS_FTP_LOOKING_AS";

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
    if is_of(&service, config) {
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
    locations::config_of_service().filter(|_| geteuid().is_root())
}

/// The group of the user that the installed service runs as, if root is to write the `config` that
/// it names.
pub(crate) fn group_of_reader(config: &Path) -> Option<u32> {
    let service = Service::installed().filter(|_| geteuid().is_root())?;
    let is_named = service.config().is_some_and(|named| locations::file_in(named) == config);
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
