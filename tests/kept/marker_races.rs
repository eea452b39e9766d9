//! What others store while a marker is stored or deleted: it stays.

use std::io::Write;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::{files, with};
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};

/// Long enough for an upload that waits for nobody.
const UNHINDERED: Duration = Duration::from_millis(500);

/// A server whose store lies behind an injector.
fn behind(injector: &Injector, options: &[(&str, &str)]) -> TestServer {
    let mut setup = Setup::bucket_behind(&injector.endpoint())
        .option("metadata_cache_time", "0")
        .operations("abort_unfinished_after", "0");
    for (key, value) in options {
        setup = setup.option(key, value);
    }
    with(setup, &[("done_marker", ".ok")]).start()
}

/// The answer to one look at `marker` is on its way.
fn hold_look(injector: &Injector, marker: &str, earlier: u32) {
    let rule = Rule::new(Request::HeadObject, Fault::LateAnswer);
    injector.inject(rule.key(marker).after(earlier).times(1));
}

/// Another session stores this, also if it has to wait for what the injector holds up.
fn store_meanwhile(
    server: &TestServer,
    injector: &Injector,
    stalls: usize,
    name: &str,
    bytes: &[u8],
) {
    injector.wait_for_stalls(stalls);
    thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        scope.spawn(move || {
            Ftp::login(server).store(&format!("STOR {name}"), bytes);
            tell.send(()).expect("somebody waits");
        });
        let early = told.recv_timeout(UNHINDERED);
        injector.heal();
        early.unwrap_or_else(|_| told.recv().expect("it is stored"));
    });
}

/// Whoever stores the bytes, and after whichever look: before the first there is nothing of the
/// name, or a marker.
#[test]
fn what_comes_before_a_marker_is_stored_is_not_replaced() {
    for (has_marker, earlier) in [(false, 0), (true, 0), (true, 1), (true, 2)] {
        for is_session in [true, false] {
            let injector = Injector::before(Rgw::shared().endpoint());
            let server = behind(&injector, &[]);
            if has_marker {
                server.stored().put("g.ok", b"");
            }
            hold_look(&injector, "g.ok", earlier);
            let mut ftp = Ftp::login(&server);
            let data = ftp.passive();
            ftp.expect("STOR g", "150");
            data.open().write_all(b"content").expect("sent");
            if is_session {
                store_meanwhile(&server, &injector, 1, "g.ok", b"my data");
            } else {
                injector.wait_for_stalls(1);
                server.stored().put("g.ok", b"my data");
                injector.heal();
            }
            let reply = ftp.reply();
            // The marker stood there for a moment, or it could not.
            assert!(reply.starts_with("226 ") || reply.starts_with("451 "), "{reply}");
            server.stored().expect("g", b"content");
            server.stored().expect("g.ok", b"my data");
        }
    }
}

/// The file that gets the old name anew gets its own marker, which is not the renamed one's.
#[test]
fn a_file_that_is_stored_anew_keeps_its_marker() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = behind(&injector, &[]);
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR f", b"first");
    injector.inject(Rule::new(Request::PutObject, Fault::Stall).key("g.ok").times(1));
    ftp.expect("RNFR f", "350");
    ftp.send("RNTO g");
    store_meanwhile(&server, &injector, 1, "f", b"second");
    ftp.expect_reply("250");
    assert_eq!(files(&server), ["f", "f.ok", "g", "g.ok"]);
    server.stored().expect("f", b"second");
    server.stored().expect("g", b"first");
}

/// The same where that is stored when the old name was found to be free, within the second in which
/// its earlier marker was: nothing that the store tells of the two differs.
#[test]
fn a_marker_of_the_same_second_is_another_one() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = behind(&injector, &[]);
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR f", b"first");
    ftp.expect("RNFR f", "350");
    // Until then the file is looked at, copied, looked at and deleted.
    injector.inject(Rule::new(Request::PutObject, Fault::Stall).key("g.ok").times(1));
    ftp.send("RNTO g");
    injector.wait_for_stalls(1);
    injector.inject(Rule::new(Request::HeadObject, Fault::LateAnswer).key("f").times(1));
    injector.heal_within("nowhere");
    store_meanwhile(&server, &injector, 2, "f", b"second");
    ftp.expect_reply("250");
    assert_eq!(files(&server), ["f", "f.ok", "g", "g.ok"]);
    server.stored().expect("f", b"second");
    server.stored().expect("g", b"first");
}

#[test]
fn what_is_stored_as_the_old_marker_is_not_deleted_by_a_rename() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = behind(&injector, &[]);
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR f", b"content");
    hold_look(&injector, "f.ok", 0);
    ftp.expect("RNFR f", "350");
    ftp.send("RNTO g");
    store_meanwhile(&server, &injector, 1, "f.ok", b"my data");
    ftp.expect_reply("250");
    assert_eq!(files(&server), ["f.ok", "g", "g.ok"]);
    server.stored().expect("f.ok", b"my data");
}

/// Interrupted by the client, which waits for the reply or has left.
#[test]
fn what_is_stored_as_a_marker_is_not_deleted_by_an_interrupted_upload() {
    for has_left in [false, true] {
        let (injector, server) = with_a_marked_file(has_left);
        hold_look(&injector, "part.ok", 0);
        interrupt(&server, has_left, || {
            store_meanwhile(&server, &injector, 1, "part.ok", b"my data");
        });
        assert_eq!(files(&server), ["part", "part.ok"]);
        server.stored().expect("part", b"the first half");
        server.stored().expect("part.ok", b"my data");
    }
}

/// The same when somebody has stored the whole file since the half of it: this is its marker.
#[test]
fn the_marker_of_a_whole_file_that_comes_meanwhile_stays() {
    for has_left in [false, true] {
        let (injector, server) = with_a_marked_file(has_left);
        let look = Rule::new(Request::HeadObject, Fault::Stall).key("part.ok");
        injector.inject(look.times(1));
        interrupt(&server, has_left, || {
            store_meanwhile(&server, &injector, 1, "part", b"the first half and the second");
        });
        assert_eq!(files(&server), ["part", "part.ok"]);
        server.stored().expect("part", b"the first half and the second");
    }
}

/// A server with a file and its marker. What its clients interrupt or leave becomes the file.
fn with_a_marked_file(has_left: bool) -> (Injector, TestServer) {
    let injector = Injector::before(Rgw::shared().endpoint());
    let options = match has_left {
        true => ("publish_parked_after", "1"),
        false => ("partial_upload", "keep"),
    };
    let server = behind(&injector, &[options]);
    server.stored().put_early(["part".to_owned(), "part.ok".to_owned()], b"");
    (injector, server)
}

/// A client stores half of the file, and ends that or leaves; then `others` come.
fn interrupt(server: &TestServer, has_left: bool, others: impl FnOnce()) {
    let mut ftp = Ftp::login(server);
    let data = ftp.passive();
    ftp.expect("STOR part", "150");
    let mut stream = data.open();
    stream.write_all(b"the first half").expect("sent");
    ftp.wait_for_bytes(14);
    if has_left {
        drop((ftp, stream));
        others();
        server.wait_for_log("published path=\"/part\"");
    } else {
        ftp.send("ABOR");
        others();
        ftp.expect_reply("426");
        ftp.expect_reply("226");
    }
}
