//! Whether a password is an account's, found out in a time that tells nothing: not who exists, nor
//! whether the password was right where it may not be used.

use std::sync::Arc;
use std::time::Duration;

use super::account::Account;
use super::attempt::{Check, LoginError, LoginRequest};
use super::password::{Effort, HashedPassword, Password};
use super::permits::{HashingPermit, HashingPermits};
use super::remembered::Remembered;
use crate::limits;

/// Verifies passwords, a few hashes at once.
#[derive(Debug)]
pub(super) struct PasswordVerifier {
    /// One for each effort among the hashes of the accounts.
    decoys: Vec<HashedPassword>,
    gate: HashingPermits,
    remembered: Remembered,
}

impl PasswordVerifier {
    /// For accounts with these `passwords`. At most `checks` hashes are computed at once.
    pub(super) fn new<'a>(passwords: impl Iterator<Item = &'a Password>, checks: usize) -> Self {
        let mut efforts = Vec::new();
        for effort in passwords.filter_map(Password::effort) {
            if !efforts.contains(&effort) {
                efforts.push(effort);
            }
        }
        Self {
            decoys: efforts.into_iter().map(Effort::decoy).collect(),
            gate: HashingPermits::new(checks),
            remembered: Remembered::new(),
        }
    }

    /// See [`Users::authenticate`](super::Users::authenticate); `account` is the one of that name.
    pub(super) fn verify(
        &self,
        account: Option<&Arc<Account>>,
        login: &LoginRequest<'_>,
        patience: Duration,
        is_wanted: &mut dyn FnMut() -> bool,
    ) -> Check<'_> {
        let LoginRequest { name, password, client, .. } = *login;
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

#[cfg(test)]
mod tests {
    use rustix::time::{ClockId, clock_gettime};

    use super::*;
    use crate::access::AddressRules;
    use crate::store::ObjectStore;
    use crate::store::local::{LocalOptions, LocalStore};
    use crate::users::{Permission, Users};

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
        let turn = users.verifier.gate.enter(Duration::ZERO, &mut || true).unwrap();
        for name in ["plain", "hashed", "nobody"] {
            assert_eq!(try_now(name, "wrong").unwrap_err(), LoginError::Busy, "{name}");
        }
        drop(turn);
        assert!(try_now("hashed", "secret-1").is_ok());
        // Recognised: it needs no turn.
        let _turn = users.verifier.gate.enter(Duration::ZERO, &mut || true).unwrap();
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
        let _turn = users.verifier.gate.enter(Duration::ZERO, &mut || true).unwrap();
        let login = LoginRequest {
            name: "hashed",
            password: "secret-1",
            client: HOME.parse().unwrap(),
            is_encrypted: true,
        };
        let account = users.accounts.get("hashed");
        let refused = users.verifier.verify(account, &login, LONG, &mut || false).result;
        assert_eq!(refused.unwrap_err(), LoginError::Abandoned);
    }

    #[test]
    fn one_computation_of_each_effort_is_made_for_everybody() {
        let other = HASH.replace("m=8192", "m=64");
        let users = users(&[("a", HASH), ("b", HASH), ("c", &other), ("d", "plain")]);
        assert_eq!(users.verifier.decoys.len(), 2);
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
        users.verifier.verify(users.accounts.get(name), &login, patience, &mut || true).result
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
