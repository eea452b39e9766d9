//! Where in the store of a section the files of a user are: `cos_prefix = cameras/%u`.

use crate::limits;

/// What stands for the user in a prefix.
const USER: &str = "%u";

/// Where the users of one section are, below what is common to all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HomePattern {
    /// Names that end in `/`, from the first one with `%u` on.
    pattern: String,
    /// Bytes that are left for it.
    room: usize,
}

impl HomePattern {
    /// Takes a key prefix (`a/b/`, or empty) apart: into what stands before the first name with
    /// `%u`, and the rest.
    pub fn split(prefix: &str) -> (&str, Self) {
        let user_at = prefix.find(USER).unwrap_or(prefix.len());
        let pattern_at = match prefix[..user_at].rfind('/') {
            _ if user_at == prefix.len() => user_at,
            Some(slash) => slash + 1,
            None => 0,
        };
        let (common, pattern) = prefix.split_at(pattern_at);
        let room = (limits::COS_KEY_BYTES / 2).saturating_sub(common.len());
        (common, Self { pattern: pattern.to_owned(), room })
    }

    /// Whether each user has a place of its own.
    pub fn is_personal(&self) -> bool {
        !self.pattern.is_empty()
    }

    /// Where the user `name` is, in the form `a/b/`, empty where nothing says otherwise. `place` is
    /// what stands in its line, which takes the place of the name: `/` for all that the users have.
    /// `None`: it would be outside, or too long.
    pub fn of(&self, name: &str, place: Option<&str>) -> Option<String> {
        let at = match place {
            Some(place) => key_prefix(place)?,
            None if self.is_personal() => is_user_name(name).then(|| format!("{name}/"))?,
            None => String::new(),
        };
        let home = match (self.is_personal(), at.as_str()) {
            (false, _) => at,
            // All of them: what stands before the first user.
            (true, "") => String::new(),
            (true, at) => key_prefix(&self.pattern.replace(USER, at.trim_end_matches('/')))?,
        };
        (home.len() <= self.room).then_some(home)
    }
}

/// Whether a user of this name can have a place of its own: one name of a directory that nothing
/// hides, without what separates the fields of a line.
pub fn is_user_name(text: &str) -> bool {
    (1..=limits::USER_NAME_BYTES).contains(&text.len())
        && text == text.trim()
        && !text.starts_with(['.', '#', '-'])
        && !text.chars().any(|c| c.is_control() || matches!(c, '/' | '\\' | ':'))
}

/// A key prefix, brought to the form `a/b/`, or empty. Without `.`, `..` and control characters.
pub fn key_prefix(text: &str) -> Option<String> {
    let mut prefix = String::new();
    for name in text.split('/').filter(|name| !name.is_empty()) {
        if name == "." || name == ".." || name.chars().any(char::is_control) {
            return None;
        }
        prefix.push_str(name);
        prefix.push('/');
    }
    // Half of a key is left for the names below it.
    (prefix.len() <= limits::COS_KEY_BYTES / 2).then_some(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_split_before_the_first_name_with_the_user() {
        for (prefix, common, pattern) in [
            ("", "", ""),
            ("a/b/", "a/b/", ""),
            ("%u/", "", "%u/"),
            ("a/%u/", "a/", "%u/"),
            ("a/cam-%u/in/", "a/", "cam-%u/in/"),
            ("a/%u/%u/", "a/", "%u/%u/"),
        ] {
            let (got, rest) = HomePattern::split(prefix);
            assert_eq!((got, rest.pattern.as_str()), (common, pattern), "{prefix}");
        }
    }

    #[test]
    fn a_user_stays_where_it_belongs() {
        let long = "a".repeat(limits::USER_NAME_BYTES);
        let too_long = format!("{long}a");
        for (prefix, name, place, expected) in [
            ("cameras/%u/", "cam1", None, Some("cam1/")),
            ("cameras/%u/in/", "cam1", None, Some("cam1/in/")),
            ("cameras/x-%u/", "摄像头", None, Some("x-摄像头/")),
            ("cameras/%u-x/", "cam1", Some("a/b"), Some("a/b-x/")),
            ("cameras/%u/", "%u", None, Some("%u/")),
            ("cameras/%u/", "cam1", Some("gate/2"), Some("gate/2/")),
            ("cameras/%u/", "boss", Some("/"), Some("")),
            ("cameras/%u/", "cam1", Some("../other"), None),
            ("cameras/%u/", "cam1", Some("a/./b"), None),
            ("cameras/", "cam1", None, Some("")),
            ("cameras/", "cam1", Some("gate"), Some("gate/")),
            ("cameras/", "cam1", Some("a\u{1}"), None),
            ("%u/", &long, None, Some(&format!("{long}/"))),
            ("%u/", &too_long, None, None),
            ("%u/", "..", None, None),
            ("%u/", ".", None, None),
            ("%u/", "a/b", None, None),
            ("%u/", "a\\b", None, None),
            ("%u/", "a\nb", None, None),
            ("%u/", " a", None, None),
            ("%u/", "", None, None),
            ("%u/", ".cos-ftp-server", None, None),
        ] {
            let (_, pattern) = HomePattern::split(prefix);
            assert_eq!(pattern.of(name, place).as_deref(), expected, "{prefix} {name:?} {place:?}");
        }
    }

    #[test]
    fn what_is_too_long_has_no_place() {
        let deep = format!("{}%u/", "a/".repeat(180));
        let (_, pattern) = HomePattern::split(&deep);
        assert!(pattern.of(&"n".repeat(64), None).is_some());
        assert_eq!(pattern.of("n", Some(&"n".repeat(65))), None);
        let (_, pattern) = HomePattern::split("%u/%u/%u/");
        assert_eq!(pattern.of("n", Some(&"n".repeat(150))), None);
    }

    #[test]
    fn prefixes_are_brought_to_one_form() {
        let long = "a/".repeat(300);
        for (text, expected) in [
            ("", Some("")),
            ("/", Some("")),
            ("a", Some("a/")),
            ("/a//b c/", Some("a/b c/")),
            ("数据/", Some("数据/")),
            ("a/../b", None),
            ("./a", None),
            ("a\tb", None),
            (&long, None),
        ] {
            assert_eq!(key_prefix(text).as_deref(), expected, "{text:?}");
        }
    }
}
