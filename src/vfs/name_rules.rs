//! Which names the clients of an account may give, and which of those that are there they see.

use std::sync::Arc;

use glob::{MatchOptions, Pattern};

use super::FtpPath;

/// Cameras and scanners write endings in capitals; a `*` also means names that begin with a dot.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: false,
    require_literal_separator: false,
    require_literal_leading_dot: false,
};

/// Patterns of names, each for one component of a path, whatever the case of its ASCII letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamePatterns(Arc<[Pattern]>);

impl NamePatterns {
    /// `*.csv, report-??.txt`; `None` when one of them is empty, holds a slash, or has a `[` that
    /// nothing closes.
    pub fn parse(text: &str) -> Option<Self> {
        let pattern = |text: &str| {
            let mut text = text.trim().to_owned();
            // `**` is something else to the crate, and the same as `*` within one component.
            while text.contains("**") {
                text = text.replace("**", "*");
            }
            let is_name = !text.is_empty() && !text.contains('/');
            Pattern::new(&text).ok().filter(|_| is_name)
        };
        text.split(',').map(pattern).collect::<Option<Vec<_>>>().map(|all| Self(all.into()))
    }

    /// The same and this name, in which nothing is a pattern.
    pub fn with_name(&self, name: &str) -> Self {
        let name = Pattern::new(&Pattern::escape(name));
        Self(self.0.iter().cloned().chain(name).collect())
    }

    /// Whether a name fits one of them.
    pub fn fit(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches_with(name, OPTIONS))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The rules of an account. Nothing said is everything allowed and seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameRules {
    /// Names that new files may have; none of them for any.
    pub allowed: NamePatterns,
    /// Names that neither new files nor directories may have, nor any directory above one.
    pub denied: NamePatterns,
    /// Names that are as good as absent, with all below them.
    pub hidden: NamePatterns,
}

impl NameRules {
    /// Whether nothing tells that there is such a file or directory.
    pub fn hide(&self, path: &FtpPath) -> bool {
        !self.hidden.is_empty() && path.components().any(|name| self.hidden.fit(name))
    }

    /// Whether a directory may be called so.
    pub fn admit_directory(&self, path: &FtpPath) -> bool {
        !self.hide(path)
            && (self.denied.is_empty() || !path.components().any(|name| self.denied.fit(name)))
    }

    /// Whether a file may.
    pub fn admit_file(&self, path: &FtpPath) -> bool {
        self.admit_directory(path) && (self.allowed.is_empty() || self.allowed.fit(path.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(text: &str) -> NamePatterns {
        NamePatterns::parse(text).unwrap()
    }

    fn path(text: &str) -> FtpPath {
        FtpPath::root().join(text).unwrap()
    }

    #[test]
    fn patterns_are_of_one_name_and_of_any_case() {
        let images = patterns("*.jpg , IMG_[0-9]?.png,**x**");
        for (name, fits) in [
            ("a.jpg", true),
            ("A.JPG", true),
            (".jpg", true),
            ("img_1a.PNG", true),
            ("img_a1.png", false),
            ("yxz", true),
            ("a.jpg2", false),
        ] {
            assert_eq!(images.fit(name), fits, "{name}");
        }
        for wrong in ["", "a,,b", "a/b", "[a", ","] {
            assert_eq!(NamePatterns::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn rules_look_at_what_they_are_about() {
        let rules = NameRules {
            allowed: patterns("*.csv"),
            denied: patterns("tmp*,*.exe"),
            hidden: patterns(".git"),
        };
        for (text, file, directory, hidden) in [
            ("a.csv", true, true, false),
            ("d/a.csv", true, true, false),
            ("a.txt", false, true, false),
            ("tmp1.csv", false, false, false),
            ("tmp/a.csv", false, false, false),
            (".git", false, false, true),
            ("d/.git/a.csv", false, false, true),
        ] {
            let path = path(text);
            assert_eq!(rules.admit_file(&path), file, "{text}");
            assert_eq!(rules.admit_directory(&path), directory, "{text}");
            assert_eq!(rules.hide(&path), hidden, "{text}");
        }
        let nothing = NameRules::default();
        assert!(nothing.admit_file(&path(".git/x.exe")) && !nothing.hide(&path(".git")));
    }
}
