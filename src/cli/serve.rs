//! `serve DIR`: a directory for one user, without any configuration.

use std::env;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;

use cos_ftp_server::users::Password;

use super::arguments::ServedDirectory;
use super::failure::CommandError;
use super::language::Language;
use super::run;
use super::shell;
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
    let named = |error| format!("{}: {error}", path.display());
    let root = fs::canonicalize(&path).map_err(named).map_err(CommandError::operation)?;
    let user = user.unwrap_or_else(|| USUAL_USER.to_owned());
    let (password, is_made) = password(ask_password).map_err(CommandError::operation)?;
    let told = if is_made { format!("{user}:{password}") } else { user.clone() };
    let password = Password::parse(&password)
        .map_err(|error| error.to_string())
        .map_err(CommandError::operation)?;
    let served = Served { root: root.clone(), user, password, listen, passive_ports };
    let plan = ServerPlan::of_directory(served).map_err(CommandError::operation)?;
    run::by_plan(plan, |addresses| say(&hint(&root, &told, addresses)))
}

/// What a newcomer types next.
fn hint(root: &Path, login: &str, listening: &[SocketAddr]) -> String {
    let Some(address) = listening.first() else { return String::new() };
    let host = match address.ip() {
        ip if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        ip => ip,
    };
    let address = SocketAddr::new(host, address.port());
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let language = Language::of_environment();
    let mut lines = vec![
        language.say(&format!("Serving {} until Ctrl+C", root.display())),
        language.say(&format!("FTP user: {user}")),
    ];
    if !password.is_empty() {
        lines.push(language.say(&format!("Password: {password}")));
    }
    lines.push(language.say("Store a file, and list what is there:"));
    let login = shell::word(login);
    lines.push(format!("    curl -u {login} -T FILE ftp://{address}/"));
    lines.push(format!("    curl -u {login} ftp://{address}/\n"));
    lines.join("\n")
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
