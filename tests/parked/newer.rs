//! What came to stand under a name since is never replaced by what had been left of another upload.

use super::{Cut, SENT, WHOLE, cut_upload, offset, parking};
use crate::support::ftp::Ftp;
use crate::support::server::Setup;
use crate::support::stored::noise;

/// Both kinds of store, with what is left published after so many seconds.
fn both(seconds: &str) -> [Setup; 2] {
    [parking(), Setup::local().option("partial_upload", "park")]
        .map(|setup| setup.option("publish_parked_after", seconds))
}

#[test]
fn a_newer_file_stays_however_old_its_client_says_it_is() {
    for setup in both("1") {
        let server = setup.option("preserve_mtime", "on").start();
        let (left, whole) = (noise(31, SENT), noise(32, 1000));
        for (name, cut) in [("left", Cut::Leave), ("broken", Cut::BothReset)] {
            let skip = server.log().lines().count();
            cut_upload(&server, "STOR", name, &left, cut);
            let mut ftp = Ftp::login(&server);
            ftp.store(&format!("STOR {name}"), &whole);
            ftp.expect(&format!("MFMT 20200101000000 {name}"), "213 ");
            ftp.expect(&format!("SIZE {name}"), "213 1000");
            if cut == Cut::Leave {
                // What comes after it is published later, so its own turn is over then.
                cut_upload(&server, "STOR", "later", &left, Cut::Leave);
                server.wait_for_log_after(skip, "published path=\"/later\"");
            }
            server.stored().expect(name, &whole);
        }
    }
}

#[test]
fn a_file_that_was_renamed_there_since_stays() {
    for setup in both("1") {
        let server = setup.start();
        server.stored().put_early(["a".to_owned(), "b".to_owned()], b"whole");
        for (name, other, cut) in [("left", "a", Cut::Leave), ("broken", "b", Cut::BothReset)] {
            cut_upload(&server, "STOR", name, &noise(33, SENT), cut);
            let mut ftp = Ftp::login(&server);
            ftp.play(&[(&format!("RNFR {other}"), "350 "), (&format!("RNTO {name}"), "250 ")]);
            ftp.expect(&format!("SIZE {name}"), "213 5");
        }
        let skip = server.log().lines().count();
        cut_upload(&server, "STOR", "later", &noise(34, SENT), Cut::Leave);
        server.wait_for_log_after(skip, "published path=\"/later\"");
        for name in ["left", "broken"] {
            server.stored().expect(name, b"whole");
        }
    }
}

/// It was left in order at first, but not in the end.
#[test]
fn what_was_gone_on_with_and_broke_is_not_published() {
    for setup in both("3") {
        let server = setup.start();
        let whole = noise(35, WHOLE);
        cut_upload(&server, "STOR", "file", &whole[..SENT], Cut::Leave);
        let mut ftp = Ftp::login(&server);
        let sent = offset(&mut ftp, "file");
        drop(ftp);
        cut_upload(&server, "APPE", "file", &whole[sent..WHOLE - 1], Cut::BothReset);
        let skip = server.log().lines().count();
        cut_upload(&server, "STOR", "later", &noise(36, SENT), Cut::Leave);
        server.wait_for_log_after(skip, "published path=\"/later\"");
        assert!(!server.stored().files().contains(&"file".to_owned()));
        let mut ftp = Ftp::login(&server);
        let sent = offset(&mut ftp, "file");
        ftp.store("APPE file", &whole[sent..]);
        server.stored().expect("file", &whole);
    }
}
