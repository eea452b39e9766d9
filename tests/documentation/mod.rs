//! The documents say what the code does: every key, its sections and default, and who may use which
//! command; and the two languages have the same structure.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cos_ftp_server::config::{Applies, KEYS, Key, WhenAbsent};
use cos_ftp_server::metrics::METRICS;
use cos_ftp_server::protocol::{Access, Rights, VERBS};

mod example;
mod generated;
mod manuals;
mod reference;

/// A README, with the words its tables use.
struct Readme {
    text: String,
    name: &'static str,
    /// Heading of the configuration reference.
    reference: &'static str,
    /// Heading of the permissions.
    permissions: &'static str,
    /// Heading of the list of commands.
    commands: &'static str,
    /// Heading of the metrics.
    metrics: &'static str,
    /// What stands for a default that there is not.
    required: &'static str,
}

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn readmes() -> [Readme; 2] {
    [
        Readme {
            text: read("README.md"),
            name: "README.md",
            reference: "## Configuration reference",
            permissions: "## Permissions",
            commands: "## FTP commands",
            metrics: "## Metrics and health",
            required: "required",
        },
        Readme {
            text: read("README.zh-CN.md"),
            name: "README.zh-CN.md",
            reference: "## 配置参考",
            permissions: "## 权限",
            commands: "## FTP 命令",
            metrics: "## 监控与健康检查",
            required: "必填",
        },
    ]
}

impl Readme {
    /// The lines below a heading `## …`, up to the next of its kind.
    fn chapter(&self, heading: &str) -> Vec<&str> {
        let mut lines = self.text.lines();
        assert!(lines.any(|line| line == heading), "{}: no {heading:?}", self.name);
        lines.take_while(|line| !line.starts_with("## ")).collect()
    }

