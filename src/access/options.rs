//! What the operator decides about who may come in.

use std::time::Duration;

use super::AddressRules;

/// Rules and limits of access. `None` is no limit.
#[derive(Clone, Debug)]
pub struct AccessOptions {
    /// `allow_addresses` and `deny_addresses` of the server as a whole.
    pub addresses: AddressRules,
    /// `max_sessions_per_address`.
    pub sessions_per_address: Option<usize>,
    /// `max_sessions_per_user`.
    pub sessions_per_user: Option<usize>,
    /// `max_sessions_before_login`: sessions that are not logged in yet, of all clients together.
    /// One address has at most half of them.
    pub sessions_before_login: Option<usize>,
    /// `reserved_connections`: those of `max_connection_num` that only users without a session get.
    pub reserved_connections: usize,
    /// `max_connections_per_minute`: control connections of one address.
    pub connections_per_minute: Option<u32>,
    /// `ban_failures`, `ban_window` and `ban_time`.
    pub ban: Option<BanRule>,
    /// `login_failure_delay`: what the first failed login waits for its reply. Each further one of
    /// the same address waits twice as long, up to
    /// [`crate::limits::LOGIN_FAILURE_DELAY_GROWTH`] times this.
    pub failure_delay: Duration,
    /// `tracked_addresses`: addresses without a session of which something is remembered.
    pub tracked_addresses: usize,
}

/// When an address is shut out, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BanRule {
    /// Failed logins that bring it about.
    pub failures: u32,
    /// Within this time, counted from the first of them.
    pub window: Duration,
    /// How long it lasts.
    pub time: Duration,
}

impl AccessOptions {
    /// Nothing is decided yet: what the table of keys fills in.
    pub(crate) fn unset() -> Self {
        Self {
            addresses: AddressRules::default(),
            sessions_per_address: None,
            sessions_per_user: None,
            sessions_before_login: None,
            reserved_connections: 0,
            connections_per_minute: None,
            ban: None,
            failure_delay: Duration::ZERO,
            tracked_addresses: 0,
        }
    }
}
