//! lftp 4.9.2 repeats by itself what has failed. Where it had read its file to the end by then, it
//! ends the repetition after 196,608 bytes, in order, unless that is answered by an error, too
//! (`findings/lftp-repeats-a-failed-stor-in-part.sh`).

use std::io::Write;

use super::{Cut, MIB, SENT, WHOLE, cut_upload, offset, parking};
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;

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

/// Nobody sends the rest of what is refused for good.
#[test]
fn a_shorter_file_is_stored_after_a_longer_one_was_refused() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = Setup::bucket_behind(&injector.endpoint())
        .file_option("single_file_max_size", "800000")
        .start();
    let whole = noise(67, SMALL);
    let mut ftp = Ftp::login(&server);
    for refused in ["552 ", "550 "] {
        server.stored().put_early(["file".to_owned()], b"earlier");
        if refused == "550 " {
            injector.inject(Rule::new(Request::PutObject, Fault::Refuse(403, "AccessDenied")));
        }
        let sent = if refused == "550 " { &whole[..700_000] } else { &whole[..] };
        send(&mut ftp, "STOR file", sent);
        ftp.expect_reply(refused);
        injector.heal();
        // What was to be replaced is none of it still.
        ftp.expect("REST 7", "350 ");
        ftp.store_refused("STOR file", "554 ");
        ftp.store("STOR file", &whole[..500_000]);
        server.stored().expect("file", &whole[..500_000]);
    }
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

/// What another process has left when it was killed: parts of these numbers and sizes.
fn leave_parts(bucket: &str, parts: &[(u32, usize)]) {
    let rgw = Rgw::shared();
    let upload = rgw.s3_begin_upload(bucket, "file");
    for &(number, size) in parts {
        rgw.s3_put_part_at(bucket, "file", &upload, number, &noise(66, size));
    }
}

/// Which of the store's unfinished uploads the next process is to find.
fn start_over(bucket: &str) -> TestServer {
    start_over_behind(Rgw::shared().endpoint(), bucket)
}

fn start_over_behind(endpoint: &str, bucket: &str) -> TestServer {
    let setup = Setup::bucket_named(bucket, endpoint).option("retry_timeout", "1");
    let server = setup.option("log_level", "DEBUG").option("metadata_cache_time", "0").start();
    server.wait_for_log("stores looked through");
    server
}

