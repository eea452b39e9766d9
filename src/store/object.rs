//! Objects as a store tells of them.

use std::fmt;
use std::io::Read;

use time::OffsetDateTime;

use super::Attributes;
use crate::vfs::Metadata;

/// The identity of one version of an object, as the store spells it. Opaque: compared, never
/// understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag(pub String);

impl ETag {
    /// Without the quotes that a store may send in one answer and not in another.
    pub fn unquoted(&self) -> &str {
        self.0.trim_matches('"')
    }
}

/// The facts about one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Kind, size, time.
    pub metadata: Metadata,
    /// The version, for files.
    pub etag: Option<ETag>,
    /// When it came to stand there, by the store's clock, whatever time a client has given it.
    pub stored: Option<OffsetDateTime>,
    /// CRC-64/XZ of the whole file, where a store tells it of one that is asked for by itself.
    pub crc64: Option<u64>,
    /// What a file that goes on with this one keeps of it, as
    /// [`super::FileTree::find_file_to_continue`] tells.
    pub attributes: Attributes,
}

impl Stat {
    /// These facts, and nothing else.
    pub fn new(metadata: Metadata, etag: Option<ETag>) -> Self {
        let stored = metadata.modified;
        Self { metadata, etag, stored, crc64: None, attributes: Attributes::default() }
    }

    /// The same, of what came to stand there at another time than its own.
    #[must_use]
    pub fn stored_at(self, stored: Option<OffsetDateTime>) -> Self {
        Self { stored, ..self }
    }

    /// Whether both tell of one version. The time too: the same bytes may have been stored, and
    /// confirmed, once more.
    pub fn is_same_version(&self, other: &Self) -> bool {
        (&self.metadata, &self.etag) == (&other.metadata, &other.etag)
    }
}

/// Bytes `first..end` of an object; to its end when `end` is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    /// Offset of the first byte.
    pub first: u64,
    /// Offset behind the last byte.
    pub end: Option<u64>,
}

impl ByteRange {
    /// From `first` to the end of the object.
    pub fn from(first: u64) -> Self {
        Self { first, end: None }
    }

    /// `first..end`.
    pub fn between(first: u64, end: u64) -> Self {
        Self { first, end: Some(end) }
    }
}

/// An object opened for reading.
pub struct Object {
    /// Bytes of the whole object, whatever the range.
    pub size: u64,
    /// Its version: what a later range must match.
    pub etag: Option<ETag>,
    /// CRC-64/XZ of the whole object, where the store tells it.
    pub crc64: Option<u64>,
    /// The store's own name for the request, for tickets.
    pub request_id: Option<String>,
    /// The bytes of the range. A body that ends early does so with an error or a short count; the
    /// reader counts.
    pub body: Box<dyn Read + Send>,
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("size", &self.size).field("etag", &self.etag).finish()
    }
}

/// An archived object is on its way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restoration {
    /// It was asked for.
    Requested {
        /// How long it takes, in words for a client.
        takes: &'static str,
    },
    /// It was asked for before.
    UnderWay,
}

/// Where an object is, for whoever is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectPlace {
    /// The bucket's name; `file://` and the path of a directory.
    pub bucket: String,
    /// The key in it.
    pub key: String,
}

/// What the store said of a stored object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The new version.
    pub etag: Option<ETag>,
    /// CRC-64/XZ of the whole object, where the store told it.
    pub crc64: Option<u64>,
    /// The store's own name for the request, for tickets.
    pub request_id: Option<String>,
}

impl Stored {
    /// Whether what was `found` may be what was stored: where its version is known, by that.
    pub fn may_be(&self, found: &Stat) -> bool {
        let etags = self.etag.as_ref().zip(found.etag.as_ref());
        etags.is_none_or(|(one, other)| one.unquoted() == other.unquoted())
    }
}
