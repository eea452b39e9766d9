//! `serve DIR`: a directory for one user, without any configuration.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cos_ftp_server::net::own_address;
use cos_ftp_server::users::Password;

use super::failure::CommandError;
use super::language::Language;
use super::run;
use super::serve_socket::control_socket;
use super::shell;
use super::subcommand::ServedDirectory;
use super::terminal::{PASSWORD_VARIABLE, ask_password, say};
use super::wiring::{Served, ServerPlan};

/// Who may log in when nobody is named.
pub(super) const USUAL_USER: &str = "ftpuser";

/// Letters and digits that no one takes for another: nothing to escape in an address or a shell.
const LETTERS: &[u8] = b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// How many of them a password has: 93 bits.
const PASSWORD_LETTERS: usize = 16;

/// Serves `directory` until a signal comes.
pub(super) fn directory(directory: ServedDirectory) -> Result<ExitCode, CommandError> {
    let ServedDirectory { path, user, listen, ask_password, passive_ports } = directory;
    let language = Language::of_environment();
    let told = |text: String| CommandError::operation(language.say(&text));
    let root = whole(&path).map_err(told)?;
    let user = user.unwrap_or_else(|| USUAL_USER.to_owned());
    let (password, is_made) = password(ask_password).map_err(told)?;
    let login = if is_made { format!("{user}:{password}") } else { user.clone() };
    let password = Password::parse(&password)
        .map_err(|error| error.to_string())
        .map_err(CommandError::operation)?;
    let control_socket = control_socket(listen);
    let served =
        Served { root: root.clone(), user, password, listen, passive_ports, control_socket };
    let plan = ServerPlan::of_directory(served).map_err(CommandError::operation)?;
    let of_control = |_| ["status", "stop"].map(|command| plan.command(command));
    let control = plan.control_socket().map(of_control);
    let hint = Hint { root, login, is_written: plan.is_written(), control };
    run::by_plan(plan, |addresses| say(&hint.text(addresses)))
}

/// The directory `path` by its whole name.
fn whole(path: &Path) -> Result<PathBuf, String> {
    let shown = path.display();
    match fs::canonicalize(path) {
        Ok(root) if root.is_dir() => Ok(root),
        Ok(_) => Err(format!("{shown} is not a directory: serve the directory that it is in")),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(format!(
            "there is no directory {shown}: create it (mkdir -p), or serve another one"
        )),
        Err(error) => Err(format!("{shown}: {error}")),
    }
}

/// What a newcomer types next.
struct Hint {
    root: PathBuf,
    /// Who logs in; with the password behind a colon if it was made here.
    login: String,
    is_written: bool,
    /// What shows the server's status, and what stops it, from elsewhere.
    control: Option<[String; 2]>,
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
        lines.extend(elsewhere(listening, language));
        if let Some([status, stop]) = &self.control {
            lines.push(language.say("See what it is doing, or stop it, from another terminal:"));
            lines.extend([format!("    {status}"), format!("    {stop}")]);
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
                    "Serving {root} read-only until Ctrl+C: this process may not write to it"
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

/// What there is to know for those who come from other machines to a server without TLS that is
/// `listening` there.
pub(super) fn elsewhere(listening: &[SocketAddr], language: Language) -> Vec<String> {
    let Some(address) = listening.iter().find(|address| !address.ip().is_loopback()) else {
        return Vec::new();
    };
    let host = match address.ip() {
        ip if ip.is_unspecified() => own_address().map(IpAddr::from),
        ip => Some(ip),
    };
    let from_others = host.map(|host| {
        let url = format!("ftp://{}/", SocketAddr::new(host, address.port()));
        language.say(&format!("From other machines of the network: {url}"))
    });
    let warning = "The connection is not encrypted: passwords and files can be read on their way.";
    from_others.into_iter().chain([language.say(warning)]).collect()
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
