//! What is asked of somebody at a terminal; of a pipe it is a line of standard input each.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::process::ExitCode;

use super::failure::CommandError;

/// Longest line that is read: what is longer is no answer.
const MAX_BYTES: u64 = 1024;

/// The first of those that take two columns, as far as they occur here.
const FIRST_WIDE: char = '\u{2e80}';

/// Where a password is looked for: an argument could be seen by every user of the machine.
pub(super) const PASSWORD_VARIABLE: &str = "COS_FTP_PASSWORD";

/// Asks `question`; an empty answer is `usual`.
///
/// # Errors
/// In words for the terminal; also when nobody is there to answer.
pub(super) fn ask(question: &str, usual: &str) -> Result<String, String> {
    let usual_shown = if usual.is_empty() { String::new() } else { format!(" [{usual}]") };
    say(&format!("{question}{usual_shown}: "));
    let answer = read_line()?;
    let answer = answer.trim();
    Ok(if answer.is_empty() { usual } else { answer }.to_owned())
}

/// Asks until there is an answer that `accepts`, which tells what is wrong with others.
///
/// # Errors
/// As [`ask`]; of a pipe also what is wrong with the answer.
pub(super) fn ask_until<T>(
    question: &str,
    usual: &str,
    accepts: impl Fn(&str) -> Result<T, String>,
) -> Result<T, String> {
    loop {
        match accepts(&ask(question, usual)?) {
            Err(wrong) if io::stdin().is_terminal() => say(&format!("{wrong}\n")),
            accepted => return accepted,
        }
    }
}

/// Asks for something that is not to be shown.
///
/// # Errors
/// As [`ask`].
pub(super) fn ask_hidden(question: &str) -> Result<String, String> {
    let question = format!("{question}: ");
    if io::stdin().is_terminal() {
        return rpassword::prompt_password(question)
            .map_err(|error| format!("cannot read from the terminal: {error}"));
    }
    say(&question);
    read_line()
}

/// Asks for a password: on a terminal without echo and twice, else for a line.
///
/// # Errors
/// As [`ask`]; also when the two are not the same, or no client could send it.
pub(super) fn ask_password() -> Result<String, String> {
    let password = if io::stdin().is_terminal() {
        let password = ask_hidden("Password")?;
        if password != ask_hidden("Once more")? {
            return Err("the two passwords differ".to_owned());
        }
        password
    } else {
        read_line()?
    };
    if password.chars().any(char::is_control) {
        return Err(
            "the password contains a control character, which no client can send".to_owned()
        );
    }
    Ok(password)
}

/// Says something; whoever does not read it has no use for it.
pub(super) fn say(text: &str) {
    let mut stdout = io::stdout();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// How wide it is on a terminal, where a Chinese character takes two columns.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(|c| if c < FIRST_WIDE { 1 } else { 2 }).sum()
}

/// The next line of standard input, without its end.
fn read_line() -> Result<String, String> {
    line_of(&mut io::stdin().lock())
}

fn line_of(input: &mut impl BufRead) -> Result<String, String> {
    let mut text = String::new();
    let read = input.take(MAX_BYTES + 1).read_line(&mut text);
    let got = read.map_err(|error| format!("cannot read the answer: {error}"))?;
    if got == 0 {
        return Err("there is no answer: standard input has ended".to_owned());
    }
    if got as u64 > MAX_BYTES {
        return Err(format!("the answer has more than {MAX_BYTES} bytes"));
    }
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// Writes to standard output what was asked for.
pub(super) fn print(text: &str) -> Result<ExitCode, CommandError> {
    // Whoever closed the pipe has read enough.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

/// Like `eprintln`, which would panic when nobody reads standard error.
pub(super) fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_lines() {
        let mut input = &b"secret\n se cret \r\n\nlast"[..];
        for expected in ["secret", " se cret ", "", "last"] {
            assert_eq!(line_of(&mut input).as_deref(), Ok(expected));
        }
        assert!(line_of(&mut input).is_err(), "nothing is left");
        assert!(line_of(&mut &[b'a'; 1025][..]).is_err());
        assert!(line_of(&mut &[0xFF][..]).is_err());
    }
}
