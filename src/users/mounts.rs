//! What of other accounts' files a user sees in its own tree: `[MOUNT_<n>]`.

use std::sync::Arc;

use super::{Account, Permission, UNPUBLISHED_DIRECTORY};
use crate::store::{
    self, CopyPlaces, Mount, MountRights, MountStore, MountTerms, ObjectStore, StoreError,
};
use crate::vfs::{FtpPath, NamePatterns};

/// The files of an account in the trees of others. `S` is as in [`Account`].
#[derive(Clone, Debug)]
pub struct MountedAccount<S = Arc<dyn ObjectStore>> {
    /// `path`: the mount point.
    pub path: FtpPath,
    /// `users`: who sees it.
    pub users: MountUsers,
    /// `authority`: what may be done there at most.
    pub permission: Permission,
    /// `delete_enable`
    pub delete_enabled: bool,
    /// Names that nobody sees below it: those that the account hides.
    pub hidden: NamePatterns,
    /// What is mounted of the store, in the form `a/b/`; empty for all of it.
    pub home: String,
    /// The store of the account.
    pub store: S,
}

/// Who sees a mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MountUsers {
    /// `*`
    Everybody,
    /// These logins.
    Named(Vec<String>),
}

impl MountUsers {
    /// Whether the login `name` does.
    pub fn include(&self, name: &str) -> bool {
        match self {
            Self::Everybody => true,
            Self::Named(names) => names.iter().any(|known| known == name),
        }
    }
}

impl<S> MountedAccount<S> {
    /// The same mount, with its files in `store`.
    pub fn with_store<T>(self, store: T) -> MountedAccount<T> {
        MountedAccount {
            path: self.path,
            users: self.users,
            permission: self.permission,
            delete_enabled: self.delete_enabled,
            hidden: self.hidden,
            home: self.home,
            store,
        }
    }
}

/// All mounts, and what holds for them.
#[derive(Clone, Debug, Default)]
pub struct UserMounts {
    /// Those that one user sees are at different paths.
    mounts: Vec<OpenedMount>,
    /// Bytes of the largest file that is moved from one to another; 0: none.
    largest_move: u64,
    /// How many are moved at once.
    copies: CopyPlaces,
}

#[derive(Clone, Debug)]
struct OpenedMount {
    mount: MountedAccount,
    /// What is mounted of its store.
    part: Arc<dyn ObjectStore>,
}

impl UserMounts {
    /// These `mounts`; `largest_move`: bytes of the largest file that is moved from one to another,
    /// 0 for none.
    ///
    /// # Errors
    /// What the store says whose part cannot be opened, about the mount point.
    pub fn open(
        mounts: impl IntoIterator<Item = MountedAccount>,
        largest_move: u64,
    ) -> store::Result<Self> {
        let opened = mounts.into_iter().map(|mount| match mount.home.as_str() {
            "" => Ok(OpenedMount { part: Arc::clone(&mount.store), mount }),
            home => match mount.store.below(home) {
                Ok(part) => Ok(OpenedMount { part, mount }),
                Err(error) => Err(StoreError { path: mount.path.as_str().to_owned(), ..error }),
            },
        });
        let mounts = opened.collect::<store::Result<_>>()?;
        Ok(Self { mounts, largest_move, copies: CopyPlaces::default() })
    }

    /// What may be done in the stores of which something is mounted.
    pub(super) fn stores(&self) -> impl Iterator<Item = (Permission, &Arc<dyn ObjectStore>)> {
        self.mounts.iter().map(|opened| (opened.mount.permission, &opened.mount.store))
    }

    /// The account, with what is mounted for it.
    pub(super) fn of(&self, account: Arc<Account>) -> Arc<Account> {
        let seen = self.mounts.iter().filter(|opened| opened.mount.users.include(&account.name));
        let mounts: Vec<_> = seen.map(OpenedMount::in_tree).collect();
        if mounts.is_empty() {
            return account;
        }
        let terms = MountTerms {
            largest_move: self.largest_move,
            copies: self.copies.clone(),
            mirrored: account.files.published_by.as_ref().map(|_| UNPUBLISHED_DIRECTORY),
        };
        let store = Arc::new(MountStore::over(Arc::clone(&account.store), mounts, terms));
        Arc::new(Account { store, ..Account::clone(&account) })
    }
}

impl OpenedMount {
    fn in_tree(&self) -> Mount {
        let Self { mount, part } = self;
        let rights = MountRights {
            reads: mount.permission.reads(),
            writes: mount.permission.writes(),
            deletes: mount.delete_enabled,
        };
        let (path, hidden) = (mount.path.clone(), mount.hidden.clone());
        Mount { path, store: Arc::clone(part), rights, hidden }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_named_sees_it() {
        let named = MountUsers::Named(vec!["a".to_owned(), "b".to_owned()]);
        assert!(named.include("b") && !named.include("c") && !named.include("A"));
        assert!(MountUsers::Everybody.include("anybody"));
    }
}
