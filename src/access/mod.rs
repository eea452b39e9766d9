//! Who may come in, and how much: address rules, bans, and the limits of sessions for each address
//! and user.
//!
//! The [`AccessControl`] is asked before anything is spent on a client, so a refusal costs one look
//! into a table. Knows addresses and time; knows no socket, no FTP and no reply code. What it
//! remembers is bounded by [`AccessOptions::tracked_addresses`] and the sessions that live.

mod control;
mod failed_logins;
mod log_limiter;
mod operator_bans;
mod options;
mod rate_limiter;
mod refusal;
mod rules;
mod source;
mod visitors;
mod waiting;

pub use control::{AccessControl, AdmittedClient, Inside, LoginFailure};
pub use operator_bans::{Ban, BanSubject, TooManyBans};
pub use options::{AccessOptions, BanRule};
pub use rate_limiter::{Quota, RateLimiter};
pub use refusal::Refusal;
pub use rules::AddressRules;
pub use source::ClientSource;
pub use waiting::Leaver;
