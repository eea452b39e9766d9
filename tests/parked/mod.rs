//! `partial_upload = park`: what an interrupted upload had brought waits, unseen, for its client.

/// A bucket that does not answer when something is to be published.
mod away;
/// Where nothing can be copied.
mod copyless;
/// Removed and renamed directories in which something is parked.
mod directories;
/// Uploads that end before an earlier one had come.
mod ending_early;
/// What is dropped.
mod giving_up;
/// Clients that send again a little of what is there.
mod going_back;
/// Parts that the store has, though no answer said so.
mod lost_answers;
mod newer;
/// What others do meanwhile.
mod others;
/// What an account says of the time after which something is published.
mod patience;
/// What was ended in order, and is not gone on with.
mod publishing;
/// One that was left here and one that another server had parked.
mod resumed_here;
/// The sweeper of what nobody goes on with.
mod sweeping;
/// One that was left and a newer one.
mod two_of_a_name;

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
            Self::Leave => ftp.leave(&data),
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
