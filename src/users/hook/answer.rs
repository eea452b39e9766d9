//! What a hook answers: a JSON object, or the lines of Pure-FTPd's authentication programs.

use serde::Deserialize;

use super::fault::HookFault;
use crate::users::{Permission, key_prefix};

/// An answer that is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HookAnswer {
    /// There is no such user, or the password is another.
    Wrong,
    /// It is who it says. What is not told is as with all users.
    Right { permission: Option<Permission>, place: Option<String>, max_rate: Option<u64> },
}

/// The object. A field that is not known may be a misspelt one that was to take a right away.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    ok: bool,
    permission: Option<String>,
    prefix: Option<String>,
    max_rate: Option<u64>,
}

impl HookAnswer {
    /// What `bytes` say.
    ///
    /// # Errors
    /// [`HookFault::Confused`]
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, HookFault> {
        let text = str::from_utf8(bytes).map_err(|_| HookFault::Confused)?;
        let parsed = match text.trim_start().starts_with('{') {
            true => Self::of_json(text),
            false => Self::of_lines(text),
        };
        parsed.ok_or(HookFault::Confused)
    }

    fn of_json(text: &str) -> Option<Self> {
        let Fields { ok, permission, prefix, max_rate } = serde_json::from_str(text).ok()?;
        if !ok {
            return Some(Self::Wrong);
        }
        if let Some(prefix) = &prefix {
            key_prefix(prefix)?;
        }
        let permission = match permission.as_deref() {
            None => None,
            Some("R") => Some(Permission::Read),
            Some("W") => Some(Permission::Write),
            Some("RW") => Some(Permission::ReadWrite),
            Some(_) => return None,
        };
        Some(Self::Right { permission, place: prefix, max_rate })
    }

    /// `auth_ok:1` and other lines, up to `end`. The others are about a system's users and
    /// directories, which there are none of.
    fn of_lines(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim);
        let told: Vec<_> = lines.by_ref().take_while(|line| *line != "end").collect();
        let is_whole = text.lines().any(|line| line.trim() == "end");
        let mut verdicts = told.iter().filter_map(|line| line.strip_prefix("auth_ok:"));
        match (is_whole, verdicts.next()?.trim(), verdicts.next()) {
            (true, "1", None) => {
                Some(Self::Right { permission: None, place: None, max_rate: None })
            }
            (true, "0" | "-1", None) => Some(Self::Wrong),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(
        permission: Option<Permission>,
        place: Option<&str>,
        max_rate: Option<u64>,
    ) -> HookAnswer {
        HookAnswer::Right { permission, place: place.map(str::to_owned), max_rate }
    }

    #[test]
    fn answers_are_understood_in_both_forms() {
        for (text, expected) in [
            ("{\"ok\": true}\n", right(None, None, None)),
            ("{\"ok\": false}", HookAnswer::Wrong),
            ("{\"ok\": false, \"prefix\": \"..\"}", HookAnswer::Wrong),
            (
                "{\"ok\":true,\"permission\":\"R\",\"prefix\":\"a/b\",\"max_rate\":1000}",
                right(Some(Permission::Read), Some("a/b"), Some(1000)),
            ),
            ("auth_ok:1\nuid:69\ngid:42\ndir:/tmp\nend\n", right(None, None, None)),
            ("auth_ok:0\nend\n", HookAnswer::Wrong),
            ("auth_ok:-1\r\nend", HookAnswer::Wrong),
        ] {
            assert_eq!(HookAnswer::parse(text.as_bytes()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_whole_is_no_answer() {
        for text in [
            "",
            "\n",
            "ok",
            "true",
            "{\"ok\":true",
            "{\"ok\":\"yes\"}",
            "{\"ok\":1}",
            "{}",
            "[]",
            "{\"ok\":true} {\"ok\":true}",
            "{\"ok\":true,\"permission\":\"all\"}",
            "{\"ok\":true,\"permision\":\"R\"}",
            "{\"ok\":true,\"prefix\":\"../a\"}",
            "{\"ok\":true,\"max_rate\":-1}",
            "auth_ok:1\n",
            "auth_ok:1",
            "auth_ok:2\nend\n",
            "auth_ok:0\nauth_ok:1\nend\n",
            "end\nauth_ok:1\n",
            "uid:1\nend\n",
        ] {
            assert_eq!(HookAnswer::parse(text.as_bytes()), Err(HookFault::Confused), "{text}");
        }
        assert_eq!(HookAnswer::parse(b"{\"ok\":true}\xff"), Err(HookFault::Confused));
    }
}
