use std::fs;
use std::io::{Read, Write};
use std::thread;

use crate::faults::scene::Scene;
use crate::faults::transfers::upload;
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Request, Rule, Spelling};
use crate::support::resources::figure;
use crate::support::rgw::Rgw;
use crate::support::server::Setup;
use crate::support::stored::{Stored, noise};

/// A file that goes in two parts at least: one of 5 MiB, and what is left is more than another.
const IN_PARTS: usize = 12 << 20;

/// A file that a worker sends, in many steps.
const LARGE: usize = 3 << 20;

/// Where a download stands still: more than sockets hold has passed, and more is to come.
const HALFWAY: u64 = 1 << 20;

fn begin(option: (&str, &str)) -> Scene {
    Scene::begin(&[("buffer_memory", "64M"), ("retry_timeout", "3"), option])
}

/// A RETR that stands still halfway, and what happens to the object meanwhile. The reply, what
/// came, and the log.
fn download_across(change: impl FnOnce(&str)) -> (String, Vec<u8>, String) {
    let scene = begin(("log_level", "INFO"));
    let bucket = scene.bucket().to_owned();
    let Scene { injector, server, .. } = scene;
    let earlier = noise(3, LARGE);
    server.stored().put("f", &earlier);
    injector.inject(Rule::new(Request::GetObject, Fault::StallInAnswer(HALFWAY)).times(1));
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.expect("RETR f", "150 ");
    let mut stream = data.open();
    let mut got = vec![0; HALFWAY as usize / 2];
    stream.read_exact(&mut got).expect("the first half arrives");
    change(&bucket);
    injector.heal();
    let _ = stream.read_to_end(&mut got);
    assert!(earlier.starts_with(&got), "bytes of another version");
    let reply = ftp.reply();
    server.wait_for_log("download path=");
    (reply, got, server.log())
}

#[test]
fn a_download_never_mixes_two_versions() {
    let (reply, got, log) = download_across(|bucket| {
        Rgw::shared().s3_put(bucket, "f", &noise(4, LARGE));
    });
    assert!(reply.starts_with("451 "), "{reply}");
    assert!(got.len() < LARGE);
    // The store itself refused to go on: it was asked for the first version alone.
    assert!(log.contains("PreconditionFailed"), "{log}");
}

#[test]
fn a_download_of_a_file_that_is_deleted_meanwhile_fails() {
    let (reply, ..) = download_across(|bucket| Rgw::shared().s3_delete(bucket, "f"));
    assert!(reply.starts_with("451 ") || reply.starts_with("550 "), "{reply}");
}

#[test]
fn a_download_goes_on_in_the_same_version() {
    let (reply, got, _) = download_across(|_| {});
    assert!(reply.starts_with("226 "), "{reply}");
    assert!(got == noise(3, LARGE));
}

#[test]
fn a_source_that_changed_before_it_was_copied_publishes_nothing() {
    let Scene { injector, server, .. } = begin(("log_level", "INFO"));
    let earlier = noise(5, 5 << 20);
    server.stored().put("f", &earlier);
    let changed = Fault::Refuse(412, "PreconditionFailed");
    injector.inject(Rule::new(Request::UploadPartCopy, changed));
    let mut ftp = Ftp::login(&server);
    assert_eq!(upload(&mut ftp, "APPE f", b"more").code, 451);
    server.stored().expect("f", &earlier);
    assert!(!injector.seen().iter().any(|(seen, _)| *seen == Request::CompleteMultipartUpload));
}

/// Bytes that the store misheard are told by their ETag, where that is an MD5, and those of a whole
/// object are refused by the store itself.
#[test]
fn a_store_without_checksums_is_checked_by_its_etags() {
    nothing_damaged_is_stored(
        "md5",
        &[(Request::UploadPart, IN_PARTS), (Request::PutObject, 100_000)],
    );
}

/// What is not protected by TLS is signed: the store refuses what was damaged before it replaces
/// anything.
#[test]
fn a_small_file_that_was_damaged_is_refused_by_the_store() {
    nothing_damaged_is_stored("auto", &[(Request::PutObject, 100_000), (Request::PutObject, 5000)]);
}

