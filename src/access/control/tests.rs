//! Access control, at times of its own.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::access::{AddressRules, BanRule};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn an_address_comes_only_so_often() {
    let access = access(|options| options.connections_per_minute = Some(60));
    let start = Instant::now();
    let come = |n: u8, at| access.admit_at(address(n), at).err();
    for _ in 0..60 {
        assert_eq!(come(1, start), None);
    }
    assert_eq!(come(1, start), Some(Refusal::TooOften));
    assert_eq!(come(2, start), None, "another address");
    assert_eq!(come(1, start + SECOND), None);
    assert_eq!(come(1, start + SECOND), Some(Refusal::TooOften));
}

#[test]
fn sessions_of_an_address_are_counted() {
    let access = access(|options| options.sessions_per_address = Some(2));
    let [first, second] = [(); 2].map(|()| access.admit(address(1)).unwrap());
    let inside = first.log_in("alice", None).unwrap();
    assert_eq!(access.admit(address(1)).unwrap_err(), Refusal::TooManyOfAddress);
    let other = access.admit(address(2)).unwrap();
    drop(second);
    drop(access.admit(address(1)).unwrap());
    drop(inside);
    drop((first, other));
    let state = access.state.lock();
    assert_eq!((state.sessions, state.before_login.count(), state.users.len()), (0, 0, 0));
}

#[test]
fn who_is_not_logged_in_takes_a_part_of_the_places() {
    let access = access(|options| options.sessions_before_login = Some(16));
    let [first, ..] = &[(); 8].map(|()| access.admit(address(1)).unwrap());
    assert_eq!(access.admit(address(1)).unwrap_err(), Refusal::TooManyBeforeLogin, "its half");
    let _others = [2, 2, 3, 3, 4, 4, 5, 5].map(|n| access.admit(address(n)).unwrap());
    assert_eq!(access.admit(address(6)).unwrap_err(), Refusal::TooManyBeforeLogin);
    let inside = first.log_in("alice", None).unwrap();
    let later = access.admit(address(1)).unwrap();
    assert_eq!(access.admit(address(6)).unwrap_err(), Refusal::TooManyBeforeLogin);
    drop(later);
    // REIN: it is one of those before login again.
    drop(inside);
    assert_eq!(access.admit(address(6)).unwrap_err(), Refusal::TooManyBeforeLogin);
}

#[test]
fn sessions_of_a_user_are_counted() {
    let access = access(|options| options.sessions_per_user = Some(1));
    let [first, second] = [1, 2].map(|n| access.admit(address(n)).unwrap());
    let inside = first.log_in("alice", None).unwrap();
    assert_eq!(second.log_in("alice", None).unwrap_err(), Refusal::TooManyOfUser);
    assert!(second.log_in("bob", None).is_ok());
    drop(inside);
    assert!(second.log_in("alice", None).is_ok());
}

#[test]
fn failures_are_answered_later_and_later_and_end_in_a_ban() {
    let rule = BanRule { failures: 6, window: 10 * SECOND, time: 100 * SECOND };
    let access = access(|options| (options.ban, options.failure_delay) = (Some(rule), SECOND));
    let start = Instant::now();
    let admitted = access.admit_at(address(1), start).unwrap();
    let delays: Vec<_> =
        (1..=5).map(|n| access.fail(&admitted, n, start).delay.as_secs()).collect();
    assert_eq!(delays, [1, 2, 4, 8, 8]);
    assert!(!access.fail(&admitted, 5, start).banned, "the same guess again");
    assert!(access.fail(&admitted, 6, start).banned);
    let come = |n, at| access.admit_at(address(n), at).err();
    assert_eq!(come(1, start), Some(Refusal::Banned));
    assert_eq!(come(2, start), None);
    assert_eq!(come(1, start + 99 * SECOND), Some(Refusal::Banned));
    assert_eq!(come(1, start + 100 * SECOND), None);
}

#[test]
fn failures_do_not_add_up_for_ever() {
    let rule = BanRule { failures: 2, window: 10 * SECOND, time: SECOND };
    let access = access(|options| options.ban = Some(rule));
    let start = Instant::now();
    let admitted = access.admit_at(address(1), start).unwrap();
    for n in 0..10 {
        assert!(!access.fail(&admitted, n.into(), start + 10 * n * SECOND).banned);
    }
}

#[test]
fn lists_are_looked_at_first() {
    let deny = "127.0.0.2".parse().unwrap();
    let access =
        access(|options| options.addresses = AddressRules { deny, ..AddressRules::default() });
    assert_eq!(access.admit(address(2)).unwrap_err(), Refusal::Denied);
    assert!(access.admit(address(1)).is_ok());
}

fn access(set: impl FnOnce(&mut AccessOptions)) -> Arc<AccessControl> {
    let mut options = AccessOptions::default();
    set(&mut options);
    Arc::new(AccessControl::new(options))
}

fn address(n: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, n).into()
}

#[derive(Debug, Default)]
struct Session(AtomicBool);

