//! The language of whoever reads.

use std::env;

use super::chinese;

/// A language that this program speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Chinese,
}

impl Language {
    /// What is made in `english`, to be read.
    pub(crate) fn say(self, english: &str) -> String {
        match self {
            Self::English => english.to_owned(),
            Self::Chinese => chinese::text(english),
        }
    }

    /// What the environment asks for, by the rules of POSIX.
    pub(crate) fn of_environment() -> Self {
        Self::of(|name| env::var(name).ok())
    }

    /// The first variable that is not empty decides.
    fn of(value: impl Fn(&str) -> Option<String>) -> Self {
        let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
        let locale = names.iter().filter_map(|name| value(name)).find(|text| !text.is_empty());
        let is_chinese = locale.is_some_and(|locale| {
            locale.split(['_', '.', '@', '-']).next().is_some_and(|language| language == "zh")
        });
        if is_chinese { Self::Chinese } else { Self::English }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_decides() {
        for (all, messages, lang, expected) in [
            ("", "", "", Language::English),
            ("", "", "zh_CN.UTF-8", Language::Chinese),
            ("", "", "zh_TW", Language::Chinese),
            ("", "", "zh", Language::Chinese),
            ("", "", "zhuang", Language::English),
            ("", "en_US.UTF-8", "zh_CN.UTF-8", Language::English),
            ("C", "zh_CN.UTF-8", "zh_CN.UTF-8", Language::English),
            ("zh_CN.UTF-8", "C", "C", Language::Chinese),
        ] {
            let value = |name: &str| match name {
                "LC_ALL" => Some(all.to_owned()),
                "LC_MESSAGES" => Some(messages.to_owned()),
                _ => Some(lang.to_owned()).filter(|lang| !lang.is_empty()),
            };
            assert_eq!(Language::of(value), expected, "{all:?} {messages:?} {lang:?}");
        }
    }
}
