//! What an object is beside its bytes.

use std::sync::Arc;

/// Content type, metadata, storage class and the like, as the store spells them. Opaque to whoever
/// carries them from the object that was seen to the one that goes on with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(Arc<[(String, String)]>);

impl Attributes {
    /// These headers.
    pub(in crate::store) fn of(headers: Vec<(String, String)>) -> Self {
        Self(headers.into())
    }

    /// The headers, names in lower case; none where nothing is known of an earlier object.
    pub(in crate::store) fn headers(&self) -> &[(String, String)] {
        &self.0
    }
}
