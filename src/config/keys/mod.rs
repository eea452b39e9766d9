//! The table of keys: every key there is, one row each, by sections. From it come the parsing of a
//! file, the defaults, the words of messages, the reference in the documentation, the documented
//! example and the manual page. Whoever adds a key adds its row, and uses its field.

mod account;
mod archive;
mod beyond;
mod bucket;
mod events;
mod files;
mod key;
mod mounts;
mod network;
mod objects;
mod operations;
mod optional;
mod other_names;
mod readers;
mod records;
mod remarks;
mod scan;
mod sections;
mod security;
mod tls;
mod words;

use std::sync::LazyLock;

pub use key::{Applies, Key, Nature, WhenAbsent};
pub(super) use objects::OBJECT_KEYS;
pub use sections::{ALL_SECTIONS, SectionKind};
pub use words::{Words, plain};

/// Every key, in the order of the documentation.
pub static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    [
        bucket::rows(),
        objects::rows(),
        files::rows(),
        account::login(),
        beyond::rows(),
        account::first_form(),
        mounts::rows(),
        network::rows(),
        security::rows(),
        optional::rows(),
        operations::rows(),
        events::rows(),
        scan::rows(),
        tls::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
});

/// The keys of a section.
pub(super) fn of(section: SectionKind) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.sections.contains(&section))
}

/// The key `name` (in lower case) of a section.
pub(super) fn find(section: SectionKind, name: &str) -> Option<&'static Key> {
    of(section).find(|key| key.name == name)
}

/// Whether any section has a key `name`.
pub(super) fn is_known_anywhere(name: &str) -> bool {
    KEYS.iter().any(|key| key.name == name)
}

/// How alike two names are that differ by a slip.
const SLIP: f64 = 0.9;

/// How alike two names are, at least, of which one may be meant by the other.
const LIKE: f64 = 0.7;

/// How many letters a beginning of a key has, at least, that tells anything.
const BEGINNING: usize = 3;

/// How many of the letters are the same and in their places, at least, where no whole word is. Of
/// short names chance alone finds some in any long one.
const SAME_LETTERS: f64 = 0.5;

/// What the operator may have meant by the unknown key `name`: what it is called here, if that is
/// how other programs call it; where it belongs, if that is another section; or the key that is
/// spelt most like it. What this section has comes first.
pub(super) fn suggestion(section: SectionKind, name: &str) -> String {
    if let Some(remark) = remarks::on(name) {
        return format!("unknown key, ignored: {remark}");
    }
    let called = other_names::keys_called(name);
    if let Some(key) = of(section).find(|key| called.contains(&key.name)) {
        return format!("unknown key, ignored; it is called {} here", key.name);
    }
    if let Some(key) = KEYS.iter().find(|key| key.name == name) {
        return format!("unknown key here, ignored; it belongs in {}", sections_of(key));
    }
    let here = nearest(name, of(section).map(|key| key.name));
    let is_here = likeness(here, name) >= SLIP;
    let elsewhere = KEYS.iter().find(|key| called.first() == Some(&key.name));
    if let Some(key) = elsewhere.filter(|_| !is_here) {
        let sections = sections_of(key);
        return format!("unknown key, ignored; it is called {} here, in {sections}", key.name);
    }
    let anywhere = nearest(name, KEYS.iter().map(|key| key.name));
    let elsewhere = KEYS.iter().find(|key| key.name == anywhere);
    match elsewhere.filter(|_| !is_here && likeness(anywhere, name) >= SLIP) {
        Some(key) => format!(
            "unknown key here, ignored; the nearest known key is {anywhere}, in {}",
            sections_of(key)
        ),
        None if !may_mean(name, here) => "unknown key, ignored".to_owned(),
        None => format!("unknown key, ignored; the nearest known key is {here}"),
    }
}

fn sections_of(key: &Key) -> String {
    let names: Vec<_> = key.sections.iter().map(|kind| format!("[{}]", kind.name())).collect();
    names.join(" or ")
}

/// What the operator may have meant by a section.
pub(super) enum MeantSection {
    /// This must be it.
    Surely(&'static str),
    /// It may be this.
    Perhaps(&'static str),
    /// None is like it.
    Nothing,
}

/// The section that is spelt most like `name`. One that is numbered is compared with the number
/// that `name` has.
pub(super) fn meant_section(name: &str) -> MeantSection {
    let name = name.to_ascii_uppercase();
    let number = &name[name.trim_end_matches(|c: char| c.is_ascii_digit()).len()..];
    let distances = ALL_SECTIONS.into_iter().map(|kind| {
        let written = kind.name().replace("<n>", number);
        (kind.name(), strsim::damerau_levenshtein(&written, &name))
    });
    let (nearest, distance) = distances.min_by_key(|(_, distance)| *distance).unwrap_or_default();
    match distance {
        _ if distance * 3 <= name.len() => MeantSection::Surely(nearest),
        _ if distance * 2 <= name.len() => MeantSection::Perhaps(nearest),
        _ => MeantSection::Nothing,
    }
}

/// The names of all sections, as they are written.
pub(super) fn all_sections() -> String {
    ALL_SECTIONS.map(|kind| format!("[{}]", kind.name())).join(" ")
}

/// Whether who wrote `name` may have meant the key `known`.
fn may_mean(name: &str, known: &str) -> bool {
    let is_word = known.split('_').any(|word| word == name);
    let begins = name.len() >= BEGINNING && known.starts_with(name);
    let is_spelt_like = strsim::normalized_damerau_levenshtein(known, name) > SAME_LETTERS;
    likeness(known, name) >= LIKE && (is_word || begins || is_spelt_like)
}

fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> &'static str {
    known.max_by(|a, b| likeness(a, name).total_cmp(&likeness(b, name))).unwrap_or_default()
}

fn likeness(known: &str, name: &str) -> f64 {
    strsim::jaro_winkler(known, name)
}
