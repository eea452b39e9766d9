//! New rules for a server that runs: for the sessions that begin from now on.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;

use super::ServerOptions;
use super::public_address::AddressKeeper;
use super::registry::SessionRegistry;
use crate::session::{Host, SessionHandle};
use crate::users::Users;

/// What new sessions get.
#[derive(Debug)]
pub(super) struct Rules(RwLock<Current>);

#[derive(Clone, Debug)]
struct Current {
    host: Arc<Host>,
    shutdown_grace: Duration,
}

impl Rules {
    pub(super) fn new(host: Host, shutdown_grace: Duration) -> Self {
        Self(RwLock::new(Current { host: Arc::new(host), shutdown_grace }))
    }

    /// What a session that begins now lives with until it ends.
    pub(super) fn host(&self) -> Arc<Host> {
        self.current().host
    }

    /// What running transfers get to finish at a stop.
    pub(super) fn shutdown_grace(&self) -> Duration {
        self.current().shutdown_grace
    }

    fn current(&self) -> Current {
        // It is replaced in one step.
        self.0.read().clone()
    }
}

/// Changes the rules of a running server, from another thread.
#[derive(Clone, Debug)]
pub struct Reloader {
    pub(super) rules: Arc<Rules>,
    pub(super) registry: Arc<SessionRegistry>,
    pub(super) address_keeper: AddressKeeper,
}

impl Reloader {
    /// From now on `users` may log in, and sessions that begin behave as `options` say. Whoever is
    /// logged in keeps account and options, unless the account is gone: then its session ends,
    /// after its transfer if one runs. Tells how many sessions that are. Where TLS is demanded from
    /// now on, it is of the sessions that live, too: for their next login and their next transfer.
    ///
    /// Addresses, ports, `max_connections` and the memory of all transfers stay what they were.
    pub fn apply(&self, options: ServerOptions, users: Users) -> usize {
        let before = self.rules.host();
        let mut session = options.session;
        session.transfer.buffer_memory = before.options.transfer.buffer_memory;
        before.users.replace(users);
        before.access.obey(options.access);
        before.tls_demand.set(session.tls);
        before.present_tls.set(options.tls.clone());
        before.rates.set(options.rates);
        self.address_keeper.obey(&session);
        let host = Host { options: session, tls: options.tls, ..(*before).clone() };
        let host = Arc::new(host);
        let current = Current { host, shutdown_grace: options.shutdown_grace };
        *self.rules.0.write() = current;
        let users = before.users.current();
        let is_gone = |handle: &SessionHandle| {
            handle.login().is_some_and(|(user, source)| !users.contains(&user, source))
        };
        self.registry.end(is_gone, SessionHandle::dismiss)
    }
}
