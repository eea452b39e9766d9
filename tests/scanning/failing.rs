use std::io::Write;
use std::time::{Duration, Instant};

use crate::scanning::{WORD, asking};
use crate::support::clamd::{Clamd, Habit};
use crate::support::ftp::Ftp;
use crate::support::polling::pause;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;

const LARGE: usize = 12 << 20;

/// What is answered to the upload of a file of `size` bytes.
fn answer(server: &TestServer, name: &str, size: usize) -> String {
    let mut ftp = Ftp::login(server);
    let data = ftp.passive();
    ftp.expect(&format!("STOR /{name}"), "150 ");
    let mut stream = data.open();
    // One that is refused early is not read to its end.
    let _ = stream.write_all(&noise(1, size));
    drop(stream);
    ftp.reply()
}

/// A scanner with this habit: what is not checked is refused, or stored with a warning.
fn fails(habit: Habit, why: &str) {
    for (failed, code) in [("refuse", "451 "), ("publish", "226 ")] {
        let clamd = Clamd::start(habit);
        let server = asking(Setup::bucket(), &clamd)
            .scan("scan_timeout", "1")
            .scan("scan_failed", failed)
            .start();
        for (name, size) in [("small", 4000), ("large", LARGE)] {
            let reply = answer(&server, name, size);
            assert!(reply.starts_with(code), "{failed} {name}: {reply}");
        }
        server.wait_for_line(|line| {
            line.contains(why)
                && match failed {
                    "publish" => line.contains("[WARN]") && line.contains("stored although"),
                    _ => line.contains("verdict=\"failed: the scanner could not check it"),
                }
        });
        let files = server.stored().files();
        assert_eq!(files.len(), if failed == "publish" { 2 } else { 0 }, "{files:?}");
    }
}

#[test]
fn one_that_hangs_up() {
    fails(Habit::Closes, "");
}

#[test]
fn one_that_does_not_answer() {
    fails(Habit::Waits, "it did not answer within scan_timeout");
}

#[test]
fn one_that_is_not_there() {
    let server =
        Setup::bucket().option("partial_upload", "discard").scan("clamd", "/nowhere/clamd").start();
    let reply = answer(&server, "a", 4000);
    assert!(reply.starts_with("451 "), "{reply}");
    let line = server.wait_for_log("the scanner could not check it: ");
    assert!(line.contains("No such file"), "{line}");
    assert!(server.stored().files().is_empty());
}

#[test]
fn one_for_which_a_file_is_too_large() {
    for (failed, code) in [("refuse", "451 "), ("publish", "226 ")] {
        let clamd = Clamd::start(Habit::Limit(1 << 20));
        let setup = asking(Setup::bucket(), &clamd).scan("scan_failed", failed);
        let server = setup.start();
        assert!(answer(&server, "small", 4000).starts_with("226 "));
        let reply = answer(&server, "large", LARGE);
        assert!(reply.starts_with(code), "{failed}: {reply}");
        server.wait_for_log("INSTREAM size limit exceeded.");
    }
}

/// The client of a scanner that takes nothing is not read without end, and is heard.
#[test]
fn one_that_takes_nothing_holds_up_a_bounded_part_and_no_command() {
    let clamd = Clamd::start(Habit::Stops);
    let server = asking(Setup::bucket(), &clamd).scan("scan_timeout", "60").start();
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.expect("STOR /a", "150 ");
    let mut stream = data.open();
    stream.set_nonblocking(true).unwrap();
    let bytes = noise(1, 64 << 10);
    let mut sent = 0;
    let mut last = Instant::now();
    // Until nothing is taken any more.
    while last.elapsed() < Duration::from_secs(1) {
        match stream.write(&bytes) {
            Ok(now) => (sent, last) = (sent + now, Instant::now()),
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock, "{error}");
                pause();
            }
        }
        assert!(sent < 64 << 20, "it is read without end");
    }
    ftp.send("ABOR");
    ftp.expect_reply("426 ");
    ftp.expect_reply("226 ");
    clamd.release();
    assert!(server.stored().files().is_empty());
}

#[test]
fn one_that_is_used_again_after_a_failure() {
    let clamd = Clamd::start(Habit::Finds(WORD));
    let server = asking(Setup::local(), &clamd).start();
    for round in 0..3 {
        assert!(answer(&server, &format!("f{round}"), 100).starts_with("226 "));
    }
    assert_eq!(clamd.streams().len(), 3);
}

#[test]
fn one_that_takes_nothing_is_given_up() {
    let clamd = Clamd::start(Habit::Stops);
    let server = asking(Setup::bucket(), &clamd).scan("scan_timeout", "1").start();
    let reply = answer(&server, "a", LARGE);
    assert!(reply.starts_with("451 "), "{reply}");
    server.wait_for_log("the scanner could not check it: it took nothing within scan_timeout");
    clamd.release();
    assert!(server.stored().files().is_empty());
}
