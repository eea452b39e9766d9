//! `users_file`: the users of a section, a line each: `name:hash[:R|W|RW[:prefix]]`. Blank lines
//! and those that begin with `#` say nothing.

use std::path::Path;

use crate::limits;
use crate::protocol::word;
use crate::users::{HashedPassword, Password, Permission, is_user_name, key_prefix};

use super::changes::mark_of;
use super::files::read_file;
use super::report::{ConfigReport, Content, Place};
use super::text::{self, Encoding};
use super::values;

/// Lines of one file that are told to be wrong; they may all be.
const TOLD_LINES: usize = 10;

/// What a line says of a user.
#[derive(Clone, Debug)]
pub struct UserLine {
    /// The login name.
    pub name: String,
    /// The hash of the password.
    pub password: HashedPassword,
    /// What the user may do, if the line says it.
    pub permission: Option<Permission>,
    /// What takes the place of the name in `cos_prefix`, if the line says it.
    pub place: Option<String>,
}

/// The lines of a file that are for users, with their numbers from 1 on.
pub fn user_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = (1..).zip(text.lines().map(str::trim));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

impl UserLine {
    /// What `line` says.
    ///
    /// # Errors
    /// What is wrong with it and what would be right, in words that repeat nothing of it: any field
    /// may be a password in the wrong place.
    pub fn parse(line: &str) -> Result<Self, String> {
        let mut fields = line.splitn(4, ':').map(str::trim);
        let name = fields.next().filter(|name| is_user_name(name)).ok_or_else(|| {
            format!(
                "the user name is not accepted; accepted are 1 to {} bytes without slashes, colons \
                 and control characters that do not begin with . # or -, and then :hash",
                limits::USER_NAME_BYTES
            )
        })?;
        let hash = fields.next().ok_or("has no ':'; accepted is name:hash:RW")?;
        let password = match Password::parse(hash) {
            Ok(Password::Hashed(hash)) => hash,
            Ok(Password::Plain(_)) => {
                return Err("has no hash after the name; cos-ftp-server user passwd sets it, and \
                    cos-ftp-server hash-password prints one"
                    .to_owned());
            }
            Err(error) => return Err(format!("has as its password {error}")),
        };
        let permission = fields.next().map(|text| {
            word(text, values::PERMISSIONS)
                .ok_or("has no permission after the hash; accepted is R, W or RW")
        });
        let place = fields.next().map(|text| {
            Some(text.to_owned())
                .filter(|text| !text.is_empty() && key_prefix(text).is_some())
                .ok_or(
                    "has a prefix that is not accepted; accepted is a path such as team/a without \
                     . and .., or / for all that the users of the file have",
                )
        });
        Ok(Self {
            name: name.to_owned(),
            password,
            permission: permission.transpose()?,
            place: place.transpose()?,
        })
    }
}

/// The users of the file at `path`, which `place` names, with their lines, and the mark of its
/// text. What is wrong is reported.
pub(super) fn read(
    path: &Path,
    place: Place,
    report: &mut ConfigReport,
) -> (Vec<(usize, UserLine)>, u64) {
    let bytes = match read_file(path) {
        Ok((bytes, _)) => bytes,
        Err(error) => {
            let text = format!(
                "cannot be read: {error}; cos-ftp-server user add creates it and adds a user"
            );
            report.problem(place, text);
            return (Vec::new(), 0);
        }
    };
    let mark = mark_of(&bytes);
    let Some((text, Encoding::Utf8)) = text::decode(&bytes) else {
        report.problem(place, "the file is not UTF-8 text: save it as UTF-8");
        return (Vec::new(), mark);
    };
    let mut users = Vec::new();
    let mut wrong = 0;
    for (number, line) in user_lines(&text) {
        match UserLine::parse(line) {
            Ok(user) => users.push((number, user)),
            Err(error) => {
                wrong += 1;
                if wrong <= TOLD_LINES {
                    report.problem_in(path, number, error);
                }
            }
        }
    }
    // What holds no hash was named by mistake, and is as its owner wants it.
    if !users.is_empty() {
        report.names_file(place.clone(), path, Content::Users);
    }
    if wrong > TOLD_LINES {
        report.problem(place, format!("{} more of its lines are wrong", wrong - TOLD_LINES));
    }
    (users, mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=8192,t=2,p=1$c2FsdHNhbHRzYWx0$\
                        DVQ1OgIQaV5nNtRAEhbIQQ6SW6FSoVemddTWXYIYWnY";

    #[test]
    fn a_line_is_a_user() {
        use Permission::{Read, ReadWrite, Write};
        for (rest, permission, place) in [
            ("", None, None),
            (":R", Some(Read), None),
            (" : w ", Some(Write), None),
            (":RW:team/a", Some(ReadWrite), Some("team/a")),
            (":RW:/", Some(ReadWrite), Some("/")),
            (":RW:a:b", Some(ReadWrite), Some("a:b")),
        ] {
            let user = UserLine::parse(&format!("摄像头1:{HASH}{rest}")).unwrap();
            assert_eq!(user.name, "摄像头1");
            assert!(user.password.is_of("secret-1"));
            assert_eq!((user.permission, user.place.as_deref()), (permission, place), "{rest}");
        }
    }

    #[test]
    fn a_wrong_line_is_told_without_its_words() {
        let long = "n".repeat(limits::USER_NAME_BYTES + 1);
        for (line, expected) in [
            ("hunter2".to_owned(), "has no ':'"),
            ("u:hunter2".to_owned(), "has no hash"),
            ("u:hunter2:RW".to_owned(), "has no hash"),
            ("u:".to_owned(), "has no hash"),
            ("u:$1$hunter2$x".to_owned(), "has as its password a hash of a kind"),
            (format!("u:{}", &HASH[..50]), "has as its password an incomplete hash"),
            (format!("u:{HASH}:"), "has no permission"),
            (format!("u:{HASH}:hunter2"), "has no permission"),
            (format!("u:{HASH}:RW:"), "has a prefix"),
            (format!("u:{HASH}:RW:../hunter2"), "has a prefix"),
            (format!(":{HASH}"), "the user name"),
            (format!("..:{HASH}"), "the user name"),
            (format!("a/b:{HASH}"), "the user name"),
            (format!("{long}:{HASH}"), "the user name"),
        ] {
            let wrong = UserLine::parse(&line).unwrap_err();
            assert!(wrong.starts_with(expected), "{line}: {wrong}");
            assert!(!wrong.contains("hunter2"), "{wrong}");
        }
    }

    #[test]
    fn blank_lines_and_comments_say_nothing() {
        let text = "\u{23} a comment\n\n  # another\nu:x\n \nv:y";
        assert_eq!(user_lines(text).collect::<Vec<_>>(), [(4, "u:x"), (6, "v:y")]);
    }
}
