//! Why somebody is kept out.

use std::fmt;

/// Why a client may not come in, or not log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// By the lists of addresses.
    Denied,
    /// After too many failed logins.
    Banned,
    /// The address, by the operator.
    AddressBanned,
    /// The user, by the operator.
    UserBanned,
    /// `max_connections_per_minute`
    TooOften,
    /// `max_sessions_per_address`
    TooManyOfAddress,
    /// `max_sessions_before_login`
    TooManyBeforeLogin,
    /// `max_sessions_before_login` or `max_connection_num` is reached: it was silent, and another
    /// client has its place.
    MadeRoom,
    /// `max_sessions_per_user`
    TooManyOfUser,
    /// `reserved_connections`: what is left is for users who have no session.
    Reserved,
}

impl Refusal {
    /// For the log.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Denied => "not by allow_addresses and deny_addresses",
            Self::Banned => "banned",
            Self::AddressBanned => "address banned by the operator",
            Self::UserBanned => "user banned by the operator",
            Self::TooOften => "max_connections_per_minute is reached",
            Self::TooManyOfAddress => "max_sessions_per_address is reached",
            Self::TooManyBeforeLogin => "max_sessions_before_login is reached",
            Self::MadeRoom => {
                "silent before the login, and the server is full: another has its place"
            }
            Self::TooManyOfUser => "max_sessions_per_user is reached",
            Self::Reserved => "what reserved_connections leaves is for users without a session",
        }
    }

    /// For the figures.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Denied => "address",
            Self::Banned | Self::AddressBanned | Self::UserBanned => "banned",
            Self::TooOften => "per_minute",
            Self::TooManyOfAddress => "per_address",
            Self::TooManyBeforeLogin => "before_login",
            Self::MadeRoom => "made_room",
            Self::TooManyOfUser => "per_user",
            Self::Reserved => "reserved",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}