#[test]
fn what_a_killed_server_had_received_is_known_to_who_asks() {
    for parts in [&[(1, 6 * MIB)][..], &[(2, 6 * MIB), (3, 6 * MIB)]] {
        let server = parking().start();
        leave_parts(server.stored().bucket(), parts);
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

/// After a crash lftp repeats without asking anything.
#[test]
fn what_a_killed_server_has_left_is_known_though_nobody_asks() {
    let rgw = Rgw::shared();
    for parts in [&[][..], &[(1, 6 * MIB)], &[(1, 6 * MIB), (2, 6 * MIB)]] {
        let bucket = rgw.new_bucket();
        rgw.s3_put(&bucket, "file", b"earlier");
        rgw.let_a_second_pass(&bucket);
        leave_parts(&bucket, parts);
        let server = start_over(&bucket);
        let whole = noise(68, SMALL);
        end_early(&mut Ftp::login(&server), "STOR file", &whole[..REPEATED]);
        server.stored().expect("file", b"earlier");
        let mut ftp = Ftp::login(&server);
        ftp.store("STOR file", &whole);
        server.stored().expect("file", &whole);
        // What was left before is nothing to a shorter one.
        ftp.store("STOR file", &whole[..REPEATED]);
        server.stored().expect("file", &whole[..REPEATED]);
    }
}

#[test]
fn what_a_killed_server_has_left_is_not_forgotten_by_a_failure() {
    let (injector, bucket) =
        (Injector::before(Rgw::shared().endpoint()), Rgw::shared().new_bucket());
    leave_parts(&bucket, &[(1, 6 * MIB)]);
    let server = start_over_behind(&injector.endpoint(), &bucket);
    let whole = noise(74, SMALL);
    let mut ftp = Ftp::login(&server);
    injector.inject(Rule::new(Request::HeadObject, Fault::Refuse(503, "SlowDown")));
    ftp.store_refused("STOR file", "450 ");
    injector.heal();
    end_early(&mut ftp, "STOR file", &whole[..REPEATED]);
    ftp.store("STOR file", &whole);
    server.stored().expect("file", &whole);
}

#[test]
fn what_is_newer_than_what_a_killed_server_has_left_may_be_replaced_by_less() {
    let (rgw, bucket) = (Rgw::shared(), Rgw::shared().new_bucket());
    leave_parts(&bucket, &[(1, 6 * MIB)]);
    rgw.let_a_second_pass(&bucket);
    rgw.s3_put(&bucket, "file", b"newer");
    let server = start_over(&bucket);
    let whole = noise(69, REPEATED);
    Ftp::login(&server).store("STOR file", &whole);
    server.stored().expect("file", &whole);
}

/// lftp asks for the size, and takes that of the older file.
#[test]
fn nobody_goes_on_with_a_file_that_a_killed_server_was_to_replace() {
    let (rgw, bucket) = (Rgw::shared(), Rgw::shared().new_bucket());
    rgw.s3_put(&bucket, "file", b"earlier");
    rgw.let_a_second_pass(&bucket);
    leave_parts(&bucket, &[(1, 6 * MIB)]);
    let server = start_over(&bucket);
    let whole = noise(70, SMALL);
    let mut ftp = Ftp::login(&server);
    ftp.play(&[("SIZE file", "213 7"), ("REST 7", "350 ")]);
    ftp.store_refused("STOR file", "554 An upload that replaces this file");
    end_early(&mut ftp, "STOR file", &whole[..REPEATED]);
    server.stored().expect("file", b"earlier");
    ftp.store("STOR file", &whole);
    server.stored().expect("file", &whole);
}

/// Nothing of the new file had become a part, so the store knows nothing of it.
#[test]
fn after_a_kill_a_file_is_added_to_by_who_says_so_twice() {
    let kept = tempfile::TempDir::new().unwrap();
    let socket = kept.path().join("socket");
    let bucket = Rgw::shared().new_bucket();
    let start = || {
        let setup = Setup::bucket_named(&bucket, Rgw::shared().endpoint());
        setup.operations("control_socket", socket.to_str().unwrap()).start()
    };
    let (whole, log) = (noise(71, SMALL), noise(72, SMALL));
    let add = |server: &TestServer| {
        let mut ftp = Ftp::login(server);
        ftp.play(&[("SIZE log", "213 7"), ("REST 7", "350 ")]);
        ftp
    };
    let first = start();
    for name in ["file", "log"] {
        first.stored().put(name, b"earlier");
    }
    Rgw::shared().let_a_second_pass(&bucket);
    first.kill();
    let mut second = start();
    let mut ftp = Ftp::login(&second);
    ftp.play(&[("SIZE file", "213 7"), ("REST 7", "350 ")]);
    ftp.store_refused("STOR file", "554 The server was killed a while ago");
    ftp.store("STOR file", &whole);
    second.stored().expect("file", &whole);
    // What this process has stored, and what another file is added to, are no matter of doubt.
    ftp.expect(&format!("REST {SMALL}"), "350 ");
    ftp.store("STOR file", b", and more");
    let mut ftp = add(&second);
    ftp.store_refused("STOR log", "554 ");
    ftp.expect("REST 7", "350 ");
    ftp.store("STOR log", &log);
    second.stored().expect("log", &[b"earlier".as_slice(), &log].concat());
    // It stops in order.
    second.stored().put("log", b"earlier");
    Rgw::shared().let_a_second_pass(&bucket);
    assert!(second.stop().success());
    let third = start();
    add(&third).store("STOR log", &log);
    third.stored().expect("log", &[b"earlier".as_slice(), &log].concat());
}

/// What goes on with it may have put a short part in the place of a long one.
#[test]
fn how_far_a_parked_upload_had_come_is_not_forgotten() {
    let server = parking().start();
    let whole = [noise(66, 6 * MIB), noise(66, 12 * MIB), noise(73, MIB)].concat();
    leave_parts(server.stored().bucket(), &[(1, 6 * MIB), (2, 12 * MIB)]);
    for _ in 0..3 {
        let mut ftp = Ftp::login(&server);
        let at = offset(&mut ftp, "file");
        ftp.expect(&format!("REST {at}"), "350 ");
        end_early(&mut ftp, "STOR file", &whole[at..at + 7 * MIB]);
        assert_eq!(server.stored().files(), Vec::<String>::new());
    }
    let mut ftp = Ftp::login(&server);
    let at = offset(&mut ftp, "file");
    ftp.expect(&format!("REST {at}"), "350 ");
    ftp.store("STOR file", &whole[at..]);
    server.stored().expect("file", &whole);
}
