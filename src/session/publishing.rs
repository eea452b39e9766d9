//! The moment in which a marker is stored and its file is published (`publish_after_marker`).

use super::failure::because_of;
use super::long_work::LongWork;
use super::navigation::Tree;
use super::step::Step;
use super::unpublished::Unpublished;
use crate::protocol::{Code, replies};
use crate::vfs::FtpPath;

/// A file has come to stand at `place`: if that is where a marker waits, publishes the file that it
/// means, and then the marker. `success` is the code of the command's reply.
///
/// # Errors
/// The reply that tells that all that is stored still waits, or the marker alone: the client sends
/// that again.
pub(super) fn publish_marked(
    tree: &Tree<'_>,
    place: &FtpPath,
    long: LongWork<'_, '_>,
    success: Code,
) -> Step<()> {
    let Some(all) = tree.unpublished(place) else { return Ok(()) };
    let Some((marker, file)) = all.marked_by(place) else { return Ok(()) };
    let (ending, witness) = (all.ending, &tree.witness);
    let published = long.run(success, &*tree.store, |store| {
        let all = Unpublished { store, ending };
        all.publish(&file, witness)?;
        all.publish(&marker, witness)
    });
    published
        .map(drop)
        .map_err(|error| because_of(tree.admitted, &error, replies::not_published(&file)))
}
