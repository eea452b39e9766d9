//! Who may log in, what they may do, and which store is theirs.

mod account;
mod attempt;
mod directory;
mod file_rules;
mod home;
mod hook;
mod mounts;
mod password;
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
pub use permits::HashingPermit;
use permits::HashingPermits;
use remembered::Remembered;

/// All accounts, by name.
#[derive(Debug)]
pub struct Users {
    accounts: HashMap<String, Arc<Account>>,
    /// One for each effort among the hashes of the accounts.
    decoys: Vec<HashedPassword>,
    gate: HashingPermits,
    remembered: Remembered,
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
        let mut efforts = Vec::new();
        for effort in accounts.values().filter_map(|account| account.password.effort()) {
            if !efforts.contains(&effort) {
                efforts.push(effort);
            }
        }
        Self {
            accounts,
            decoys: efforts.into_iter().map(Effort::decoy).collect(),
            gate: HashingPermits::new(checks),
            remembered: Remembered::new(),
            hook: None,
            mounts: UserMounts::default(),
        }
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
        match &self.hook {
            Some(hook) if !self.accounts.contains_key(login.name) => hook.verify(login, is_wanted),
            _ => self.authenticate_within(login, limits::PASSWORD_CHECK_WAIT, is_wanted),
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

    fn authenticate_within(
        &self,
        login: &LoginRequest<'_>,
        patience: Duration,
        is_wanted: &mut dyn FnMut() -> bool,
    ) -> Check<'_> {
        let LoginRequest { name, password, client, .. } = *login;
        let account = self.accounts.get(name);
        let is_at_home = account.is_some_and(|account| account.addresses.permit(client));
        let tag = self.remembered.tag(name, password);
        // From elsewhere, the haste would tell that the password is right.
        if let Some(account) = account
            && is_at_home
            && self.remembered.knows(name, &tag)
        {
            return Check { result: Ok(Arc::clone(account)), turn: None };
        }
        let (plain, hashed) = match account.map(|account| &account.password) {
            Some(Password::Plain(plain)) => (Some(plain.expose()), None),
            Some(Password::Hashed(hash)) => (None, Some(hash)),
            None => (None, None),
        };
        let same = self.remembered.tag(name, plain.unwrap_or_default()).is(&tag);
        let turn = match self.turn(patience, is_wanted) {
            Ok(turn) => turn,
            Err(error) => return error.into(),
        };
        let right = self.compute(hashed, password) || (same && plain.is_some());
        if turn.is_some() {
            overwrite_stack::<{ limits::HASHING_STACK_BYTES }>();
        } else {
            overwrite_stack::<{ limits::COMPARING_STACK_BYTES }>();
        }
        let result = match account.filter(|_| right) {
            None => Err(LoginError::Incorrect),
            Some(_) if !is_at_home => Err(LoginError::Elsewhere),
            Some(account) => Ok(Arc::clone(account)),
        };
        if result.is_ok() && !self.decoys.is_empty() {
            self.remembered.learn(name, tag);
        }
        Check { result, turn }
    }

    /// Leave to compute, if there is anything to compute.
    fn turn(
        &self,
        patience: Duration,
        is_wanted: &mut dyn FnMut() -> bool,
    ) -> Result<Option<HashingPermit<'_>>, LoginError> {
        if self.decoys.is_empty() {
            return Ok(None);
        }
        let mut is_left = false;
        let turn = self.gate.enter(patience, &mut || {
            is_left = !is_wanted();
            !is_left
        });
        match turn {
            Some(turn) => Ok(Some(turn)),
            None if is_left => Err(LoginError::Abandoned),
            None => Err(LoginError::Busy),
        }
    }

    /// Computes one hash of each effort there is, whether or not any of them is the user's: else
    /// the time would tell who exists. Tells whether the user's own is the password's.
    fn compute(&self, own: Option<&HashedPassword>, password: &str) -> bool {
        let mut right = false;
        for decoy in &self.decoys {
            match own.filter(|own| own.effort() == decoy.effort()) {
                Some(own) => right = own.is_of(password),
                None => {
                    decoy.is_of(password);
                }
            }
        }
        right
    }
}

/// Overwrites what the crates that hash have left of a password on the stack of this thread, which
/// may be used by others after it.
#[inline(never)]
fn overwrite_stack<const BYTES: usize>() {
    std::hint::black_box(&mut [0_u8; BYTES]);
}

impl Default for Users {
    /// Nobody.
    fn default() -> Self {
        Self::new([], 1)
    }
}

#[cfg(test)]
mod tests {
    use rustix::time::{ClockId, clock_gettime};

    use super::*;
    use crate::access::AddressRules;
    use crate::store::local::{LocalOptions, LocalStore};

    const LONG: Duration = Duration::from_secs(60);
    const HOME: &str = "192.0.2.1";
    const ELSEWHERE: &str = "192.0.2.2";
    const HASH: &str = "$argon2id$v=19$m=8192,t=2,p=1$c2FsdHNhbHRzYWx0$\
                        DVQ1OgIQaV5nNtRAEhbIQQ6SW6FSoVemddTWXYIYWnY";

