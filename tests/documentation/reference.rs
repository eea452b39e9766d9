//! The reference of the configuration, a page in both languages, is made here, of the key table.

use std::fmt::Write as _;

use cos_ftp_server::config::{Applies, KEYS, Key, SectionKind, WhenAbsent, Words};

use super::generated::{Generated, with_part, wrapped};

/// One language of the documentation.
struct Language {
    directory: &'static str,
    /// The language's version of a text.
    of: fn(&Words) -> &str,
    head: &'static str,
    /// Between sections, and before the last of them.
    separators: [&'static str; 2],
    required: &'static str,
    /// Before the keys that are looked at when the server starts only, and behind them.
    at_start: [&'static str; 2],
    width: usize,
}

const ENGLISH: Language = Language {
    directory: "docs",
    of: |words| &words.english,
    head: "| Key | Default | Accepted | Meaning |",
    separators: [", ", " and "],
    required: "required",
    at_start: [
        "A running server reads the file again [on SIGHUP](operations.md#running-it). Keys that take \
         effect at the next start only: ",
        ".",
    ],
    width: 100,
};

const CHINESE: Language = Language {
    directory: "docs/zh-CN",
    of: |words| &words.chinese,
    head: "| 配置项 | 默认值 | 可选值 | 说明 |",
    separators: ["、", " 和 "],
    required: "必填",
    at_start: [
        "运行中的服务器[收到 SIGHUP 时](operations.md#运行)会重新读取该文件。以下配置项要到下次启动才生效：",
        "。",
    ],
    // Not at all: white space would stand where a line ends.
    width: usize::MAX,
};

/// Both pages, with the reference of today.
pub(super) fn pages() -> [Generated; 2] {
    [ENGLISH, CHINESE].map(|language| {
        let name = format!("{}/configuration.md", language.directory);
        let text = with_part(&super::read(&name), "keys", &language.reference());
        Generated::new(&name, text)
    })
}

impl Language {
    fn reference(&self) -> String {
        let [before, behind] = self.at_start;
        let at_start = KEYS.iter().filter(|key| key.applies == Applies::AtStart);
        let names: Vec<_> = at_start.map(|key| format!("`{}`", key.name)).collect();
        let list = format!("{before}{}{behind}", names.join(" "));
        let mut text = wrapped(&list, "", self.width);
        for sections in chapters() {
            let _ = write!(
                text,
                "\n### {}\n\n{}\n|---|---|---|---|\n",
                self.heading(sections),
                self.head
            );
            for key in KEYS.iter().filter(|key| key.sections == sections) {
                text += &self.row(key);
            }
        }
        text
    }

    fn heading(&self, sections: &[SectionKind]) -> String {
        let names: Vec<_> = sections.iter().map(|kind| format!("`[{}]`", kind.name())).collect();
        let (last, others) = names.split_last().unwrap();
        let [between, before_last] = self.separators;
        match others.join(between) {
            none if none.is_empty() => last.clone(),
            others => format!("{others}{before_last}{last}"),
        }
    }

    fn row(&self, key: &Key) -> String {
        let default = match key.default {
            WhenAbsent::Required => self.required.to_owned(),
            WhenAbsent::Unset | WhenAbsent::Empty => "–".to_owned(),
            WhenAbsent::Value(value) => format!("`{value}`"),
        };
        let [accepts, doc] = [&key.accepts, &key.doc].map(|words| {
            let text = (self.of)(words);
            assert!(!text.contains('|'), "{}: a table has no room for {text:?}", key.name);
            // The table's links begin at the project's root, those of a page beside it.
            text.replace(&format!("]({}/", self.directory), "](")
        });
        format!("| `{}` | {default} | {accepts} | {doc} |\n", key.name)
    }
}

/// The sections that share keys, in the order of the key table.
pub(super) fn chapters() -> Vec<&'static [SectionKind]> {
    let mut chapters = Vec::new();
    for key in KEYS.iter() {
        if !chapters.contains(&key.sections) {
            chapters.push(key.sections);
        }
    }
    chapters
}
