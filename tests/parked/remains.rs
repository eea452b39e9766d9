//! rclone 1.60 deletes what has the name when its upload has failed, in a session of its own.

use super::{Cut, MIB, cut_upload, parking};
use crate::support::ftp::Ftp;
use crate::support::server::Setup;
use crate::support::stored::noise;

fn both() -> [Setup; 2] {
    [parking(), Setup::local().option("partial_upload", "park")]
}

#[test]
fn an_older_file_is_not_what_a_failed_upload_has_left() {
    for setup in both() {
        let server = setup.start();
        server.stored().put_early(["file".to_owned()], b"earlier");
        for bytes in [MIB, 12 * MIB] {
            cut_upload(&server, "STOR", "file", &noise(71, bytes), Cut::DataReset);
            let mut ftp = Ftp::login(&server);
            ftp.expect("DELE file", "550 Your upload has left nothing here");
            server.stored().expect("file", b"earlier");
            // What was parked is gone.
            ftp.expect("SIZE file", "213 7");
        }
        // It is deleted by whoever means it.
        let mut ftp = Ftp::login(&server);
        ftp.expect("DELE file", "250 ");
        ftp.expect("SIZE file", "550 ");
    }
}

#[test]
fn what_an_upload_has_left_or_stored_is_deleted_at_once() {
    for setup in both() {
        let server = setup.option("publish_parked_after", "3600").start();
        let bytes = noise(72, 12 * MIB);
        cut_upload(&server, "STOR", "parked", &bytes, Cut::DataReset);
        cut_upload(&server, "STOR", "stored", &bytes, Cut::DataReset);
        let mut ftp = Ftp::login(&server);
        ftp.store("STOR stored", b"whole");
        // Who leaves without waiting takes it for done.
        ftp.store("STOR left", b"earlier");
        cut_upload(&server, "STOR", "left", &bytes, Cut::Leave);
        for name in ["parked", "stored", "left"] {
            ftp.expect(&format!("DELE {name}"), "250 ");
            ftp.expect(&format!("SIZE {name}"), "550 ");
        }
    }
}

#[test]
fn a_partial_file_is_deleted_at_once() {
    let server = Setup::bucket().option("partial_upload", "keep").start();
    server.stored().put_early(["file".to_owned()], b"earlier");
    cut_upload(&server, "STOR", "file", b"the beginn", Cut::DataReset);
    let mut ftp = Ftp::login(&server);
    ftp.play(&[("SIZE file", "213 10"), ("DELE file", "250 "), ("SIZE file", "550 ")]);
}
