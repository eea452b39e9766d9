//! `serve DIR`: a directory for one user, without any configuration.

use std::env;
use std::fs::{self, DirBuilder};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::PathBuf;
use std::process::{self, ExitCode};

use cos_ftp_server::users::Password;
use rustix::process::geteuid;

use super::arguments::ServedDirectory;
use super::failure::CommandError;
use super::language::Language;
use super::run;
use super::shell;
use super::terminal::{PASSWORD_VARIABLE, ask_password, say};
use super::wiring::{Served, ServerPlan};

/// Who may log in when nobody is named.
pub(super) const USUAL_USER: &str = "ftpuser";

/// Where it listens when nobody says.
const USUAL_PORT: u16 = 2121;

/// Longest path of a socket: what the system takes, but for what a process adds while it makes it.
const MAX_SOCKET_BYTES: usize = 96;

/// Nobody else has anything to look for where the server is asked.
const PRIVATE_MODE: u32 = 0o700;

/// Letters and digits that no one takes for another: nothing to escape in an address or a shell.
const LETTERS: &[u8] = b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// How many of them a password has: 93 bits.
const PASSWORD_LETTERS: usize = 16;

/// Serves `directory` until a signal comes.
pub(super) fn directory(directory: ServedDirectory) -> Result<ExitCode, CommandError> {
    let ServedDirectory { path, user, listen, ask_password, passive_ports } = directory;
    let named = |error| format!("{}: {error}", path.display());
    let root = fs::canonicalize(&path).map_err(named).map_err(CommandError::operation)?;
    let user = user.unwrap_or_else(|| USUAL_USER.to_owned());
    let (password, is_made) = password(ask_password).map_err(CommandError::operation)?;
    let told = if is_made { format!("{user}:{password}") } else { user.clone() };
    let password = Password::parse(&password)
        .map_err(|error| error.to_string())
        .map_err(CommandError::operation)?;
    let control_socket = control_socket(listen);
    let served =
        Served { root: root.clone(), user, password, listen, passive_ports, control_socket };
    let plan = ServerPlan::of_directory(served).map_err(CommandError::operation)?;
    let stop = plan.control_socket().map(|_| plan.command("stop"));
    let hint = Hint { root, login: told, is_written: plan.is_written(), stop };
    run::by_plan(plan, |addresses| say(&hint.text(addresses)))
}

/// Where a server is asked that listens at `listen`: there is no configuration to tell. None where
/// the machine has no place for it.
fn control_socket(listen: Option<SocketAddr>) -> Option<PathBuf> {
    let directory = runtime_directory()?;
    let of_whom = match listen {
        Some(address) if address.port() == 0 => format!("process-{}", process::id()),
        Some(address) => address.to_string(),
        None => USUAL_PORT.to_string(),
    };
    let socket = directory.join(format!("cos-ftp-server-{of_whom}.socket"));
    // The system takes no longer one.
    (socket.as_os_str().len() <= MAX_SOCKET_BYTES).then_some(socket)
}

/// A directory that nobody else may write, for what lasts as long as a process.
fn runtime_directory() -> Option<PathBuf> {
    let told = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    if let Some(told) = told.filter(|path| path.is_absolute() && path.is_dir()) {
        return Some(told);
    }
    let own = geteuid();
    if own.is_root() {
        return Some(PathBuf::from("/run"));
    }
    let made = env::temp_dir().join(format!("cos-ftp-server-{}", own.as_raw()));
    let _ = DirBuilder::new().mode(PRIVATE_MODE).create(&made);
    // Somebody else may have made it.
    let there = fs::symlink_metadata(&made).ok()?;
    let is_ours = there.is_dir() && there.uid() == own.as_raw() && there.mode() & 0o077 == 0;
    is_ours.then_some(made)
}

/// What a newcomer types next.
struct Hint {
    root: PathBuf,
    /// Who logs in; with the password behind a colon if it was made here.
    login: String,
    is_written: bool,
    /// What stops the server from elsewhere.
    stop: Option<String>,
}

impl Hint {
    fn text(&self, listening: &[SocketAddr]) -> String {
        let Some(address) = listening.first() else { return String::new() };
        let host = match address.ip() {
            ip if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            ip => ip,
        };
        let address = SocketAddr::new(host, address.port());
        let language = Language::of_environment();
        let login = shell::word(&self.login);
        let mut lines = self.head(language);
        let list = format!("    curl -u {login} ftp://{address}/");
        if self.is_written {
            lines.push(language.say("Store a file, and list what is there:"));
            lines.extend([format!("    curl -u {login} -T FILE ftp://{address}/"), list]);
        } else {
            lines.extend([language.say("List what is there:"), list]);
        }
        if let Some(stop) = &self.stop {
            lines.push(language.say("Stop it from another terminal:"));
            lines.push(format!("    {stop}"));
        }
        lines.join("\n") + "\n"
    }

    fn head(&self, language: Language) -> Vec<String> {
        let (user, password) = self.login.split_once(':').unwrap_or((&self.login, ""));
        let root = self.root.display();
        let mut lines = vec![
            language.say(&match self.is_written {
                true => format!("Serving {root} until Ctrl+C"),
                false => format!(
                    "Serving {root} until Ctrl+C, for reading only: this process may not write there"
                ),
            }),
            language.say(&format!("FTP user: {user}")),
        ];
        if !password.is_empty() {
            lines.push(language.say(&format!("Password: {password}")));
        }
        lines
    }
}

/// The password, and whether it was made here.
fn password(ask: bool) -> Result<(String, bool), String> {
    let told = if ask { Some(ask_password()?) } else { env::var(PASSWORD_VARIABLE).ok() };
    match told {
        Some(password) if password.is_empty() => Err("the password is empty".to_owned()),
        Some(password) => Ok((password, false)),
        None => made_password().map(|password| (password, true)),
    }
}

/// A password that nobody can guess.
pub(super) fn made_password() -> Result<String, String> {
    let mut password = String::with_capacity(PASSWORD_LETTERS);
    // The largest multiple of their number: what lies above would make some of them likelier.
    let fair = 256 / LETTERS.len() * LETTERS.len();
    while password.len() < PASSWORD_LETTERS {
        let mut bytes = [0; PASSWORD_LETTERS];
        let got = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
            .map_err(|error| format!("the machine gives no randomness: {error}"))?;
        let letters = bytes[..got].iter().map(|byte| usize::from(*byte)).filter(|at| *at < fair);
        let letters = letters.map(|at| char::from(LETTERS[at % LETTERS.len()]));
        password.extend(letters.take(PASSWORD_LETTERS - password.len()));
    }
    Ok(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_made_of_letters_and_differ() {
        let (one, other) = (made_password().unwrap(), made_password().unwrap());
        assert_ne!(one, other);
        for password in [one, other] {
            assert_eq!(password.len(), PASSWORD_LETTERS);
            assert!(password.bytes().all(|byte| LETTERS.contains(&byte)), "{password}");
        }
    }
}
