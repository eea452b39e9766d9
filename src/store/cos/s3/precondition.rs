//! What a store compares before it writes.

use super::request::S3Request;
use crate::store::ETag;

/// What the store is told to compare before it writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Precondition {
    /// Nothing.
    None,
    /// That no object stands under the key, in the words of S3.
    Absent,
    /// The same in those of COS, which does not compare once the bucket has kept versions.
    ForbidOverwrite,
    /// That this version does.
    Version(ETag),
}

impl Precondition {
    /// The request with it.
    pub(crate) fn of(&self, request: S3Request) -> S3Request {
        match self.header() {
            Some((name, value)) => request.header(name, value),
            None => request,
        }
    }

    /// The header that says it.
    pub(crate) fn header(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::None => None,
            Self::Absent => Some(("if-none-match", "*")),
            Self::ForbidOverwrite => Some(("x-cos-forbid-overwrite", "true")),
            Self::Version(etag) => Some(("if-match", &etag.0)),
        }
    }

    /// Whether it is that nothing stands there.
    pub(crate) fn is_of_absence(&self) -> bool {
        matches!(self, Self::Absent | Self::ForbidOverwrite)
    }
}
