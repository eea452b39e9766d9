//! What stands behind `user` on the command line.

use std::path::PathBuf;

use cos_ftp_server::users::Permission;
use lexopt::{Arg, Parser, ValueExt};

/// What is to be done with the users of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserRequest {
    /// What.
    pub(crate) deed: Deed,
    /// `--users-file`: the file, if the configuration does not tell.
    pub(crate) users_file: Option<PathBuf>,
}

/// A request, and the configuration that was named.
type AboutUsers = (UserRequest, Option<PathBuf>);

/// What `user` does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// `add`: a new user.
    Add {
        name: String,
        /// `--permission`
        permission: Option<Permission>,
        /// `--prefix`
        place: Option<String>,
    },
    /// `passwd`: another password for this user.
    SetPassword { name: String },
    /// `list`: all of them.
    List,
}

/// What the rest of the line asks for, and the configuration that it names; `None`: how all of
/// this is used.
///
/// # Errors
/// What is not understood.
pub(crate) fn arguments(parser: &mut Parser) -> Result<Option<AboutUsers>, lexopt::Error> {
    let (mut words, mut config, mut users_file) = (Vec::new(), None, None);
    let (mut permission, mut place) = (None, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
            Arg::Short('c') | Arg::Long("config") if config.is_none() => {
                config = Some(parser.value()?.into());
            }
            Arg::Long("users-file") if users_file.is_none() => {
                users_file = Some(parser.value()?.into());
            }
            Arg::Long("permission") if permission.is_none() => {
                permission = Some(parser.value()?.parse_with(permission_of)?);
            }
            Arg::Long("prefix") if place.is_none() => place = Some(parser.value()?.string()?),
            Arg::Value(word) if words.len() < 2 => words.push(word.string()?),
            argument => return Err(argument.unexpected()),
        }
    }
    let mut words = words.into_iter();
    let (verb, name) = (words.next(), words.next());
    if place.is_some() && permission.is_none() {
        return Err("--prefix needs --permission, behind which it stands in the file".into());
    }
    let is_plain = permission.is_none() && place.is_none();
    let deed = match (verb.as_deref(), name) {
        (Some("add"), Some(name)) => Deed::Add { name, permission, place },
        (Some("passwd"), Some(name)) if is_plain => Deed::SetPassword { name },
        (Some("list"), None) if is_plain => Deed::List,
        _ => return Err("user needs one of add NAME, passwd NAME and list".into()),
    };
    Ok(Some((UserRequest { deed, users_file }, config)))
}

fn permission_of(text: &str) -> Result<Permission, String> {
    match text.to_ascii_uppercase().as_str() {
        "R" => Ok(Permission::Read),
        "W" => Ok(Permission::Write),
        "RW" | "WR" => Ok(Permission::ReadWrite),
        _ => Err("needs R, W or RW".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Option<AboutUsers> {
        arguments(&mut Parser::from_args(line.split_whitespace())).ok()?
    }

    fn add(permission: Option<Permission>, place: Option<&str>) -> Deed {
        Deed::Add { name: "cam1".to_owned(), permission, place: place.map(str::to_owned) }
    }

    #[test]
    fn words_become_deeds() {
        for (line, deed, users_file, config) in [
            ("add cam1", add(None, None), None, None),
            ("add cam1 --permission rw", add(Some(Permission::ReadWrite), None), None, None),
            (
                "add --prefix=a/b cam1 --permission R -c f",
                add(Some(Permission::Read), Some("a/b")),
                None,
                Some("f"),
            ),
            ("passwd cam1", Deed::SetPassword { name: "cam1".to_owned() }, None, None),
            ("list --users-file u", Deed::List, Some("u"), None),
        ] {
            let users_file = users_file.map(PathBuf::from);
            let expected = (UserRequest { deed, users_file }, config.map(PathBuf::from));
            assert_eq!(parsed(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for line in [
            "",
            "add",
            "passwd",
            "list cam1",
            "remove cam1",
            "add cam1 secret",
            "add cam1 --password secret",
            "passwd cam1 --permission R",
            "add cam1 --permission X",
            "add cam1 --prefix a",
        ] {
            assert_eq!(parsed(line), None, "{line}");
        }
    }
}
