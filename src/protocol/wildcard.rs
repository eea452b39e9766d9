//! Wildcards in the last component of a path, as `mget *.csv` and `ls a?.[tc]xt` send them.

use glob::{MatchOptions, Pattern};

/// Names that begin with a dot match like others: there are no hidden files here, and a slash
/// cannot occur in a name.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: false,
    require_literal_leading_dot: false,
};

/// A pattern for one component.
#[derive(Clone, Debug)]
pub struct Wildcard {
    pattern: Pattern,
    literal_prefix: String,
}

impl Wildcard {
    /// The pattern `component` is, or `None` if it is a plain name: without `*`, `?` and `[`, or
    /// with a `[` that nothing closes. A file may be named like a pattern; the caller looks for it
    /// first.
    pub fn new(component: &str) -> Option<Self> {
        let first = component.find(['*', '?', '['])?;
        // `**` is something else to the crate, and the same as `*` within one component.
        let mut text = component.to_owned();
        while text.contains("**") {
            text = text.replace("**", "*");
        }
        let pattern = Pattern::new(&text).ok()?;
        Some(Self { pattern, literal_prefix: component[..first].to_owned() })
    }

    /// Takes a path apart whose last component is a pattern: the directory as it was written, with
    /// its slash (empty for the working directory), and the pattern.
    pub fn in_path(path: &str) -> Option<(&str, Self)> {
        let (directory, component) = path.split_at(path.rfind('/').map_or(0, |slash| slash + 1));
        Some((directory, Self::new(component)?))
    }

    /// Whether `name` as a whole fits.
    pub fn matches(&self, name: &str) -> bool {
        self.pattern.matches_with(name, OPTIONS)
    }

    /// What every fitting name begins with; narrows the question to the store.
    pub fn literal_prefix(&self) -> &str {
        &self.literal_prefix
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_fit() {
        for (pattern, name, fits) in [
            ("*.csv", "a.csv", true),
            ("*.csv", "a.csv.bak", false),
            ("*", "any thing", true),
            // there are no hidden files
            ("*", ".profile", true),
            ("?", ".", true),
            ("a?c", "a数c", true),
            ("a?c", "ac", false),
            ("[a-c]x", "bx", true),
            ("[a-c]x", "dx", false),
            ("[!a-c]x", "dx", true),
            ("[]]x", "]x", true),
            ("a**b", "a-b", true),
            ("***", "x", true),
            ("a[*]", "a*", true),
            ("a[*]", "ab", false),
            ("A*", "a", false),
        ] {
            assert_eq!(Wildcard::new(pattern).unwrap().matches(name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn plain_names_are_no_patterns() {
        for name in ["", "a", "a]", "a[b", "*[", "{a,b}", "a\\b"] {
            assert!(Wildcard::new(name).is_none(), "{name}");
        }
    }

    #[test]
    fn what_the_store_is_asked_for() {
        for (path, directory, prefix) in [
            ("*.csv", "", ""),
            ("a b*", "", "a b"),
            ("/*", "/", ""),
            ("d/e/数据[12]*", "d/e/", "数据"),
            ("d*/x?", "d*/", "x"),
        ] {
            let (found, wildcard) = Wildcard::in_path(path).unwrap();
            assert_eq!((found, wildcard.literal_prefix()), (directory, prefix), "{path}");
        }
        assert!(Wildcard::in_path("a*/b").is_none());
        assert!(Wildcard::in_path("a*/").is_none());
    }

    #[test]
    fn a_hostile_pattern_costs_no_time() {
        // Backtracking without bounds would take longer than the universe has.
        let pattern = Wildcard::new(&"a*".repeat(400)).unwrap();
        assert!(!pattern.matches(&("a".repeat(800) + "b").replace("ab", "b")[..399]));
        assert!(!Wildcard::new(&("*a".repeat(400) + "b")).unwrap().matches(&"a".repeat(850)));
    }
}
