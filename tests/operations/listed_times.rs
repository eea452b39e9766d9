//! With `preserve_mtime`, listings tell the times that clients gave files; what that costs in
//! requests is counted before the real store.

use std::time::{Duration, Instant};

use cos_ftp_server::limits;

use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};

/// 2023-11-14 22:13:20 UTC, as rclone and cosfs give it, and as FTP tells it.
const GIVEN: &str = "x-amz-meta-mtime: 1700000000";
const TOLD: &str = "20231114221320";

struct Stage {
    injector: Injector,
    server: TestServer,
    bucket: String,
}

impl Stage {
    fn new(change: impl FnOnce(Setup) -> Setup) -> Self {
        let rgw = Rgw::shared();
        let (bucket, injector) = (rgw.new_bucket(), Injector::before(rgw.endpoint()));
        let setup = Setup::bucket_named(&bucket, &injector.endpoint());
        let server = change(setup.option("metadata_cache_time", "0")).start();
        Self { injector, server, bucket }
    }

    fn keeping() -> Self {
        Self::new(|setup| setup.option("preserve_mtime", "on"))
    }

    /// Files with a time that somebody else gave them.
    fn fill(&self, count: usize) {
        for number in 0..count {
            self.give(&format!("f{number:04}"), GIVEN);
        }
    }

    fn give(&self, key: &str, header: &str) {
        Rgw::shared().s3_put_with(&self.bucket, key, b"x", &[header]);
    }

    /// What `act` sends to the store: lists, HEADs, anything else.
    fn count(&self, act: impl FnOnce()) -> (usize, usize, usize) {
        let before = self.injector.seen().len();
        act();
        let seen = self.injector.seen().split_off(before);
        let of = |request| seen.iter().filter(|(seen, _)| *seen == request).count();
        let (lists, heads) = (of(Request::ListObjects), of(Request::HeadObject));
        (lists, heads, seen.len() - lists - heads)
    }
}

/// The `modify` fact of each line.
fn modified(lines: &[String]) -> Vec<&str> {
    lines.iter().filter_map(|line| line.split_once("modify=")?.1.split(';').next()).collect()
}

#[test]
fn every_listing_tells_what_mdtm_tells() {
    let stage = Stage::keeping();
    stage.give("d/of-rclone", GIVEN);
    stage.give("d/of-nobody", "x-amz-meta-owner: me");
    stage.give("d/empty/", "x-amz-meta-mtime: 1");
    stage.give("d/[a]", GIVEN);
    let mut ftp = Ftp::login(&stage.server);
    ftp.store("STOR d/of-mfmt", b"x");
    ftp.expect("MFMT 20200102030405 d/of-mfmt", "213 ");
    for round in 0..2 {
        for line in ftp.list("MLSD d") {
            let Some((facts, name)) = line.split_once("; ") else { panic!("{line}") };
            if facts.contains("type=dir") {
                continue;
            }
            let told = ftp.expect(&format!("MDTM d/{name}"), "213 ");
            let time = told.trim_start_matches("213 ").trim_end();
            assert!(facts.contains(&format!("modify={time};")), "{round} {line}: {told}");
            let listed = ftp.expect(&format!("MLST d/{name}"), "250-");
            assert!(listed.contains(&format!("modify={time};")), "{listed}");
        }
        for listing in [
            ftp.list("LIST d"),
            ftp.list("LIST d/*"),
            ftp.expect("STAT d", "213-").lines().map(str::to_owned).collect(),
        ] {
            let of = |name: &str| {
                let line = listing.iter().find(|line| line.ends_with(&format!(" {name}")));
                line.unwrap_or_else(|| panic!("{listing:?}")).clone()
            };
            assert!(of("of-rclone").contains(" Nov 14  2023 "), "{listing:?}");
            assert!(of("of-mfmt").contains(" Jan 02  2020 "), "{listing:?}");
            assert!(of("empty").contains(" Jan 01  1970 "), "a directory: {listing:?}");
            assert!(!of("of-nobody").contains("1970"), "{listing:?}");
        }
        // One file alone: by its name, and by a pattern that it is spelt like.
        for one in ["LIST d/of-rclone", "LIST d/[a]"] {
            let lines = ftp.list(one);
            assert!(lines.len() == 1 && lines[0].contains(" Nov 14  2023 "), "{one}: {lines:?}");
        }
    }
}

#[test]
fn a_time_is_asked_for_once() {
    let stage = Stage::keeping();
    stage.fill(30);
    let mut ftp = Ftp::login(&stage.server);
    for (line, expected) in [
        ("NLST", (1, 0, 0)),
        ("MLSD", (1, 30, 0)),
        ("MLSD", (1, 0, 0)),
        ("LIST", (1, 0, 0)),
        ("LIST f000*", (1, 0, 0)),
    ] {
        let counted = stage.count(|| {
            let lines = ftp.list(line);
            assert!(lines.len() >= 10, "{lines:?}");
            assert!(modified(&lines).iter().all(|time| *time == TOLD), "{lines:?}");
        });
        assert_eq!(counted, expected, "{line}");
    }
    // Another one costs one more.
    stage.give("g", GIVEN);
    assert_eq!(stage.count(|| drop(ftp.list("MLSD"))), (1, 1, 0));
    assert_eq!(stage.count(|| drop(ftp.list("MLSD"))), (1, 0, 0));
    // Who does not want times does not pay for them.
    let stage = Stage::keeping();
    stage.fill(3);
    let mut ftp = Ftp::login(&stage.server);
    ftp.expect("OPTS MLST type;size;", "200 ");
    assert_eq!(stage.count(|| drop(ftp.list("MLSD"))), (1, 0, 0));
}

