//! RNTO from one store to another: a copy, confirmed, and then a delete of what was copied.

use std::thread;
use std::time::Duration;

use super::{ARCHIVE, Mounted, VAULT};
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::Setup;
use crate::support::stored::noise;

fn rename(ftp: &mut Ftp, from: &str, to: &str, expected: &str) -> String {
    ftp.expect(&format!("RNFR {from}"), "350");
    ftp.expect(&format!("RNTO {to}"), expected)
}

#[test]
fn files_move_from_store_to_store() {
    for mounted in Mounted::all(ARCHIVE) {
        let mut ftp = mounted.login();
        for (name, content) in
            [("empty", vec![]), ("small", b"small".to_vec()), ("large", noise(7, 20 << 20))]
        {
            ftp.store(&format!("STOR d/{name}"), &content);
            rename(&mut ftp, &format!("d/{name}"), &format!("archive/to/{name}"), "250 ");
            ftp.expect(&format!("SIZE d/{name}"), "550");
            mounted.other.expect(&format!("to/{name}"), &content);
            assert!(ftp.fetch(&format!("RETR archive/to/{name}")) == content);
            // And back, over a file that is there.
            ftp.store(&format!("STOR back-{name}"), b"earlier");
            rename(&mut ftp, &format!("archive/to/{name}"), &format!("back-{name}"), "250 ");
            mounted.server.stored().expect(&format!("back-{name}"), &content);
        }
        let back = ["back-empty", "back-large", "back-small"].map(str::to_owned);
        assert_eq!(mounted.files(), [back.to_vec(), vec![]]);
        // The directory of what was moved is there still.
        ftp.expect("CWD d", "250");
    }
}

#[test]
fn what_is_not_moved_is_told_and_stays() {
    let setup = Setup::bucket().option("mount_rename_limit", "1M");
    let mounted = Mounted::directory(setup, ARCHIVE);
    let mut ftp = mounted.login();
    ftp.store("STOR d/large", &noise(1, (1 << 20) + 1));
    ftp.store("STOR d/fits", &noise(2, 1 << 20));
    let told = rename(&mut ftp, "d/large", "archive/large", "550 ");
    assert!(told.contains("1048577") && told.contains("1048576"), "{told}");
    let told = rename(&mut ftp, "d", "archive/d", "550 ");
    assert!(told.contains("directory"), "{told}");
    ftp.expect("MKD archive/taken", "257");
    rename(&mut ftp, "d/fits", "archive/taken", "550 ");
    rename(&mut ftp, "d/fits", "archive/fits", "250 ");
    assert_eq!(mounted.files(), [vec!["d/large"], vec!["fits"]]);

    let setup = Setup::local().option("mount_rename_limit", "0");
    let mounted = Mounted::directory(setup, ARCHIVE);
    let mut ftp = mounted.login();
    ftp.store("STOR empty", b"");
    rename(&mut ftp, "empty", "archive/empty", "550 ");
    assert_eq!(mounted.files(), [vec!["empty".to_owned()], vec![]]);
}

#[test]
fn what_must_not_be_replaced_stays() {
    for (on_exists, reply, left) in [("refuse", "550 ", vec!["a"]), ("keep-both", "250 ", vec![])] {
        let mounted = Mounted::bucket(Setup::local().account_key("on_exists", on_exists), ARCHIVE);
        let mut ftp = mounted.login();
        mounted.other.put("a", b"earlier");
        ftp.store("STOR a", b"newer");
        rename(&mut ftp, "a", "archive/a", reply);
        mounted.other.expect("a", b"earlier");
        if on_exists == "keep-both" {
            mounted.other.expect("a (2)", b"newer");
        }
        assert_eq!(mounted.files()[0], left);
    }
}

/// What a move replaces is kept where that is so, and what is moved is no deleted file.
#[test]
fn what_is_replaced_goes_to_the_trash_of_its_store() {
    let setup = Setup::bucket().directory_account(VAULT).account_key("on_delete", "trash");
    let server = setup.mount(ARCHIVE).start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR archive/a", b"earlier");
    ftp.store("STOR a", b"newer");
    rename(&mut ftp, "a", "archive/a", "250 ");
    let other = crate::support::stored::Stored::Directory(server.beside(VAULT));
    let files = other.files();
    let kept = files.iter().find(|name| name.starts_with(".trash/")).expect("kept");
    assert_eq!(other.bytes(kept), b"earlier");
    assert_eq!(other.bytes("a"), b"newer");
    assert_eq!(server.stored().files(), [""; 0]);
}

