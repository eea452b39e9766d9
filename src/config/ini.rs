//! INI text as sections of raw strings. `configparser` parses; beside it goes a light scan of the
//! lines, because the crate keeps neither line numbers nor the order of the file, and merges what
//! stands in it twice.
//!
//! The crate's own inline comments are off: they cut at any `#` or `;`, also inside a password. It
//! is given the number of its line in the place of each value: it makes copies of what it reads,
//! which nobody would wipe from memory.

use std::collections::HashMap;

use configparser::ini::{Ini, IniDefault};
use zeroize::Zeroizing;

use super::comment;
use super::keys;
use super::report::{ConfigReport, Place};

/// What separates a key from its value: whichever comes first, as in the replaced tool.
const DELIMITERS: [char; 2] = ['=', ':'];

/// What begins a comment.
const COMMENT_SYMBOLS: [char; 2] = ['#', ';'];

/// What a Chinese input method makes of the characters that this form is written with.
const WIDE_DELIMITERS: [char; 2] = ['＝', '：'];
const WIDE_COMMENT_SYMBOLS: [char; 2] = ['＃', '；'];
const WIDE_BRACKETS: [char; 3] = ['【', '［', '〔'];

/// One section of the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct IniSection {
    /// The name as it stands in the file.
    pub(super) name: String,
    /// Line of its header.
    pub(super) line: usize,
    /// What stands in it, in the order of the file.
    pub(super) entries: Vec<IniEntry>,
}

/// One `key = value`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct IniEntry {
    /// The key in lower case.
    pub(super) key: String,
    /// All that follows the delimiter, trimmed; comments included.
    pub(super) value: Zeroizing<String>,
    /// Its line.
    pub(super) line: usize,
}

/// Reads `text`, whose lines end in LF. What is malformed or stands there twice is reported and
/// left out.
pub(super) fn read(text: &str, report: &mut ConfigReport) -> Vec<IniSection> {
    let mut outline = Outline { report, sections: Vec::new(), at: At::Start };
    let clean: Vec<String> =
        (1..).zip(text.lines()).map(|(n, line)| outline.take(n, line)).collect();
    let mut sections = outline.sections;

    let mut ini = Ini::new_from_defaults(settings());
    let values = match ini.read(clean.join("\n")) {
        Ok(values) => values,
        Err(why) => {
            // The scan leaves out everything the crate is known to refuse.
            report.problem(Place::default(), why);
            return Vec::new();
        }
    };
    for section in &mut sections {
        let parsed = values.get(&fold(&section.name));
        section.entries.retain(|entry| is_where_the_crate_finds_it(entry, parsed));
    }
    sections
}

fn settings() -> IniDefault {
    let mut settings = IniDefault::default();
    settings.comment_symbols = COMMENT_SYMBOLS.to_vec();
    settings.delimiters = DELIMITERS.to_vec();
    settings.multiline = false;
    settings.enable_inline_comments = false;
    settings
}

/// Section and key names differ by more than case. Same folding as the crate's.
fn fold(name: &str) -> String {
    name.to_lowercase()
}

fn is_where_the_crate_finds_it(
    entry: &IniEntry,
    parsed: Option<&HashMap<String, Option<String>>>,
) -> bool {
    let line = parsed.and_then(|values| values.get(&entry.key)).and_then(Option::as_ref);
    line.is_some_and(|line| *line == entry.line.to_string())
}

/// The scan: which line holds which section or key.
struct Outline<'a> {
    report: &'a mut ConfigReport,
    sections: Vec<IniSection>,
    at: At,
}

/// What the lines that come belong to.
#[derive(Clone, Copy)]
enum At {
    /// Nothing: no header came yet.
    Start,
    /// The last section.
    Section,
    /// A header that was refused, and its lines with it.
    Refused,
}

