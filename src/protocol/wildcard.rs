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

    /// Whether `name` as a whole fits.
    pub fn matches(&self, name: &str) -> bool {
        self.pattern.matches_with(name, OPTIONS)
    }

    /// What every fitting name begins with; narrows the question to the store.
    pub fn literal_prefix(&self) -> &str {
        &self.literal_prefix
    }
}
