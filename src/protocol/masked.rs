//! What a log may show of a line, whatever a client has sent in it.
//!
//! A password stands where PASS, ACCT or an unknown SITE command has its argument; it may as well
//! stand behind a mistyped verb, be glued to one, or be a line of its own. So of a line that is no
//! command only a word is shown that looks like a verb.

use std::borrow::Cow;

use super::command::{Command, HTTP_METHODS};
use super::parameter::SiteCommand;
use super::parse_error::ParseError;
use super::verb::{Argument, VerbRow};

/// What stands for anything that may be a secret.
const MASK: &str = "***";

/// The lengths of the verbs of FTP and its extensions.
const VERB_LETTERS: std::ops::RangeInclusive<usize> = 3..=4;

/// Verbs of another form that clients are known to send.
const OTHER_VERBS: &[&str] = &["XMD5", "XSHA1", "XSHA256", "XSHA512"];

/// The line as it may be shown, for what [`Command::parse`] made of it.
pub fn masked<'l>(
    line: &'l str,
    parsed: &Result<(&'static VerbRow, Command), ParseError>,
) -> Cow<'l, str> {
    let word = line.split(' ').next().unwrap_or_default();
    let masked = |word: &str| Cow::Owned(format!("{word} {MASK}"));
    match parsed {
        Ok((row, Command::Password(_) | Command::Account)) => masked(row.name()),
        Ok((row, Command::Site(SiteCommand::Unknown))) => masked(row.name()),
        Ok(_) => Cow::Borrowed(line),
        // A verb that takes no argument may stand for another: PWD, sent for PASS.
        Err(ParseError::BadArgument(row)) if row.argument == Argument::None => masked(row.name()),
        Err(ParseError::UnknownVerb) if looks_like_a_verb(word) && word.len() == line.len() => {
            Cow::Borrowed(line)
        }
        Err(ParseError::UnknownVerb) if looks_like_a_verb(word) => masked(word),
        Err(ParseError::NotFtp) if HTTP_METHODS.contains(&word) => masked(word),
        Err(ParseError::UnknownVerb | ParseError::NotFtp) => Cow::Borrowed(MASK),
        Err(_) => Cow::Borrowed(line),
    }
}

/// Devices write their verbs in capitals; few words of a password are so.
fn looks_like_a_verb(word: &str) -> bool {
    let is_short = VERB_LETTERS.contains(&word.len());
    (is_short && word.bytes().all(|byte| byte.is_ascii_uppercase())) || OTHER_VERBS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_shown_and_no_secret_is() {
        for (line, shown) in [
            ("STOR a b", "STOR a b"),
            ("AUTH GSSAPI", "AUTH GSSAPI"),
            ("STOR", "STOR"),
            ("REST x", "REST x"),
            ("TYPE E", "TYPE E"),
            ("EPRT |3|x|1|", "EPRT |3|x|1|"),
            ("OPTS HASH", "OPTS HASH"),
            ("HELP me", "HELP me"),
            ("ADAT abc", "ADAT ***"),
            ("ESTA", "ESTA"),
            ("XSHA256 file", "XSHA256 ***"),
            ("GET /?token=secret HTTP/1.1", "GET ***"),
            // passwords, and what they are mistyped as
            ("PASS secret", "PASS ***"),
            ("pass secret", "PASS ***"),
            ("ACCT secret", "ACCT ***"),
            ("SITE PSWD secret", "SITE ***"),
            ("PWD secret", "PWD ***"),
            ("PAS secret", "PAS ***"),
            ("pas secret", "***"),
            ("PASSsecret", "***"),
            ("PASS:secret", "***"),
            ("PASS\tsecret", "***"),
            (" PASS secret", "***"),
            ("PASSWD secret", "***"),
            ("USERalice", "***"),
            ("secret", "***"),
            ("s", "***"),
            ("", "***"),
            ("secret-1 and more", "***"),
        ] {
            assert_eq!(masked(line, &Command::parse(line)), shown, "{line:?}");
        }
    }

    #[test]
    fn no_line_shows_what_stands_behind_an_unknown_word() {
        for word in ["XXXX", "PAS", "PASSW", "pas", "", "Pass1", "口令", "GET", "PWD", "NOOP"] {
            let line = format!("{word} hunter2");
            let shown = masked(&line, &Command::parse(&line)).into_owned();
            assert!(!shown.contains("hunter2"), "{line:?}: {shown:?}");
        }
    }
}
