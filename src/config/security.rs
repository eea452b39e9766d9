//! `[SECURITY]`: who may come in, how much of what, and how passwords are verified.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::access::{AccessOptions, AddressRules, BanRule, Pace};
use crate::limits;
use crate::net::PeerCheck;

use super::report::Report;
use super::section::Section;
use super::values;

/// Values of the keys that count something and are off at 0.
const COUNT: RangeInclusive<u32> = 0..=1_000_000;

/// Failed logins that close a connection.
const LOGIN_FAILURES: RangeInclusive<u32> = 1..=1000;

/// Hashes computed at once: what is more than the processors there are helps nobody.
const PASSWORD_CHECKS: RangeInclusive<usize> = 1..=64;

/// Connections that are kept for users without a session.
const RESERVED: RangeInclusive<usize> = 0..=1_000_000;

/// Addresses remembered, at about 200 bytes each.
const TRACKED: RangeInclusive<usize> = 16..=100_000;

/// What a single session is told.
#[derive(Debug)]
pub(super) struct OfSession {
    pub(super) login_attempts: u32,
    pub(super) command_pace: Option<Pace>,
    pub(super) data_peer_check: PeerCheck,
}

/// Rules and limits of the door. `connections` is `max_connection_num`, of which those who are not
/// logged in may take half.
pub(super) fn access(
    section: &Section,
    connections: Option<usize>,
    report: &mut Report,
) -> AccessOptions {
    let default = AccessOptions::default();
    let mut limit = |key| count(section, key, report).map(|limit| limit.map(|n| n as usize));
    let of_address = limit("max_sessions_per_address").unwrap_or(default.sessions_per_address);
    let of_user = limit("max_sessions_per_user").unwrap_or(default.sessions_per_user);
    let before_login = limit("max_sessions_before_login")
        .unwrap_or_else(|| connections.map_or(default.sessions_before_login, part_of));
    AccessOptions {
        addresses: addresses(section, report),
        sessions_per_address: of_address,
        sessions_per_user: of_user,
        sessions_before_login: before_login,
        reserved_connections: reserved(section, connections, report),
        connections_per_minute: count(section, "max_connections_per_minute", report)
            .unwrap_or(default.connections_per_minute),
        ban: ban(section, report),
        failure_delay: section
            .get("login_failure_delay", report, |text| values::duration(text, Duration::ZERO))
            .unwrap_or(default.failure_delay),
        tracked_addresses: section
            .get("tracked_addresses", report, |text| values::number(text, &TRACKED))
            .unwrap_or(default.tracked_addresses),
    }
}

/// `reserved_connections`
fn reserved(section: &Section, connections: Option<usize>, report: &mut Report) -> usize {
    let key = "reserved_connections";
    let told = section.get(key, report, |text| values::number(text, &RESERVED));
    let reserved = told.unwrap_or_else(|| connections.map_or(0, |connections| connections / 8));
    if connections.is_some_and(|connections| reserved >= connections) {
        let text = "leaves nothing of max_connection_num to users who have a session already; \
                    accepted is less than that";
        report.problem(section.place(key), text);
    }
    reserved
}

/// `allow_addresses` and `deny_addresses`, of the whole server or of an account.
pub(super) fn addresses(section: &Section, report: &mut Report) -> AddressRules {
    let mut list = |key| section.get(key, report, |text| text.parse().ok()).unwrap_or_default();
    AddressRules { allow: list("allow_addresses"), deny: list("deny_addresses") }
}

/// What each session obeys.
pub(super) fn session(section: &Section, report: &mut Report) -> OfSession {
    let per_second = |n| Pace::new(n, Duration::from_secs(1));
    let attempts = |text: &str| values::number(text, &LOGIN_FAILURES);
    OfSession {
        login_attempts: section
            .get("max_login_failures", report, attempts)
            .unwrap_or(limits::LOGIN_ATTEMPTS),
        command_pace: count(section, "max_commands_per_second", report)
            .unwrap_or(Some(limits::COMMANDS_PER_SECOND))
            .map(per_second),
        data_peer_check: section
            .get("data_peer_check", report, values::peer_check)
            .unwrap_or_default(),
    }
}

/// `password_checks`
pub(super) fn password_checks(section: &Section, report: &mut Report) -> usize {
    let checks = |text: &str| values::number(text, &PASSWORD_CHECKS);
    section.get_or("password_checks", limits::PASSWORD_CHECKS, report, checks)
}

fn ban(section: &Section, report: &mut Report) -> Option<BanRule> {
    let second = Duration::from_secs(1);
    let mut time = |key, default| {
        section.get(key, report, |text| values::duration(text, second)).unwrap_or(default)
    };
    let (window, time) =
        (time("ban_window", limits::BAN_WINDOW), time("ban_time", limits::BAN_TIME));
    let failures = count(section, "ban_failures", report).unwrap_or(Some(limits::BAN_FAILURES))?;
    Some(BanRule { failures, window, time })
}

/// A number of which 0 means that there is no limit: the inner `None`. The outer one: not set.
fn count(section: &Section, key: &str, report: &mut Report) -> Option<Option<u32>> {
    let number = section.get(key, report, |text| values::number(text, &COUNT))?;
    Some((number > 0).then_some(number))
}

/// Half of `connections`, but enough for a few clients where there are few.
fn part_of(connections: usize) -> Option<usize> {
    Some((connections / 2).max(connections.min(16)))
}
