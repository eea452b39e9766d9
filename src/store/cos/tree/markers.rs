//! The objects that stand for directories. Ours is the 0-byte object `dir/`; two older kinds are
//! understood and never made:
//!
//! - `dir_$folder$`, 0 bytes (Hadoop). It is the directory `dir`, and no file of its own name.
//! - `dir`, 0 bytes, of the content type `application/x-directory` (file system adapters). HEAD
//!   tells the type, a listing does not. So `stat` always sees the directory, while a listing asks
//!   only where it matters, which is where keys below `dir/` would be hidden behind the name; an
//!   empty directory of this kind is listed as a file of 0 bytes.

use ureq::http::Method;

use crate::store::cos::CosStore;
use crate::store::cos::objects::places::Room;
use crate::store::cos::s3::client::Call;
use crate::store::cos::s3::copy;
use crate::store::cos::s3::copy::Target;
use crate::store::cos::s3::objects::Head;
use crate::store::cos::s3::request::Request;
use crate::store::turns::Turn;
use crate::store::{Body, Cancel, ErrorKind, Operation, Result, StoreError};

/// What Hadoop appends to a directory's name.
const LEGACY_SUFFIX: &str = "_$folder$";

/// The content type of the third kind.
const DIRECTORY_TYPE: &str = "application/x-directory";

/// The key of the directory `dir/` that the key `dir_$folder$` stands for, if it is one by its
/// name.
pub(crate) fn legacy_directory(key: &str) -> Option<String> {
    let name = key.strip_suffix(LEGACY_SUFFIX)?;
    (!name.is_empty() && !name.ends_with('/')).then(|| format!("{name}/"))
}

/// What stands under the key of a file.
#[derive(Debug)]
pub(crate) enum Standing {
    /// Nothing that a client may see.
    Nothing,
    /// A file.
    File(Head),
    /// The marker of the directory of this very name.
    Directory(Head),
}

impl Standing {
    /// What the object `head` under `key` is.
    pub(crate) fn of(key: &str, head: Head) -> Self {
        match head {
            head if head.size > 0 => Self::File(head),
            head if is_directory_type(&head) => Self::Directory(head),
            _ if legacy_directory(key).is_some() => Self::Nothing,
            head => Self::File(head),
        }
    }
}

impl CosStore {
    /// Looks at the key of a file.
    pub(crate) fn standing(&self, key: &str) -> Result<Standing> {
        Ok(self.head(key)?.map_or(Standing::Nothing, |head| Standing::of(key, head)))
    }

    /// The file under this key.
    pub(crate) fn file_head(&self, key: &str) -> Result<Option<Head>> {
        match self.standing(key)? {
            Standing::File(head) => Ok(Some(head)),
            Standing::Nothing | Standing::Directory(_) => Ok(None),
        }
    }

    /// Hadoop's marker of the directory `dir/`.
    pub(crate) fn legacy_marker(&self, directory: &str) -> Result<Option<Head>> {
        let key = legacy_key(directory);
        if !self.keys.have_room_for(&key) {
            return Ok(None);
        }
        Ok(self.head(&key)?.filter(|head| head.size == 0))
    }

    /// Deletes the markers of the directory `dir/`, of all kinds.
    ///
    /// # Errors
    /// Nothing is deleted when there is none ([`ErrorKind::NotFound`]), when the name is a file's
    /// ([`ErrorKind::NotADirectory`]) and when `dir/` holds bytes
    /// ([`ErrorKind::DirectoryNotEmpty`]).
    pub(crate) fn delete_markers(&self, directory: &str) -> Result<()> {
        let failed = |kind| Err(StoreError::new(kind, Operation::DeleteObject, directory));
        let (name, hadoops) = (name_of(directory), legacy_key(directory));
        let turn = self.client.bucket.writes.take(&[directory, name, &hadoops]);
        let typed = match self.standing(name)? {
            Standing::File(_) => return failed(ErrorKind::NotADirectory),
            Standing::Directory(head) => Some(head),
            Standing::Nothing => None,
        };
        let own = self.head(directory)?;
        if own.as_ref().is_some_and(|head| head.size > 0) {
            return failed(ErrorKind::DirectoryNotEmpty);
        }
        let legacy = self.legacy_marker(directory)?;
        if own.is_none() && typed.is_none() && legacy.is_none() {
            return failed(ErrorKind::NotFound);
        }
        self.delete_seen(&turn, &hadoops, legacy)?;
        self.delete_seen(&turn, name, typed)?;
        if own.is_none() {
            // Ours is what the memory of recent changes knows the directory by.
            self.note_deleted(directory);
        } else if !self.delete_seen(&turn, directory, own)? {
            return failed(ErrorKind::DirectoryNotEmpty);
        }
        Ok(())
    }

