//! What differs between two readings of a configuration, by the names of its keys. Values are
//! compared without being kept: some are secrets.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::LazyLock;

/// What makes values into numbers; another in each process, so that the numbers tell nothing.
static VALUES: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// What stands for each value of a configuration, to be compared with another reading of it.
#[derive(Clone, Default)]
pub struct ConfigMarks {
    sections: Vec<SectionMarks>,
    /// Files of users, and the marks of their texts.
    users: Vec<(String, u64)>,
}

/// The values of one section.
#[derive(Clone)]
struct SectionMarks {
    name: String,
    keys: Vec<KeyMark>,
}

/// The value of one key.
#[derive(Clone, Copy, PartialEq, Eq)]
struct KeyMark {
    name: &'static str,
    /// Whether it takes effect at the start only.
    at_start: bool,
    value: u64,
}

impl ConfigMarks {
    /// One more section, and each key that may stand there: whether it takes effect at the start
    /// only, and what it says or has by default.
    pub(super) fn add_section<'a>(
        &mut self,
        name: &str,
        keys: impl Iterator<Item = (&'static str, bool, Option<&'a str>)>,
    ) {
        let mark = |(name, at_start, value)| KeyMark {
            name,
            at_start,
            value: VALUES.hash_one::<Option<&str>>(value),
        };
        self.sections.push(SectionMarks { name: name.to_owned(), keys: keys.map(mark).collect() });
    }

    /// The file of users at `path` has a text with this mark.
    pub(super) fn add_users(&mut self, path: &Path, mark: u64) {
        self.users.push((path.display().to_string(), mark));
    }

    /// What is not as it was `earlier` and takes effect at once: keys as `[SECTION] key`, sections
    /// that came or went, and files of users.
    pub fn changed_since(&self, earlier: &Self) -> Vec<String> {
        let mut changed = self.other_keys(earlier, false);
        let is_new = |section: &&SectionMarks| earlier.section(&section.name).is_none();
        let new = self.sections.iter().filter(is_new);
        changed.extend(new.map(|section| format!("[{}] added", section.name)));
        let gone = earlier.sections.iter().filter(|old| self.section(&old.name).is_none());
        changed.extend(gone.map(|old| format!("[{}] removed", old.name)));
        // A file that is new here is told of by its key.
        let is_other = |(path, text): &&(String, u64)| {
            earlier.users.iter().any(|(old, told)| old == path && told != text)
        };
        let users = self.users.iter().filter(is_other);
        changed.extend(users.map(|(path, _)| format!("users in {path}")));
        changed
    }

    /// The keys that are not as a server was started with, and take effect at the start only.
    pub fn waiting_since(&self, start: &Self) -> Vec<String> {
        self.other_keys(start, true)
    }

    fn other_keys(&self, earlier: &Self, at_start: bool) -> Vec<String> {
        let mut changed = Vec::new();
        for SectionMarks { name, keys } in &self.sections {
            let Some(old) = earlier.section(name) else { continue };
            let is_other = |mark: &&KeyMark| mark.at_start == at_start && !old.contains(mark);
            let other = keys.iter().filter(is_other);
            changed.extend(other.map(|mark| format!("[{name}] {}", mark.name)));
        }
        changed
    }

    fn section(&self, name: &str) -> Option<&[KeyMark]> {
        let found = self.sections.iter().find(|section| section.name == name);
        found.map(|section| section.keys.as_slice())
    }
}

impl fmt::Debug for ConfigMarks {
    /// They tell nothing beside others.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigMarks").finish_non_exhaustive()
    }
}

/// What stands for the text of a file.
pub(super) fn mark_of(text: &[u8]) -> u64 {
    VALUES.hash_one(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{EnvironmentKeys, MachineFacts, parse};

    const TEXT: &str = "[COS_ACCOUNT_0]\ncos_endpoint = file:///srv\nhome_dir = /\n\
        ftp_login_user_name = a\nftp_login_user_password = secret-1\nauthority = RW\n";

    fn marks(text: &str) -> ConfigMarks {
        let (machine, keys) = (MachineFacts::default(), EnvironmentKeys::default());
        parse(text.as_bytes(), Path::new(""), &machine, &keys).unwrap().settings.marks
    }

    #[test]
    fn changes_are_named_by_their_keys_and_when_they_take_effect() {
        let second = "[COS_ACCOUNT_1]\ncos_endpoint = file:///srv\nhome_dir = /b\n\
                      ftp_login_user_name = b\nftp_login_user_password = secret-1\nauthority = R\n";
        for (text, at_reload, at_start) in [
            (TEXT.to_owned(), &[][..], &[][..]),
            // As it is without the line.
            (format!("{TEXT}[OPTIONAL]\nidle_timeout = 300 # s\n"), &[], &[]),
            (
                TEXT.replace("secret-1", "secret-2"),
                &["[COS_ACCOUNT_0] ftp_login_user_password"],
                &[],
            ),
            (
                format!("{TEXT}[OPTIONAL]\nidle_timeout = 20\n[NETWORK]\nlisten_port = 1\n"),
                &["[OPTIONAL] idle_timeout"],
                &["[NETWORK] listen_port"],
            ),
            (format!("{TEXT}{second}"), &["[COS_ACCOUNT_1] added"], &[]),
        ] {
            let (now, before) = (marks(&text), marks(TEXT));
            assert_eq!(now.changed_since(&before), at_reload, "{text}");
            assert_eq!(now.waiting_since(&before), at_start, "{text}");
        }
        let more = marks(&format!("{TEXT}{second}"));
        let gone = marks(TEXT).changed_since(&more);
        assert_eq!(gone, ["[COS_ACCOUNT_1] removed"]);
    }

    #[test]
    fn a_file_of_users_is_named_when_its_text_changes() {
        let with = |text: &str| {
            let mut marks = marks(TEXT);
            marks.add_users(Path::new("/etc/users"), mark_of(text.as_bytes()));
            marks
        };
        let changed = |now: &str| with(now).changed_since(&with("a"));
        assert_eq!(changed("a"), [""; 0]);
        assert_eq!(changed("b"), ["users in /etc/users"]);
    }
}