impl Outline<'_> {
    /// Notes one line, and gives it back as the crate shall see it: headers without their
    /// comments, keys with the line's number for a value, what is refused as an empty line.
    fn take(&mut self, number: usize, line: &str) -> String {
        let line = line.trim();
        if line.is_empty() || line.starts_with(COMMENT_SYMBOLS) {
            String::new()
        } else if let Some(rest) = line.strip_prefix('[') {
            self.take_header(number, rest)
        } else if self.refuse_wide_beginning(number, line) {
            String::new()
        } else {
            let key = self.take_entry(number, line);
            key.map_or_else(String::new, |key| format!("{key} = {number}"))
        }
    }

    /// Refuses a header or comment that begins with a full-width character, and a header's lines
    /// with it. Whether that was done.
    fn refuse_wide_beginning(&mut self, number: usize, line: &str) -> bool {
        if line.starts_with(WIDE_BRACKETS) {
            self.at = At::Refused;
            let text = "a section header is written [NAME], with half-width brackets";
            self.report.problem(Place::line(number), text);
            return true;
        }
        let is_comment = line.starts_with(WIDE_COMMENT_SYMBOLS);
        if is_comment {
            let text = "a comment begins with a half-width '#' or ';'";
            self.report.problem(Place::line(number), text);
        }
        is_comment
    }

    fn take_header(&mut self, number: usize, rest: &str) -> String {
        self.at = At::Refused;
        let parts = rest.split_once(']').map(|(name, tail)| (name.trim(), tail.trim()));
        let Some((name, tail)) = parts.filter(|(name, _)| !name.is_empty()) else {
            self.report.problem(Place::line(number), "a section header is written [NAME]");
            return String::new();
        };
        let place = Place { section: name.to_owned(), ..Place::line(number) };
        if !tail.is_empty() && !tail.starts_with(COMMENT_SYMBOLS) {
            self.report.problem(place, "only a comment may follow a section header on its line");
            return String::new();
        }
        let earlier = self.sections.iter().find(|section| fold(&section.name) == fold(name));
        if let Some(earlier) = earlier {
            let text = format!("the section is in the file twice, first in line {}", earlier.line);
            self.report.problem(place, text);
            return String::new();
        }
        self.sections.push(IniSection { name: name.to_owned(), line: number, entries: Vec::new() });
        self.at = At::Section;
        format!("[{name}]")
    }

    /// The key, if the line has one that can be used.
    fn take_entry(&mut self, number: usize, line: &str) -> Option<String> {
        let section = match (self.at, self.sections.last_mut()) {
            (At::Section, Some(section)) => section,
            (At::Refused, _) => return None,
            _ => {
                let text = "a line before the first section header, such as [COS_ACCOUNT]";
                self.report.problem(Place::line(number), text);
                return None;
            }
        };
        let mut place = Place { section: section.name.clone(), ..Place::line(number) };
        let wide = wide_delimiter(line);
        let (key, value) = match wide {
            // Read as it was meant, so that the key is not told missing, too.
            Some(wide) => line.split_once(wide).unwrap_or_default(),
            None => line.split_once(DELIMITERS).unwrap_or_default(),
        };
        let (key, value) = (key.trim(), value.trim());
        // A delimiter inside a comment separates nothing.
        if key.is_empty() || comment::cut_plain(key) != key {
            // The line may be a secret that lost its key: only known words are repeated.
            place.key = known_first_word(line);
            self.report.problem(place, "a line without a value: write key = value");
            return None;
        }
        let key = fold(key);
        if let Some(wide) = wide {
            if keys::is_known_anywhere(&key) {
                place.key.clone_from(&key);
            }
            let text = format!("a full-width '{wide}' separates nothing: write key = value");
            self.report.problem(place.clone(), text);
        }
        if let Some(earlier) = section.entries.iter().find(|entry| entry.key == key) {
            place.key = key;
            let text = format!("the key is in its section twice, first in line {}", earlier.line);
            self.report.problem(place, text);
            return None;
        }
        let value = Zeroizing::new(value.to_owned());
        section.entries.push(IniEntry { key: key.clone(), value, line: number });
        Some(key)
    }
}

/// The full-width delimiter that a key was written with: where there is no other, or a key stands
/// in front of it. A value may hold any character.
fn wide_delimiter(line: &str) -> Option<char> {
    let at = line.find(WIDE_DELIMITERS)?;
    let (key, rest) = line.split_at(at);
    let is_meant = !key.contains(DELIMITERS)
        && (!line.contains(DELIMITERS) || keys::is_known_anywhere(&fold(key.trim())));
    rest.chars().next().filter(|_| is_meant)
}

