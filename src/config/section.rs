//! Sections as the key table knows them: comments cut, unknown keys told, values put into their
//! fields, or refused in the table's own words.

use std::any::Any;

use zeroize::Zeroizing;

use super::changes::ConfigMarks;
use super::ini::{IniEntry, IniSection};
use super::keys::{
    self, ALL_SECTIONS, Applies, KEYS, Key, MeantSection, Nature, SectionKind, WhenAbsent,
};
use super::report::{ConfigReport, HIDDEN, Place};
use crate::users::Password;

/// A section of a known kind; also one that is absent, which has no entries.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) kind: SectionKind,
    name: String,
    line: Option<usize>,
    entries: Vec<SectionEntry>,
}

#[derive(Debug)]
struct SectionEntry {
    key: &'static Key,
    value: Zeroizing<String>,
    line: usize,
}

/// Sorts the file's sections and keys into what is known. The rest is warned of.
pub(super) fn classify(file: Vec<IniSection>, report: &mut ConfigReport) -> Vec<Section> {
    file.into_iter().filter_map(|section| Section::new(section, report)).collect()
}

/// The values of the keys that take effect at the start only.
pub(super) fn at_start(sections: &[Section]) -> Vec<(&'static str, Option<String>)> {
    let keys = KEYS.iter().filter(|key| key.applies == Applies::AtStart);
    keys.map(|key| {
        let set = sections.iter().find_map(|section| section.text(key.name));
        (key.name, set.or_else(|| default_of(key)).map(str::to_owned))
    })
    .collect()
}

/// What tells these sections from those of another reading. A section that may stand there once and
/// does not has the defaults.
pub(super) fn marks(sections: &[Section]) -> ConfigMarks {
    use SectionKind::{CosAccount, FtpAccount, Mount, NumberedAccount};

    let mut marks = ConfigMarks::default();
    sections.iter().for_each(|section| marks.add_section(&section.name, section.values()));
    for kind in ALL_SECTIONS {
        let is_optional = matches!(kind, CosAccount | FtpAccount | NumberedAccount | Mount);
        if !is_optional && Section::only(sections, kind).is_none() {
            marks.add_section(kind.name(), Section::absent(kind).values());
        }
    }
    marks
}

/// What a key means that is not there.
fn default_of(key: &Key) -> Option<&'static str> {
    match key.default {
        WhenAbsent::Value(value) => Some(value),
        WhenAbsent::Required | WhenAbsent::Unset | WhenAbsent::Empty => None,
    }
}

impl Section {
    /// The section of a kind of which there is at most one.
    pub(super) fn only(sections: &[Self], kind: SectionKind) -> Option<&Self> {
        sections.iter().find(|section| section.kind == kind)
    }

    /// A section that is not in the file: every key has its default.
    pub(super) fn absent(kind: SectionKind) -> Self {
        Self { kind, name: kind.name().to_owned(), line: None, entries: Vec::new() }
    }

    fn new(section: IniSection, report: &mut ConfigReport) -> Option<Self> {
        let IniSection { name, line, entries } = section;
        let Some(kind) = SectionKind::of(&name) else {
            let place = Place { section: name.clone(), ..Place::line(line) };
            match keys::meant_section(&name) {
                // What it says may be what keeps others out.
                MeantSection::Surely(nearest) => {
                    report.problem(place, format!("unknown section; write [{nearest}]"));
                }
                MeantSection::Perhaps(nearest) => report.warning(
                    place,
                    format!("unknown section, ignored; the nearest known section is [{nearest}]"),
                ),
                MeantSection::Nothing => {
                    let all = keys::all_sections();
                    report.warning(place, format!("unknown section, ignored; there are {all}"));
                }
            }
            return None;
        };
        let mut section = Self { kind, name, line: Some(line), entries: Vec::new() };
        for entry in entries {
            section.take(entry, report);
        }
        Some(section)
    }

    fn take(&mut self, entry: IniEntry, report: &mut ConfigReport) {
        let Some(key) = keys::find(self.kind, &entry.key) else {
            let mut place = Place { section: self.name.clone(), ..Place::line(entry.line) };
            let text = keys::suggestion(self.kind, &entry.key);
            // Without its value, which may be a secret under a misspelt key.
            place.key = entry.key;
            report.warning(place, text);
            return;
        };
        let value = key.without_comment(&entry.value);
        let is_cut = key.nature == Nature::Password && value.len() < entry.value.len();
        if is_cut && matches!(Password::parse(value), Ok(Password::Plain(_))) {
            let text = "the text after white space and '#' or ';' was taken for a comment; if it \
                is part of the password, write the password's hash instead, which cos-ftp-server \
                hash-password prints";
            report.warning(self.place_at(key, None, Some(entry.line)), text);
        }
        // The replaced tool's word for "as if this line were not there".
        if self.kind == SectionKind::Optional && value.eq_ignore_ascii_case("default") {
            return;
        }
        if value.is_empty() {
            if key.default == WhenAbsent::Empty {
                return;
            }
            let text = format!("the value is missing; accepted is {}", key.accepted());
            report.problem(self.place_at(key, None, Some(entry.line)), text);
            // Kept all the same, so that the key is not told missing too.
        }
        let value = Zeroizing::new(value.to_owned());
        self.entries.push(SectionEntry { key, value, line: entry.line });
    }

