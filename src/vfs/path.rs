//! Absolute, normalised paths. A value of [`FtpPath`] cannot leave the root: `..` is resolved when
//! the path is made, and there is no other way to make one.

use std::fmt;

/// An absolute path such as `/a/b`, without `.`, `..`, empty components, a trailing slash (but
/// for the root itself) or control characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FtpPath(String);

/// Why a text is no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathError {
    /// Nothing was given where a name is needed.
    Empty,
    /// CR and LF would forge listing lines, NUL cuts names short, the others break bucket listings.
    ControlCharacter,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "a path is needed",
            Self::ControlCharacter => "control characters are not allowed in names",
        })
    }
}

impl std::error::Error for PathError {}

impl FtpPath {
    /// The root of an account, `/`.
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// Resolves `text` as a client at `self` means it: absolute when it begins with `/`, relative
    /// otherwise. `..` stops at the root, as a shell's does.
    ///
    /// # Errors
    /// [`PathError`] when `text` is empty or holds a control character.
    pub fn join(&self, text: &str) -> Result<Self, PathError> {
        if text.is_empty() {
            return Err(PathError::Empty);
        }
        if text.chars().any(char::is_control) {
            return Err(PathError::ControlCharacter);
        }
        let mut parts: Vec<&str> =
            if text.starts_with('/') { Vec::new() } else { self.components().collect() };
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                name => parts.push(name),
            }
        }
        Ok(Self(format!("/{}", parts.join("/"))))
    }

    /// The path of `name` inside this directory, or `None` when `name` cannot be one component:
    /// empty, `.`, `..`, with a `/` or a control character. Keys in a bucket may be any of these.
    pub fn child(&self, name: &str) -> Option<Self> {
        let legal = !matches!(name, "" | "." | "..")
            && !name.contains('/')
            && !name.chars().any(char::is_control);
        legal.then(|| Self(format!("{}/{name}", if self.is_root() { "" } else { &self.0 })))
    }

    /// The same path with a number in its name, in front of the ending: `/a/b (2).csv`.
    #[must_use]
    pub fn numbered(&self, number: u64) -> Self {
        let name = self.name();
        let stem = match name.rfind('.') {
            Some(at) if at > 0 => at,
            _ => name.len(),
        };
        let (front, ending) = self.0.split_at(self.0.len() - (name.len() - stem));
        Self(format!("{front} ({number}){ending}"))
    }

    /// The directory that holds this path; the root's is the root.
    pub fn parent(&self) -> Self {
        match self.0.rfind('/') {
            None | Some(0) => Self::root(),
            Some(at) => Self(self.0[..at].to_owned()),
        }
    }

    /// The last component; empty for the root.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The components from the root down.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }

    /// Whether this is `/`.
    pub fn is_root(&self) -> bool {
        self.0 == "/"
    }

    /// Whether `self` is `other` or lies below it.
    pub fn is_within(&self, other: &Self) -> bool {
        other.is_root()
            || self.0 == other.0
            || self.0.strip_prefix(&other.0).is_some_and(|rest| rest.starts_with('/'))
    }

    /// This path as somebody sees it whose root is `root`; `None` if it does not lie there.
    pub fn seen_from(&self, root: &Self) -> Option<Self> {
        let rest = match root.is_root() {
            true => self.as_str(),
            false => self.0.strip_prefix(&root.0)?,
        };
        match rest {
            "" => Some(Self::root()),
            rest => rest.starts_with('/').then(|| Self(rest.to_owned())),
        }
    }

    /// Where this path is for somebody who sees its root as `root`.
    #[must_use]
    pub fn below(&self, root: &Self) -> Self {
        match (self.is_root(), root.is_root()) {
            (true, _) => root.clone(),
            (_, true) => self.clone(),
            _ => Self(format!("{}{}", root.0, self.0)),
        }
    }

    /// The path as a client sees it, with its leading slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path without its leading slash: the tail of an object's key.
    pub fn key(&self) -> &str {
        &self.0[1..]
    }
}

