use std::io::{Read, Write};

use crate::commands::upload;
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule, Spelling};
use crate::support::resources::figure;
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::{Stored, noise};

/// A file that goes in two parts at least: one of 5 MiB, and what is left is more than another.
const IN_PARTS: usize = 12 << 20;

/// A file that a worker sends, in many steps.
const LARGE: usize = 3 << 20;

/// Where a download stands still: more than sockets hold has passed, and more is to come.
const HALFWAY: u64 = 1 << 20;

fn begin(option: (&str, &str)) -> (Injector, TestServer) {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = Setup::bucket_behind(&injector.endpoint())
        .option("buffer_memory", "64M")
        .option("metadata_cache_time", "0")
        .option("retry_timeout", "3")
        .option(option.0, option.1)
        .start();
    (injector, server)
}

fn bucket(server: &TestServer) -> &str {
    let Stored::Bucket(bucket) = server.stored() else { panic!("a bucket") };
    bucket
}

fn uploads(server: &TestServer) -> Vec<String> {
    Rgw::shared().s3_list_uploads(bucket(server))
}

/// A RETR that stands still halfway, and what happens to the object meanwhile.
fn download_across(change: impl FnOnce(&str)) -> (String, Vec<u8>) {
    let (injector, server) = begin(("log_level", "INFO"));
    let earlier = noise(3, LARGE);
    server.stored().put("f", &earlier);
    injector.inject(Rule::new(Request::GetObject, Fault::StallInAnswer(HALFWAY)).times(1));
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.expect("RETR f", "150 ");
    let mut stream = data.open();
    let mut got = vec![0; HALFWAY as usize / 2];
    stream.read_exact(&mut got).expect("the first half arrives");
    change(bucket(&server));
    injector.heal();
    let _ = stream.read_to_end(&mut got);
    assert!(earlier.starts_with(&got), "bytes of another version");
    (ftp.reply(), got)
}

#[test]
fn a_download_never_mixes_two_versions() {
    let (reply, got) = download_across(|bucket| {
        Rgw::shared().s3_put(bucket, "f", &noise(4, LARGE));
    });
    assert!(reply.starts_with("451 "), "{reply}");
    assert!(got.len() < LARGE);
}

#[test]
fn a_download_of_a_file_that_is_deleted_meanwhile_fails() {
    let (reply, _) = download_across(|bucket| Rgw::shared().s3_delete(bucket, "f"));
    assert!(reply.starts_with("451 ") || reply.starts_with("550 "), "{reply}");
}

#[test]
fn a_download_goes_on_in_the_same_version() {
    let (reply, got) = download_across(|_| {});
    assert!(reply.starts_with("226 "), "{reply}");
    assert!(got == noise(3, LARGE));
}

#[test]
fn a_source_that_changed_before_it_was_copied_publishes_nothing() {
    let (injector, server) = begin(("log_level", "INFO"));
    let earlier = noise(5, 5 << 20);
    server.stored().put("f", &earlier);
    let changed = Fault::Refuse(412, "PreconditionFailed");
    injector.inject(Rule::new(Request::UploadPartCopy, changed));
    let mut ftp = Ftp::login(&server);
    assert_eq!(upload(&mut ftp, "APPE f", b"more").code, 451);
    server.stored().expect("f", &earlier);
    assert!(!injector.seen().iter().any(|(seen, _)| *seen == Request::CompleteMultipartUpload));
}

/// The bytes of a part that the store misheard are told by its ETag, where that is an MD5.
#[test]
fn a_store_without_checksums_is_checked_by_its_etags() {
    let (injector, server) = begin(("verify_uploads", "md5"));
    server.stored().put("f", b"earlier");
    let (bytes, flip) = (noise(6, IN_PARTS), Fault::FlipInRequest(4321));
    let mut ftp = Ftp::login(&server);
    injector.inject(Rule::new(Request::UploadPart, flip));
    assert_eq!(upload(&mut ftp, "STOR f", &bytes).code, 451);
    server.stored().expect("f", b"earlier");
    injector.heal();
    injector.inject(Rule::new(Request::UploadPart, flip).times(1));
    assert_eq!(upload(&mut ftp, "STOR f", &bytes).code, 226);
    server.stored().expect("f", &bytes);
}

/// What is damaged only in a later part, or in the object as a whole.
#[test]
fn a_flipped_bit_is_found_wherever_it_is() {
    let (injector, server) = begin(("log_level", "INFO"));
    let bytes = noise(7, IN_PARTS);
    let mut ftp = Ftp::login(&server);
    for spelling in [Spelling::Cos, Spelling::Amz] {
        injector.tell_checksums(spelling);
        for (skipped, offset) in [(0, 0), (0, (1 << 20) - 1), (1, 0), (1, (1 << 20) - 1)] {
            let rule = Rule::new(Request::UploadPart, Fault::FlipInRequest(offset));
            let before = injector.struck();
            injector.inject(rule.after(skipped).times(1));
            assert_eq!(upload(&mut ftp, "STOR f", &bytes).code, 226);
            server.stored().expect("f", &bytes);
            injector.heal();
            assert_eq!(injector.struck(), before + 1);
        }
    }
}

#[test]
fn a_server_that_is_killed_leaves_the_earlier_object() {
    for (request, skipped) in [
        (Request::CreateMultipartUpload, 0),
        (Request::UploadPart, 0),
        (Request::UploadPart, 1),
        (Request::CompleteMultipartUpload, 0),
        (Request::PutObject, 0),
    ] {
        let (injector, server) = begin(("log_level", "INFO"));
        server.stored().put("f", b"earlier");
        injector.inject(Rule::new(request, Fault::Stall).after(skipped));
        let mut ftp = Ftp::login(&server);
        let data = ftp.passive();
        ftp.expect("STOR f", "150 ");
        let mut stream = data.open();
        let size = if request == Request::PutObject { 100_000 } else { IN_PARTS };
        let _ = stream.write_all(&noise(8, size));
        drop(stream);
        injector.wait_for_strikes(1);
        let bucket = bucket(&server).to_owned();
        drop(server);
        injector.heal();
        let held = Rgw::shared().s3_get(&bucket, "f");
        assert!(held == b"earlier", "killed in {request:?}: {} bytes", held.len());
        assert_eq!(Rgw::shared().s3_list(&bucket, ""), ["f"], "killed in {request:?}");
    }
}

#[test]
fn the_control_connection_answers_while_the_store_completes() {
    let (injector, server) = begin(("log_level", "INFO"));
    injector.inject(Rule::new(Request::CompleteMultipartUpload, Fault::Stall).times(1));
    let bytes = noise(9, IN_PARTS);
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.expect("STOR f", "150 ");
    data.open().write_all(&bytes).expect("the server takes the data");
    injector.wait_for_strikes(1);
    ftp.expect("NOOP", "200 ");
    ftp.expect("STAT", "2");
    injector.heal();
    ftp.expect_reply("226 ");
    server.stored().expect("f", &bytes);
    assert!(server.wait_for_log("upload path=").contains("tail_seconds="));
    assert!(uploads(&server).is_empty());
}

#[test]
fn an_upload_writes_nothing_to_the_disk() {
    const SIZE: usize = 64 << 20;
    let (_injector, server) = begin(("log_level", "INFO"));
    let mut ftp = Ftp::login(&server);
    let written = || figure(&server, "io", "write_bytes");
    let before = written();
    assert_eq!(upload(&mut ftp, "STOR f", &vec![7; SIZE]).code, 226);
    // The log is all that is written.
    let bytes = written() - before;
    assert!(bytes < 1 << 20, "{bytes} bytes for {SIZE}");
}
