//! What an account section may say otherwise than `[OPTIONAL]`, which holds for all that say
//! nothing: of the files of its accounts, and of the objects that they store.

use std::sync::Arc;
use std::time::Duration;

use crate::store::cos::{HeaderNames, ObjectTerms, ServerSideEncryption};
use crate::store::{OnExists, TrashTerms};
use crate::users::{FileRules, UNPUBLISHED_DIRECTORY};
use crate::vfs::{NamePatterns, NameRules};

/// `trash_prefix` where nobody says it.
const TRASH_DIRECTORY: &str = ".trash";

/// `publish_parked_after` where nobody says it.
const PUBLISH_PARKED_AFTER: Duration = Duration::from_secs(60);

/// What a section says of the files of its accounts. `None`: nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct FilesForm {
    pub(super) on_exists: Option<OnExists>,
    pub(super) appends: Option<bool>,
    pub(super) allowed: Option<NamePatterns>,
    pub(super) denied: Option<NamePatterns>,
    pub(super) hidden: Option<NamePatterns>,
    pub(super) deletes_to_trash: Option<bool>,
    pub(super) trash_directory: Option<String>,
    pub(super) trash_visible: Option<bool>,
    /// The inner `None`: there are no markers, whatever another section says.
    pub(super) done_marker: Option<Option<String>>,
    pub(super) publishes_by_marker: Option<bool>,
    /// The inner `None`: never.
    pub(super) publish_parked: Option<Option<Duration>>,
}

impl FilesForm {
    /// What holds for an account whose section says this, where `all` holds for every account.
    pub(super) fn settle(self, all: &Self) -> FileRules {
        let all = all.clone();
        let deletes_to_trash = self.deletes_to_trash.or(all.deletes_to_trash);
        let directory = self.trash_directory.or(all.trash_directory);
        let marker = self.done_marker.or(all.done_marker).flatten().map(Arc::from);
        let publishes = self.publishes_by_marker.or(all.publishes_by_marker).unwrap_or(false);
        let hidden = self.hidden.or(all.hidden).unwrap_or_default();
        let (done_marker, published_by) = if publishes { (None, marker) } else { (marker, None) };
        FileRules {
            on_exists: self.on_exists.or(all.on_exists).unwrap_or_default(),
            appends: self.appends.or(all.appends).unwrap_or_default(),
            names: NameRules {
                allowed: self.allowed.or(all.allowed).unwrap_or_default(),
                denied: self.denied.or(all.denied).unwrap_or_default(),
                hidden: match published_by {
                    Some(_) => hidden.with_name(UNPUBLISHED_DIRECTORY),
                    None => hidden,
                },
            },
            trash: deletes_to_trash.unwrap_or(false).then(|| TrashTerms {
                directory: directory.unwrap_or_else(|| TRASH_DIRECTORY.to_owned()),
                is_visible: self.trash_visible.or(all.trash_visible).unwrap_or(false),
            }),
            done_marker,
            published_by,
            publish_parked: self
                .publish_parked
                .or(all.publish_parked)
                .unwrap_or(Some(PUBLISH_PARKED_AFTER)),
        }
    }
}

/// What a section says of new objects. `None`: nothing; `Some(None)`: that it is the bucket's
/// affair, whatever another section says.
#[derive(Clone, Debug, Default)]
pub(super) struct ObjectsForm {
    pub(super) storage_class: Option<Option<String>>,
    pub(super) encryption: Option<Option<ServerSideEncryption>>,
    pub(super) acl: Option<Option<String>>,
    pub(super) keeps_acl: Option<bool>,
    pub(super) tags: Option<Vec<(String, String)>>,
    pub(super) stamps: Option<bool>,
    pub(super) headers: Option<Vec<(String, String)>>,
    pub(super) names: Option<HeaderNames>,
}

impl ObjectsForm {
    /// What holds for an account whose section says this, where `all` holds for every account.
    pub(super) fn settle(self, all: &Self) -> ObjectTerms {
        let all = all.clone();
        ObjectTerms {
            storage_class: self.storage_class.or(all.storage_class).flatten(),
            encryption: self.encryption.or(all.encryption).flatten(),
            acl: self.acl.or(all.acl).flatten(),
            keeps_acl: self.keeps_acl.or(all.keeps_acl).unwrap_or(ObjectTerms::default().keeps_acl),
            tags: self.tags.or(all.tags).unwrap_or_default(),
            stamps: self.stamps.or(all.stamps).unwrap_or_default(),
            headers: self.headers.or(all.headers).unwrap_or_default(),
            names: self.names.or(all.names).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_says_more_than_what_holds_for_all() {
        let all = ObjectsForm {
            storage_class: Some(Some("STANDARD_IA".into())),
            acl: Some(Some("private".into())),
            stamps: Some(true),
            ..ObjectsForm::default()
        };
        let own = ObjectsForm {
            storage_class: Some(None),
            tags: Some(vec![("a".into(), "b".into())]),
            ..ObjectsForm::default()
        };
        let terms = own.settle(&all);
        assert_eq!((terms.storage_class, terms.acl.as_deref()), (None, Some("private")));
        assert!(terms.stamps && terms.tags.len() == 1);
    }
}