#[test]
fn without_preserve_mtime_a_listing_is_one_request() {
    let stage = Stage::new(|setup| setup);
    stage.fill(3);
    let mut ftp = Ftp::login(&stage.server);
    for line in ["MLSD", "LIST", "NLST", "LIST f*"] {
        assert_eq!(stage.count(|| drop(ftp.list(line))), (1, 0, 0), "{line}");
    }
    assert!(!modified(&ftp.list("MLSD")).contains(&TOLD));
}

/// What this server itself set is known without a question: the store dates in milliseconds.
#[test]
fn what_was_set_here_is_known() {
    let stage = Stage::keeping();
    let mut ftp = Ftp::login(&stage.server);
    // The first of them show how the store dates.
    for name in ["first", "second", "d/a", "d/b"] {
        ftp.store(&format!("STOR {name}"), b"x");
        ftp.expect(&format!("MFMT 20200102030405 {name}"), "213 ");
    }
    // A copy has the time of the original.
    ftp.play(&[("RNFR d/b", "350 "), ("RNTO d/c", "250 ")]);
    let counted = stage.count(|| assert_eq!(modified(&ftp.list("MLSD d")), ["20200102030405"; 2]));
    assert_eq!(counted, (1, 0, 0));
    ftp.play(&[("RNFR d", "350 "), ("RNTO e", "250 ")]);
    let counted = stage.count(|| assert_eq!(modified(&ftp.list("MLSD e")), ["20200102030405"; 2]));
    assert_eq!(counted, (1, 0, 0));
}

/// The same bytes, and so the same ETag, in the same second: only the time that was given differs.
#[test]
fn a_time_is_never_that_of_an_earlier_version() {
    let stage = Stage::keeping();
    let mut ftp = Ftp::login(&stage.server);
    for round in 0..20 {
        let seconds = 1_700_000_000 + round;
        if round % 3 == 0 {
            ftp.store("STOR a", b"x");
            ftp.expect("MFMT 20200102030405 a", "213 ");
            assert_eq!(modified(&ftp.list("MLSD")), ["20200102030405"]);
        }
        stage.give("a", &format!("x-amz-meta-mtime: {seconds}"));
        let expected = (20_231_114_221_320_i64 + round).to_string();
        assert_eq!(modified(&ftp.list("MLSD")), [&expected], "{round}");
        assert_eq!(modified(&ftp.list("MLSD")), [&expected], "{round}");
    }
    ftp.store("STOR a", b"x");
    assert!(!modified(&ftp.list("MLSD"))[0].starts_with("20231114"));
}

#[test]
fn what_is_remembered_is_bounded() {
    for (entries, asked_again) in [("0", 10..=10), ("4", 6..=10), ("20", 0..=0)] {
        let stage = Stage::new(|setup| {
            setup.option("preserve_mtime", "on").option("mtime_cache_entries", entries)
        });
        stage.fill(10);
        let mut ftp = Ftp::login(&stage.server);
        assert_eq!(stage.count(|| drop(ftp.list("MLSD"))), (1, 10, 0), "{entries}");
        let (lists, heads, _) = stage.count(|| drop(ftp.list("MLSD")));
        assert!(lists == 1 && asked_again.contains(&heads), "{entries}: {heads}");
    }
}

#[test]
fn a_store_that_does_not_tell_the_times() {
    let stage = Stage::keeping();
    stage.fill(40);
    let mut ftp = Ftp::login(&stage.server);
    // Who may list but not read is told the store's times, and not asked for each of them.
    stage.injector.inject(Rule::new(Request::HeadObject, Fault::Refuse(403, "AccessDenied")));
    let (lists, heads, _) = stage.count(|| {
        let lines = ftp.list("MLSD");
        assert!(lines.len() == 40 && !modified(&lines).contains(&TOLD), "{lines:?}");
    });
    assert!(lists == 1 && heads <= 40, "{heads}");
    stage.injector.heal();
    // A file that is gone when it is asked for.
    let gone = Rule::new(Request::HeadObject, Fault::Refuse(404, "NoSuchKey"));
    stage.injector.inject(gone.key("f0007"));
    let lines = ftp.list("MLSD");
    assert_eq!(modified(&lines).iter().filter(|time| **time == TOLD).count(), 39, "{lines:?}");
    stage.injector.heal();
    // An outage is an outage: a wrong time would make a client send everything again.
    stage.give("new", GIVEN);
    stage.injector.inject(Rule::new(Request::HeadObject, Fault::Refuse(503, "SlowDown")));
    let data = ftp.passive();
    ftp.expect("MLSD", "451 ");
    drop(data);
    stage.injector.heal();
    assert_eq!(modified(&ftp.list("MLSD")), [TOLD; 41]);
}

/// A client does not wait for long; what was heard for it is there when it asks again.
#[test]
fn a_listing_that_takes_too_long_is_refused_and_then_goes_on() {
    let stage =
        Stage::new(|setup| setup.option("preserve_mtime", "on").option("reply_timeout", "1"));
    stage.fill(240);
    let mut ftp = Ftp::login(&stage.server);
    let slow = Fault::Latency(Duration::from_millis(100));
    stage.injector.inject(Rule::new(Request::HeadObject, slow));
    let (mut asked, mut begun) = (Vec::new(), Instant::now());
    while asked.last() != Some(&0) {
        let (_, heads, _) = stage.count(|| ftp.list_or_refusal("MLSD"));
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        asked.push(heads);
        // What was answered is not asked again, but what was under way when it was refused is.
        let again = limits::POOL_THREADS * (asked.len() - 1);
        assert!(asked.iter().sum::<usize>() <= 240 + again, "{asked:?}");
        begun = Instant::now();
    }
    assert!(asked.len() > 2, "none was refused: {asked:?}");
    assert_eq!(modified(&ftp.list("MLSD")), [TOLD; 240], "{asked:?}");
}