fn known_first_word(line: &str) -> String {
    let word = fold(line.split_whitespace().next().unwrap_or_default());
    if keys::is_known_anywhere(&word) { word } else { String::new() }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// What is read of `text`: `section.key=value@line`; and the problems.
    fn check(text: &str) -> (Vec<String>, Vec<String>) {
        let mut report = ConfigReport::new(Path::new("f"));
        let mut entries = Vec::new();
        for section in read(text, &mut report) {
            for IniEntry { key, value, line } in section.entries {
                entries.push(format!("{}.{key}={}@{line}", section.name, *value));
            }
        }
        let problems = report.finish().err().map(|problems| problems.problems).unwrap_or_default();
        (entries, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn good_lines() {
        for (text, expected) in [
            ("", &[][..]),
            ("# c\n; c\n\n  # c = d\n[A]\n", &[]),
            ("[A]\nb = c", &["A.b=c@2"]),
            ("[A]\nb: c = d\nc = d:e\n", &["A.b=c = d@2", "A.c=d:e@3"]),
            ("[A]\nB = C\n", &["A.b=C@2"]),
            ("[ A ] # c ]\nb=\n", &["A.b=@2"]),
            ("[A];c\n\n  b = c # d ; e\n", &["A.b=c # d ; e@3"]),
            ("[A]\nb = c\n[B]\nb = d\n", &["A.b=c@2", "B.b=d@4"]),
            ("[A]\nb = [c]\n", &["A.b=[c]@2"]),
            // No continuation lines: an indented one stands for itself.
            ("[A]\nb = c\n    d = e\n", &["A.b=c@2", "A.d=e@3"]),
            ("[A]\nb = %(x)s \"q\" \\n\n", &["A.b=%(x)s \"q\" \\n@2"]),
        ] {
            assert_eq!(check(text), (expected.iter().map(ToString::to_string).collect(), vec![]));
        }
    }

    #[test]
    fn bad_lines_are_left_out_and_told() {
        for (text, entries, problems) in [
            (
                "[A]\nb = c\nB = d\n",
                &["A.b=c@2"][..],
                &["f:3: [A] b: the key is in its section twice"][..],
            ),
            (
                "[A]\nb = c\n[a]\nd = e\n",
                &["A.b=c@2"],
                &["f:3: [a] the section is in the file twice"],
            ),
            ("[A]\nb\nc = d\n", &["A.c=d@3"], &["f:2: [A] a line without a value"]),
            ("[A]\nlog_dir\n", &[], &["f:2: [A] log_dir: a line without a value"]),
            ("[A]\n= b\n: c\n", &[], &["f:2: [A] a line", "f:3: [A] a line"]),
            ("[A\nb = c\n[B]\nd = e\n", &["B.d=e@4"], &["f:1: a section header"]),
            ("b = c\n[A]\nd = e\n", &["A.d=e@3"], &["f:1: a line before the first section"]),
            ("[A] b = c\n", &[], &["f:1: [A] only a comment"]),
            // By a Chinese input method; what was meant is read, or else it would be missing, too.
            (
                "[A]\nlog_dir＝/a\ntls：x:y\nb ＝ c\n",
                &["A.log_dir=/a@2", "A.tls=x:y@3", "A.b=c@4"],
                &[
                    "f:2: [A] log_dir: a full-width '＝' separates nothing: write key = value",
                    "f:3: [A] tls: a full-width '：'",
                    "f:4: [A] a full-width '＝'",
                ],
            ),
            ("[A]\n密码：x = y\n", &["A.密码：x=y@2"], &[]),
            (
                "【A】\nb = c\n[B]\n＃ c\n",
                &[],
                &[
                    "f:1: a section header is written [NAME], with half-width brackets",
                    "f:4: a comment begins with a half-width '#' or ';'",
                ],
            ),
        ] {
            let (found, told) = check(text);
            assert_eq!(found, entries, "{text:?}");
            assert_eq!(told.len(), problems.len(), "{text:?}: {told:#?}");
            for (told, start) in told.iter().zip(problems) {
                assert!(told.starts_with(start), "{text:?}: {told}");
            }
        }
    }
}
