use std::io::Write;
use std::net::TcpStream;
use std::thread;

use tempfile::TempDir;

use crate::patience::brisk::{Brisk, WORK};
use crate::support::clients::{self, DataMode};
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::Setup;
use crate::support::stored::noise;

/// What a client hears meanwhile.
const LINE: &str = "-The store is at work.";

/// A file that goes in parts.
const IN_PARTS: usize = 6 << 20;

fn begin_upload(ftp: &mut Ftp, line: &str, bytes: &[u8]) -> TcpStream {
    let mut data = ftp.passive().open();
    ftp.expect(line, "150 ");
    data.write_all(bytes).expect("the server takes it");
    data
}

/// The reply, of which lines came before its end.
fn expect_signs(reply: &str, code: &str) {
    let lines: Vec<_> = reply.split("\r\n").collect();
    let (last, signs) = lines.split_last().expect("a reply");
    assert!(signs.len() >= 2, "{reply}");
    assert!(signs.iter().all(|line| *line == format!("{code}{LINE}")), "{reply}");
    assert!(last.starts_with(&format!("{code} ")), "{reply}");
}

#[test]
fn a_client_hears_that_its_file_is_put_together() {
    let server = Brisk::slow_at(Request::CompleteMultipartUpload);
    let bytes = noise(1, IN_PARTS);
    let mut ftp = server.login();
    for line in ["STOR f", "STOU"] {
        drop(begin_upload(&mut ftp, line, &bytes));
        expect_signs(&ftp.reply(), "226");
    }
    server.stored.expect("f", &bytes);
    ftp.expect("NOOP", "200 ");
}

/// What is said meanwhile waits: another reply in the midst of this one would be taken for its text.
#[test]
fn nothing_comes_between_the_lines_of_a_reply() {
    let server = Brisk::slow_at(Request::CompleteMultipartUpload);
    let mut ftp = server.login();
    drop(begin_upload(&mut ftp, "STOR f", &noise(2, IN_PARTS)));
    server.injector.wait_for(Request::CompleteMultipartUpload, "f");
    let first = String::from_utf8(ftp.reply_bytes()).expect("UTF-8");
    assert_eq!(first, format!("226{LINE}"));
    ftp.send("NOOP");
    ftp.send("STAT");
    expect_rest(&mut ftp);
    ftp.expect_reply("200 ");
    ftp.expect_reply("211");
}

/// The lines up to the end of a 226.
fn expect_rest(ftp: &mut Ftp) {
    loop {
        let line = String::from_utf8(ftp.reply_bytes()).expect("UTF-8");
        if line.starts_with("226 ") {
            return;
        }
        assert_eq!(line, format!("226{LINE}"));
    }
}

#[test]
fn a_client_hears_that_objects_are_copied() {
    let server = Brisk::slow_at(Request::CopyObject);
    server.stored.put("f", b"bytes");
    server.stored.put("d/a", b"a");
    server.stored.put("d/b", b"b");
    let mut ftp = server.login();
    for (from, to) in [("f", "g"), ("d", "e")] {
        ftp.expect(&format!("RNFR {from}"), "350 ");
        expect_signs(&ftp.ask(&format!("RNTO {to}")), "250");
    }
    server.stored.expect("g", b"bytes");
    server.stored.expect("e/a", b"a");
    expect_signs(&ftp.ask("MFMT 20200102030405 g"), "213");
    server.injector.heal();
    assert_eq!(ftp.expect("MDTM g", "213 "), "213 20200102030405");
    // Resuming copies what is kept.
    let bytes = noise(3, 2 * IN_PARTS);
    server.stored.put("large", &bytes[..IN_PARTS]);
    server.injector.inject(Rule::new(Request::UploadPartCopy, Fault::Latency(WORK)));
    ftp.expect("TYPE I", "200 ");
    drop(begin_upload(&mut ftp, "APPE large", &bytes[IN_PARTS..]));
    expect_signs(&ftp.reply(), "226");
    server.stored.expect("large", &bytes);
}

/// Many small steps are work, too, though none of them takes long.
#[test]
fn a_client_hears_that_many_objects_are_renamed() {
    let server = Brisk::start();
    let names: Vec<_> = (0..160).map(|n| format!("d/{n}")).collect();
    names.iter().for_each(|name| server.stored.put(name, b"x"));
    server.injector.inject(Rule::new(Request::CopyObject, Fault::Latency(WORK / 10)));
    let mut ftp = server.login();
    ftp.expect("RNFR d", "350 ");
    expect_signs(&ftp.ask("RNTO e"), "250");
    assert_eq!(server.stored.files().iter().filter(|key| key.starts_with("e/")).count(), 160);
}

