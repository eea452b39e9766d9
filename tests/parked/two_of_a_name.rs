//! Two uploads of one name: one whose client left in order, which is to be published, and a newer
//! one.

use std::io::Write;
use std::net::TcpStream;

use rustix::process::Signal;

use super::{Cut, MIB, SENT, WHOLE, cut_upload, offset, parking};
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::{Stored, noise};

/// Both kinds of store, with what is left published after so many seconds.
fn both(seconds: &str) -> [Setup; 2] {
    [parking(), Setup::local().option("partial_upload", "park")]
        .map(|setup| setup.option("publish_parked_after", seconds))
}

/// What the older one brings, and what the newer one is to bring.
fn bytes() -> (Vec<u8>, Vec<u8>) {
    (noise(71, SENT), noise(72, WHOLE))
}

/// Begins an upload of `bytes`, all of which arrive, and does not end it.
fn begin(server: &TestServer, name: &str, bytes: &[u8]) -> (Ftp, TcpStream) {
    let mut ftp = Ftp::login(server);
    let data = ftp.passive();
    ftp.expect(&format!("STOR {name}"), "150 ");
    let mut stream = data.open();
    stream.write_all(bytes).expect("the server takes the data");
    ftp.wait_for_bytes(bytes.len());
    (ftp, stream)
}

/// Ends it as clients do that do not wait.
fn leave(server: &TestServer, (ftp, stream): (Ftp, TcpStream)) {
    let skip = server.log().lines().count();
    Cut::Leave.happen(ftp, stream);
    server.wait_for_log_after(skip, "upload path=");
}

/// Parks both, the newer one of so many bytes: however slow the machine is, that is parked before
/// it is the other one's turn.
fn leave_and_break(server: &TestServer, name: &str, sent: usize) {
    let (left, newer) = bytes();
    let older = begin(server, name, &left);
    cut_upload(server, "STOR", name, &newer[..sent], Cut::BothReset);
    leave(server, older);
}

fn wait_until_it_gives_way(server: &TestServer, name: &str) {
    server.wait_for_log(&format!("/{name}: {SENT} bytes that were left wait"));
    assert!(!server.stored().files().contains(&name.to_owned()));
}

/// Lets what was left before have its turn, also where it gave way once.
fn let_turns_pass(server: &TestServer) {
    for name in ["one turn", "another turn"] {
        let skip = server.log().lines().count();
        cut_upload(server, "STOR", name, b"tick", Cut::Leave);
        server.wait_for_log_after(skip, &format!("published path=\"/{name}\""));
    }
}

fn expect_no_leftovers(server: &TestServer) {
    if let Stored::Bucket(_) = server.stored() {
        assert_eq!(server.stored().unfinished_uploads(), [""; 0]);
    }
}

#[test]
fn what_was_left_gives_way_until_the_newer_one_is_the_file() {
    for setup in both("2") {
        let server = setup.start();
        // With as many bytes, too, only the one that was left may be whole.
        for (name, sent) in [("longer", SENT + MIB), ("as long", SENT)] {
            leave_and_break(&server, name, sent);
            wait_until_it_gives_way(&server, name);
            let (_, newer) = bytes();
            let mut ftp = Ftp::login(&server);
            let now = offset(&mut ftp, name);
            assert!(now > sent - 10 * MIB && now <= sent, "{now}");
            ftp.store(&format!("APPE {name}"), &newer[now..]);
            server.stored().expect(name, &newer);
        }
        let_turns_pass(&server);
        for name in ["longer", "as long"] {
            server.stored().expect(name, &bytes().1);
            assert_eq!(server.log().matches(&format!("/{name}: {SENT} bytes that")).count(), 1);
        }
        expect_no_leftovers(&server);
    }
}

#[test]
fn it_is_published_once_the_newer_one_is_gone() {
    for setup in both("2") {
        let server = setup.start();
        leave_and_break(&server, "file", SENT);
        wait_until_it_gives_way(&server, "file");
        // Begun anew, and nothing of that can be gone on with: nor with the one that broke.
        cut_upload(&server, "STOR", "file", b"b", Cut::BothReset);
        server.wait_for_log("published path=\"/file\"");
        server.stored().expect("file", &bytes().0);
        expect_no_leftovers(&server);
    }
}

