//! The rules inside a session: handlers are given the parts they need and never the whole.

use super::{has_word, sources};

/// The session's loop, and what gives each handler its parts.
const WHOLE_SESSION: &[&str] = &["session", "session/dispatch"];

#[test]
fn only_loop_and_dispatch_know_the_whole_session() {
    let mut knowing = sources();
    knowing.retain(|source| source.is_within(&["session"]) && has_word(&source.code(), "Session"));
    let knowing: Vec<_> = knowing.iter().map(|source| source.module.as_str()).collect();
    assert_eq!(knowing, WHOLE_SESSION);
}
