//! `hash-password`: makes what may stand in the place of a password in the configuration.

use cos_ftp_server::users;

use super::terminal;

/// Reads a password, without echo on a terminal, else from standard input, and gives its hash as a
/// line.
///
/// # Errors
/// In words for the terminal.
pub(crate) fn run() -> Result<String, String> {
    let password = terminal::ask_password()?;
    if password.is_empty() {
        return Err("the password is empty".to_owned());
    }
    users::hash(&password)
        .map(|hash| format!("{hash}\n"))
        .map_err(|error| format!("cannot hash it: {error}"))
}
