//! What other programs and servers store, upload and abort meanwhile.

use std::io::Write;

use super::{Cut, MIB, SENT, WHOLE, cut_upload, cut_upload_of, offset, parking, reset};
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::Setup;
use crate::support::stored::noise;

#[test]
fn an_older_one_does_not_get_behind_a_newer_object() {
    let server = parking().start();
    let whole = noise(6, WHOLE);
    cut_upload(&server, "STOR", "file", &whole[..SENT], Cut::DataReset);
    let bucket = server.stored().bucket();
    Rgw::shared().let_a_second_pass(bucket);
    Rgw::shared().s3_put(bucket, "file", b"by somebody else");
    let mut ftp = Ftp::login(&server);
    ftp.expect("SIZE file", "213 16");
    ftp.store("APPE file", b", and more");
    server.stored().expect("file", b"by somebody else, and more");
}

#[test]
fn whoever_was_told_of_nothing_goes_on_with_nothing() {
    let first = parking().start();
    first.stored().put_early(["file".to_owned()], b"earlier");
    let whole = noise(15, WHOLE);
    cut_upload(&first, "STOR", "file", &whole[..SENT], Cut::DataReset);
    first.kill();
    let second = Setup::beside(&first).option("partial_upload", "park").start();
    let mut ftp = Ftp::login(&second);
    // Of what stands there the store is not asked for more.
    ftp.expect("SIZE file", "213 7");
    ftp.store("APPE file", b", later");
    second.stored().expect("file", b"earlier, later");
}

#[test]
fn an_upload_of_another_program_is_left_alone() {
    let setup = parking();
    let (gateway, bucket) = (Rgw::shared(), setup.bucket_name().to_owned());
    for key in ["added", "deleted"] {
        let id = gateway.s3_begin_upload(&bucket, key);
        gateway.s3_put_part(&bucket, key, &id, &noise(16, 6 * MIB));
    }
    let server = setup.start();
    let mut ftp = Ftp::login(&server);
    ftp.store("APPE added", b"a line");
    server.stored().expect("added", b"a line");
    ftp.expect("DELE deleted", "550 ");
    assert_eq!(server.stored().unfinished_uploads(), ["added", "deleted"]);
}

#[test]
fn who_goes_on_loses_nothing_that_others_stored_meanwhile() {
    let server = parking().start();
    server.stored().put_early(["file".to_owned()], b"earlier");
    let whole = noise(17, WHOLE);
    cut_upload(&server, "APPE", "file", &whole[..SENT], Cut::DataReset);
    let mut ftp = Ftp::login(&server);
    let sent = offset(&mut ftp, "file");
    let data = ftp.passive();
    ftp.expect(&format!("REST {sent}"), "350 ");
    ftp.expect("STOR file", "150 ");
    let mut stream = data.open();
    stream.write_all(&whole[sent..]).expect("the server takes the data");
    Rgw::shared().s3_put(server.stored().bucket(), "file", b"by somebody else");
    drop(stream);
    ftp.expect_reply("451 ");
    server.stored().expect("file", b"by somebody else");
}

/// Between the look at its parts and its publication.
#[test]
fn what_another_server_goes_on_with_at_that_moment_is_not_published() {
    let (gateway, injector) = (Rgw::shared(), Injector::before(Rgw::shared().endpoint()));
    let server = Setup::bucket_behind(&injector.endpoint())
        .option("partial_upload", "park")
        .option("publish_parked_after", "1")
        .operations("abort_unfinished_after", "0")
        .start();
    let (bucket, left) = (server.stored().bucket(), noise(23, SENT));
    // The parts were listed when the other uploads of the name are asked for.
    injector.inject(Rule::new(Request::ListMultipartUploads, Fault::Stall));
    cut_upload(&server, "STOR", "file", &left, Cut::Leave);
    injector.wait_for_stalls(1);
    gateway.s3_add_part(bucket, "file", b"and more");
    injector.heal();
    server.wait_for_log(&format!("/file: {SENT} bytes that were left are not published, as "));
    assert_eq!(server.stored().files(), [""; 0]);
}

#[test]
fn nobody_is_told_to_go_on_with_what_is_gone() {
    let server = parking().start();
    let whole = noise(22, SENT);
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.expect("STOR file", "150 ");
    let mut stream = data.open();
    stream.write_all(&whole).expect("the server takes the data");
    ftp.wait_for_bytes(SENT);
    let (gateway, bucket) = (Rgw::shared(), server.stored().bucket());
    gateway.wait_for_parts(bucket, "file", 2);
    gateway.s3_abort_upload(bucket, "file");
    reset(&stream);
    drop(stream);
    let reply = ftp.expect_reply("426 ");
    assert!(!reply.contains("parked"), "{reply}");
    ftp.expect("SIZE file", "550 ");
    assert_eq!(ftp.list("MLSD").iter().filter(|line| line.contains("type=file")).count(), 0);
}

#[test]
fn a_listing_tells_what_others_have_stored_since() {
    let server = parking().start();
    cut_upload(&server, "STOR", "file", &noise(21, SENT), Cut::DataReset);
    Rgw::shared().let_a_second_pass(server.stored().bucket());
    Rgw::shared().s3_put(server.stored().bucket(), "file", b"by somebody else");
    let mut ftp = Ftp::login(&server);
    let lines = ftp.list("MLSD");
    assert!(lines.iter().any(|line| line.contains("size=16;")), "{lines:?}");
}

/// A client that comes back before the server has noticed that its first line is dead has two.
#[test]
fn of_two_uploads_of_a_name_the_one_begun_last_counts_everywhere() {
    let server = parking().start();
    server.stored().put_early(["old".to_owned()], b"earlier");
    let (first, second) = (noise(37, WHOLE), noise(38, WHOLE));
    for name in ["old", "new"] {
        let begin = |bytes: &[u8]| {
            let mut ftp = Ftp::login(&server);
            let data = ftp.passive();
            ftp.expect(&format!("STOR {name}"), "150 ");
            let mut stream = data.open();
            stream.write_all(bytes).expect("the server takes the data");
            ftp.wait_for_bytes(bytes.len());
            // The store knows of it.
            Rgw::shared().wait_for_parts(server.stored().bucket(), name, 1);
            (ftp, stream)
        };
        let slow = begin(&first[..SENT]);
        let quick = begin(&second[..SENT - 5 * MIB]);
        // The one begun last is parked first.
        for (mut ftp, stream) in [quick, slow] {
            reset(&stream);
            drop(stream);
            ftp.expect_reply("426 ");
        }
        let mut ftp = Ftp::login(&server);
        let lines = ftp.list("MLSD");
        let sent = offset(&mut ftp, name);
        assert!(sent > SENT - 10 * MIB && sent <= SENT - 5 * MIB, "{name}: {sent}");
        let is_told = |line: &String| line.contains(&format!("size={sent};"));
        assert!(lines.iter().any(|line| is_told(line) && line.contains(name)), "{lines:?}");
        // Whoever asks nothing goes on with the same, and drops the same.
        let other = Ftp::login(&server);
        cut_upload_of(other, &server, ("APPE", name), &second[sent..SENT], Cut::DataReset);
        let mut other = Ftp::login(&server);
        let now = offset(&mut other, name);
        other.store(&format!("APPE {name}"), &second[now..]);
        server.stored().expect(name, &second);
    }
}
