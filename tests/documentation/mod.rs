//! The documents say what the code does: every key, its sections and default, and who may use which
//! command; their links lead somewhere; and the two languages have the same pages and structure.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cos_ftp_server::config::{Applies, KEYS, Key, WhenAbsent};
use cos_ftp_server::metrics::METRICS;
use cos_ftp_server::protocol::VERBS;

mod decisions;
mod example;
pub(crate) mod generated;
pub(crate) mod links;
mod manuals;
mod pages;
mod pictures;
mod reference;
mod verbs;

/// The pages of one language.
struct Manual {
    /// Below the project's root.
    directory: &'static str,
    /// What stands for a default that there is not.
    required: &'static str,
}

const ENGLISH: Manual = Manual { directory: "docs", required: "required" };
const CHINESE: Manual = Manual { directory: "docs/zh-CN", required: "必填" };
const MANUALS: [Manual; 2] = [ENGLISH, CHINESE];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

impl Manual {
    /// The text of a page, which both languages give the same name.
    fn page(&self, name: &str) -> String {
        read(&format!("{}/{name}.md", self.directory))
    }
}

/// The rows of the reference: key, default, and the heading they stand under.
fn reference_rows(page: &str) -> Vec<(&str, &str, &str)> {
    let mut heading = "";
    let mut rows = Vec::new();
    for line in page.lines() {
        if line.starts_with('#') {
            heading = line;
        }
        let cells: Vec<_> = line.split(" | ").collect();
        if let [key, default, ..] = cells[..]
            && let Some(key) = key.strip_prefix("| `")
        {
            rows.push((key.trim_end_matches('`'), default.trim_matches('`'), heading));
        }
    }
    rows
}

/// The words in backquotes.
fn quoted(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Whether `text` names `word`, and not only a longer word that holds it.
fn names(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part)
    })
}

#[test]
fn every_key_is_in_every_document() {
    for name in ["docs/configuration.md", "docs/zh-CN/configuration.md", "conf/vsftpd.conf.example"]
    {
        let text = read(name);
        for key in KEYS.iter() {
            assert!(names(&text, key.name), "{name} does not name {}", key.name);
        }
    }
}

#[test]
fn the_reference_is_the_key_table() {
    for manual in MANUALS {
        let language = manual.directory;
        let page = manual.page("configuration");
        let rows = reference_rows(&page);
        let told: Vec<_> = rows.iter().map(|(key, ..)| *key).collect();
        for (key, default, heading) in &rows {
            let known = KEYS.iter().find(|known| known.name == *key);
            let known = known.unwrap_or_else(|| panic!("{language}: {key} is unknown"));
            assert_eq!(*default, default_in_words(known, &manual), "{language}: {key}");
            for section in known.sections {
                let section = format!("`[{}]`", section.name());
                assert!(heading.contains(&section), "{language}: {key} below {heading}");
            }
            let sections = heading.matches("`[").count();
            assert_eq!(sections, known.sections.len(), "{language}: {key} below {heading}");
        }
        for key in KEYS.iter() {
            let times = told.iter().filter(|told| **told == key.name).count();
            assert_eq!(times, 1, "{language}: rows of {}", key.name);
        }
    }
}

#[test]
fn the_keys_that_need_a_restart_are_listed() {
    let expected: BTreeSet<_> =
        KEYS.iter().filter(|key| key.applies == Applies::AtStart).map(|key| key.name).collect();
    for manual in MANUALS {
        let page = manual.page("configuration");
        let list = page.split("\n\n").find(|paragraph| paragraph.contains("SIGHUP")).unwrap();
        // The first line is the mark of the generated part.
        let list = list.split_once("-->").map_or(list, |(_, list)| list);
        assert_eq!(quoted(list), expected, "{}", manual.directory);
    }
}

fn default_in_words(key: &Key, manual: &Manual) -> &'static str {
    match key.default {
        WhenAbsent::Required => manual.required,
        WhenAbsent::Unset | WhenAbsent::Empty => "–",
        WhenAbsent::Value(value) => value,
    }
}

#[test]
fn every_spelling_of_a_command_is_told() {
    for manual in MANUALS {
        let page = manual.page("commands");
        let told = quoted(&page);
        for verb in VERBS {
            for spelling in verb.spellings {
                assert!(told.contains(spelling), "{}: no {spelling}", manual.directory);
            }
        }
    }
}

/// Whether a line is the row of a metric: ours, or of the process as all programs tell it.
fn is_metric(line: &str) -> bool {
    ["| `cos_ftp_", "| `process_"].iter().any(|start| line.starts_with(start))
}

#[test]
fn the_metrics_are_the_metric_table() {
    for manual in MANUALS {
        let page = manual.page("operations");
        let rows: Vec<_> = page.lines().filter(|line| is_metric(line)).collect();
        assert_eq!(rows.len(), METRICS.len(), "{}", manual.directory);
        for (row, metric) in rows.iter().zip(METRICS) {
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
            let labels = if labels.is_empty() { "–".to_owned() } else { labels.join(", ") };
            let expected = [format!("`{}`", metric.name), metric.kind.name().to_owned(), labels];
            assert_eq!(cells[1..4], expected, "{}", manual.directory);
        }
    }
}
