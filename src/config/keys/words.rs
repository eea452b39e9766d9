//! Texts of the table, in both languages of the documentation.

/// A text of the table of keys. In both languages `code` stands in backquotes, and links are
/// written as in Markdown, relative to the project's root; [`plain`] is without either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// In English.
    pub english: String,
    /// In Chinese.
    pub chinese: String,
}

impl Words {
    pub(in crate::config) fn new(english: impl Into<String>, chinese: impl Into<String>) -> Self {
        Self { english: english.into(), chinese: chinese.into() }
    }
}

/// `text` without backquotes, and with the file or page that a link leads to behind its words.
pub fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once("](") {
        let (before, words) = before.rsplit_once('[').unwrap_or((before, ""));
        plain.extend([before, words]);
        let (target, behind) = link.split_once(')').unwrap_or((link, ""));
        let page = target.split('#').next().unwrap_or_default();
        plain.extend([" (", page, ")"]);
        rest = behind;
    }
    plain.push_str(rest);
    plain.replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_go_and_words_stay() {
        for (text, expected) in [
            ("", ""),
            ("a number", "a number"),
            ("`auto`, `md5` or `off`", "auto, md5 or off"),
            ("see [Rates](docs/a.md#rates); not set: none", "see Rates (docs/a.md); not set: none"),
            ("[a](b) and [`c`](d#e)", "a (b) and c (d)"),
            ("in [OPTIONAL] (the section)", "in [OPTIONAL] (the section)"),
        ] {
            assert_eq!(plain(text), expected);
        }
    }
}
