//! Who may log in, what they may do, and which store is theirs.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::secret::Secret;
use crate::store::ObjectStore;
use crate::vfs::FilenameEncoding;

/// What an account may do with files: `R`, `W` or `RW` in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// List and download.
    Read,
    /// Upload, make directories, rename, delete.
    Write,
    /// Both.
    ReadWrite,
}

impl Permission {
    /// Whether listing and downloading are allowed.
    pub fn reads(self) -> bool {
        matches!(self, Self::Read | Self::ReadWrite)
    }

    /// Whether uploading and changing are allowed.
    pub fn writes(self) -> bool {
        matches!(self, Self::Write | Self::ReadWrite)
    }
}

/// One login.
pub struct Account {
    /// The login name.
    pub name: String,
    /// The password as configured.
    pub password: Secret,
    /// Read, write or both.
    pub permission: Permission,
    /// Whether DELE and RMD are allowed.
    pub delete_enabled: bool,
    /// What its clients speak.
    pub filename_encoding: FilenameEncoding,
    /// The files.
    pub store: Arc<dyn ObjectStore>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("name", &self.name)
            .field("permission", &self.permission)
            .finish_non_exhaustive()
    }
}

/// All accounts, by name.
#[derive(Debug, Default)]
pub struct Users {
    accounts: HashMap<String, Arc<Account>>,
}

impl Users {
    /// All `accounts`. Of two with one name the later wins; the configuration refuses such files.
    pub fn new(accounts: impl IntoIterator<Item = Account>) -> Self {
        let accounts =
            accounts.into_iter().map(|account| (account.name.clone(), Arc::new(account)));
        Self { accounts: accounts.collect() }
    }

    /// The account of that name, if the password is right. An unknown name costs as much time as
    /// a wrong password.
    pub fn authenticate(&self, name: &str, password: &str) -> Option<Arc<Account>> {
        let account = self.accounts.get(name);
        let expected = account.map_or(password, |account| account.password.expose());
        let same = equal_in_constant_time(expected.as_bytes(), password.as_bytes());
        account.filter(|_| same).cloned()
    }
}

/// Compares without telling by its duration where the texts differ.
fn equal_in_constant_time(a: &[u8], b: &[u8]) -> bool {
    let mut difference = a.len() ^ b.len();
    for (i, byte) in b.iter().enumerate() {
        difference |= usize::from(byte ^ a.get(i).copied().unwrap_or_default());
    }
    difference == 0
}
