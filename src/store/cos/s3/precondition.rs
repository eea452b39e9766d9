//! What a store compares before it writes.

use super::request::S3Request;
use crate::store::ETag;

/// What the store is told to compare before it writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Precondition {
    /// Nothing.
    None,
    /// That no object stands under the key.
    Absent,
    /// That this version does.
    Version(ETag),
}

impl Precondition {
    /// The request with it.
    pub(crate) fn of(&self, request: S3Request) -> S3Request {
        match self {
            Self::None => request,
            Self::Absent => request.header("if-none-match", "*"),
            Self::Version(etag) => request.header("if-match", &etag.0),
        }
    }
}