/// What is parked is dropped after a time; this one is published long before.
#[test]
fn it_does_not_give_way_for_ever() {
    for setup in both("1") {
        let server = setup.operations("abort_unfinished_after", "8").start();
        leave_and_break(&server, "file", SENT);
        wait_until_it_gives_way(&server, "file");
        server.wait_for_log("published path=\"/file\"");
        server.stored().expect("file", &bytes().0);
        // The newer one is the newer one still.
        let mut ftp = Ftp::login(&server);
        let (_, newer) = bytes();
        let now = offset(&mut ftp, "file");
        assert!(now < SENT, "{now}");
        ftp.store("APPE file", &newer[now..]);
        server.stored().expect("file", &newer);
        expect_no_leftovers(&server);
    }
}

/// Goes on with the newer one as far as was sent before, and does not end it.
fn go_on(server: &TestServer, name: &str) -> (Ftp, TcpStream) {
    let mut ftp = Ftp::login(server);
    let now = offset(&mut ftp, name);
    let data = ftp.passive();
    ftp.expect(&format!("APPE {name}"), "150 ");
    let mut stream = data.open();
    stream.write_all(&bytes().1[now..SENT]).expect("the server takes the data");
    (ftp, stream)
}

/// Ends it with what is left.
fn end((mut ftp, mut stream): (Ftp, TcpStream)) {
    stream.write_all(&bytes().1[SENT..]).expect("the server takes the data");
    drop(stream);
    ftp.expect_reply("226 ");
}

#[test]
fn it_gives_way_for_as_long_as_somebody_goes_on_with_the_newer_one() {
    let setup = Setup::local().option("partial_upload", "park");
    let setup = setup.option("publish_parked_after", "1");
    let server = setup.operations("abort_unfinished_after", "10").start();
    leave_and_break(&server, "file", SENT);
    let newer = go_on(&server, "file");
    // Longer than it gives way to one that only waits.
    for _ in 0..3 {
        let_turns_pass(&server);
    }
    end(newer);
    server.stored().expect("file", &bytes().1);
    server.wait_for_log(&format!("/file: what was left with {SENT} bytes was ended otherwise"));
    server.stored().expect("file", &bytes().1);
}

#[test]
fn it_gives_way_to_one_that_somebody_goes_on_with_while_the_server_stops() {
    for setup in both("3600") {
        let server = setup.start();
        leave_and_break(&server, "file", SENT);
        let newer = go_on(&server, "file");
        // Who comes in anew would mix both.
        Ftp::login(&server).expect("SIZE file", "550 ");
        server.signal(Signal::TERM);
        server.wait_for_log(&format!("/file: {SENT} bytes that were left stay parked"));
        end(newer);
        server.wait_for_end_of_log();
        server.stored().expect("file", &bytes().1);
        expect_no_leftovers(&server);
    }
}

#[test]
fn each_is_dropped_by_one_request() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let setup = Setup::bucket_behind(&injector.endpoint()).option("publish_parked_after", "3600");
    let server = setup.start();
    leave_and_break(&server, "two", SENT);
    cut_upload(&server, "STOR", "one", &bytes().0, Cut::BothReset);
    // The store does not see it.
    injector.inject(Rule::new(Request::AbortMultipartUpload, Fault::Accept(204)));
    let mut ftp = Ftp::login(&server);
    for (name, requests) in [("one", 1), ("two", 3)] {
        ftp.expect(&format!("DELE {name}"), "250 ");
        assert_eq!(injector.struck(), requests);
    }
}

#[test]
fn a_server_that_stops_publishes_it_alone_and_one_that_is_killed_leaves_it() {
    for setup in both("3600") {
        let mut server = setup.start();
        for name in ["file", "begun anew"] {
            leave_and_break(&server, name, SENT + MIB);
        }
        cut_upload(&server, "STOR", "begun anew", b"b", Cut::BothReset);
        // Nobody is told to go on with another file's beginning.
        Ftp::login(&server).expect("SIZE begun anew", "550 ");
        assert!(server.stop().success());
        server.stored().expect("begun anew", &bytes().0);
        // Both are there for the next server.
        assert_eq!(server.log().matches("bytes that were left stay parked").count(), 1);
        let (parked, files): (Vec<_>, Vec<_>) =
            server.stored().files().into_iter().partition(|name| name.starts_with(".cos-ftp-"));
        assert_eq!(files, ["begun anew"]);
        match server.stored() {
            Stored::Bucket(_) => {
                assert_eq!(server.stored().unfinished_uploads(), ["file", "file"]);
            }
            Stored::Directory(_) => assert_eq!(parked.len(), 2),
        }
    }
    let server = parking().option("publish_parked_after", "3600").start();
    leave_and_break(&server, "file", SENT);
    server.kill();
    assert_eq!(server.stored().files(), [""; 0]);
    assert_eq!(server.stored().unfinished_uploads(), ["file", "file"]);
}

