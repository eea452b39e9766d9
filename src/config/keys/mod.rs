//! The table of keys: every key there is, one row each, by sections. From it come the parsing of a
//! file, the defaults, the words of messages, the reference in the documentation, the documented
//! example and the manual page. Whoever adds a key adds its row, and uses its field.

mod account;
mod archive;
mod beyond;
mod events;
mod files;
mod key;
mod mounts;
mod network;
mod objects;
mod operations;
mod optional;
mod readers;
mod records;
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
        account::bucket(),
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

/// What the operator may have meant by the unknown key `name`: where it belongs, if that is
/// another section, or the key of this one that is spelt most like it.
pub(super) fn suggestion(section: SectionKind, name: &str) -> String {
    if let Some(key) = KEYS.iter().find(|key| key.name == name) {
        let names: Vec<_> = key.sections.iter().map(|kind| format!("[{}]", kind.name())).collect();
        return format!("unknown key here, ignored; it belongs in {}", names.join(" or "));
    }
    let nearest = nearest(name, of(section).map(|key| key.name));
    format!("unknown key, ignored; the nearest known key is {nearest}")
}

/// The name of the section that is spelt most like `name`, and whether it must be meant.
pub(super) fn nearest_section(name: &str) -> (&'static str, bool) {
    let name = name.to_ascii_uppercase();
    let nearest = nearest(&name, ALL_SECTIONS.into_iter().map(SectionKind::name));
    (nearest, strsim::damerau_levenshtein(nearest, &name) * 3 <= name.len())
}

fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> &'static str {
    let likeness = |known: &&str| strsim::jaro_winkler(known, name);
    known.max_by(|a, b| likeness(a).total_cmp(&likeness(b))).unwrap_or_default()
}
