//! What holds for the files of an account, whoever of its users stores them.

use std::sync::Arc;
use std::time::Duration;

use crate::store::{OnExists, TrashTerms};
use crate::vfs::{NamePatterns, NameRules};

/// The directory of the account's root in which files wait for their markers, where those publish
/// them. Nobody sees it.
pub const UNPUBLISHED_DIRECTORY: &str = ".unpublished";

/// What an account may do with names, and with those that files have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileRules {
    /// `on_exists`: what becomes of a file that comes to a name which has one.
    pub on_exists: OnExists,
    /// `append`: whether files may become longer all the same.
    pub appends: bool,
    /// `allow_names`, `deny_names`, `hide_names`.
    pub names: NameRules,
    /// `on_delete = trash`: where what it deletes goes; `None` when that is gone for good.
    pub trash: Option<TrashTerms>,
    /// `done_marker`: the ending of the empty file that tells others that a file is complete.
    pub done_marker: Option<Arc<str>>,
    /// `publish_after_marker`: the ending of the file by which a client publishes another; the
    /// server stores none then.
    pub published_by: Option<Arc<str>>,
    /// `publish_parked_after`: when what its client left without waiting is published as it is;
    /// `None` for never.
    pub publish_parked: Option<Duration>,
}

impl FileRules {
    /// The names that the account's own clients do not see, its trash among them.
    pub fn hidden_names(&self) -> NamePatterns {
        let hidden = self.names.hidden.clone();
        match &self.trash {
            Some(trash) if !trash.is_visible => hidden.with_name(&trash.directory),
            _ => hidden,
        }
    }
}
