//! Users whom the configuration does not know: a program or an HTTP service of the operator's is
//! asked about each login.

mod answer;
mod command;
mod fault;
mod question;
mod service;

pub use self::fault::HookFault;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use self::answer::HookAnswer;
use self::question::HookQuestion;
use super::permits::HashingPermits;
use super::remembered::{Remembered, Tag};
use super::{Account, AccountSource, Check, HomePattern, LoginError, LoginRequest, is_user_name};
use crate::limits;
use crate::store::ObjectStore;

/// Who is asked, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookOptions {
    /// Who.
    pub call: HookCall,
    /// `auth_timeout`: what takes longer was not answered.
    pub timeout: Duration,
    /// `auth_cache`: for how long a login that was right is right without asking.
    pub cache: Duration,
}

/// Who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookCall {
    /// `auth_command`: a program and its arguments.
    Command(Vec<String>),
    /// `auth_url`
    Url(String),
}

impl HookCall {
    /// The key of the configuration that names it.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Command(_) => "auth_command",
            Self::Url(_) => "auth_url",
        }
    }
}

/// Everybody that may log in by way of a hook. `S` is as in [`Account`].
#[derive(Clone, Debug)]
pub struct HookUsers<S = Arc<dyn ObjectStore>> {
    /// Who is asked.
    pub options: HookOptions,
    /// What all of them have in common; the permission is that of answers which tell none.
    pub common: Account<S>,
    /// Where each of them is.
    pub homes: HomePattern,
}

/// Asks, a few at once, and remembers who was right.
pub(super) struct Hook {
    users: HookUsers,
    gate: HashingPermits,
    /// Makes the tags.
    remembered: Remembered,
    right: Mutex<HashMap<String, Known>>,
}

/// A login that was right.
struct Known {
    tag: Tag,
    until: Instant,
    account: Arc<Account>,
}

impl Hook {
    pub(super) fn new(users: HookUsers) -> Self {
        Self {
            users,
            gate: HashingPermits::new(limits::HOOKS_AT_ONCE),
            remembered: Remembered::new(),
            right: Mutex::default(),
        }
    }

    /// What all its users have in common.
    pub(super) fn common(&self) -> &Account {
        &self.users.common
    }

    /// How long it may take to learn that nobody knows.
    pub(super) fn timeout(&self) -> Duration {
        self.users.options.timeout
    }

    /// Asks whether a login is right, unless nobody can have that name. Waits for its turn, as long
    /// as `is_wanted`.
    pub(super) fn verify(
        &self,
        login: &LoginRequest<'_>,
        is_wanted: &mut dyn FnMut() -> bool,
    ) -> Check<'_> {
        if !is_user_name(login.name) {
            return LoginError::Incorrect.into();
        }
        // The answer may hang on both.
        let subject = format!("{}\0{}\0{}", login.name, login.client, login.is_encrypted);
        let tag = self.remembered.tag(&subject, login.password);
        if let Some(account) = self.known(&subject, &tag) {
            return Check { result: Ok(account), turn: None };
        }
        let deadline = Instant::now() + self.timeout();
        let mut is_left = false;
        let turn = self.gate.enter(self.timeout(), &mut || {
            is_left = !is_wanted();
            !is_left
        });
        let Some(turn) = turn else {
            return if is_left { LoginError::Abandoned } else { LoginError::Busy }.into();
        };
        let result = self.ask(login, deadline, is_wanted);
        if let Ok(account) = &result {
            self.learn(subject, tag, account);
        }
        Check { result, turn: Some(turn) }
    }

    fn ask(
        &self,
        login: &LoginRequest<'_>,
        deadline: Instant,
        is_wanted: &mut dyn FnMut() -> bool,
    ) -> Result<Arc<Account>, LoginError> {
        let question = HookQuestion::new(login);
        let answer = match &self.users.options.call {
            HookCall::Command(words) => command::ask(words, &question, deadline, is_wanted)?,
            HookCall::Url(url) => service::ask(url, &question, deadline)?,
        };
        let HookAnswer::Right { permission, place, max_rate } = answer else {
            return Err(LoginError::Incorrect);
        };
        let common = &self.users.common;
        let home = self.users.homes.of(login.name, place.as_deref());
        let home = home.ok_or(LoginError::Unverifiable(HookFault::Confused))?;
        if !common.addresses.permit(login.client) {
            return Err(LoginError::Elsewhere);
        }
        Ok(Arc::new(Account {
            name: login.name.to_owned(),
            source: AccountSource::Hook,
            permission: permission.unwrap_or(common.permission),
            max_rate: max_rate.or(common.max_rate),
            home,
            ..common.clone()
        }))
    }

    fn known(&self, subject: &str, tag: &Tag) -> Option<Arc<Account>> {
        let right = self.right.lock();
        let known = right.get(subject)?;
        let is_it = known.tag.is(tag) && Instant::now() < known.until;
        is_it.then(|| Arc::clone(&known.account))
    }

    fn learn(&self, subject: String, tag: Tag, account: &Arc<Account>) {
        let now = Instant::now();
        let cache = self.users.options.cache;
        if cache.is_zero() {
            return;
        }
        let mut right = self.right.lock();
        if right.len() >= limits::REMEMBERED_LOGINS {
            right.retain(|_, known| now < known.until);
        }
        if right.len() >= limits::REMEMBERED_LOGINS {
            right.clear();
        }
        right.insert(subject, Known { tag, until: now + cache, account: Arc::clone(account) });
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hook").field(&self.users.options).finish()
    }
}
