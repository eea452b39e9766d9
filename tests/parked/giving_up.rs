//! What is dropped: too little to go on with, what nobody could go on with, what was begun anew.

use std::io::Write;

use super::{Cut, MIB, SENT, WHOLE, cut_upload, parking};
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::Setup;
use crate::support::stored::noise;

#[test]
fn an_upload_from_the_beginning_drops_it_when_it_stands() {
    let server = parking().start();
    let whole = noise(5, WHOLE);
    for new in [b"small".as_slice(), &whole[5..]] {
        cut_upload(&server, "STOR", "file", &whole[..SENT], Cut::DataReset);
        assert_eq!(server.stored().unfinished_uploads(), ["file"]);
        let mut ftp = Ftp::login(&server);
        ftp.store("STOR file", new);
        server.stored().expect("file", new);
        assert_eq!(server.stored().unfinished_uploads(), Vec::<String>::new());
        assert_eq!(ftp.ask("SIZE file").trim_end(), format!("213 {}", new.len()));
    }
}

#[test]
fn too_little_to_go_on_with_is_given_up() {
    let server = parking().start();
    cut_upload(&server, "STOR", "file", &noise(7, MIB), Cut::DataReset);
    let mut ftp = Ftp::login(&server);
    ftp.expect("SIZE file", "550 ");
    assert_eq!(server.stored().files(), Vec::<String>::new());
    assert_eq!(server.stored().unfinished_uploads(), Vec::<String>::new());
}

#[test]
fn nothing_stays_where_nobody_could_go_on() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = Setup::bucket_behind(&injector.endpoint())
        .option("upload_thread_num", "1")
        .option("retry_timeout", "2")
        .start();
    // Without a part, and with one, all of it would have to be sent again.
    for confirmed in 0..2 {
        let refused = Rule::new(Request::UploadPart, Fault::Refuse(503, "SlowDown"));
        injector.inject(refused.after(confirmed));
        let mut ftp = Ftp::login(&server);
        let data = ftp.passive();
        ftp.expect("STOR file", "150 ");
        // The server may end the connection before it has taken all.
        let _ = data.open().write_all(&noise(9, WHOLE));
        ftp.expect_reply("451 ");
        injector.heal();
        ftp.expect("SIZE file", "550 ");
        assert_eq!(server.stored().unfinished_uploads(), Vec::<String>::new(), "{confirmed}");
    }
}

#[test]
fn what_could_not_be_dropped_is_when_the_file_is_stored() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = Setup::bucket_behind(&injector.endpoint())
        .option("upload_thread_num", "1")
        .option("retry_timeout", "1")
        .start();
    for request in [Request::UploadPart, Request::AbortMultipartUpload] {
        injector.inject(Rule::new(request, Fault::Refuse(503, "SlowDown")));
    }
    let whole = noise(24, WHOLE);
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.expect("STOR file", "150 ");
    // The server may end the connection before it has taken all.
    let _ = data.open().write_all(&whole);
    ftp.expect_reply("451 ");
    server.wait_for_log("an unfinished upload stays behind");
    injector.heal();
    ftp.expect("SIZE file", "550 ");
    ftp.store("STOR file", &whole);
    server.stored().expect("file", &whole);
    assert_eq!(server.stored().unfinished_uploads(), Vec::<String>::new());
}

#[test]
fn what_was_begun_anew_is_not_offered_any_more() {
    let server = parking().start();
    cut_upload(&server, "STOR", "file", &noise(19, SENT), Cut::DataReset);
    cut_upload(&server, "STOR", "file", &noise(20, MIB), Cut::DataReset);
    let mut ftp = Ftp::login(&server);
    ftp.expect("SIZE file", "550 ");
    assert_eq!(server.stored().unfinished_uploads(), Vec::<String>::new());
}