    /// Deletes the markers of the two older kinds, if there are any.
    pub(crate) fn delete_legacy_markers(&self, directory: &str) -> Result<()> {
        let (name, hadoops) = (name_of(directory), legacy_key(directory));
        let turn = self.client.bucket.writes.take(&[name, &hadoops]);
        let legacy = self.legacy_marker(directory)?;
        self.delete_seen(&turn, &hadoops, legacy)?;
        if let Standing::Directory(head) = self.standing(name)? {
            self.delete_seen(&turn, name, Some(head))?;
        }
        Ok(())
    }

    /// Whether what was seen is gone.
    fn delete_seen(&self, turn: &Turn, key: &str, seen: Option<Head>) -> Result<bool> {
        seen.map_or(Ok(true), |head| self.delete_version(turn, key, &head))
    }

    /// Stores our marker of a directory, for somebody who has the turn to change it, with these
    /// headers of the marker that it is to be like.
    pub(crate) fn put_marker(
        &self,
        turn: &Turn,
        marker: &str,
        headers: Vec<(String, String)>,
    ) -> Result<()> {
        debug_assert!(turn.is_on(marker));
        let never = Cancel::new();
        let body = Body::new(&[], &never);
        let mut request = Request::on_object(Method::PUT, marker);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let call = Call::new(Operation::PutObject, request).with_body(body).with_md5();
        let etag = match self.send_verified(call, &body) {
            Ok(answer) => answer.headers.etag(),
            Err(failure) => self.find_put(marker, &body, failure)?.etag(),
        };
        self.note_written(marker, 0, etag);
        Ok(())
    }

    /// The turn to store a marker, while no file of its directory's name comes or has come since
    /// [`Self::watch_room`].
    ///
    /// # Errors
    /// [`ErrorKind::NotADirectory`] when one has.
    pub(crate) fn turn_for_marker(&self, marker: &str) -> Result<Turn> {
        let turn = self.client.bucket.writes.take(&[name_of(marker), marker]);
        let is_taken = self.client.bucket.places.room_in(marker) == Some(Room::Taken);
        if is_taken && self.file_head(name_of(marker))?.is_some() {
            return Err(StoreError::new(ErrorKind::NotADirectory, Operation::PutObject, marker));
        }
        Ok(turn)
    }

    /// Carries a marker to another key: stored anew, since not every store copies one.
    pub(crate) fn copy_marker(&self, target: Target<'_>, marker: &Head) -> Result<()> {
        let turn = self.turn_for_marker(target.key)?;
        self.check_length(target.key)?;
        self.check_target(target)?;
        let headers = copy::restated(marker).into_iter().chain(copy::metadata(marker));
        self.put_marker(&turn, target.key, headers.collect())
    }
}

/// Whether the object `key` is our kind of marker.
pub(crate) fn is_marker(key: &str, size: u64) -> bool {
    size == 0 && key.ends_with('/')
}

fn legacy_key(directory: &str) -> String {
    format!("{}{LEGACY_SUFFIX}", name_of(directory))
}

/// The key of the file that would have the directory's name.
fn name_of(directory: &str) -> &str {
    directory.strip_suffix('/').unwrap_or(directory)
}

fn is_directory_type(head: &Head) -> bool {
    let kind = head.headers.get("content-type").unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(DIRECTORY_TYPE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legacy_names() {
        for (key, expected) in [
            ("a/b_$folder$", Some("a/b/")),
            ("a/_$folder$", None),
            ("_$folder$", None),
            ("a/b_$folder$/", None),
            ("a/b", None),
        ] {
            assert_eq!(legacy_directory(key).as_deref(), expected, "{key}");
        }
        assert_eq!(legacy_key("a/b/"), "a/b_$folder$");
    }
}
