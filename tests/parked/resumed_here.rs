//! A newer upload of the name that another server had parked, and that somebody goes on with here.

use std::io::Write;

use super::{Cut, SENT, WHOLE, cut_upload, offset, parking};
use crate::support::ftp::Ftp;
use crate::support::injector::{Injector, Request};
use crate::support::rgw::Rgw;
use crate::support::server::Setup;
use crate::support::stored::noise;

#[test]
fn what_was_left_here_gives_way_to_it() {
    let first = parking().start();
    let injector = Injector::before(Rgw::shared().endpoint());
    let second = Setup::bucket_named(first.stored().bucket(), &injector.endpoint())
        .option("partial_upload", "park")
        .option("metadata_cache_time", "0")
        .option("publish_parked_after", "1")
        .start();
    let (left, whole) = (noise(91, SENT), noise(92, WHOLE));
    let mut older = Ftp::login(&second);
    let data = older.passive();
    older.expect("STOR file", "150 ");
    let mut older_stream = data.open();
    older_stream.write_all(&left).expect("the server takes the data");
    older.wait_for_bytes(left.len());
    // Another server knows by whole seconds when it began.
    Rgw::shared().let_a_second_pass(first.stored().bucket());
    cut_upload(&first, "STOR", "file", &whole[..SENT], Cut::BothReset);
    let mut ftp = Ftp::login(&second);
    let now = offset(&mut ftp, "file");
    let data = ftp.passive();
    ftp.expect(&format!("REST {now}"), "350 ");
    ftp.expect("STOR file", "150 ");
    let mut stream = data.open();
    stream.write_all(&whole[now..SENT]).expect("the server takes the data");
    let skip = second.log().lines().count();
    Cut::Leave.happen(older, older_stream);
    second.wait_for_log_after(skip, "upload path=");
    second.wait_for_log(&format!("/file: {SENT} bytes that were left wait"));
    // As long as that lasts, the store is asked nothing.
    let of_file = |(_, key): &&(Request, String)| key == "file";
    let before = injector.seen().iter().filter(of_file).count();
    cut_upload(&second, "STOR", "tick", b"tick", Cut::Leave);
    second.wait_for_log("published path=\"/tick\"");
    assert_eq!(injector.seen().iter().filter(of_file).count(), before);
    // Nor is anybody told to go on with the older one.
    Ftp::login(&second).expect("SIZE file", "550 ");
    stream.write_all(&whole[SENT..]).expect("the server takes the data");
    drop(stream);
    ftp.expect_reply("226 ");
    second.stored().expect("file", &whole);
    second.wait_for_log("was ended otherwise");
    second.stored().expect("file", &whole);
    assert_eq!(second.stored().unfinished_uploads(), [""; 0]);
}
