//! The records of decisions: one short page each, all in the index.

use std::fs;
use std::ops::RangeInclusive;

use super::{read, root};

const DIRECTORY: &str = "docs/decisions";

/// Long enough for the reasons, short enough to be read.
const LINES: RangeInclusive<usize> = 15..=30;

#[test]
fn each_decision_is_a_short_page_of_the_index() {
    let entries = fs::read_dir(root().join(DIRECTORY)).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != "README.md");
    names.sort();
    assert!(names.len() >= 8, "{names:?}");
    let index = read(&format!("{DIRECTORY}/README.md"));
    for name in &names {
        let record = read(&format!("{DIRECTORY}/{name}"));
        let lines = record.lines().count();
        assert!(LINES.contains(&lines), "{name} has {lines} lines");
        let number = number_of(name).unwrap_or_else(|| panic!("{name} has no number"));
        assert!(record.starts_with(&format!("# {number}: ")), "{name}: {record}");
        assert!(index.contains(&format!("]({name})")), "{name} is not in the index");
        let same = names.iter().filter(|other| number_of(other) == Some(number)).count();
        assert_eq!(same, 1, "{number} is there twice");
    }
}

/// The number of a record: `NNNN-title.md`.
fn number_of(name: &str) -> Option<&str> {
    let (number, title) = name.strip_suffix(".md")?.split_once('-')?;
    let is_number = number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !title.is_empty()).then_some(number)
}

#[test]
fn numbers_have_four_digits() {
    for (name, number) in [
        ("0001-tls.md", Some("0001")),
        ("1-tls.md", None),
        ("tls.md", None),
        ("0001-.md", None),
        ("0001-tls.txt", None),
    ] {
        assert_eq!(number_of(name), number, "{name}");
    }
}
