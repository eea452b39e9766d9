//! `publish_parked_after`: what its client ended in order gets its name when nobody comes back.

use std::io::Write;

use super::{Cut, SENT, WHOLE, cut_upload, offset, parking};
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::Setup;
use crate::support::stored::noise;

#[test]
fn what_was_left_in_order_is_published_when_nobody_comes_back() {
    for setup in [parking(), Setup::local().option("partial_upload", "park")] {
        // Longer than a busy machine takes for a look at the bucket.
        let server = setup.option("publish_parked_after", "5").start();
        let whole = noise(10, SENT);
        cut_upload(&server, "STOR", "broken", &whole, Cut::BothReset);
        for (name, bytes) in [("small", &whole[..1000]), ("large", &whole)] {
            let skip = server.log().lines().count();
            cut_upload(&server, "STOR", name, bytes, Cut::Leave);
            assert!(!server.stored().files().contains(&name.to_owned()), "{name}");
            server.wait_for_log_after(skip, &format!("published path=\"/{name}\""));
            server.stored().expect(name, bytes);
            let mut ftp = Ftp::login(&server);
            ftp.expect(&format!("SIZE {name}"), &format!("213 {}", bytes.len()));
        }
        // By then the one that broke would have been, too.
        assert!(!server.stored().files().contains(&"broken".to_owned()));
        offset(&mut Ftp::login(&server), "broken");
    }
}

#[test]
fn who_comes_back_in_time_goes_on() {
    let server = parking().option("publish_parked_after", "2").start();
    let whole = noise(11, WHOLE);
    cut_upload(&server, "STOR", "file", &whole[..SENT], Cut::Leave);
    let mut ftp = Ftp::login(&server);
    let offset = offset(&mut ftp, "file");
    let data = ftp.passive();
    ftp.expect("APPE file", "150 ");
    let mut stream = data.open();
    // Another one's time passes meanwhile.
    cut_upload(&server, "STOR", "clock", b"tick", Cut::Leave);
    server.wait_for_log("published path=\"/clock\"");
    assert_eq!(server.stored().files(), ["clock"]);
    stream.write_all(&whole[offset..]).expect("the server takes the data");
    drop(stream);
    ftp.expect_reply("226 ");
    server.stored().expect("file", &whole);
    assert!(!server.log().contains("published path=\"/file\""));
}

#[test]
fn nothing_newer_is_replaced_by_what_was_left() {
    let server = parking().option("publish_parked_after", "3").start();
    let left = noise(12, SENT);
    cut_upload(&server, "STOR", "file", &left, Cut::Leave);
    Rgw::shared().s3_put(server.stored().bucket(), "file", b"by somebody else");
    server.wait_for_log("/file was stored meanwhile");
    server.stored().expect("file", b"by somebody else");
    assert_eq!(server.stored().unfinished_uploads(), Vec::<String>::new());
}

/// Some stores date an object by the beginning of its upload: it had begun long ago.
#[test]
fn what_came_since_and_looks_older_is_not_replaced_by_what_was_left() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = Setup::bucket_behind(&injector.endpoint())
        .option("metadata_cache_time", "0")
        .option("publish_parked_after", "3")
        .start();
    injector.inject(Rule::new(Request::HeadObject, Fault::DateEarlier));
    server.stored().put("older", b"from before");
    let left = noise(15, SENT);
    for name in ["newer", "older"] {
        cut_upload(&server, "STOR", name, &left, Cut::Leave);
    }
    server.stored().put("newer", b"by somebody else");
    server.wait_for_log("/newer was stored meanwhile");
    server.wait_for_log("published path=\"/older\"");
    server.stored().expect("newer", b"by somebody else");
    server.stored().expect("older", &left);
    assert_eq!(server.stored().unfinished_uploads(), Vec::<String>::new());
}

#[test]
fn a_server_that_stops_publishes_what_was_left() {
    let mut server = parking().option("publish_parked_after", "3600").start();
    let left = noise(13, SENT);
    cut_upload(&server, "STOR", "file", &left, Cut::Leave);
    assert!(server.stop().success());
    server.stored().expect("file", &left);
}

#[test]
fn with_0_nothing_is_published_by_time() {
    let mut server = parking().option("publish_parked_after", "0").start();
    cut_upload(&server, "STOR", "file", &noise(14, SENT), Cut::Leave);
    assert!(server.stop().success());
    assert_eq!(server.stored().files(), Vec::<String>::new());
    assert_eq!(server.stored().unfinished_uploads(), ["file"]);
}