/// A mount of a part of the same bucket: both names are of one object, which must not be "moved".
#[test]
fn a_file_is_not_moved_onto_itself() {
    for setup in [Setup::local(), Setup::bucket()] {
        let keys = [("path", "/self"), ("account", "alice"), ("users", "alice")];
        let keys = [&keys[..], &[("authority", "RW")]].concat();
        let server = setup.mount(&keys).start();
        let mut ftp = Ftp::login(&server);
        ftp.store("STOR d/file", b"content");
        assert_eq!(ftp.fetch("RETR self/d/file"), b"content");
        assert!(rename(&mut ftp, "d/file", "self/d/file", "550 ").contains("same file"));
        assert!(rename(&mut ftp, "self/d/file", "d/file", "550 ").contains("same file"));
        server.stored().expect("d/file", b"content");
        rename(&mut ftp, "d/file", "self/other", "250 ");
        server.stored().expect("other", b"content");
        ftp.expect("SIZE d/file", "550");
    }
}

/// Somebody stores the file anew while it is read, or when all of it stands under its new name.
#[test]
fn what_is_stored_meanwhile_under_the_old_name_stays() {
    for (rule, moved) in [
        (Rule::new(Request::GetObject, Fault::Stall), false),
        // The look before the delete.
        (Rule::new(Request::HeadObject, Fault::Stall).after(1), true),
    ] {
        let injector = Injector::before(Rgw::shared().endpoint());
        let mounted = Mounted::directory(Setup::bucket_behind(&injector.endpoint()), ARCHIVE);
        let mut ftp = mounted.login();
        ftp.store("STOR file", b"earlier");
        ftp.expect("RNFR file", "350");
        injector.inject(rule.key("file"));
        thread::scope(|scope| {
            let moving = scope.spawn(|| ftp.ask("RNTO archive/file"));
            injector.wait_for_stalls(1);
            mounted.server.stored().put("file", b"somebody's newer one");
            injector.heal();
            let reply = moving.join().expect("answered");
            assert_eq!(reply.starts_with("250"), moved, "{reply}");
        });
        mounted.server.stored().expect("file", b"somebody's newer one");
        if moved {
            mounted.other.expect("file", b"earlier");
        } else {
            assert_eq!(mounted.files()[1], [""; 0]);
        }
    }
}

#[test]
fn a_move_that_fails_leaves_the_file_where_it_was() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let setup = Setup::local().option("retry_timeout", "2");
    let mounted = Mounted::bucket_behind(&injector.endpoint(), setup, ARCHIVE);
    let mut ftp = mounted.login();
    let content = noise(5, 20 << 20);
    ftp.store("STOR large", &content);
    for request in [Request::UploadPart, Request::CompleteMultipartUpload] {
        injector.inject(Rule::new(request, Fault::Refuse(500, "InternalError")));
        ftp.expect("RNFR large", "350");
        let reply = ftp.ask("RNTO archive/large");
        assert!(reply.starts_with('4'), "{reply}");
        injector.heal();
        mounted.server.stored().expect("large", &content);
        assert_eq!(mounted.files()[1], [""; 0]);
        assert_eq!(mounted.other.unfinished_uploads(), [""; 0]);
    }
    // It stands under both names when it cannot be removed under the old one.
    ftp.store("STOR archive/small", b"small");
    injector.inject(Rule::new(Request::DeleteObject, Fault::Refuse(403, "AccessDenied")));
    let told = rename(&mut ftp, "archive/small", "small", "451 ");
    assert!(told.contains("still under its old one"), "{told}");
    injector.heal();
    mounted.other.expect("small", b"small");
    mounted.server.stored().expect("small", b"small");
}

/// A client that would give up after a while hears a line now and then.
#[test]
fn the_client_is_reassured_while_bytes_move() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let setup = Setup::local().option("reply_timeout", "3");
    let mounted = Mounted::bucket_behind(&injector.endpoint(), setup, ARCHIVE);
    let mut ftp = mounted.login();
    ftp.store("STOR large", &noise(5, 20 << 20));
    injector.inject(Rule::new(Request::UploadPart, Fault::Latency(Duration::from_secs(1))));
    let reply = rename(&mut ftp, "large", "archive/large", "250");
    assert!(reply.starts_with("250-"), "{reply}");
    mounted.other.expect("large", &noise(5, 20 << 20));
}

#[test]
fn the_ledger_knows_what_moved() {
    let (setup, bucket) = Setup::bucket().bucket_account(VAULT, Rgw::shared().endpoint());
    let setup = setup.mount(ARCHIVE).option("ledger", "@DIR@/ledger");
    let server = setup.start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR a", b"abc");
    ftp.store("STOR archive/a", b"in the archive");
    rename(&mut ftp, "a", "archive/b", "250 ");
    let ledger = std::fs::read_to_string(server.beside("ledger")).expect("a ledger");
    let line = ledger.lines().last().expect("a line");
    let from = server.stored().bucket();
    for part in [
        format!("\"bucket\":\"{bucket}\",\"key\":\"b\""),
        format!("\"from_path\":\"/a\",\"from_key\":\"a\",\"from_bucket\":\"{from}\""),
    ] {
        assert!(line.contains(&part), "{part}: {line}");
    }
    let mut verify = std::process::Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
    let told = verify.arg("verify-ledger").arg("--config").arg(server.config()).output().unwrap();
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(text.contains("as told 2, replaced 0, missing 0, in no store"), "{text}");
}
