//! The users of a running server, who may be replaced by others.

use std::sync::Arc;

use parking_lot::RwLock;

use super::Users;

/// Holds the present [`Users`].
#[derive(Debug, Default)]
pub struct Directory(RwLock<Arc<Users>>);

impl Directory {
    /// With `users` for a beginning.
    pub fn new(users: Users) -> Self {
        Self(RwLock::new(Arc::new(users)))
    }

    /// Those of this moment.
    pub fn current(&self) -> Arc<Users> {
        // It is replaced in one step.
        Arc::clone(&self.0.read())
    }

    /// From now on it is `users` who may log in. Whoever is logged in keeps the account it has.
    pub fn replace(&self, users: Users) {
        *self.0.write() = Arc::new(users);
    }
}