    /// The rows of the reference: key, default, and the heading they stand under.
    fn reference_rows(&self) -> Vec<(&str, &str, &str)> {
        let mut heading = "";
        let mut rows = Vec::new();
        for line in self.chapter(self.reference) {
            if line.starts_with("### ") {
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
    for name in ["README.md", "README.zh-CN.md", "conf/vsftpd.conf.example"] {
        let text = read(name);
        for key in KEYS.iter() {
            assert!(names(&text, key.name), "{name} does not name {}", key.name);
        }
    }
}

#[test]
fn the_reference_is_the_key_table() {
    for readme in readmes() {
        let rows = readme.reference_rows();
        let told: Vec<_> = rows.iter().map(|(key, ..)| *key).collect();
        for (key, default, heading) in &rows {
            let known = KEYS.iter().find(|known| known.name == *key);
            let known = known.unwrap_or_else(|| panic!("{}: {key} is unknown", readme.name));
            assert_eq!(*default, default_in_words(known, &readme), "{}: {key}", readme.name);
            for section in known.sections {
                let section = format!("`[{}]`", section.name());
                assert!(heading.contains(&section), "{}: {key} below {heading}", readme.name);
            }
            let sections = heading.matches("`[").count();
            assert_eq!(sections, known.sections.len(), "{}: {key} below {heading}", readme.name);
        }
        for key in KEYS.iter() {
            let times = told.iter().filter(|told| **told == key.name).count();
            assert_eq!(times, 1, "{}: rows of {}", readme.name, key.name);
        }
    }
}

#[test]
fn the_keys_that_need_a_restart_are_listed() {
    let expected: BTreeSet<_> =
        KEYS.iter().filter(|key| key.applies == Applies::AtStart).map(|key| key.name).collect();
    for readme in readmes() {
        let chapter = readme.chapter(readme.reference).join("\n");
        let list = chapter.split("\n\n").find(|paragraph| paragraph.contains("SIGHUP")).unwrap();
        assert_eq!(quoted(list), expected, "{}", readme.name);
    }
}

fn default_in_words(key: &Key, readme: &Readme) -> &'static str {
    match key.default {
        WhenAbsent::Required => readme.required,
        WhenAbsent::Unset | WhenAbsent::Empty => "–",
        WhenAbsent::Value(value) => value,
    }
}

#[test]
fn the_permissions_are_the_verb_table() {
    for readme in readmes() {
        let chapter = readme.chapter(readme.permissions);
        let rows: Vec<_> = chapter.iter().filter(|line| line.starts_with("| `")).collect();
        for verb in VERBS.iter().filter(|verb| verb.help.is_some()) {
            let row: Vec<_> = rows.iter().filter(|row| quoted(row).contains(verb.name())).collect();
            let [row] = row[..] else { panic!("{}: rows of {}", readme.name, verb.name()) };
            let told: Vec<_> = row.split('|').skip(2).map(|cell| cell.trim() == "✓").collect();
            let expected = allowed(verb.access);
            assert_eq!(told[..expected.len()], expected, "{}: {}", readme.name, verb.name());
        }
    }
}

/// Who may use what demands `access`, in the order of the columns.
fn allowed(access: Access) -> [bool; 5] {
    let rights = |read, write, delete| Rights { read, write, delete }.allow(access);
    [
        access == Access::BeforeLogin,
        rights(true, false, false),
        rights(false, true, true),
        rights(true, true, true),
        rights(true, true, false),
    ]
}

#[test]
fn the_commands_are_the_verb_table() {
    for readme in readmes() {
        let chapter = readme.chapter(readme.commands).join("\n");
        let told = quoted(&chapter);
        for verb in VERBS {
            for spelling in verb.spellings {
                assert!(told.contains(spelling), "{} does not name {spelling}", readme.name);
            }
        }
    }
}

#[test]
fn the_metrics_are_the_metric_table() {
    for readme in readmes() {
        let chapter = readme.chapter(readme.metrics);
        let rows: Vec<_> = chapter.iter().filter(|line| line.starts_with("| `cos_ftp_")).collect();
        assert_eq!(rows.len(), METRICS.len(), "{}", readme.name);
        for (row, metric) in rows.iter().zip(METRICS) {
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
            let labels = if labels.is_empty() { "–".to_owned() } else { labels.join(", ") };
            let expected = [format!("`{}`", metric.name), metric.kind.name().to_owned(), labels];
            assert_eq!(cells[1..4], expected, "{}", readme.name);
        }
    }
}

#[test]
fn both_languages_have_the_same_structure() {
    let [english, chinese] = readmes();
    assert_eq!(outline(&english.text), outline(&chinese.text));
}

/// Levels of the headings, and what the code blocks are and hold, but for comments.
fn outline(text: &str) -> Vec<String> {
    let mut outline = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.starts_with("```") {
            in_code = !in_code;
            outline.push(line.to_owned());
        } else if in_code && !line.starts_with('#') && !line.contains('<') {
            outline.push(line.to_owned());
        } else if !in_code && line.starts_with('#') {
            outline.push(line.split(' ').next().unwrap().to_owned());
        }
    }
    outline
}

#[test]
fn links_lead_somewhere() {
    for name in ["README.md", "README.zh-CN.md", "ARCHITECTURE.md", "CHANGELOG.md"] {
        let text = read(name);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap();
            if target.starts_with("http") {
                continue;
            }
            if let Some(anchor) = target.strip_prefix('#') {
                let anchors: BTreeSet<_> = text.lines().filter_map(anchor_of).collect();
                assert!(anchors.contains(anchor), "{name}: no heading for #{anchor}");
            } else {
                let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
                assert!(path.exists(), "{name}: {target}");
            }
        }
    }
}

/// The anchor that GitHub makes of a heading.
fn anchor_of(line: &str) -> Option<String> {
    let heading = line.strip_prefix('#')?.trim_start_matches('#').trim();
    let kept = heading.to_lowercase().replace(' ', "-");
    Some(kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect())
}