impl Leaver for Session {
    fn make_room(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A client that has come at `now`, and what tells whether it was made to leave.
fn come(access: &Arc<AccessControl>, n: u8, now: Instant) -> (AdmittedClient, Arc<Session>) {
    let (admitted, session) =
        (access.admit_at(address(n), now).unwrap(), Arc::<Session>::default());
    admitted.may_leave_by(Arc::clone(&session) as _);
    (admitted, session)
}

fn has_left(session: &Session) -> bool {
    session.0.load(Ordering::Relaxed)
}

#[test]
fn the_oldest_silent_session_of_whoever_has_most_makes_room() {
    let access = access(|options| options.sessions_before_login = Some(16));
    let start = Instant::now();
    let at = |n: u32| start + n * SECOND / 100;
    let silent: Vec<_> = (0..8).map(|n| come(&access, 1, at(n))).collect();
    let others: Vec<_> = (8..16).map(|n| come(&access, n as u8, at(n))).collect();
    // Whoever has come a moment ago is no obstacle yet.
    assert_eq!(access.admit_at(address(2), at(17)).unwrap_err(), Refusal::TooManyBeforeLogin);
    let newcomer = come(&access, 2, start + 2 * SECOND);
    let left: Vec<_> = silent.iter().map(|(_, session)| has_left(session)).collect();
    assert_eq!(left, [true, false, false, false, false, false, false, false]);
    assert!(!others.iter().any(|(_, session)| has_left(session)));
    // Its place is another's: it does not log in any more.
    assert_eq!(silent[0].0.try_login().unwrap_err(), Refusal::MadeRoom);
    assert_eq!(silent[0].0.log_in("alice", None).unwrap_err(), Refusal::MadeRoom);
    assert!(newcomer.0.log_in("alice", None).is_ok());
    drop((silent, others, newcomer));
    let state = access.state.lock();
    assert_eq!((state.sessions, state.before_login.count(), state.users.len()), (0, 0, 0));
}

/// Many clients may be behind one address.
#[test]
fn silent_sessions_of_an_address_make_room_for_others_of_it() {
    let access = access(|options| options.sessions_before_login = Some(16));
    let start = Instant::now();
    let at = |n: u32| start + n * SECOND / 100;
    // Another address has as many, for longer.
    let others: Vec<_> = (0..8).map(|n| come(&access, 2, at(n))).collect();
    let silent: Vec<_> = (8..16).map(|n| come(&access, 1, at(n))).collect();
    silent[0].0.try_login().unwrap();
    let refused = |at| access.admit_at(address(1), at).err();
    assert_eq!(refused(at(17)), Some(Refusal::TooManyBeforeLogin), "they have only come");
    assert_eq!(refused(at(9) + SECOND - SECOND / 1000), Some(Refusal::TooManyBeforeLogin));
    let newcomer = come(&access, 1, at(9) + SECOND);
    let left: Vec<_> = silent.iter().map(|(_, session)| has_left(session)).collect();
    assert_eq!(left, [false, true, false, false, false, false, false, false]);
    assert!(!others.iter().any(|(_, session)| has_left(session)));
    assert_eq!(silent[1].0.try_login().unwrap_err(), Refusal::MadeRoom);
    assert!(newcomer.0.log_in("alice", None).is_ok());
    drop((silent, others, newcomer));
    let state = access.state.lock();
    assert_eq!((state.sessions, state.before_login.count(), state.users.len()), (0, 0, 0));
}

#[test]
fn nobody_makes_room_for_a_source_that_has_as_many() {
    let access = access(|options| options.sessions_before_login = Some(4));
    let start = Instant::now();
    let silent: Vec<_> = [1, 1, 2, 2].map(|n| come(&access, n, start)).into();
    let later = start + 2 * SECOND;
    silent[0].0.try_login().unwrap();
    silent[1].0.try_login().unwrap();
    // What the first address has is busy; the second has no more than it.
    assert_eq!(access.admit_at(address(1), later).unwrap_err(), Refusal::TooManyBeforeLogin);
    assert!(!silent.iter().any(|(_, session)| has_left(session)));
    let third = come(&access, 3, later);
    assert!(has_left(&silent[2].1) ^ has_left(&silent[3].1));
    drop(third);
}

#[test]
fn silent_sessions_make_room_where_all_connections_are_taken() {
    let access = access(|options| options.sessions_before_login = None);
    let start = Instant::now();
    let silent: Vec<_> = [1, 1, 2].map(|n| come(&access, n, start)).into();
    access.make_room_at(address(3), start);
    assert!(!silent.iter().any(|(_, session)| has_left(session)), "they have only come");
    access.make_room_at(address(3), start + 2 * SECOND);
    let left: Vec<_> = silent.iter().map(|(_, session)| has_left(session)).collect();
    assert_eq!(left.iter().filter(|left| **left).count(), 1);
    assert!(!left[2], "the other address has more");
}

#[test]
fn a_flood_costs_no_search_for_each() {
    let access = access(|options| options.sessions_before_login = Some(2));
    let start = Instant::now();
    let _both = [1, 2].map(|n| come(&access, n, start));
    for n in 3..100 {
        assert_eq!(access.admit_at(address(n), start).unwrap_err(), Refusal::TooManyBeforeLogin);
    }
    assert!(access.admit_at(address(3), start + SECOND).is_ok(), "the search was given up");
}

#[test]
fn whoever_is_banned_meanwhile_is_not_let_in() {
    let rule = BanRule { failures: 1, window: 10 * SECOND, time: 100 * SECOND };
    let access = access(|options| options.ban = Some(rule));
    let [guesser, right] = [(); 2].map(|()| access.admit(address(1)).unwrap());
    right.try_login().unwrap();
    assert!(guesser.fail("alice", "guess").banned);
    assert_eq!(right.log_in("alice", None).unwrap_err(), Refusal::Banned);
}

#[test]
fn what_is_left_is_for_users_without_a_session() {
    let access = access(|options| options.reserved_connections = 2);
    let [first, second, third] = [(); 3].map(|()| access.admit(address(1)).unwrap());
    let inside = first.log_in("alice", Some(2)).unwrap();
    assert_eq!(inside.connections_to_leave(), 0, "the only one");
    assert_eq!(second.log_in("alice", Some(1)).unwrap_err(), Refusal::Reserved);
    let another = second.log_in("alice", Some(2)).unwrap();
    assert_eq!((inside.connections_to_leave(), another.connections_to_leave()), (2, 2));
    assert!(third.log_in("bob", Some(0)).is_ok());
}
