//! What a handler returns.

use crate::protocol::Reply;

/// A handler's steps: what fails is the reply already.
pub(super) type Step<T> = Result<T, Reply>;