    #[test]
    fn the_right_password_lets_in_and_no_other_does() {
        let users = users(&[("plain", "secret-1"), ("hashed", HASH)]);
        for name in ["plain", "hashed"] {
            for _ in 0..2 {
                assert_eq!(log_in(&users, name, "secret-1").unwrap().name, name);
                for wrong in ["", "secret-", "secret-11", "secret-2", HASH] {
                    let refused = log_in(&users, name, wrong).unwrap_err();
                    assert_eq!(refused, LoginError::Incorrect, "{name} {wrong}");
                }
            }
        }
        for wrong in ["", "secret-1"] {
            assert_eq!(log_in(&users, "nobody", wrong).unwrap_err(), LoginError::Incorrect);
        }
    }

    #[test]
    fn whoever_fails_has_waited_for_a_computation() {
        let users = users(&[("plain", "secret-1"), ("hashed", HASH)]);
        let try_now = |name, password| try_at(&users, HOME, name, password, Duration::ZERO);
        let turn = users.gate.enter(Duration::ZERO, &mut || true).unwrap();
        for name in ["plain", "hashed", "nobody"] {
            assert_eq!(try_now(name, "wrong").unwrap_err(), LoginError::Busy, "{name}");
        }
        drop(turn);
        assert!(try_now("hashed", "secret-1").is_ok());
        // Recognised: it needs no turn.
        let _turn = users.gate.enter(Duration::ZERO, &mut || true).unwrap();
        assert!(try_now("hashed", "secret-1").is_ok());
        assert_eq!(try_now("hashed", "wrong").unwrap_err(), LoginError::Busy);
        // From elsewhere it is refused, which is to take no less time than for a wrong password.
        let elsewhere = try_at(&users, ELSEWHERE, "hashed", "secret-1", Duration::ZERO);
        assert_eq!(elsewhere.unwrap_err(), LoginError::Busy);
    }

    #[test]
    fn whoever_fails_has_cost_as_much_as_anybody() {
        let other = HASH.replace("m=8192", "m=4096");
        let users = users(&[("plain", "secret-1"), ("hashed", HASH), ("other", &other)]);
        let once = |name| {
            let before = clock_gettime(ClockId::ThreadCPUTime);
            log_in(&users, name, "wrong").unwrap_err();
            Duration::try_from(clock_gettime(ClockId::ThreadCPUTime) - before).unwrap()
        };
        // The least of three: the first of a process pays for its memory, too.
        let cost = |name| [once(name), once(name), once(name)].into_iter().min().unwrap();
        let usual = cost("hashed");
        for name in ["plain", "hashed", "other", "nobody"] {
            let cost = cost(name);
            assert!(cost > usual / 4 && cost < usual * 4, "{name}: {cost:?} of {usual:?}");
        }
    }

    #[test]
    fn the_right_password_from_elsewhere_is_refused_like_a_wrong_one() {
        let users = users(&[("plain", "secret-1"), ("hashed", HASH)]);
        for name in ["plain", "hashed"] {
            for password in ["wrong", "secret-1", "secret-1"] {
                let refused = try_at(&users, ELSEWHERE, name, password, LONG).unwrap_err();
                let expected = match password {
                    "secret-1" => LoginError::Elsewhere,
                    _ => LoginError::Incorrect,
                };
                assert_eq!(refused, expected, "{name} {password}");
            }
        }
    }

    #[test]
    fn a_login_that_nobody_waits_for_ends() {
        let users = users(&[("hashed", HASH)]);
        let _turn = users.gate.enter(Duration::ZERO, &mut || true).unwrap();
        let login = LoginRequest {
            name: "hashed",
            password: "secret-1",
            client: HOME.parse().unwrap(),
            is_encrypted: true,
        };
        let refused = users.authenticate_within(&login, LONG, &mut || false).result;
        assert_eq!(refused.unwrap_err(), LoginError::Abandoned);
    }

    #[test]
    fn one_computation_of_each_effort_is_made_for_everybody() {
        let other = HASH.replace("m=8192", "m=64");
        let users = users(&[("a", HASH), ("b", HASH), ("c", &other), ("d", "plain")]);
        assert_eq!(users.decoys.len(), 2);
        assert!(log_in(&users, "b", "secret-1").is_ok());
        assert!(log_in(&users, "c", "secret-1").is_err(), "the parameters belong to the hash");
    }

    fn log_in(users: &Users, name: &str, password: &str) -> Result<Arc<Account>, LoginError> {
        try_at(users, HOME, name, password, LONG)
    }

    fn try_at(
        users: &Users,
        client: &str,
        name: &str,
        password: &str,
        patience: Duration,
    ) -> Result<Arc<Account>, LoginError> {
        let client = client.parse().unwrap();
        let login = LoginRequest { name, password, client, is_encrypted: true };
        users.authenticate_within(&login, patience, &mut || true).result
    }

    /// Accounts on a directory that is gone already, to be used from [`HOME`]; one computation at
    /// once.
    fn users(accounts: &[(&str, &str)]) -> Users {
        let root = tempfile::tempdir().unwrap();
        let options = LocalOptions { root: root.path().to_owned() };
        let store: Arc<dyn ObjectStore> = Arc::new(LocalStore::open(&options).unwrap());
        let account = |(name, password): &(&str, &str)| {
            let password = Password::parse(password).unwrap();
            let store = Arc::clone(&store);
            Account {
                addresses: AddressRules { allow: HOME.parse().unwrap(), ..AddressRules::default() },
                ..Account::new(name, password, Permission::ReadWrite, store)
            }
        };
        Users::new(accounts.iter().map(account), 1)
    }
}
