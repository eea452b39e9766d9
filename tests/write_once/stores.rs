use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::scripted::{Act, Scripted, answer, error};
use crate::support::server::Setup;
use crate::support::stored::noise;

use super::{SIZES, attempt};

/// The requests that `act` costs.
fn asked(injector: &Injector, act: impl FnOnce()) -> Vec<Request> {
    let before = injector.requests();
    act();
    injector.seen()[before..].iter().map(|(request, _)| *request).collect()
}

#[test]
fn what_it_costs() {
    use Request::{HeadObject, PutObject};
    let mut usual = 0;
    for (on_exists, new, old) in [
        (None, vec![PutObject], vec![PutObject]),
        (Some("replace"), vec![PutObject], vec![PutObject]),
        // Before the data, and right before it is published.
        (Some("refuse"), vec![HeadObject, HeadObject, PutObject], vec![HeadObject]),
        (
            Some("keep-both"),
            vec![HeadObject, PutObject],
            vec![HeadObject, HeadObject, HeadObject, PutObject],
        ),
    ] {
        let injector = Injector::before(Rgw::shared().endpoint());
        let setup = Setup::bucket_behind(&injector.endpoint());
        let setup = match on_exists {
            Some(word) => setup.account_key("on_exists", word),
            None => setup,
        };
        let setup = setup.option("metadata_cache_time", "600");
        let server = setup.operations("abort_unfinished_after", "0").start();
        server.wait_for_log("answers");
        let mut ftp = Ftp::login(&server);
        ftp.store("STOR known", b"x");
        assert_eq!(asked(&injector, || drop(attempt(&mut ftp, "STOR f", b"x"))), new);
        assert_eq!(asked(&injector, || drop(attempt(&mut ftp, "STOR f", b"y"))), old);
        ftp.expect("RNFR f", "350 ");
        let renamed = asked(&injector, || drop(ftp.expect("RNTO g", "250 ")));
        // One look more, by who has the turn.
        match on_exists {
            None => usual = renamed.len(),
            Some("replace") => assert_eq!(renamed.len(), usual),
            Some(_) => assert_eq!(renamed.len(), usual + 1, "{on_exists:?}: {renamed:?}"),
        }
    }
}

/// A repeated request that finds its own object has succeeded.
#[test]
fn a_lost_answer_is_ones_own_success() {
    for size in SIZES {
        for request in [Request::PutObject, Request::CompleteMultipartUpload] {
            let injector = Injector::before(Rgw::shared().endpoint());
            injector.keep_what_stands();
            let setup = Setup::bucket_behind(&injector.endpoint());
            let server = setup.account_key("on_exists", "refuse").start();
            injector.inject(Rule::new(request, Fault::LoseAnswer).key("f").times(1));
            let bytes = noise(1, size);
            let reply = attempt(&mut Ftp::login(&server), "STOR f", &bytes);
            assert!(reply.starts_with("226 "), "{request:?}: {reply}");
            server.stored().expect("f", &bytes);
            let is_struck = (request == Request::PutObject) == (size == SIZES[0]);
            assert_eq!(injector.struck(), usize::from(is_struck), "{request:?}");
        }
    }
}

#[test]
fn a_lost_answer_of_a_copy_is_ones_own_success() {
    let injector = Injector::before(Rgw::shared().endpoint());
    injector.keep_what_stands();
    let setup = Setup::bucket_behind(&injector.endpoint());
    let server = setup.account_key("on_exists", "refuse").start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR f", b"bytes");
    injector.inject(Rule::new(Request::CopyObject, Fault::LoseAnswer).times(1));
    ftp.expect("RNFR f", "350 ");
    ftp.expect("RNTO g", "250 ");
    assert_eq!((injector.struck(), server.stored().files()), (1, vec!["g".to_owned()]));
}

/// A try of ours never arrived, and somebody else was faster than the next.
#[test]
fn what_stands_after_a_lost_request_may_be_anothers() {
    for size in SIZES {
        let injector = Injector::before(Rgw::shared().endpoint());
        injector.keep_what_stands();
        let setup = Setup::bucket_behind(&injector.endpoint());
        let server = setup.account_key("on_exists", "refuse").start();
        for request in [Request::PutObject, Request::CompleteMultipartUpload] {
            injector.inject(Rule::new(request, Fault::Stall).key("f").times(1));
        }
        let (bytes, others) = (noise(1, size), noise(2, size));
        let reply = std::thread::scope(|scope| {
            let upload = scope.spawn(|| attempt(&mut Ftp::login(&server), "STOR f", &bytes));
            injector.wait_for_stalls(1);
            server.stored().put("f", &others);
            injector.heal();
            upload.join().expect("a client")
        });
        assert!(reply.starts_with("550 "), "{reply}");
        server.stored().expect("f", &others);
    }
}

fn is_write(head: &str) -> bool {
    head.starts_with("put ") && !head.contains("x-amz-copy-source")
}

/// COS has a header of its own, and a word of its own for what it found.
#[test]
fn cos_is_asked_in_its_own_words() {
    let bucket = Rgw::shared().new_bucket();
    let script = Scripted::acting(|head| {
        Some(match is_write(head) && head.contains("/taken ") {
            true => answer("409 Conflict", "", &error("FileAlreadyExists")),
            false => Act::Forward(Rgw::shared().endpoint().to_owned()),
        })
    });
    let setup = Setup::bucket_named(&bucket, &script.endpoint).account_key("on_exists", "refuse");
    let server = setup.account_key("object_header_names", "x-cos").start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR free", b"x");
    let reply = attempt(&mut ftp, "STOR taken", b"x");
    assert!(reply.starts_with("550 "), "{reply}");
    let writes: Vec<_> = script.seen().into_iter().filter(|seen| is_write(&seen.head)).collect();
    assert_eq!(writes.len(), 2, "none without the condition");
    for write in writes {
        assert!(write.head.contains("\r\nx-cos-forbid-overwrite: true\r\n"), "{}", write.head);
        assert!(!write.head.contains("if-none-match"), "{}", write.head);
    }
}

/// Where the store knows no conditions, the look alone must do.
#[test]
fn a_store_without_conditions_is_looked_at() {
    let bucket = Rgw::shared().new_bucket();
    let script = Scripted::acting(|head| {
        Some(match head.contains("if-none-match: *") {
            true => answer("501 Not Implemented", "", &error("NotImplemented")),
            false => Act::Forward(Rgw::shared().endpoint().to_owned()),
        })
    });
    let setup = Setup::bucket_named(&bucket, &script.endpoint).account_key("on_exists", "refuse");
    let server = setup.start();
    let mut ftp = Ftp::login(&server);
    for name in ["a", "b"] {
        ftp.store(&format!("STOR {name}"), b"first");
        assert!(attempt(&mut ftp, &format!("STOR {name}"), b"second").starts_with("550 "));
    }
    ftp.expect("RNFR a", "350 ");
    ftp.expect("RNTO b", "550 ");
    ftp.expect("RNFR a", "350 ");
    ftp.expect("RNTO c", "250 ");
    server.stored().expect("b", b"first");
    server.stored().expect("c", b"first");
    let asked = script.seen().iter().filter(|seen| seen.head.contains("if-none-match")).count();
    assert_eq!(asked, 2, "one upload and one copy find it out");
}
