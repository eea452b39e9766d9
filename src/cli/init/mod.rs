//! `init`: asks what is to be served, writes a configuration and checks it.

mod questions;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use self::questions::{Answers, ask_all};
use super::check::{self, Form};
use super::failure::CommandError;
use super::locations;
use super::terminal::say;

/// Nobody else may read what is written: it holds secrets.
const FILE_MODE: u32 = 0o600;

/// Writes the configuration `config`, or the usual one, by what is answered.
pub(super) fn run(config: Option<PathBuf>) -> Result<ExitCode, CommandError> {
    let is_named = config.is_some();
    let file = config.map_or_else(locations::new_config, Ok).map_err(CommandError::operation)?;
    if file.exists() {
        let text = format!(
            "{} exists already: it is left as it is. \
             Move it away (mv), or name another one with --config FILE",
            file.display()
        );
        return Err(CommandError::operation(text));
    }
    say(&format!("This writes the configuration {}.\n", file.display()));
    let answers = ask_all().map_err(CommandError::operation)?;
    write(&file, answers.text().expose())
        .map_err(|error| format!("{}: {error}", file.display()))
        .map_err(CommandError::operation)?;
    say(&format!("\nWrote {}\n\n", file.display()));
    let is_well = check::run(Some(file.clone()), Form::Text);
    let start = match is_named {
        true => format!("cos-ftp-server --config {}", file.display()),
        false => "cos-ftp-server".to_owned(),
    };
    say(&next_steps(&answers, &start));
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Makes the file, which must not be there yet.
fn write(file: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = file.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        fs::create_dir_all(directory)?;
    }
    let mut made = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(file)?;
    made.write_all(text.as_bytes())?;
    made.sync_all()
}

/// `start`: what starts the server.
fn next_steps(answers: &Answers, start: &str) -> String {
    let Answers { user, made_password, port, .. } = answers;
    let (shown, login) = match made_password {
        Some(password) => (
            format!("Password of {user}, which is kept as a hash only: {}\n", password.expose()),
            format!("{user}:{}", password.expose()),
        ),
        None => (String::new(), user.clone()),
    };
    format!(
        "\n{shown}Start the server (Ctrl+C stops it):\n    {start}\nand in another terminal store a \
         file:\n    curl -u {login} -T FILE ftp://127.0.0.1:{port}/\n"
    )
}
