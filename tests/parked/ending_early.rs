//! lftp 4.9.2 repeats by itself what has failed. Where it had read its file to the end by then, it
//! ends the repetition after 196,608 bytes, in order, unless that is answered by an error, too
//! (`findings/lftp-repeats-a-failed-stor-in-part.sh`).

use std::io::Write;

use super::{Cut, MIB, SENT, WHOLE, cut_upload, offset, parking};
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::{Stored, noise};

/// What it repeats at least.
const REPEATED: usize = 196_608;

/// What fits one request.
const SMALL: usize = 1_000_000;

/// Sends `bytes`, which are not all of the file.
fn end_early(ftp: &mut Ftp, line: &str, bytes: &[u8]) {
    send(ftp, line, bytes);
    ftp.expect_reply("451 Not stored");
}

fn send(ftp: &mut Ftp, line: &str, bytes: &[u8]) {
    let data = ftp.passive();
    ftp.expect(line, "150 ");
    data.open().write_all(bytes).expect("the server takes the data");
}

/// A STOR of `bytes` that the store does not take.
fn fail(server: &TestServer, injector: &Injector, bytes: &[u8]) {
    injector.inject(Rule::new(Request::PutObject, Fault::Refuse(503, "SlowDown")));
    let mut ftp = Ftp::login(server);
    send(&mut ftp, "STOR file", bytes);
    ftp.expect_reply("451 ");
    injector.heal();
}

fn behind(injector: &Injector) -> TestServer {
    Setup::bucket_behind(&injector.endpoint()).option("retry_timeout", "1").start()
}

#[test]
fn what_goes_on_does_not_end_before_what_is_parked() {
    let server = parking().start();
    server.stored().put_early(["file".to_owned()], b"earlier");
    let whole = noise(61, WHOLE);
    cut_upload(&server, "STOR", "file", &whole[..SENT], Cut::DataReset);
    let mut ftp = Ftp::login(&server);
    for _ in 0..2 {
        let at = offset(&mut ftp, "file");
        ftp.expect(&format!("REST {at}"), "350 ");
        end_early(&mut ftp, "STOR file", &whole[at..at + (SENT - at) / 2]);
        server.stored().expect("file", b"earlier");
    }
    let at = offset(&mut ftp, "file");
    ftp.expect(&format!("REST {at}"), "350 ");
    ftp.store("STOR file", &whole[at..]);
    server.stored().expect("file", &whole);
}

#[test]
fn a_failed_upload_is_not_repeated_in_part() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = behind(&injector);
    let whole = noise(62, SMALL);
    fail(&server, &injector, &whole);
    // It may have connected anew.
    let mut ftp = Ftp::login(&server);
    ftp.expect("SIZE file", "550 ");
    end_early(&mut ftp, "STOR file", &whole[..REPEATED]);
    assert_eq!(server.stored().files(), [""; 0]);
    ftp.store("STOR file", &whole);
    server.stored().expect("file", &whole);
    ftp.store("STOR file", &whole[..REPEATED]);
    server.stored().expect("file", &whole[..REPEATED]);
}

#[test]
fn a_shorter_file_is_stored() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = behind(&injector);
    let (whole, other) = (noise(63, SMALL), noise(64, SMALL));
    let mut ftp = Ftp::login(&server);
    // Another one, and one that ends there once more.
    fail(&server, &injector, &whole);
    ftp.store("STOR file", &other[..REPEATED]);
    fail(&server, &injector, &whole);
    end_early(&mut ftp, "STOR file", &whole[..REPEATED]);
    ftp.store("STOR file", &whole[..REPEATED]);
    server.stored().expect("file", &whole[..REPEATED]);
}

/// It asks for a size, and takes that of the file that it was to replace.
#[test]
fn nobody_goes_on_with_the_file_that_was_to_be_replaced() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = behind(&injector);
    server.stored().put_early(["file".to_owned()], b"earlier");
    let whole = noise(65, SMALL);
    fail(&server, &injector, &whole);
    let mut ftp = Ftp::login(&server);
    ftp.play(&[("SIZE file", "213 7"), ("REST 7", "350 ")]);
    ftp.store_refused("STOR file", "554 ");
    end_early(&mut ftp, "STOR file", &whole[..REPEATED]);
    server.stored().expect("file", b"earlier");
    ftp.store("STOR file", &whole);
    server.stored().expect("file", &whole);
    // Who does it on purpose does.
    fail(&server, &injector, b"another");
    for expected in ["554 ", ""] {
        ftp.expect(&format!("REST {SMALL}"), "350 ");
        match expected {
            "" => drop(ftp.store("STOR file", b", and more")),
            refused => ftp.store_refused("STOR file", refused),
        }
    }
    server.stored().expect("file", &[&whole, b", and more".as_slice()].concat());
}

/// What another process has left when it was killed.
fn leave_parts(server: &TestServer, numbers: &[u32]) {
    let Stored::Bucket(bucket) = server.stored() else { panic!("a bucket") };
    let (rgw, part) = (Rgw::shared(), noise(66, 6 * MIB));
    let upload = rgw.s3_begin_upload(bucket, "file");
    for &number in numbers {
        rgw.s3_put_part_at(bucket, "file", &upload, number, &part);
    }
}

#[test]
fn what_a_killed_server_had_received_is_known_to_who_asks() {
    for numbers in [&[1][..], &[2, 3]] {
        let server = parking().start();
        leave_parts(&server, numbers);
        let whole = noise(67, SMALL);
        let mut ftp = Ftp::login(&server);
        ftp.expect("SIZE file", "550 ");
        end_early(&mut ftp, "STOR file", &whole[..REPEATED]);
        assert_eq!(server.stored().files(), Vec::<String>::new());
        // As large a file was meant.
        ftp.store("STOR file", &whole[..REPEATED]);
        server.stored().expect("file", &whole[..REPEATED]);
    }
}
