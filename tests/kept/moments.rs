//! What comes between, and what fails: nothing is lost by it.

use std::thread;

use super::{files, with};
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};

fn behind(injector: &Injector) -> TestServer {
    let setup = Setup::bucket_behind(&injector.endpoint()).account_key("on_delete", "trash");
    setup.option("retry_timeout", "2").operations("abort_unfinished_after", "0").start()
}

#[test]
fn what_cannot_be_copied_is_not_deleted() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = behind(&injector);
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR d/archived", b"content");
    ftp.store("STOR d/new", b"new");
    for (code, reply) in [
        (Fault::Refuse(403, "InvalidObjectState"), "550 "),
        (Fault::Refuse(403, "AccessDenied"), "550 "),
        (Fault::Refuse(500, "InternalError"), "450 "),
    ] {
        injector.inject(Rule::new(Request::CopyObject, code));
        ftp.expect("DELE d/archived", reply);
        ftp.play(&[("RNFR d/new", "350"), ("RNTO d/archived", reply)]);
        injector.heal();
        assert_eq!(files(&server), ["d/archived", "d/new"]);
        assert_eq!(ftp.fetch("RETR d/archived"), b"content");
    }
}

/// The copy stands, and the file does as well: whoever asks again deletes it.
#[test]
fn a_delete_that_fails_behind_the_copy_is_told() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = behind(&injector);
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR file", b"content");
    injector.inject(Rule::new(Request::DeleteObject, Fault::Refuse(503, "SlowDown")));
    ftp.expect("DELE file", "450 ");
    injector.heal();
    assert_eq!(files(&server), [".trash/DAY/file", "file"]);
    ftp.expect("DELE file", "250 ");
    assert_eq!(files(&server), [".trash/DAY/file", ".trash/DAY/file (2)"]);
}

#[test]
fn what_is_stored_while_the_file_is_copied_stays() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = behind(&injector);
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR file", b"earlier");
    // The look behind the copy.
    injector.inject(Rule::new(Request::HeadObject, Fault::Stall).key("file").after(1));
    thread::scope(|scope| {
        let deleting = scope.spawn(|| Ftp::login(&server).expect("DELE file", "250 "));
        injector.wait_for_stalls(1);
        server.stored().put("file", b"somebody's newer one");
        injector.heal();
        deleting.join().expect("deleted");
    });
    server.stored().expect("file", b"somebody's newer one");
    assert_eq!(files(&server), [".trash/DAY/file", "file"]);
    let kept = server.stored().files()[0].clone();
    server.stored().expect(&kept, b"earlier");
}

const NAMES: usize = 12;

/// Has one session delete `d/0` and so on, while `other` does what it does to each of them.
fn race(first: &TestServer, other: impl FnMut(usize) + Send) {
    let mut ftp = Ftp::login(first);
    for at in 0..NAMES {
        ftp.store(&format!("STOR d/{at}"), format!("old {at}").as_bytes());
    }
    thread::scope(|scope| {
        scope.spawn(|| (0..NAMES).for_each(other));
        for at in 0..NAMES {
            let reply = ftp.ask(&format!("DELE d/{at}"));
            assert!(reply.starts_with("250") || reply.starts_with("550"), "{reply}");
        }
    });
}

/// What all files hold, whatever they are called.
fn contents(server: &TestServer) -> Vec<String> {
    let files = server.stored().files();
    let bytes = files.iter().map(|name| server.stored().bytes(name));
    bytes.map(|bytes| String::from_utf8(bytes).expect("text")).collect()
}

/// Of what two servers delete at once, one at least is in the trash.
#[test]
fn two_servers_delete_the_same_names() {
    let keys = [("on_delete", "trash")];
    let first = with(Setup::bucket(), &keys).start();
    let second = with(Setup::beside(&first), &keys).start();
    let mut ftp = Ftp::login(&second);
    race(&first, |at| {
        let reply = ftp.ask(&format!("DELE d/{at}"));
        assert!(reply.starts_with("250") || reply.starts_with("550"), "{reply}");
    });
    let held = contents(&first);
    assert!((0..NAMES).all(|at| held.contains(&format!("old {at}"))), "{held:?}");
    assert!(files(&first).iter().all(|name| name.starts_with(".trash/")), "{:?}", files(&first));
}

/// While one session deletes names, another renames new files over them: of each name both are
/// left, in the trash or under it.
#[test]
fn what_is_deleted_and_replaced_at_once_is_kept() {
    for setup in [Setup::local(), Setup::bucket()] {
        let server = with(setup, &[("on_delete", "trash")]).start();
        let mut ftp = Ftp::login(&server);
        race(&server, |at| {
            ftp.store(&format!("STOR d/{at}.part"), format!("new {at}").as_bytes());
            ftp.expect(&format!("RNFR d/{at}.part"), "350");
            ftp.expect(&format!("RNTO d/{at}"), "250");
        });
        let held = contents(&server);
        for at in 0..NAMES {
            for version in [format!("old {at}"), format!("new {at}")] {
                assert!(held.contains(&version), "{version} is lost: {held:?}");
            }
        }
    }
}