    /// Every key that may stand here, whether it takes effect at the start only, and what it says
    /// or has by default.
    fn values(&self) -> impl Iterator<Item = (&'static str, bool, Option<&str>)> {
        keys::of(self.kind).map(|key| {
            let value = self.text(key.name).or_else(|| default_of(key));
            (key.name, key.applies == Applies::AtStart, value)
        })
    }

    /// Whether this is its name, whatever the case.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Whether the file sets `name`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.entry(name).is_some()
    }

    /// Whether the file sets `name` to something that is not a sample's.
    pub(super) fn has_own(&self, name: &str) -> bool {
        self.entry(name).is_some_and(|entry| !entry.key.is_placeholder(&entry.value))
    }

    /// Reads the keys that have their fields in `form`: what the file says, or else the default.
    /// What is missing or not accepted is reported.
    pub(super) fn read<F: Any>(&self, form: &mut F, report: &mut ConfigReport) {
        self.read_told(form, report);
        for key in keys::of(self.kind).filter(|key| key.is_of::<F>()) {
            let is_required = key.default == WhenAbsent::Required && !self.has_alternative(key);
            if is_required && !self.has(key.name) {
                self.report_missing(key, report);
            }
        }
    }

    /// The same, whatever is missing.
    pub(super) fn read_told<F: Any>(&self, form: &mut F, report: &mut ConfigReport) {
        for key in keys::of(self.kind).filter(|key| key.is_of::<F>()) {
            key.put_default(form);
            // That it has no value was reported.
            if let Some(entry) = self.entry(key.name).filter(|entry| !entry.value.is_empty()) {
                self.read_entry(entry, form, report);
            }
        }
    }

    fn has_alternative(&self, key: &Key) -> bool {
        key.alternatives.iter().any(|other| self.has(other))
    }

    fn read_entry<F: Any>(&self, entry: &SectionEntry, form: &mut F, report: &mut ConfigReport) {
        let key = entry.key;
        let mut place = self.place(key.name);
        let wrong = if key.is_placeholder(&entry.value) {
            "still the sample's placeholder".to_owned()
        } else if key.put(&entry.value, form).is_some() {
            return;
        } else if let Some((wide, narrow)) = full_width(&entry.value)
            && !key.is_secret()
            && key.put(&narrowed(&entry.value), form).is_some()
        {
            format!("the character '{wide}' in it is full-width, write '{narrow}'")
        } else if let Some(wrong) = key.blame(&entry.value) {
            // Instead of a whole list.
            place.value = None;
            wrong
        } else {
            "not accepted".to_owned()
        };
        report.problem(place, format!("{wrong}; accepted is {}", key.accepted()));
    }

    /// Reports `name` as missing, if it is.
    pub(super) fn require(&self, name: &str, report: &mut ConfigReport) {
        if let Some(key) = keys::find(self.kind, name).filter(|_| !self.has(name)) {
            self.report_missing(key, report);
        }
    }

    fn report_missing(&self, key: &Key, report: &mut ConfigReport) {
        let text = format!("the key is required and missing; accepted is {}", key.accepted());
        report.problem(self.place(key.name), text);
    }

    /// The value of `name` as it stands, for checks that span several keys.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.entry(name).map(|entry| entry.value.as_str())
    }

    /// Where `name` stands; where its section does, if it is absent.
    pub(super) fn place(&self, name: &str) -> Place {
        match self.entry(name) {
            Some(SectionEntry { key, value, line }) => self.place_at(key, Some(value), Some(*line)),
            None => Place {
                line: self.line,
                section: self.name.clone(),
                key: name.to_owned(),
                value: None,
            },
        }
    }

    /// Where the section stands.
    pub(super) fn header(&self) -> Place {
        Place { line: self.line, section: self.name.clone(), ..Place::default() }
    }

    fn place_at(&self, key: &Key, value: Option<&str>, line: Option<usize>) -> Place {
        let shown =
            value.map(
                |value| {
                    if key.is_secret() { HIDDEN.to_owned() } else { without_credentials(value) }
                },
            );
        Place { line, section: self.name.clone(), key: key.name.to_owned(), value: shown }
    }

    fn entry(&self, name: &str) -> Option<&SectionEntry> {
        debug_assert!(keys::is_known_anywhere(name), "{name} is not in the table");
        self.entries.iter().find(|entry| entry.key.name == name)
    }
}

/// The first character of `value` that a Chinese input method has made full-width, and what is
/// written in its place.
fn full_width(value: &str) -> Option<(char, char)> {
    value.chars().find_map(|wide| Some((wide, narrow(wide)?)))
}

/// `value` without such characters.
fn narrowed(value: &str) -> String {
    value.chars().map(|wide| narrow(wide).unwrap_or(wide)).collect()
}

fn narrow(wide: char) -> Option<char> {
    /// How far these are from the characters of ASCII.
    const APART: u32 = 0xFEE0;
    match wide {
        '！'..='～' => char::from_u32(u32::from(wide) - APART),
        '\u{3000}' => Some(' '),
        '、' => Some(','),
        '。' => Some('.'),
        _ => None,
    }
}

/// A value as it may be shown: some write keys into a URL, `https://KEY:SECRET@host`, as other
/// programs take it.
fn without_credentials(value: &str) -> String {
    let parts = value.split_once("://").and_then(|(scheme, rest)| {
        let (_, host) = rest.rsplit_once('@')?;
        Some(format!("{scheme}://{HIDDEN}@{host}"))
    });
    parts.unwrap_or_else(|| value.to_owned())
}