fn nothing_damaged_is_stored(verify: &str, uploads: &[(Request, usize)]) {
    let Scene { injector, server, .. } = begin(("verify_uploads", verify));
    let flip = Fault::FlipInRequest(4321);
    let mut ftp = Ftp::login(&server);
    for &(request, size) in uploads {
        let bytes = noise(6, size);
        server.stored().put("f", b"earlier");
        injector.inject(Rule::new(request, flip));
        assert_eq!(upload(&mut ftp, "STOR f", &bytes).code, 451, "{request:?}");
        server.stored().expect("f", b"earlier");
        injector.heal();
        injector.inject(Rule::new(request, flip).times(1));
        assert_eq!(upload(&mut ftp, "STOR f", &bytes).code, 226, "{request:?}");
        server.stored().expect("f", &bytes);
    }
}

/// What is damaged only in a later part, or in the object as a whole.
#[test]
fn a_flipped_bit_is_found_wherever_it_is() {
    let Scene { injector, server, .. } = begin(("log_level", "INFO"));
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

/// At whatever moment: the earlier object stands, or the new one if the store had put it together
/// already; what is left of the upload is found when the server starts again.
#[test]
fn a_server_that_is_killed_leaves_a_whole_object_and_finds_what_it_left() {
    let done = Fault::StallInAnswer(0);
    let moments = [
        (Request::CreateMultipartUpload, 0, Fault::Stall),
        (Request::UploadPart, 0, Fault::Stall),
        (Request::UploadPart, 1, Fault::Stall),
        (Request::CompleteMultipartUpload, 0, Fault::Stall),
        (Request::CompleteMultipartUpload, 0, done),
        (Request::PutObject, 0, Fault::Stall),
    ];
    thread::scope(|scope| {
        for (request, skipped, fault) in moments {
            scope.spawn(move || {
                let told = format!("killed in {request:?} {skipped}, {fault:?}");
                let size = if request == Request::PutObject { 100_000 } else { IN_PARTS };
                let bytes = noise(8, size);
                let scene = begin(("log_level", "INFO"));
                kill_in(&scene, Rule::new(request, fault).after(skipped), &bytes);
                let bucket = scene.bucket().to_owned();
                let restarted = Setup::beside(&scene.server)
                    .option("buffer_memory", "64M")
                    .option("log_level", "DEBUG")
                    .operations("abort_unfinished_after", "1");
                drop(scene);
                let expected = if fault == done { &bytes[..] } else { b"earlier" };
                let held = Rgw::shared().s3_get(&bucket, "f");
                assert!(held == expected, "{told}: {} bytes", held.len());
                assert_eq!(Rgw::shared().s3_list(&bucket, ""), ["f"], "{told}");
                let left = usize::from(request != Request::PutObject && fault != done)
                    - usize::from(request == Request::CreateMultipartUpload);
                assert_eq!(Rgw::shared().s3_list_uploads(&bucket).len(), left, "{told}");
                Rgw::shared().let_a_second_pass(&bucket);
                let server = restarted.start();
                server.wait_for_log(&format!("{left} aborted, 0 could not be"));
                assert!(Rgw::shared().s3_list_uploads(&bucket).is_empty(), "{told}");
                assert_eq!(upload(&mut Ftp::login(&server), "STOR f", &bytes).code, 226, "{told}");
                assert!(Rgw::shared().s3_get(&bucket, "f") == bytes, "{told}");
            });
        }
    });
}

/// An upload over an earlier object, until the request that `rule` strikes stands still.
fn kill_in(scene: &Scene, rule: Rule, bytes: &[u8]) {
    scene.server.stored().put("f", b"earlier");
    scene.injector.inject(rule);
    let mut ftp = Ftp::login(&scene.server);
    let data = ftp.passive();
    ftp.expect("STOR f", "150 ");
    let mut stream = data.open();
    let _ = stream.write_all(bytes);
    drop(stream);
    // Not when the request arrives: the store may have to see all of it, and answer.
    scene.injector.wait_for_stalls(1);
}

/// Clients wait long for the 226, and some ask meanwhile whether anybody is there.
#[test]
fn the_control_connection_answers_while_the_store_takes_the_rest() {
    for (request, size) in [
        (Request::CompleteMultipartUpload, IN_PARTS),
        (Request::UploadPart, IN_PARTS),
        (Request::PutObject, LARGE),
    ] {
        let scene = begin(("log_level", "INFO"));
        scene.injector.inject(Rule::new(request, Fault::Stall).times(1));
        let bytes = noise(9, size);
        let mut ftp = Ftp::login(&scene.server);
        let data = ftp.passive();
        ftp.expect("STOR f", "150 ");
        data.open().write_all(&bytes).expect("the server takes the data");
        scene.injector.wait_for_strikes(1);
        for _ in 0..3 {
            ftp.expect("NOOP", "200 ");
            assert!(ftp.expect("STAT", "21").contains("Receiving /f: "), "{request:?}");
        }
        scene.injector.heal();
        ftp.expect_reply("226 ");
        scene.server.stored().expect("f", &bytes);
        let line = scene.server.wait_for_log("upload path=");
        let tail = line.split("tail_seconds=").nth(1).and_then(|rest| rest.split(' ').next());
        let tail: f64 = tail.and_then(|text| text.parse().ok()).expect("a number");
        assert!(tail > 0.0, "{line}");
        assert!(Rgw::shared().s3_list_uploads(scene.bucket()).is_empty());
    }
}

/// Nobody sees a file of a directory before it is whole, and a server that is killed leaves
/// none.
#[test]
fn a_directory_never_shows_a_partial_file() {
    let server = Setup::local().start();
    server.stored().put("f", b"earlier");
    let Stored::Directory(root) = server.stored() else { panic!("a directory") };
    let root = root.clone();
    let shown = || {
        let entries = fs::read_dir(&root).expect("a directory").map(|entry| entry.expect("one"));
        let files = entries.filter(|entry| entry.path().is_file());
        let mut names: Vec<_> = files.map(|entry| entry.file_name()).collect();
        names.sort();
        names
    };
    let mut uploads = Vec::new();
    for (name, size) in [("f", IN_PARTS), ("new", IN_PARTS), ("small", 1000)] {
        let mut ftp = Ftp::login(&server);
        let data = ftp.passive();
        ftp.expect(&format!("STOR {name}"), "150 ");
        let mut stream = data.open();
        stream.write_all(&noise(10, size)).expect("the server takes the data");
        ftp.wait_for_bytes(size);
        uploads.push((ftp, stream));
    }
    assert_eq!(shown(), ["f"]);
    assert_eq!(fs::read(root.join("f")).expect("it stands"), b"earlier");
    assert_eq!(Ftp::login(&server).list("NLST"), ["f"]);
    let (mut ftp, stream) = uploads.swap_remove(1);
    drop(stream);
    ftp.expect_reply("226 ");
    assert_eq!(shown(), ["f", "new"]);
    // The directory goes with the server: it is held open.
    let kept = fs::File::open(root.join("f")).expect("it stands");
    server.kill();
    assert_eq!(shown(), ["f", "new"]);
    assert_eq!(kept.metadata().expect("a file").len(), 7);
}

#[test]
fn an_upload_writes_nothing_to_the_disk() {
    const MIB: usize = 1 << 20;
    const SIZE: usize = 1024 * MIB;
    let Scene { injector: _injector, server, .. } = begin(("log_level", "INFO"));
    let mut ftp = Ftp::login(&server);
    let written = || figure(&server, "io", "write_bytes");
    let before = written();
    let data = ftp.passive();
    ftp.expect("STOR f", "150 ");
    let mut stream = data.open();
    let piece = noise(7, MIB);
    for _ in 0..SIZE / MIB {
        stream.write_all(&piece).expect("the server takes the data");
    }
    drop(stream);
    ftp.expect_reply("226 ");
    ftp.expect("SIZE f", &format!("213 {SIZE}"));
    // The log is all that is written.
    let bytes = written() - before;
    assert!(bytes < MIB as u64, "{bytes} bytes for {SIZE}");
    Rgw::shared().s3_delete(server.stored().bucket(), "f");
}
