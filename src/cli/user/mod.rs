//! `user add|passwd|list`: looks after the users in the `users_file` of a section.

mod arguments;

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cos_ftp_server::config::{self, Problems, ServerSettings, UserLine, user_lines};
use cos_ftp_server::users::{self, Permission};
use rustix::fs::{FlockOperation, flock};

pub(super) use arguments::{Deed, UserRequest, arguments};

use super::failure::CommandError;
use super::language::Language;
use super::locations::{self, ConfigFile, MissingConfig};
use super::owned_file::{self, FileOwnership, PRIVATE_MODE};
use super::terminal::{PASSWORD_VARIABLE, ask_password, columns, print, say};
use super::unit::is_same;

/// The key of a section's one login.
const PASSWORD_KEY: &str = "ftp_login_user_password";

/// What `list` shows above its columns.
const HEADINGS: [&str; 3] = ["USER", "PERMISSION", "PREFIX"];

/// What it shows where a line says nothing.
const UNSET: &str = "-";

/// Does what is asked, in the language of whoever reads.
pub(super) fn run(config: Option<PathBuf>, request: UserRequest) -> Result<ExitCode, CommandError> {
    let language = Language::of_environment();
    let told = |text: String| CommandError::operation(language.say(&text));
    let UserRequest { deed, users_file } = request;
    let is_named = config.is_some();
    let config = match (locations::find_config(config), &users_file) {
        (Ok(found), Some(file)) if !is_named => Configured::around(found, file),
        (Ok(found), _) => Configured::read(found).map(Some),
        // Who names the file needs none.
        (Err(MissingConfig::Nowhere(_) | MissingConfig::Hidden(_)), Some(_)) => Ok(None),
        (Err(missing), _) => return Err(CommandError::config(missing)),
    };
    let config = config.map_err(CommandError::config)?;
    if let (Deed::SetPassword { name }, Some(config)) = (&deed, &config) {
        config.refuse_to_change(name).map_err(told)?;
    }
    let file = file_of(config.as_ref().map(|config| &config.settings), users_file).map_err(told)?;
    let place = UsersPlace { config, file };
    match deed {
        Deed::List => place.list().and_then(|text| print(&text).map_err(|error| error.to_string())),
        Deed::Add { name, permission, place: at } => place.add(&name, permission, at.as_deref()),
        Deed::SetPassword { name } => place.set_password(&name),
    }
    .map_err(told)
}

/// The file that was named, or the only one of the configuration.
fn file_of(settings: Option<&ServerSettings>, named: Option<PathBuf>) -> Result<PathBuf, String> {
    if let Some(file) = named {
        return Ok(file);
    }
    match settings.map_or(&[][..], |settings| &settings.users_files) {
        [file] => Ok(file.clone()),
        [] => Err("the configuration has no users_file: put this key into an account section, in \
                   place of its login"
            .to_owned()),
        several => {
            let shown: Vec<_> = several.iter().map(|file| file.display().to_string()).collect();
            Err(format!("name one of them with --users-file: {}", shown.join(", ")))
        }
    }
}

/// A configuration around a file of users.
struct Configured {
    file: ConfigFile,
    settings: ServerSettings,
}

impl Configured {
    fn read(file: ConfigFile) -> Result<Self, Problems> {
        let settings = config::load_alone(&file.path)?;
        Ok(Self { file, settings })
    }

    /// What stands in `found`, which nobody has named, if it is the configuration of the file of
    /// `users` that was named: it tells of it, or is beside it. Another, as that of the machine, is
    /// no matter of whoever looks after a file of their own, and need not be right.
    fn around(found: ConfigFile, users: &Path) -> Result<Option<Self>, Problems> {
        let directory = |file: &Path| file.parent().map(Path::to_owned).unwrap_or_default();
        let is_beside = is_same(
            &directory(&locations::anywhere(users)),
            &directory(&locations::anywhere(&found.path)),
        );
        match Self::read(found) {
            Err(problems) if is_beside => Err(problems),
            Ok(read) if is_beside || read.has(users) => Ok(Some(read)),
            _ => Ok(None),
        }
    }

    /// Whether its users come from the file of `users`, too.
    fn has(&self, users: &Path) -> bool {
        self.settings.users_files.iter().any(|file| file == users || is_same(file, users))
    }

    /// Refuses to change the password of a login that the configuration itself has, and says where
    /// that stands.
    fn refuse_to_change(&self, name: &str) -> Result<(), String> {
        let Some(section) = self.settings.login_places.get(name) else { return Ok(()) };
        let file = locations::anywhere(&self.file.path);
        let (file, reload) = (file.display(), self.file.command("reload"));
        let key = if section == "[FTP_ACCOUNT]" { "login_users" } else { PASSWORD_KEY };
        Err(format!(
            "{name} is no user of a users_file: the password stands in {file}, {section} {key}. \
             Replace it there, best by a hash (cos-ftp-server hash-password prints it), and then: \
             {reload}"
        ))
    }
}

