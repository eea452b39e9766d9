//! `[EVENTS]`.

use std::path::Path;
use std::time::Duration;

use cos_ftp_server::events::{EventKind, EventReceiver, QueueFull};

use super::support::{ACCOUNT, accepted, refused};

fn with(lines: &str) -> String {
    format!("{ACCOUNT}[EVENTS]\n{lines}")
}

#[test]
fn nobody_is_told_without_the_section() {
    assert_eq!(accepted(ACCOUNT).events, None);
    assert_eq!(accepted(&with("on = upload\n")).events, None);
}

#[test]
fn a_section_says_who_is_told_what() {
    let lines = "command = /bin/tell a b\nqueue_dir = /q\n";
    let events = accepted(&with(lines)).events.unwrap();
    let words = ["/bin/tell", "a", "b"].map(str::to_owned).to_vec();
    assert_eq!(events.receiver, EventReceiver::Command(words));
    assert_eq!(events.queue_dir, Path::new("/q"));
    let usual = [
        EventKind::Upload,
        EventKind::UploadPartial,
        EventKind::Rename,
        EventKind::Delete,
        EventKind::Infected,
    ];
    assert_eq!(events.on, usual);
    assert_eq!(events.give_up_after, Some(Duration::from_secs(72 * 3600)));
    let lines = "url = http://127.0.0.1:1/x\nsecret_file = /s\nqueue_dir = /q\ntimeout = 3\n\
                 on = download,parked\nqueue_full = drop\ngive_up_after = 0\nworkers = 7\n";
    let events = accepted(&with(lines)).events.unwrap();
    let secret_file = Some(Path::new("/s").to_owned());
    let url = "http://127.0.0.1:1/x".to_owned();
    assert_eq!(events.receiver, EventReceiver::Service { url, secret_file });
    assert_eq!(events.on, [EventKind::Download, EventKind::Parked]);
    assert_eq!((events.queue_full, events.workers), (QueueFull::Drop, 7));
    assert_eq!((events.give_up_after, events.timeout), (None, Duration::from_secs(3)));
}

#[test]
fn what_is_wrong_is_told_at_its_key() {
    for (lines, told) in [
        ("command = /a\n", "[EVENTS] queue_dir: the key is required"),
        (
            "command = /a\nurl = http://b/\nqueue_dir = /q\n",
            "[EVENTS] url = http://b/: cannot be combined with",
        ),
        ("command = a\nqueue_dir = /q\n", "[EVENTS] command = a: not accepted"),
        (
            "command = /a\nqueue_dir = /q\non = upload, stored\n",
            "[EVENTS] on = upload, stored: not accepted",
        ),
        ("command = /a\nqueue_dir = /q\nnames = [a\n", "[EVENTS] names = [a: not accepted"),
        ("command = /a\nqueue_dir = /q\nqueue_max = 0\n", "[EVENTS] queue_max = 0: not accepted"),
    ] {
        let problems = refused(with(lines));
        assert!(problems.iter().any(|problem| problem.contains(told)), "{told}: {problems:?}");
    }
}