/// Behind lines of success there is but one way to tell of a failure.
#[test]
fn a_failure_behind_such_lines_ends_the_connection() {
    let injector = Injector::before(Rgw::shared().endpoint());
    // The log is read, so it is the program; a line comes after two thirds of this.
    let setup = Setup::bucket_behind(&injector.endpoint()).option("reply_timeout", "3");
    let server = setup.start();
    server.stored().put("f", b"bytes");
    for (request, code) in [(Request::CompleteMultipartUpload, "226"), (Request::CopyObject, "250")]
    {
        let mut ftp = Ftp::login(&server);
        refuse_late(&injector, request);
        let before = injector.struck();
        if request == Request::CopyObject {
            ftp.expect("RNFR f", "350 ");
            ftp.send("RNTO g");
        } else {
            drop(begin_upload(&mut ftp, "STOR f", &noise(4, IN_PARTS)));
        }
        injector.wait_for_strikes(before + 1);
        let skip = server.log().lines().count();
        let line = format!("{code}{LINE}");
        assert_eq!(ftp.reply_bytes(), line.as_bytes());
        let_go(&injector);
        ftp.expect_signs_and_end(&line);
        server.wait_for_log_after(skip, "the connection ends, as success had been begun");
        injector.heal();
    }
    server.stored().expect("f", b"bytes");
    Ftp::login(&server).expect("NOOP", "200 ");
}

/// The first of these requests stands still, and is broken off in the end; all others are refused.
fn refuse_late(injector: &Injector, request: Request) {
    injector.inject(Rule::new(request, Fault::Stall).times(1));
    injector.inject(Rule::new(request, Fault::Refuse(403, "AccessDenied")));
}

/// What stands still goes on; the rules stay.
fn let_go(injector: &Injector) {
    injector.heal_within("no such directory");
}

/// A client that leaves does not leave a directory half renamed.
#[test]
fn a_rename_goes_on_without_its_client() {
    let server = Brisk::slow_at(Request::CopyObject);
    server.stored.put("d/a", b"a");
    server.stored.put("d/b", b"b");
    let mut ftp = server.login();
    ftp.expect("RNFR d", "350 ");
    ftp.send("RNTO e");
    server.injector.wait_for(Request::CopyObject, "e/a");
    ftp.send("ABOR");
    drop(ftp);
    let is_left = |key: &String| key.starts_with("d/");
    while server.stored.files().iter().any(is_left) {}
    server.stored.expect("e/a", b"a");
    server.stored.expect("e/b", b"b");
}

#[test]
fn a_stop_waits_for_a_rename() {
    let mut server = Brisk::slow_at(Request::CopyObject);
    server.stored.put("f", b"bytes");
    let mut ftp = server.login();
    ftp.expect("RNFR f", "350 ");
    ftp.send("RNTO g");
    server.injector.wait_for(Request::CopyObject, "g");
    server.stop();
    server.stored.expect("g", b"bytes");
    assert_eq!(server.stored.files().len(), 1);
    expect_signs(&ftp.reply(), "250");
}

#[test]
fn real_clients_take_the_lines() {
    let server = Brisk::slow_at(Request::CompleteMultipartUpload);
    let (scratch, address) = (TempDir::new().expect("a directory"), server.address);
    let (dir, bytes) = (scratch.path(), noise(5, IN_PARTS));
    std::fs::write(dir.join("file"), &bytes).expect("a file");
    thread::scope(|scope| {
        let (server, bytes) = (&server, &bytes);
        scope.spawn(move || {
            let script = "put file -o by-lftp\nls\n";
            clients::lftp(address, DataMode::Passive, dir, script).expect_success();
            server.stored.expect("by-lftp", bytes);
        });
        scope.spawn(move || {
            let (file, url) = (dir.join("file"), clients::url(address, "by-curl"));
            let arguments = ["--upload-file", file.to_str().expect("UTF-8"), &url];
            clients::curl(DataMode::Passive, &arguments).expect_success();
            server.stored.expect("by-curl", bytes);
        });
        scope.spawn(move || {
            let script = "with open('file', 'rb') as file:\n    \
                          print(ftp.storbinary('STOR by-python', file))\nprint(ftp.pwd())";
            let said = clients::python(address, dir, script).expect_success();
            assert!(said.contains(LINE) && said.contains("226 Transfer complete"), "{said}");
            server.stored.expect("by-python", bytes);
        });
    });
}

/// For real clients the end of the connection is a failure.
#[test]
fn real_clients_take_the_end_of_the_connection_for_a_failure() {
    let server = Brisk::start();
    let (dir, address) = (TempDir::new().expect("a directory"), server.address);
    let (file, url) = (dir.path().join("file"), clients::url(address, "lost"));
    std::fs::write(&file, noise(6, IN_PARTS)).expect("a file");
    let file = file.to_str().expect("UTF-8");
    let store = "ftp.storbinary('STOR lost', open('file', 'rb'))";
    let curl = || clients::curl(DataMode::Passive, &["--upload-file", file, &url]);
    let python = || clients::python(address, dir.path(), store);
    let clients: [&dyn Fn() -> clients::Output; 2] = [&curl, &python];
    for client in clients {
        refuse_late(&server.injector, Request::CompleteMultipartUpload);
        let before = server.injector.struck();
        let output = thread::scope(|scope| {
            scope.spawn(|| {
                server.injector.wait_for_strikes(before + 1);
                thread::sleep(WORK);
                let_go(&server.injector);
            });
            client()
        });
        assert!(!output.success, "{}", output.text);
        server.injector.heal();
    }
    assert!(server.stored.files().is_empty());
}