/// The file of users, and the configuration around it, if there is one.
struct UsersPlace {
    config: Option<Configured>,
    file: PathBuf,
}

impl UsersPlace {
    fn list(&self) -> Result<String, String> {
        let shown = self.file.display();
        let (text, _) = self.read()?.ok_or_else(|| format!("there is no file {shown}"))?;
        let mut users = Vec::new();
        for (number, line) in user_lines(&text) {
            users.push(self.parsed(number, line)?);
        }
        Ok(table(&users, Language::of_environment()))
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
        // Before a password is asked for in vain.
        let (text, _) = self.read()?.ok_or_else(|| self.missing(name))?;
        self.line_of(name, &text)?.ok_or_else(|| self.missing(name))?;
        let hash = hash()?;
        self.change(name, |text, found| {
            let number = found.ok_or_else(|| self.missing(name))?;
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
        let places = self.config.as_ref().map(|config| &config.settings.login_places);
        match places.and_then(|places| places.get(name)) {
            Some(section) => {
                Err(format!("{name} is a login of the configuration already: {section}"))
            }
            None => Ok(()),
        }
    }

    /// The line that `name` has.
    fn line_of(&self, name: &str, text: &str) -> Result<Option<usize>, String> {
        let mut found = None;
        for (number, line) in user_lines(text) {
            if self.parsed(number, line)?.name == name {
                found = Some(number);
            }
        }
        Ok(found)
    }

    fn missing(&self, name: &str) -> String {
        format!("{name} is not in {}; user add adds it", self.file.display())
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
        let (text, rights) = match self.read()? {
            Some(there) => there,
            None => (String::new(), self.new_rights()?),
        };
        let changed = to(&text, self.line_of(name, &text)?)?;
        owned_file::replace(&file, &changed, rights).map_err(failed)?;
        let language = Language::of_environment();
        say(&format!("{}\n", language.say(&format!("Wrote {}", file.display()))));
        match &self.config {
            Some(config) => {
                let what = "A running server uses it after this command:";
                say(&format!("{}\n    {}\n", language.say(what), config.file.command("reload")));
            }
            None => {
                let what = "A server whose users_file this is uses it after its next reload.";
                say(&format!("{}\n", language.say(what)));
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The text, and whose the file is; `None`: it is not there yet.
    fn read(&self) -> Result<Option<(String, FileOwnership)>, String> {
        let failed = |error: io::Error| format!("{}: {error}", self.file.display());
        match fs::read_to_string(&self.file) {
            Ok(text) => Ok(Some((text, FileOwnership::of(&self.file).map_err(failed)?))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Whose a file is to be that is not there yet: as the configuration.
    fn new_rights(&self) -> Result<FileOwnership, String> {
        let Some(config) = &self.config else {
            return Ok(FileOwnership { user: None, group: None, mode: PRIVATE_MODE });
        };
        let path = &config.file.path;
        let rights =
            FileOwnership::of(path).map_err(|error| format!("{}: {error}", path.display()))?;
        // Whatever the configuration allows, others have no business here.
        Ok(FileOwnership { mode: rights.mode & 0o660, ..rights })
    }

    fn parsed(&self, number: usize, line: &str) -> Result<UserLine, String> {
        UserLine::parse(line).map_err(|wrong| format!("{}:{number}: {wrong}", self.file.display()))
    }
}

/// The users in columns, and what an empty one means.
fn table(users: &[UserLine], language: Language) -> String {
    let row = |user: &UserLine| {
        let permission = user.permission.map_or(UNSET, word);
        let place = user.place.as_deref().unwrap_or(UNSET);
        [user.name.clone(), permission.to_owned(), place.to_owned()]
    };
    let heading = HEADINGS.map(str::to_owned);
    let rows: Vec<_> = [heading].into_iter().chain(users.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| columns(&row[column])).max();
    let widths = [0, 1].map(|column| width(column).unwrap_or_default());
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| {
            format!("{cell}{}  ", " ".repeat(width.saturating_sub(columns(cell))))
        });
        text += &format!("{}{}\n", cells.collect::<String>(), row[2]);
    }
    if users.iter().any(|user| user.permission.is_none() || user.place.is_none()) {
        let meaning =
            "- : the permission is that of the section (authority), the prefix the user's name";
        text += &format!("{}\n", language.say(meaning));
    }
    text
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
