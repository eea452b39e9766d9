//! What of the keys about new objects hangs on the names of the logins, and on whether there is a
//! bucket at all.

use crate::store::cos::{METADATA_BYTES, ObjectTerms, for_user};

use super::keys::OBJECT_KEYS;
use super::object_values::{TAG_VALUE, is_tag_value};
use super::report::{ConfigReport, Place};
use super::section::Section;

/// Reports what of `terms` does not fit the logins `names` of `section`.
pub(super) fn check_logins<'a>(
    terms: &ObjectTerms,
    names: impl Iterator<Item = &'a str> + Clone,
    section: &Section,
    report: &mut ConfigReport,
) {
    let unfit =
        |user: &&str| terms.tags.iter().any(|(_, value)| !is_tag_value(&for_user(value, user)));
    if let Some(user) = names.clone().find(unfit) {
        let text = format!(
            "%u makes a tag of the user name {user} that no store takes; accepted are letters, \
             digits, spaces and + - = . _ : / @, {TAG_VALUE} characters at most: write the tag \
             without %u"
        );
        report.problem(place(section, "object_tags"), text);
    }
    let most = names.max_by_key(|user| terms.metadata_bytes(user));
    if let Some(user) = most.filter(|user| terms.metadata_bytes(user) > METADATA_BYTES) {
        let text = format!(
            "the user name {user} is too long to stand in metadata, which may have \
             {METADATA_BYTES} bytes together; accepted is off, or a shorter name"
        );
        report.problem(place(section, "stamp_uploads"), text);
    }
}

/// Where `key` stands: in the section, or for all of them in `[OPTIONAL]`.
fn place(section: &Section, key: &str) -> Place {
    match section.has(key) {
        true => section.place(key),
        false => Place { key: format!("{key} of [OPTIONAL]"), ..section.header() },
    }
}

/// Warns of what means nothing where files are in a directory.
pub(super) fn warn_of_directory(section: &Section, report: &mut ConfigReport) {
    for key in OBJECT_KEYS.iter().filter(|key| section.has(key)) {
        report.warning(section.place(key), "has no effect on a directory (file://); ignored");
    }
}

/// The same of `[OPTIONAL]`, where no account has a bucket.
pub(super) fn warn_of_directories(optional: &Section, report: &mut ConfigReport) {
    for key in OBJECT_KEYS.iter().filter(|key| optional.has(key)) {
        let text = "has no effect: every account serves a directory (file://); ignored";
        report.warning(optional.place(key), text);
    }
}
