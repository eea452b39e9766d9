//! Who may log in, what they may do, and which store is theirs.

mod account;
mod attempt;
mod directory;
mod file_rules;
mod home;
mod hook;
mod mounts;
mod password;
mod password_verifier;
mod permits;
mod remembered;

pub use account::{Account, AccountSource, Permission};
pub use attempt::{Check, LoginError, LoginRequest};
pub use directory::Directory;
pub use file_rules::{FileRules, UNPUBLISHED_DIRECTORY};
pub use home::{HomePattern, is_user_name, key_prefix};
pub use hook::{HookCall, HookFault, HookOptions, HookUsers};
pub use mounts::{MountUsers, MountedAccount, UserMounts};
pub use password::{Effort, HashError, HashedPassword, Password, hash};

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::limits;
use crate::store::{self, ObjectStore};
use hook::Hook;
use password_verifier::PasswordVerifier;
pub use permits::HashingPermit;

/// All accounts, by name.
#[derive(Debug)]
pub struct Users {
    accounts: HashMap<String, Arc<Account>>,
    verifier: PasswordVerifier,
    /// Who is asked about everybody else.
    hook: Option<Hook>,
    mounts: UserMounts,
}

impl Users {
    /// All `accounts`. Of two with one name the later wins; the configuration refuses such files.
    /// At most `checks` hashes are computed at once.
    pub fn new(accounts: impl IntoIterator<Item = Account>, checks: usize) -> Self {
        let accounts: HashMap<_, _> =
            accounts.into_iter().map(|account| (account.name.clone(), Arc::new(account))).collect();
        let passwords = accounts.values().map(|account| &account.password);
        let verifier = PasswordVerifier::new(passwords, checks);
        Self { accounts, verifier, hook: None, mounts: UserMounts::default() }
    }

    /// The same, and whom `users` lets in.
    #[must_use]
    pub fn with_hook(self, users: HookUsers) -> Self {
        Self { hook: Some(Hook::new(users)), ..self }
    }

    /// The same, who see `mounts` in their trees.
    #[must_use]
    pub fn with_mounts(self, mounts: UserMounts) -> Self {
        Self { mounts, ..self }
    }

    /// The account of somebody who has logged in, with the tree that is its own: its part of its
    /// store, and what is mounted in that.
    ///
    /// # Errors
    /// When that part cannot be made.
    pub fn at_home(&self, account: Arc<Account>) -> store::Result<Arc<Account>> {
        account.at_home().map(|account| self.mounts.of(account))
    }

    /// How long after it was tried a login may fail, whoever is asked about it: before that nobody
    /// is told that it did, so that the time tells nothing.
    pub fn refusals_take(&self) -> Duration {
        self.hook.as_ref().map_or(Duration::ZERO, Hook::timeout)
    }

    /// Whether the account `name` may be used over encrypted connections only.
    pub fn needs_tls(&self, name: &str) -> bool {
        self.terms(name).is_some_and(|account| account.tls_required)
    }

    /// Whether any account is one of these.
    pub fn any_needs_tls(&self) -> bool {
        self.all_terms().any(|account| account.tls_required)
    }

    /// Whether there is still, or may be, the account of somebody who has logged in by that name,
    /// and whom the `source` knew. Of who stands in the configuration the hook is not asked any
    /// more.
    pub fn contains(&self, name: &str, source: AccountSource) -> bool {
        match source {
            AccountSource::Configuration => self.accounts.contains_key(name),
            AccountSource::Hook => self.hook.is_some() && !self.accounts.contains_key(name),
        }
    }

    /// What is known of an account before its password is.
    fn terms(&self, name: &str) -> Option<&Account> {
        let known = self.accounts.get(name).map(|account| &**account);
        known.or_else(|| self.hook.as_ref().map(Hook::common))
    }

    fn all_terms(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values().map(|account| &**account).chain(self.hook.as_ref().map(Hook::common))
    }

    /// The stores of all accounts and mounts, each once.
    pub fn stores(&self) -> Vec<Arc<dyn ObjectStore>> {
        self.stores_of(|_| true)
    }

    /// The stores that somebody may write to, each once.
    pub fn written_stores(&self) -> Vec<Arc<dyn ObjectStore>> {
        self.stores_of(Permission::writes)
    }

    fn stores_of(&self, counts: impl Fn(Permission) -> bool) -> Vec<Arc<dyn ObjectStore>> {
        let own = self.all_terms().map(|account| (account.permission, &account.store));
        let mut stores: Vec<Arc<dyn ObjectStore>> = Vec::new();
        for (_, store) in
            own.chain(self.mounts.stores()).filter(|(permission, _)| counts(*permission))
        {
            if !stores.iter().any(|known| Arc::ptr_eq(known, store)) {
                stores.push(Arc::clone(store));
            }
        }
        stores
    }

    /// The account of that name, if the password is right and `client` an address from where it may
    /// be used. What fails costs the same time whoever it is: the wrong password of a user, the
    /// right one from elsewhere, and the name of none; but for [`Self::refusals_take`].
    ///
    /// Hashes are computed by a few callers at once; the others wait, at most for
    /// [`limits::PASSWORD_CHECK_WAIT`], and for as long as `is_wanted`, which is asked once more
    /// when it is their turn. A login that was right before is recognised without.
    pub fn authenticate(
        &self,
        login: &LoginRequest<'_>,
        is_wanted: &mut dyn FnMut() -> bool,
    ) -> Check<'_> {
        let account = self.accounts.get(login.name);
        match &self.hook {
            Some(hook) if account.is_none() => hook.verify(login, is_wanted),
            _ => self.verifier.verify(account, login, limits::PASSWORD_CHECK_WAIT, is_wanted),
        }
    }

    /// The account of that name, for a `client` of which something better than a password has
    /// proved who it is; `None` where a hook is to be asked, which knows its users by password.
    ///
    /// # Errors
    /// [`LoginError::Incorrect`] when there is none, [`LoginError::Elsewhere`].
    pub fn certified(
        &self,
        name: &str,
        client: IpAddr,
    ) -> Result<Option<Arc<Account>>, LoginError> {
        match self.accounts.get(name) {
            Some(account) if account.addresses.permit(client) => Ok(Some(Arc::clone(account))),
            Some(_) => Err(LoginError::Elsewhere),
            None if self.hook.is_some() => Ok(None),
            None => Err(LoginError::Incorrect),
        }
    }
}

impl Default for Users {
    /// Nobody.
    fn default() -> Self {
        Self::new([], 1)
    }
}
