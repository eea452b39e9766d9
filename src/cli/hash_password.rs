//! `hash-password`: makes what may stand in the place of a password in the configuration.

use std::io::{self, IsTerminal, Read};

use cos_ftp_server::users;

/// Longest password that is read: what is longer is no password, and fits no command line.
const MAX_BYTES: u64 = 1024;

/// Reads a password, without echo on a terminal, else from standard input, and gives its hash as a
/// line.
///
/// # Errors
/// In words for the terminal.
pub(crate) fn run() -> Result<String, String> {
    let password = if io::stdin().is_terminal() { ask_twice()? } else { read_line(io::stdin())? };
    if password.is_empty() {
        return Err("the password is empty".to_owned());
    }
    if password.chars().any(char::is_control) {
        return Err("the password holds a control character, which no client sends".to_owned());
    }
    users::hash(&password)
        .map(|hash| format!("{hash}\n"))
        .map_err(|error| format!("cannot hash it: {error}"))
}

fn ask_twice() -> Result<String, String> {
    let ask = |prompt| {
        rpassword::prompt_password(prompt)
            .map_err(|error| format!("cannot read from the terminal: {error}"))
    };
    let password = ask("Password: ")?;
    if password != ask("Once more: ")? {
        return Err("the two are not the same".to_owned());
    }
    Ok(password)
}

/// The first line of `input`, without its end.
fn read_line(input: impl Read) -> Result<String, String> {
    let mut text = String::new();
    let read = input.take(MAX_BYTES + 1).read_to_string(&mut text);
    read.map_err(|error| format!("cannot read the password: {error}"))?;
    if text.len() as u64 > MAX_BYTES {
        return Err(format!("the password has more than {MAX_BYTES} bytes"));
    }
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line() {
        for (input, expected) in [
            ("secret", "secret"),
            ("secret\n", "secret"),
            (" se cret \r\nmore\n", " se cret "),
            ("\n", ""),
            ("", ""),
        ] {
            assert_eq!(read_line(input.as_bytes()).as_deref(), Ok(expected), "{input:?}");
        }
        assert!(read_line(&[b'a'; 1025][..]).is_err());
        assert!(read_line(&[0xFF][..]).is_err());
    }
}
