use std::io::Write;

use crate::scanning::{WORD, asking};
use crate::support::clamd::{Clamd, Habit};
use crate::support::ftp::Ftp;
use crate::support::injector::{Injector, Request};
use crate::support::rgw::Rgw;
use crate::support::server::Setup;
use crate::support::stored::noise;

const IN_PARTS: usize = 12 << 20;

#[test]
fn a_scanner_gets_every_byte_once_and_in_order() {
    for clamd in [Clamd::start(Habit::Finds(WORD)), Clamd::start_at_port(Habit::Finds(WORD))] {
        let server = asking(Setup::bucket(), &clamd).start();
        let mut ftp = Ftp::login(&server);
        for (number, size) in [1, 4096, 300_000, 3 << 20, IN_PARTS].into_iter().enumerate() {
            let bytes = noise(number as u64, size);
            ftp.store(&format!("STOR /f{number}"), &bytes);
            assert!(clamd.streams()[number] == bytes, "{size}");
            server.stored().expect(&format!("f{number}"), &bytes);
        }
        // Nothing is in what is empty.
        ftp.store("STOR /empty", b"");
        assert_eq!(clamd.streams().len(), 5);
    }
}

#[test]
fn line_ends_are_checked_as_they_are_stored() {
    let clamd = Clamd::start(Habit::Finds(WORD));
    let server = asking(Setup::local(), &clamd).option("ascii_conversion", "true").start();
    let mut ftp = Ftp::login(&server);
    ftp.expect("TYPE A", "200 ");
    ftp.store("STOR /a", b"one\r\ntwo\r\n");
    assert_eq!(clamd.streams(), [b"one\ntwo\n"]);
}

#[test]
fn what_is_added_is_checked_with_all_of_the_file() {
    for setup in [Setup::bucket(), Setup::local()] {
        let clamd = Clamd::start(Habit::Finds(WORD));
        let server = asking(setup, &clamd).start();
        let (large, small) = (noise(1, IN_PARTS), noise(2, 1000));
        server.stored().put("large", &large);
        server.stored().put("small", &small);
        let mut ftp = Ftp::login(&server);
        ftp.expect("TYPE I", "200 ");
        ftp.store("APPE /large", b"behind");
        ftp.store("APPE /small", b"behind");
        ftp.expect("REST 100", "350 ");
        ftp.store("STOR /large", b"within");
        let appended = [&large[..], b"behind"].concat();
        let within = [&appended[..100], b"within", &appended[106..]].concat();
        let streams = clamd.wait_for(3);
        assert!(streams[0] == appended, "{}", streams[0].len());
        assert!(streams[1] == [&small[..], b"behind"].concat());
        assert!(streams[2] == within, "{}", streams[2].len());
        server.stored().expect("large", &within);
    }
}

#[test]
fn nothing_is_published_before_the_verdict() {
    let clamd = Clamd::start(Habit::Waits);
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = asking(Setup::bucket_behind(&injector.endpoint()), &clamd).start();
    let publishes = |request: &Request| {
        matches!(request, Request::PutObject | Request::CompleteMultipartUpload)
    };
    let published = || injector.seen().iter().filter(|(request, _)| publishes(request)).count();
    let mut clients = Vec::new();
    for (name, size) in [("small", 5000), ("middle", 3 << 20), ("large", IN_PARTS)] {
        let mut ftp = Ftp::login(&server);
        let data = ftp.passive();
        ftp.expect(&format!("STOR /{name}"), "150 ");
        let mut stream = data.open();
        stream.write_all(&noise(1, size)).unwrap();
        drop(stream);
        clients.push(ftp);
    }
    clamd.wait_for(3);
    assert_eq!(published(), 0, "{:?}", injector.seen());
    clamd.release();
    for ftp in &mut clients {
        ftp.expect_reply("226 ");
    }
    assert_eq!(published(), 3);
}

#[test]
fn nobody_is_asked_without_the_section() {
    let threads = |server: &crate::support::server::TestServer| {
        std::fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap().count()
    };
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR /a", WORD.as_bytes());
    let before = threads(&server);
    ftp.store("STOR /b", WORD.as_bytes());
    assert_eq!(threads(&server), before);
}