/// It had begun before the older one got the name, and is not over when that has it. The next
/// server takes that for the newer of the two.
#[test]
fn that_only_this_process_can_go_on_with_one_that_breaks_then_is_told() {
    for setup in both("3600") {
        let server = setup.start();
        let (left, newer) = bytes();
        let told = "/file: a newer upload of that name is parked, which only this process can go on \
                    with";
        cut_upload(&server, "STOR", "file", &left, Cut::Leave);
        // One that breaks without that.
        cut_upload(&server, "STOR", "other", &newer[..SENT], Cut::BothReset);
        let (ftp, stream) = begin(&server, "file", &newer[..SENT]);
        server.signal(Signal::TERM);
        server.wait_for_log("published path=\"/file\"");
        Cut::BothReset.happen(ftp, stream);
        server.wait_for_end_of_log();
        assert_eq!(server.log().matches(told).count(), 1);
        assert_eq!(server.log().matches("a newer upload").count(), 1);
        server.stored().expect("file", &left);
    }
}

/// A camera that stores its picture under one name again and again and never waits.
#[test]
fn each_of_those_that_were_left_is_published_in_its_turn() {
    for setup in both("3") {
        let server = setup.start();
        let files: Vec<_> = (0..3).map(|seed| noise(80 + seed, SENT)).collect();
        // Begun before the others are published, and ended later.
        cut_upload(&server, "STOR", "file", &files[0], Cut::Leave);
        let second = begin(&server, "file", &files[1]);
        server.wait_for_log("published path=\"/file\"");
        server.stored().expect("file", &files[0]);
        leave(&server, second);
        cut_upload(&server, "STOR", "file", &files[2], Cut::Leave);
        let_turns_pass(&server);
        server.stored().expect("file", &files[2]);
        assert_eq!(server.log().matches("published path=\"/file\"").count(), 3);
        expect_no_leftovers(&server);
    }
}

#[test]
fn what_is_deleted_or_stored_anew_does_not_come_back() {
    for setup in both("2") {
        let server = setup.start();
        for name in ["alone", "over", "anew"] {
            if name == "over" {
                server.stored().put_early([name.to_owned()], b"earlier");
            }
            leave_and_break(&server, name, SENT);
        }
        let mut ftp = Ftp::login(&server);
        ftp.store("STOR anew", b"whole");
        for name in ["alone", "over", "anew"] {
            ftp.expect(&format!("DELE {name}"), "250 ");
            ftp.expect(&format!("SIZE {name}"), "550 ");
        }
        let_turns_pass(&server);
        assert_eq!(server.stored().files(), ["another turn", "one turn"]);
        assert!(server.log().contains("dropped 2 parked uploads of path=\"/alone\""));
        expect_no_leftovers(&server);
    }
}

#[test]
fn renaming_leaves_it_where_it_can_be_gone_on_with_and_replaces_nothing_newer() {
    for setup in both("2") {
        let server = setup.start();
        server.stored().put_early(["from".to_owned(), "other".to_owned()], b"earlier");
        for name in ["from", "to"] {
            leave_and_break(&server, name, SENT);
        }
        let mut ftp = Ftp::login(&server);
        ftp.play(&[("RNFR from", "350 "), ("RNTO moved", "250 ")]);
        ftp.play(&[("RNFR other", "350 "), ("RNTO to", "250 ")]);
        let now = offset(&mut ftp, "from");
        let_turns_pass(&server);
        for name in ["moved", "to"] {
            server.stored().expect(name, b"earlier");
        }
        let (_, newer) = bytes();
        ftp.store("APPE from", &newer[now..]);
        server.stored().expect("from", &newer);
    }
}
