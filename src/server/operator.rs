//! What an operator does to a server that runs: end sessions, keep clients out.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use log::warn;

use super::registry::SessionRegistry;
use super::reload::Rules;
use crate::access::{BanSubject, ClientSource, TooManyBans};
use crate::session::SessionHandle;

/// Acts for the operator, from another thread.
#[derive(Clone, Debug)]
pub struct Operator {
    pub(super) rules: Arc<Rules>,
    pub(super) registry: Arc<SessionRegistry>,
}

/// Whose sessions are to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionSubject {
    /// The one with this number.
    Session(u64),
    /// All that this user is logged in to.
    User(String),
}

impl fmt::Display for SessionSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(id) => write!(f, "session-{id}"),
            Self::User(name) => write!(f, "user {name:?}"),
        }
    }
}

impl Operator {
    /// Ends sessions: each hears 421, and its transfer ends as one does that is interrupted. Tells
    /// how many that are.
    pub fn kick(&self, subject: &SessionSubject) -> usize {
        let kicked = self.end(|handle| match subject {
            SessionSubject::Session(id) => handle.id() == *id,
            SessionSubject::User(name) => handle.user().as_ref() == Some(name),
        });
        warn!("operator: kick {subject}: {}", sessions(kicked));
        kicked
    }

    /// Bans an address or a user for `time`, or as long as the process lives, and ends the sessions
    /// that it has. Tells how many that are.
    ///
    /// # Errors
    /// [`TooManyBans`].
    pub fn ban(&self, subject: &BanSubject, time: Option<Duration>) -> Result<usize, TooManyBans> {
        // First: who logs in meanwhile is seen by one of the two.
        self.rules.host().access.ban(subject.clone(), time)?;
        let kicked = self.end(|handle| match subject {
            BanSubject::Source(source) => ClientSource::of(handle.peer().ip()) == *source,
            BanSubject::User(name) => handle.user().as_ref() == Some(name),
        });
        let long = time.map_or("until the server ends".to_owned(), |time| {
            format!("for {} s, at most until the server ends", time.as_secs())
        });
        warn!("operator: ban {subject} {long}; ended: {}", sessions(kicked));
        Ok(kicked)
    }

    /// Ends a ban, whoever wanted it. Tells whether there was one.
    pub fn unban(&self, subject: &BanSubject) -> bool {
        let was_banned = self.rules.host().access.lift_ban(subject);
        if was_banned {
            warn!("operator: unban {subject}");
        }
        was_banned
    }

    /// The server takes the place of one that was killed: what that was receiving nobody knows.
    pub fn note_killed(&self) {
        self.rules.host().earlier_uploads.note_killed();
    }

    fn end(&self, is_meant: impl Fn(&SessionHandle) -> bool) -> usize {
        self.registry.end(is_meant, SessionHandle::kick)
    }
}

fn sessions(number: usize) -> String {
    format!("{number} {}", if number == 1 { "session" } else { "sessions" })
}