impl fmt::Display for FtpPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for FtpPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn join_resolves_and_never_leaves_the_root() {
        for (at, text, expected) in [
            ("/", "a", "/a"),
            ("/a", "b/c", "/a/b/c"),
            ("/a/b", "/x", "/x"),
            ("/a/b", "..", "/a"),
            ("/a", "../../..", "/"),
            ("/a", "../../../etc/passwd", "/etc/passwd"),
            ("/a", ".", "/a"),
            ("/a", "/", "/"),
            ("/a", "b//c/", "/a/b/c"),
            ("/", "./x/../y", "/y"),
            ("/", "...", "/..."),
            ("/", " lead and trail ", "/ lead and trail "),
            ("/", "\\back", "/\\back"),
            ("/数据", "文件.txt", "/数据/文件.txt"),
        ] {
            let base = FtpPath::root().join(at).unwrap();
            assert_eq!(base.join(text).unwrap().as_str(), expected, "{at} + {text}");
        }
    }

    #[test]
    fn join_refuses_what_forges_lines() {
        let root = FtpPath::root();
        assert_eq!(root.join(""), Err(PathError::Empty));
        for text in ["a\rb", "a\nb", "a\0b", "a\x1bb", "a\x7fb", "a\tb"] {
            assert_eq!(root.join(text), Err(PathError::ControlCharacter), "{text:?}");
        }
    }

    #[test]
    fn child_takes_one_component_only() {
        let dir = FtpPath::root().join("/d").unwrap();
        assert_eq!(dir.child("x").unwrap().as_str(), "/d/x");
        assert_eq!(FtpPath::root().child("x").unwrap().as_str(), "/x");
        for name in ["", ".", "..", "a/b", "a\nb"] {
            assert_eq!(dir.child(name), None, "{name:?}");
        }
    }

    #[test]
    fn a_number_stands_in_front_of_the_ending() {
        for (path, expected) in [
            ("/a.b/report.csv", "/a.b/report (2).csv"),
            ("/a.b/report", "/a.b/report (2)"),
            ("/.profile", "/.profile (2)"),
            ("/a.tar.gz", "/a.tar (2).gz"),
            ("/数据.txt", "/数据 (2).txt"),
            ("/ends.", "/ends (2)."),
        ] {
            let numbered = FtpPath::root().join(path).unwrap().numbered(2);
            assert_eq!(numbered.as_str(), expected);
        }
    }

    #[test]
    fn parts_of_a_path() {
        let path = FtpPath::root().join("/a/b c").unwrap();
        assert_eq!(path.name(), "b c");
        assert_eq!(path.key(), "a/b c");
        assert_eq!(path.parent().as_str(), "/a");
        assert_eq!(path.parent().parent(), FtpPath::root());
        assert_eq!(FtpPath::root().parent(), FtpPath::root());
        assert_eq!(FtpPath::root().name(), "");
        assert_eq!(FtpPath::root().key(), "");
    }

    #[test]
    fn a_path_is_seen_from_below_and_from_above() {
        let at = |text: &str| FtpPath::root().join(text).unwrap();
        for (path, root, seen) in [
            ("/a/b/c", "/a/b", Some("/c")),
            ("/a/b", "/a/b", Some("/")),
            ("/a/b", "/", Some("/a/b")),
            ("/", "/", Some("/")),
            ("/a/bc", "/a/b", None),
            ("/a", "/a/b", None),
        ] {
            let found = at(path).seen_from(&at(root));
            assert_eq!(found, seen.map(at), "{path} from {root}");
            if let Some(found) = found {
                assert_eq!(found.below(&at(root)), at(path));
            }
        }
    }

    #[test]
    fn within_is_by_component_not_by_text() {
        let at = |text: &str| FtpPath::root().join(text).unwrap();
        assert!(at("/a/b").is_within(&at("/a")));
        assert!(at("/a").is_within(&at("/a")));
        assert!(at("/a").is_within(&at("/")));
        assert!(!at("/ab").is_within(&at("/a")));
        assert!(!at("/a").is_within(&at("/a/b")));
    }
}
