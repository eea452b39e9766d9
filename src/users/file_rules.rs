//! What holds for the files of an account, whoever of its users stores them.

use crate::store::OnExists;
use crate::vfs::NameRules;

/// What an account may do with names, and with those that files have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileRules {
    /// `on_exists`: what becomes of a file that comes to a name which has one.
    pub on_exists: OnExists,
    /// `append`: whether files may become longer all the same.
    pub appends: bool,
    /// `allow_names`, `deny_names`, `hide_names`.
    pub names: NameRules,
}
