//! One account: who logs in by it, and what it may do.

use std::sync::Arc;

use super::{FileRules, Password};
use crate::access::AddressRules;
use crate::secret::Secret;
use crate::store::{self, ObjectStore};
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

/// Who knows a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountSource {
    /// The configuration, or a file that it names.
    Configuration,
    /// The program or service that is asked about each login.
    Hook,
}

/// One login. `S` is what it knows of its files: the store, once that is open, and before it is,
/// whatever the store will be found by.
#[derive(Clone, Debug)]
pub struct Account<S = Arc<dyn ObjectStore>> {
    /// The login name.
    pub name: String,
    /// Who knows it: whom that does not know any more is gone, whatever others know.
    pub source: AccountSource,
    /// The password as configured.
    pub password: Password,
    /// Read, write or both.
    pub permission: Permission,
    /// `delete_enable`: whether DELE and RMD are allowed.
    pub delete_enabled: bool,
    /// `allow_addresses` and `deny_addresses` of its section: from where it may be used.
    pub addresses: AddressRules,
    /// Whether it may be used over encrypted connections only.
    pub tls_required: bool,
    /// `filename_encoding`: what its clients speak.
    pub filename_encoding: FilenameEncoding,
    /// `max_rate`: bytes per second of all its transfers, in each direction, 0 for no limit; `None`
    /// when what holds for every user does.
    pub max_rate: Option<u64>,
    /// What holds for its files.
    pub files: FileRules,
    /// Where in the store its files are, in the form `a/b/`; empty for all of it.
    pub home: String,
    /// The files.
    pub store: S,
}

impl Account<()> {
    /// Nothing is decided yet: what the table of keys fills in.
    pub(crate) fn unset() -> Self {
        Self {
            name: String::new(),
            source: AccountSource::Configuration,
            password: Password::Plain(Secret::new(String::new())),
            permission: Permission::Read,
            delete_enabled: false,
            addresses: AddressRules::default(),
            tls_required: false,
            filename_encoding: FilenameEncoding::Auto,
            max_rate: None,
            files: FileRules::default(),
            home: String::new(),
            store: (),
        }
    }
}

impl Account {
    /// An account that may do from anywhere what its `permission` says, for tests and for servers
    /// inside other programs.
    pub fn new(
        name: &str,
        password: Password,
        permission: Permission,
        store: Arc<dyn ObjectStore>,
    ) -> Self {
        let name = name.to_owned();
        Account { name, password, permission, delete_enabled: true, ..Account::unset() }
            .with_store(store)
    }
}

impl<S> Account<S> {
    /// The same account, with its files in `store`.
    pub fn with_store<T>(self, store: T) -> Account<T> {
        Account {
            name: self.name,
            source: self.source,
            password: self.password,
            permission: self.permission,
            delete_enabled: self.delete_enabled,
            addresses: self.addresses,
            tls_required: self.tls_required,
            filename_encoding: self.filename_encoding,
            max_rate: self.max_rate,
            files: self.files,
            home: self.home,
            store,
        }
    }
}

impl Account {
    /// The same account, with a store of which it sees its own part only.
    pub(super) fn at_home(self: Arc<Self>) -> store::Result<Arc<Self>> {
        if self.home.is_empty() {
            return Ok(self);
        }
        let store = self.store.below(&self.home)?;
        Ok(Arc::new(Self { home: String::new(), store, ..Self::clone(&self) }))
    }
}
