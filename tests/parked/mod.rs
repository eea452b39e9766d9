//! `partial_upload = park`: what an interrupted upload had brought waits, unseen, for its client.

/// Where nothing can be copied.
mod copyless;
/// Removed and renamed directories in which something is parked.
mod directories;
/// Uploads that end before an earlier one had come.
mod ending_early;
/// Clients that send again a little of what is there.
mod going_back;
/// Parts that the store has, though no answer said so.
mod lost_answers;
mod newer;
/// What an account says of the time after which something is published.
mod patience;
/// The sweeper of what nobody goes on with.
mod sweeping;

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use socket2::SockRef;

use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::{Stored, noise};

const MIB: usize = 1 << 20;

/// What clients mean to send: several parts.
const WHOLE: usize = 23 * MIB + 12_345;

/// Less cannot be gone on behind: so much is sent again at most.
const SMALLEST_PART: usize = 5 * MIB;

/// What has arrived when the upload is cut.
const SENT: usize = 17 * MIB + 999;

fn parking() -> Setup {
    Setup::bucket().option("partial_upload", "park").option("metadata_cache_time", "0")
}

/// How an upload is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// In order: as somebody who is done, or is killed.
    Leave,
    DataReset,
    BothReset,
    BothEnd,
    Abort,
}

impl Cut {
    const ALL: [Self; 4] = [Self::DataReset, Self::BothReset, Self::BothEnd, Self::Abort];

    fn happen(self, mut ftp: Ftp, data: TcpStream) {
        match self {
            Self::Leave => {
                // The end of the data alone would be that of a file.
                drop(ftp);
                drop(data);
            }
            Self::DataReset => {
                reset(&data);
                drop(data);
                ftp.expect_reply("426 ");
            }
            Self::BothReset => {
                reset(ftp.socket());
                reset(&data);
            }
            Self::BothEnd => {
                ftp.socket().shutdown(Shutdown::Both).expect("closed");
                drop(data);
            }
            Self::Abort => {
                ftp.send("ABOR");
                ftp.expect_reply("426 ");
                ftp.expect_reply("226 ");
            }
        }
    }
}

fn reset(stream: &TcpStream) {
    SockRef::from(stream).set_linger(Some(Duration::ZERO)).expect("a socket");
}

/// Sends `bytes` as `command` says and is cut then. Returns when the server has told the log.
fn cut_upload(server: &TestServer, command: &str, name: &str, bytes: &[u8], cut: Cut) {
    cut_upload_of(Ftp::login(server), server, (command, name), bytes, cut);
}

/// The same in a session of its own.
fn cut_upload_of(
    mut ftp: Ftp,
    server: &TestServer,
    (command, name): (&str, &str),
    bytes: &[u8],
    cut: Cut,
) {
    let skip = server.log().lines().count();
    let data = ftp.passive();
    ftp.expect(&format!("{command} {name}"), "150 ");
    let mut stream = data.open();
    stream.write_all(bytes).expect("the server takes the data");
    ftp.wait_for_bytes(bytes.len());
    cut.happen(ftp, stream);
    server.wait_for_log_after(skip, "upload path=");
}

/// Where the server says that the file goes on.
fn offset(ftp: &mut Ftp, name: &str) -> usize {
    ftp.expect(&format!("SIZE {name}"), "213 ")[4..].trim().parse().expect("a size")
}

#[test]
fn a_cut_upload_to_a_bucket_goes_on_where_the_server_says() {
    let server = parking().start();
    cut_and_go_on(&server);
    assert_eq!(server.stored().unfinished_uploads(), Vec::<String>::new());
}

#[test]
fn a_cut_upload_to_a_directory_goes_on_where_the_server_says() {
    let server = Setup::local().option("partial_upload", "park").start();
    cut_and_go_on(&server);
}

fn cut_and_go_on(server: &TestServer) {
    let whole = noise(1, WHOLE);
    for cut in Cut::ALL {
        for (old, resume) in [(false, "STOR"), (true, "STOR"), (false, "APPE"), (true, "APPE")] {
            let name = format!("{cut:?}-{old}-{resume}");
            if old {
                server.stored().put_early([name.clone()], b"earlier");
            }
            cut_upload(server, "STOR", &name, &whole[..SENT], cut);
            // Others see what there was.
            match old {
                true => server.stored().expect(&name, b"earlier"),
                false => assert!(!server.stored().files().contains(&name), "{name}"),
            }
            let mut ftp = Ftp::login(server);
            let offset = offset(&mut ftp, &name);
            assert!(offset > SENT - SMALLEST_PART && offset <= SENT, "{name}: {offset}");
            if resume == "STOR" {
                ftp.expect(&format!("REST {offset}"), "350 ");
            }
            ftp.store(&format!("{resume} {name}"), &whole[offset..]);
            server.stored().expect(&name, &whole);
            assert_eq!(ftp.ask(&format!("SIZE {name}")).trim_end(), format!("213 {WHOLE}"));
        }
    }
}

