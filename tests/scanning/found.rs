use std::io::Write;

use crate::events::service::{Mood, Service};
use crate::scanning::{WORD, asking};
use crate::support::clamd::{Clamd, Habit};
use crate::support::ftp::Ftp;
use crate::support::injector::{Injector, Request};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, USER};
use crate::support::stored::noise;

/// As much as goes in parts, with the word at its end.
fn infected(size: usize) -> Vec<u8> {
    [noise(1, size), WORD.as_bytes().to_vec()].concat()
}

#[test]
fn it_is_refused_by_name_and_leaves_nothing() {
    let clamd = Clamd::start(Habit::Finds(WORD));
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = asking(Setup::bucket_behind(&injector.endpoint()), &clamd).start();
    server.stored().put("old", b"older");
    let mut ftp = Ftp::login(&server);
    for (name, size) in [("small", 0), ("old", 10), ("middle", 3 << 20), ("large", 12 << 20)] {
        let data = ftp.passive();
        ftp.expect(&format!("STOR /{name}"), "150 ");
        let mut stream = data.open();
        stream.write_all(&infected(size)).unwrap();
        drop(stream);
        let reply = ftp.expect_reply("550 ");
        assert!(reply.contains("the scanner found Test.Word-1"), "{reply}");
    }
    server.wait_for_line(|line| {
        line.contains("upload path=\"/large\"") && line.contains("the scanner found Test.Word-1")
    });
    ftp.store("STOR /clean", b"clean");
    server.stored().expect("old", b"older");
    assert_eq!(server.stored().files(), ["clean", "old"]);
    injector.wait_for(Request::AbortMultipartUpload, "large");
    ftp.play(&[("QUIT", "221 ")]);
    server.wait_for_log("logout user=");
    assert_eq!(server.stored().unfinished_uploads(), Vec::<String>::new());
}

#[test]
fn a_word_in_two_pieces_is_found() {
    let clamd = Clamd::start(Habit::Finds(WORD));
    let server = asking(Setup::bucket(), &clamd).start();
    let mut ftp = Ftp::login(&server);
    let (first, second) = WORD.split_at(5);
    ftp.store("STOR /a", first.as_bytes());
    let data = ftp.passive();
    ftp.expect("APPE /a", "150 ");
    data.open().write_all(second.as_bytes()).unwrap();
    ftp.expect_reply("550 ");
    server.stored().expect("a", first.as_bytes());
}

#[test]
fn a_receiver_is_told() {
    let service = Service::start(Mood::Good);
    let clamd = Clamd::start(Habit::Finds(WORD));
    let setup = asking(Setup::bucket(), &clamd)
        .events("url", &service.url())
        .events("queue_dir", "@DIR@/events")
        .option("ledger", "@DIR@/ledger");
    let server = setup.start();
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.expect("STOR /bad", "150 ");
    data.open().write_all(&infected(100)).unwrap();
    ftp.expect_reply("550 ");
    let told = service.wait_for(1);
    assert_eq!((told[0].text("type"), told[0].text("path")), ("infected", "/bad"));
    assert_eq!((told[0].text("found"), told[0].text("user")), ("Test.Word-1", USER));
    // Nothing came to stand.
    assert_eq!(std::fs::read_to_string(server.beside("ledger")).unwrap(), "");
}

#[test]
fn a_part_that_is_kept_of_an_interrupted_upload_is_checked() {
    let clamd = Clamd::start(Habit::Finds(WORD));
    let setup = Setup::bucket().option("partial_upload", "keep").scan("clamd", clamd.address());
    let server = setup.start();
    for (name, bytes, reply) in
        [("bad", infected(11 << 20), "550 "), ("good", noise(2, 11 << 20), "426 ")]
    {
        let mut ftp = Ftp::login(&server);
        let data = ftp.passive();
        ftp.expect(&format!("STOR /{name}"), "150 ");
        let mut stream = data.open();
        stream.write_all(&bytes).unwrap();
        ftp.wait_for_bytes(bytes.len());
        ftp.send("ABOR");
        ftp.expect_reply(reply);
    }
    assert_eq!(server.stored().files(), ["good"]);
}
