//! `user add|passwd|list`: looks after the users in the `users_file` of a section.

mod arguments;

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cos_ftp_server::config::{self, ServerSettings, UserLine, user_lines};
use cos_ftp_server::users::{self, Permission};
use rustix::fs::{FlockOperation, flock};

pub(super) use arguments::{Deed, UserRequest, arguments};

use super::failure::CommandError;
use super::language::Language;
use super::locations::{self, ConfigFile};
use super::owned_file::{self, FileOwnership};
use super::terminal::{PASSWORD_VARIABLE, ask_password, print, say};

/// Does what is asked, in the language of whoever reads.
pub(super) fn run(config: Option<PathBuf>, request: UserRequest) -> Result<ExitCode, CommandError> {
    let language = Language::of_environment();
    let found = locations::find_config(config).map_err(CommandError::config)?;
    let settings = config::load_alone(&found.path).map_err(CommandError::config)?;
    let file = file_of(&settings, request.users_file)
        .map_err(|text| CommandError::operation(language.say(&text)))?;
    let place = UsersPlace { config: found, settings, file };
    match request.deed {
        Deed::List => place.list().and_then(|text| print(&text).map_err(|error| error.to_string())),
        Deed::Add { name, permission, place: at } => place.add(&name, permission, at.as_deref()),
        Deed::SetPassword { name } => place.set_password(&name),
    }
    .map_err(|text| CommandError::operation(language.say(&text)))
}

/// The file that was named, or the only one of the configuration.
fn file_of(settings: &ServerSettings, named: Option<PathBuf>) -> Result<PathBuf, String> {
    if let Some(file) = named {
        return Ok(file);
    }
    match &*settings.users_files {
        [file] => Ok(file.clone()),
        [] => Err("the configuration has no users_file: put the key into an account section, in \
                   place of its login"
            .to_owned()),
        several => {
            let shown: Vec<_> = several.iter().map(|file| file.display().to_string()).collect();
            Err(format!("name one of them with --users-file: {}", shown.join(", ")))
        }
    }
}

/// The file of users, and the configuration around it.
struct UsersPlace {
    config: ConfigFile,
    settings: ServerSettings,
    file: PathBuf,
}

impl UsersPlace {
    fn list(&self) -> Result<String, String> {
        let (text, _) = self.read()?;
        let mut users = Vec::new();
        for (number, line) in user_lines(&text) {
            users.push(self.parsed(number, line)?);
        }
        let widest = users.iter().map(|user| user.name.chars().count()).max().unwrap_or_default();
        let line = |user: &UserLine| {
            let permission = user.permission.map_or("-", word);
            let line = format!(
                "{:widest$}  {permission:2}  {}",
                user.name,
                user.place.as_deref().unwrap_or_default()
            );
            line.trim_end().to_owned() + "\n"
        };
        Ok(users.iter().map(line).collect())
    }

    fn add(
        &self,
        name: &str,
        permission: Option<Permission>,
        place: Option<&str>,
    ) -> Result<ExitCode, String> {
        if !users::is_user_name(name) {
            return Err(format!(
                "{name:?} cannot be a user name: accepted are 1 to 64 bytes without slashes, \
                 colons and control characters that do not begin with . # or -"
            ));
        }
        if place.is_some_and(|place| place.is_empty() || users::key_prefix(place).is_none()) {
            return Err("the prefix is a path such as team/a without . and .., or /".to_owned());
        }
        let mut rest = String::new();
        if let Some(permission) = permission {
            rest = format!(":{}", word(permission));
        }
        if let Some(place) = place {
            rest += &format!(":{place}");
        }
        self.refuse_known(name)?;
        let hash = hash()?;
        self.change(name, |text, found| match found {
            Some(_) => Err(format!("{name} is there already; user passwd changes the password")),
            None => {
                let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
                Ok(format!("{text}{end}{name}:{hash}{rest}\n"))
            }
        })
    }

    fn set_password(&self, name: &str) -> Result<ExitCode, String> {
        let hash = hash()?;
        self.change(name, |text, found| {
            let number = found.ok_or_else(|| format!("{name} is not there; user add adds it"))?;
            let changed = (1..).zip(text.split_inclusive('\n')).map(|(at, line)| {
                let mut fields: Vec<_> = line.splitn(3, ':').collect();
                if at != number {
                    return line.to_owned();
                }
                let end = if fields.len() > 2 || !line.ends_with('\n') { "" } else { "\n" };
                let changed = format!("{hash}{end}");
                fields[1] = &changed;
                fields.join(":")
            });
            Ok(changed.collect())
        })
    }

    /// A name that the configuration itself gives a login to.
    fn refuse_known(&self, name: &str) -> Result<(), String> {
        match self.settings.accounts.iter().any(|account| account.name == name) {
            true => Err(format!("{name} is a login of the configuration already")),
            false => Ok(()),
        }
    }

    /// Puts what `to` makes of the text, and of the line in which `name` stands, into its place. Of
    /// two that do so at once the second one sees what the first one has written.
    fn change(
        &self,
        name: &str,
        to: impl FnOnce(&str, Option<usize>) -> Result<String, String>,
    ) -> Result<ExitCode, String> {
        let failed = |error: io::Error| format!("{}: {error}", self.file.display());
        // What it stands for, if it is a link: that is replaced.
        let file = fs::canonicalize(&self.file).unwrap_or_else(|_| self.file.clone());
        let directory = owned_file::directory_of(&file).map_err(failed)?;
        flock(&directory, FlockOperation::LockExclusive).map_err(|error| failed(error.into()))?;
        let (text, rights) = self.read()?;
        let mut found = None;
        for (number, line) in user_lines(&text) {
            if self.parsed(number, line)?.name == name {
                found = Some(number);
            }
        }
        let changed = to(&text, found)?;
        owned_file::replace(&file, &changed, rights).map_err(failed)?;
        let language = Language::of_environment();
        say(&format!("{}\n", language.say(&format!("Wrote {}", file.display()))));
        say(&format!("{}\n", language.say("A running server takes it when it is told to:")));
        say(&format!("    {}\n", self.config.command("reload")));
        Ok(ExitCode::SUCCESS)
    }

    /// The text, and whose the file is; of one that is not there yet as of the configuration.
    fn read(&self) -> Result<(String, FileOwnership), String> {
        let failed = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
        match fs::read_to_string(&self.file) {
            Ok(text) => {
                let rights =
                    FileOwnership::of(&self.file).map_err(|error| failed(&self.file, error))?;
                Ok((text, rights))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let path = &self.config.path;
                let rights = FileOwnership::of(path).map_err(|error| failed(path, error))?;
                // Whatever the configuration allows, others have no business here.
                Ok((String::new(), FileOwnership { mode: rights.mode & 0o660, ..rights }))
            }
            Err(error) => Err(failed(&self.file, error)),
        }
    }

    fn parsed(&self, number: usize, line: &str) -> Result<UserLine, String> {
        UserLine::parse(line).map_err(|wrong| format!("{}:{number}: {wrong}", self.file.display()))
    }
}

/// The hash of the password that the environment tells, or that is asked for.
fn hash() -> Result<String, String> {
    let password = match env::var(PASSWORD_VARIABLE) {
        Ok(password) => password,
        Err(_) => ask_password()?,
    };
    if password.is_empty() {
        return Err("the password is empty".to_owned());
    }
    users::hash(&password).map_err(|error| format!("cannot hash it: {error}"))
}

/// As a line tells it.
fn word(permission: Permission) -> &'static str {
    match permission {
        Permission::Read => "R",
        Permission::Write => "W",
        Permission::ReadWrite => "RW",
    }
}