#[test]
fn it_is_cut_again_and_again() {
    let server = parking().start();
    let whole = noise(2, WHOLE);
    let mut sent = 0;
    for (number, end) in [7 * MIB, 8 * MIB, 8 * MIB, 20 * MIB].into_iter().enumerate() {
        let command = if sent == 0 { "STOR" } else { "APPE" };
        cut_upload(&server, command, "file", &whole[sent..end], Cut::ALL[number]);
        let now = offset(&mut Ftp::login(&server), "file");
        assert!(now >= sent && now <= end, "{sent} {now} {end}");
        sent = now;
    }
    // The last part goes again, and it may be one of the smallest that was just full.
    assert!(sent >= 20 * MIB - SMALLEST_PART, "{sent}");
    let mut ftp = Ftp::login(&server);
    ftp.store("APPE file", &whole[sent..]);
    server.stored().expect("file", &whole);
}

#[test]
fn another_server_goes_on_with_it() {
    let first = parking().start();
    let whole = noise(3, WHOLE);
    let mut ftp = Ftp::login(&first);
    let data = ftp.passive();
    ftp.expect("STOR file", "150 ");
    let mut stream = data.open();
    stream.write_all(&whole[..SENT]).expect("the server takes the data");
    Rgw::shared().wait_for_parts(first.stored().bucket(), "file", 2);
    first.kill();
    let second = Setup::beside(&first).option("partial_upload", "park").start();
    assert_eq!(second.stored().files(), Vec::<String>::new());
    let mut ftp = Ftp::login(&second);
    let offset = offset(&mut ftp, "file");
    assert!(offset > 0 && offset < SENT, "{offset}");
    ftp.expect(&format!("REST {offset}"), "350 ");
    ftp.store("STOR file", &whole[offset..]);
    second.stored().expect("file", &whole);
    assert_eq!(second.stored().unfinished_uploads(), Vec::<String>::new());
}

