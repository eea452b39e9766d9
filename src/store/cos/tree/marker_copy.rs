//! The marker of a directory under another key.

use super::BucketTree;
use super::attributes::of_likeness;
use super::copy_target::{CopyTarget, check_length, check_target};
use super::emptied::is_made_by_store;
use super::markers::{put_marker, turn_for_marker};
use crate::store::cos::objects::Head;
use crate::store::{ErrorKind, Result};

/// Carries a marker to another key: stored anew, since not every store copies one.
pub(super) fn copy_marker(
    tree: BucketTree<'_>,
    from: &str,
    target: CopyTarget<'_>,
    marker: &Head,
) -> Result<()> {
    let turn = turn_for_marker(tree, target.key)?;
    check_length(tree, target.key)?;
    match check_target(tree, target) {
        Err(error) if error.kind == ErrorKind::AlreadyExists => {
            // What was copied before the marker may have made the directory.
            if !is_made_by_store(tree, target.key)? {
                return Err(error);
            }
        }
        checked => checked?,
    }
    let headers = of_likeness(tree, from, marker)?;
    put_marker(tree, &turn, target.key, &headers)
}
