//! Of which files events are told.

use std::str::FromStr;

use glob::{MatchOptions, Pattern};

/// As in a shell: a `*` stays within a name, `**` goes through directories.
const RULES: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// `names`: patterns, separated by commas. One with a `/` is of the whole path, another of the
/// name alone; those behind a `!` are of what is not told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathPatterns {
    told: Vec<Pattern>,
    untold: Vec<Pattern>,
}

impl PathPatterns {
    /// Whether the file or directory `path` is one of those.
    pub(super) fn admit(&self, path: &str) -> bool {
        let fits = |pattern: &Pattern| {
            let is_of_path = pattern.as_str().contains('/');
            let name = path.rsplit('/').next().unwrap_or(path);
            pattern.matches_with(if is_of_path { path } else { name }, RULES)
        };
        (self.told.is_empty() || self.told.iter().any(fits)) && !self.untold.iter().any(fits)
    }
}

impl FromStr for PathPatterns {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut names = Self::default();
        for word in text.split(',').map(str::trim) {
            let (list, word) = match word.strip_prefix('!') {
                Some(word) => (&mut names.untold, word),
                None => (&mut names.told, word),
            };
            let pattern = Some(word).filter(|word| !word.is_empty());
            list.push(pattern.and_then(|word| Pattern::new(word).ok()).ok_or(())?);
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_of_names_or_of_paths() {
        for (patterns, path, admitted) in [
            ("*", "/a/b.jpg", true),
            ("*.jpg", "/a/b.jpg", true),
            ("*.jpg, *.png", "/a/b.png", true),
            ("*.jpg", "/a/b.jpg.part", false),
            ("!*.part", "/a/b.jpg", true),
            ("!*.part", "/a/b.part", false),
            ("*.jpg, !x*", "/x.jpg", false),
            ("/in/*", "/in/a", true),
            ("/in/*", "/in/a/b", false),
            ("/in/**/*", "/in/a/b", true),
            ("照片*", "/a/照片1.jpg", true),
        ] {
            let names: PathPatterns = patterns.parse().unwrap();
            assert_eq!(names.admit(path), admitted, "{patterns} {path}");
        }
        assert!(PathPatterns::default().admit("/anything"));
        for wrong in ["", "a,,b", "!", "[a"] {
            assert!(wrong.parse::<PathPatterns>().is_err(), "{wrong:?}");
        }
    }
}
