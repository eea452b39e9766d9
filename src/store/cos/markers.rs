//! The objects that stand for directories. Ours is the 0-byte object `dir/`; two older kinds are
//! understood and never made:
//!
//! - `dir_$folder$`, 0 bytes (Hadoop). It is the directory `dir`, and no file of its own name.
//! - `dir`, 0 bytes, of the content type `application/x-directory` (file system adapters). HEAD
//!   tells the type, a listing does not. So `stat` always sees the directory, while a listing asks
//!   only where it matters, which is where keys below `dir/` would be hidden behind the name; an
//!   empty directory of this kind is listed as a file of 0 bytes.

use super::CosStore;
use super::objects::Head;
use crate::store::Result;

/// What Hadoop appends to a directory's name.
const LEGACY_SUFFIX: &str = "_$folder$";

/// The content type of the third kind.
const DIRECTORY_TYPE: &str = "application/x-directory";

/// The key of the directory `dir/` that the key `dir_$folder$` stands for, if it is one by its
/// name.
pub(super) fn legacy_directory(key: &str) -> Option<String> {
    let name = key.strip_suffix(LEGACY_SUFFIX)?;
    (!name.is_empty() && !name.ends_with('/')).then(|| format!("{name}/"))
}

/// What stands under the key of a file.
#[derive(Debug)]
pub(super) enum Standing {
    /// Nothing that a client may see.
    Nothing,
    /// A file.
    File(Head),
    /// The marker of the directory of this very name.
    Directory(Head),
}

impl CosStore {
    /// Looks at the key of a file.
    pub(super) fn standing(&self, key: &str) -> Result<Standing> {
        Ok(match self.head(key)? {
            None => Standing::Nothing,
            Some(head) if head.size > 0 => Standing::File(head),
            Some(head) if is_directory_type(&head) => Standing::Directory(head),
            Some(_) if legacy_directory(key).is_some() => Standing::Nothing,
            Some(head) => Standing::File(head),
        })
    }

    /// The file under this key.
    pub(super) fn file_head(&self, key: &str) -> Result<Option<Head>> {
        match self.standing(key)? {
            Standing::File(head) => Ok(Some(head)),
            Standing::Nothing | Standing::Directory(_) => Ok(None),
        }
    }

    /// Hadoop's marker of the directory `dir/`.
    pub(super) fn legacy_marker(&self, directory: &str) -> Result<Option<Head>> {
        let key = legacy_key(directory);
        if !self.keys.have_room_for(&key) {
            return Ok(None);
        }
        Ok(self.head(&key)?.filter(|head| head.size == 0))
    }

    /// Deletes the markers of the directory `dir/`, of all kinds. Ours goes last: it is what the
    /// memory of recent changes knows the directory by.
    pub(super) fn delete_markers(&self, directory: &str) -> Result<()> {
        if self.legacy_marker(directory)?.is_some() {
            self.delete(&legacy_key(directory))?;
        }
        let name = directory.strip_suffix('/').unwrap_or(directory);
        if let Standing::Directory(_) = self.standing(name)? {
            self.delete(name)?;
        }
        self.delete(directory)
    }
}

fn legacy_key(directory: &str) -> String {
    format!("{}{LEGACY_SUFFIX}", directory.strip_suffix('/').unwrap_or(directory))
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