#[test]
fn what_is_parked_alone_is_no_file_yet() {
    let server = parking().account("reader", "R", "false").start();
    let whole = noise(4, WHOLE);
    cut_upload(&server, "STOR", "file", &whole[..SENT], Cut::DataReset);
    let mut ftp = Ftp::login(&server);
    let offset = offset(&mut ftp, "file");
    ftp.expect("EPSV", "229 ");
    let reply = ftp.expect("RETR file", "450 ");
    assert!(reply.contains(&offset.to_string()), "{reply}");
    let mut reader = Ftp::login_as(&server, "reader");
    reader.expect("SIZE file", "550 ");
    reader.expect("EPSV", "229 ");
    reader.expect("RETR file", "550 ");
    // Elsewhere it cannot be gone on with.
    for wrong in [offset - 64 * 1024 - 1, offset + 1, 1, WHOLE] {
        ftp.expect(&format!("REST {wrong}"), "350 ");
        ftp.expect("EPSV", "229 ");
        let reply = ftp.expect("STOR file", "554 ");
        assert!(reply.contains(&format!("REST {offset}")), "{reply}");
    }
    assert_eq!(server.stored().unfinished_uploads(), ["file"]);
}

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
fn its_uploader_sees_it_in_listings_and_can_delete_it() {
    for setup in [parking(), Setup::local().option("partial_upload", "park")] {
        let server = setup.account("reader", "R", "false").start();
        server.stored().put_early(["d/old".to_owned(), "d/z".to_owned()], b"earlier");
        let whole = noise(9, SENT);
        for name in ["d/old", "d/new"] {
            cut_upload(&server, "STOR", name, &whole, Cut::DataReset);
        }
        let mut ftp = Ftp::login(&server);
        let (new, old) = (offset(&mut ftp, "d/new"), offset(&mut ftp, "d/old"));
        let sizes = |ftp: &mut Ftp| {
            let lines = ftp.list("MLSD d");
            let mut sizes: Vec<_> = lines
                .iter()
                .filter(|line| line.contains("type=file"))
                .map(|line| {
                    let (facts, name) = line.trim_end().split_once(' ').expect("facts and a name");
                    let fact = facts.split(';').find_map(|fact| fact.strip_prefix("size="));
                    (name.to_owned(), fact.expect("a size").parse::<usize>().expect("a number"))
                })
                .collect();
            sizes.sort();
            sizes
        };
        let sizes_of = |expected: &[(&str, usize)]| -> Vec<(String, usize)> {
            expected.iter().map(|&(name, size)| (name.to_owned(), size)).collect()
        };
        assert_eq!(sizes(&mut ftp), sizes_of(&[("new", new), ("old", old), ("z", 7)]));
        assert!(ftp.expect("MLST d/new", "250-").contains(&format!("size={new};")));
        let mut reader = Ftp::login_as(&server, "reader");
        assert_eq!(sizes(&mut reader), sizes_of(&[("old", 7), ("z", 7)]));
        reader.expect("MLST d/new", "550 ");
        for name in ["d/new", "d/old"] {
            ftp.expect(&format!("DELE {name}"), "250 ");
            ftp.expect(&format!("SIZE {name}"), "550 ");
        }
        assert_eq!(sizes(&mut ftp), sizes_of(&[("z", 7)]));
        ftp.expect("DELE d/new", "550 ");
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
fn a_store_that_is_away_loses_nothing_of_it() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = Setup::bucket_behind(&injector.endpoint())
        .option("partial_upload", "park")
        // So that the parts that arrive are the first.
        .option("upload_thread_num", "1")
        .start();
    let whole = noise(8, WHOLE);
    // All parts behind the second fail until the client is told.
    injector.inject(Rule::new(Request::UploadPart, Fault::Refuse(503, "SlowDown")).after(2));
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.expect("STOR file", "150 ");
    // The server may end the connection before it has taken all.
    let _ = data.open().write_all(&whole);
    ftp.expect_reply("451 ");
    injector.heal();
    let mut ftp = Ftp::login(&server);
    let offset = offset(&mut ftp, "file");
    assert!(offset >= 4 * MIB, "{offset}");
    ftp.expect(&format!("REST {offset}"), "350 ");
    ftp.store("STOR file", &whole[offset..]);
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

/// What stands behind a gap would be taken for what follows by whoever is cut before it comes there.
#[test]
fn nobody_goes_on_where_a_part_is_missing() {
    let server = parking().start();
    let Stored::Bucket(bucket) = server.stored() else { panic!("a bucket") };
    let (rgw, part) = (Rgw::shared(), noise(12, 6 * MIB));
    let upload = rgw.s3_begin_upload(bucket, "file");
    for number in [1, 2, 4] {
        rgw.s3_put_part_at(bucket, "file", &upload, number, &part);
    }
    let mut ftp = Ftp::login(&server);
    ftp.expect("SIZE file", "550 ");
    ftp.store("STOR file", b"anew");
    server.stored().expect("file", b"anew");
}

#[test]
fn what_was_left_in_order_is_published_when_nobody_comes_back() {
    for setup in [parking(), Setup::local().option("partial_upload", "park")] {
        let server = setup.option("publish_parked_after", "2").start();
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

#[test]
fn the_operator_hears_of_clients_that_lose_every_file() {
    let setup = Setup::local().account("bob", "RW", "true");
    let server = setup.option("partial_upload", "discard").start();
    let tells = |name: &str| format!("{name} closes its connections without waiting for the reply");
    // Also of those who come from one address.
    for name in ["alice", "alice", "bob"] {
        let ftp = Ftp::login_as(&server, name);
        cut_upload_of(ftp, &server, ("STOR", "file"), b"lost", Cut::Leave);
        server.wait_for_log(&tells(name));
    }
    // Once is enough.
    assert_eq!(server.log().matches(&tells("alice")).count(), 1);
}

/// Those who come from the tool that this replaces expect something else.
#[test]
fn the_log_of_the_start_tells_what_becomes_of_interrupted_uploads() {
    let tells = "interrupted uploads are parked until their client resumes them; with \
                 partial_upload = keep they get their name at once";
    let server = Setup::local().start();
    server.wait_for_log(tells);
    let server = Setup::local().option("partial_upload", "keep").start();
    Ftp::login(&server);
    assert!(!server.log().contains("are parked until"));
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

#[test]
fn to_go_on_with_nothing_changes_nothing() {
    for setup in [parking(), Setup::local().option("partial_upload", "park")] {
        let server = setup.option("publish_parked_after", "0").start();
        let whole = noise(18, WHOLE);
        cut_upload(&server, "STOR", "file", &whole[..SENT], Cut::DataReset);
        let mut ftp = Ftp::login(&server);
        let sent = offset(&mut ftp, "file");
        for _ in 0..2 {
            let data = ftp.passive();
            ftp.expect("APPE file", "150 ");
            drop(data.open());
            ftp.expect_reply("426 ");
            assert_eq!(offset(&mut ftp, "file"), sent);
        }
        ftp.store("APPE file", &whole[sent..]);
        server.stored().expect("file", &whole);
    }
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
