use std::io::Write;

use super::{files, with};
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::{Stored, noise};

const RULES: &[(&str, &str)] = &[("done_marker", ".ok"), ("publish_after_marker", "on")];

/// Both kinds of store, with one who may only read.
fn both() -> [TestServer; 2] {
    [Setup::local(), Setup::bucket()]
        .map(|setup| with(setup.account("reader", "R", "false"), RULES).start())
}

#[test]
fn a_file_is_unseen_until_its_marker_is_stored() {
    for server in both() {
        let (mut ftp, mut reader) = (Ftp::login(&server), Ftp::login_as(&server, "reader"));
        ftp.expect("MKD d", "257");
        ftp.store("STOR d/a.csv", b"content");
        ftp.store("STOR large", &noise(1, 12 << 20));
        // Its uploader sees it where it will be.
        ftp.play(&[("SIZE d/a.csv", "213 7"), ("MDTM d/a.csv", "213 "), ("MLST d/a.csv", "250")]);
        assert_eq!(ftp.list("NLST"), ["d", "large"]);
        assert_eq!(ftp.list("NLST d/a.csv"), ["d/a.csv"]);
        assert_eq!(ftp.list("NLST d"), ["d/a.csv"]);
        assert_eq!(ftp.fetch("RETR d/a.csv"), b"content");
        // Others do not, here or in the store.
        reader.play(&[("SIZE d/a.csv", "550"), ("MDTM d/a.csv", "550"), ("MLST large", "550")]);
        assert_eq!(reader.list("NLST"), ["d"]);
        assert_eq!(reader.list("NLST d"), [""; 0]);
        for client in [&mut ftp, &mut reader] {
            client.play(&[("CWD /.unpublished", "550"), ("SIZE /.unpublished/large", "550")]);
            client.expect("CWD /", "250");
        }
        let waiting = [".unpublished/d/a.csv", ".unpublished/large"];
        assert!(waiting.iter().all(|name| files(&server).contains(&(*name).to_owned())));
        assert!(!files(&server).contains(&"d/a.csv".to_owned()));

        ftp.store("STOR d/a.csv.ok", b"");
        ftp.store("STOR large.ok", b"checksum");
        assert_eq!(reader.fetch("RETR d/a.csv"), b"content");
        assert_eq!(reader.fetch("RETR large.ok"), b"checksum");
        server.stored().expect("large", &noise(1, 12 << 20));
        let mut stored = files(&server);
        stored.retain(|name| !name.ends_with('/'));
        assert_eq!(stored, ["d/a.csv", "d/a.csv.ok", "large", "large.ok"]);
    }
}

#[test]
fn a_published_file_stays_until_the_next_one_is_marked() {
    for server in both() {
        let (mut ftp, mut reader) = (Ftp::login(&server), Ftp::login_as(&server, "reader"));
        ftp.store("STOR a", b"first");
        ftp.store("STOR a.ok", b"");
        ftp.store("STOR a", b"second, longer");
        ftp.expect("SIZE a", "213 14");
        assert_eq!(ftp.list("NLST"), ["a", "a.ok"]);
        reader.expect("SIZE a", "213 5");
        // What is deleted first is what waits.
        ftp.expect("DELE a", "250");
        ftp.expect("SIZE a", "213 5");
        // What goes on with a published file leaves that alone, too.
        ftp.store("APPE a", b" and more");
        reader.expect("SIZE a", "213 5");
        assert_eq!(ftp.fetch("RETR a"), b"first and more");
        ftp.play(&[("REST 5", "350")]);
        ftp.store("STOR a", b" or less ");
        ftp.store("STOR a.ok", b"");
        assert_eq!(reader.fetch("RETR a"), b"first or less ");
        assert_eq!(files(&server), ["a", "a.ok"]);
    }
}

#[test]
fn what_waits_may_be_renamed_and_marked_by_a_rename() {
    for server in both() {
        let (mut ftp, mut reader) = (Ftp::login(&server), Ftp::login_as(&server, "reader"));
        ftp.store("STOR a.part", b"content");
        ftp.play(&[("RNFR a.part", "350"), ("RNTO a.csv", "250")]);
        reader.expect("SIZE a.csv", "550");
        ftp.store("STOR a.csv.tmp", b"");
        ftp.play(&[("RNFR a.csv.tmp", "350"), ("RNTO a.csv.ok", "250")]);
        assert_eq!(reader.fetch("RETR a.csv"), b"content");
        assert_eq!(files(&server), ["a.csv", "a.csv.ok"]);
        // What is published is renamed as ever.
        ftp.play(&[("RNFR a.csv", "350"), ("RNTO b.csv", "250")]);
        assert_eq!(reader.fetch("RETR b.csv"), b"content");
    }
}

#[test]
fn a_directory_stays_while_files_for_it_wait() {
    for server in both() {
        let mut ftp = Ftp::login(&server);
        ftp.expect("MKD d", "257");
        ftp.store("STOR d/a", b"content");
        ftp.play(&[("RMD d", "550"), ("RNFR d", "550")]);
        ftp.store("STOR d/a.ok", b"");
        ftp.play(&[("RNFR d", "350"), ("RNTO e", "250"), ("SIZE e/a", "213 7")]);
    }
}

#[test]
fn an_interrupted_upload_waits_in_its_place() {
    for setup in [Setup::local(), Setup::bucket()] {
        let server = with(setup, RULES).start();
        let whole = noise(2, 23 << 20);
        let mut ftp = Ftp::login(&server);
        let data = ftp.passive();
        ftp.expect("STOR a", "150");
        let mut stream = data.open();
        stream.write_all(&whole[..17 << 20]).expect("sent");
        ftp.wait_for_bytes(17 << 20);
        ftp.expect("ABOR", "426");
        ftp.expect_reply("226");
        let said = ftp.expect("SIZE a", "213 ");
        let offset: usize = said[4..].trim().parse().expect("a number");
        assert!((1..=17 << 20).contains(&offset), "{offset}");
        assert_eq!(ftp.list("NLST"), ["a"]);
        ftp.expect(&format!("REST {offset}"), "350");
        ftp.store("STOR a", &whole[offset..]);
        ftp.store("STOR a.ok", b"");
        server.stored().expect("a", &whole);
        if let Stored::Bucket(_) = server.stored() {
            assert_eq!(server.stored().unfinished_uploads(), Vec::<String>::new());
        }
    }
}

/// What was published before is not mixed with what goes on.
#[test]
fn an_interrupted_upload_goes_on_though_an_earlier_file_is_published() {
    for setup in [Setup::local(), Setup::bucket()] {
        let server = with(setup, RULES).start();
        let whole = noise(3, 23 << 20);
        let mut ftp = Ftp::login(&server);
        ftp.store("STOR a", &noise(4, 30 << 20));
        ftp.store("STOR a.ok", b"");
        // Which of two of one second is the newer nobody knows.
        Rgw::shared().let_a_second_pass(&Rgw::shared().new_bucket());
        let data = ftp.passive();
        ftp.expect("STOR a", "150");
        let mut stream = data.open();
        stream.write_all(&whole[..17 << 20]).expect("sent");
        ftp.wait_for_bytes(17 << 20);
        ftp.expect("ABOR", "426");
        ftp.expect_reply("226");
        let said = ftp.expect("SIZE a", "213 ");
        let offset: usize = said[4..].trim().parse().expect("a number");
        ftp.expect(&format!("REST {offset}"), "350");
        ftp.store("STOR a", &whole[offset..]);
        server.stored().expect("a", &noise(4, 30 << 20));
        ftp.store("STOR a.ok", b"");
        server.stored().expect("a", &whole);
    }
}

#[test]
fn a_marker_whose_file_is_not_published_is_sent_again() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let setup = Setup::bucket_behind(&injector.endpoint()).option("retry_timeout", "1");
    let server = with(setup, RULES).start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR a", b"content");
    injector.inject(Rule::new(Request::CopyObject, Fault::Refuse(503, "SlowDown")));
    let data = ftp.passive();
    ftp.expect("STOR a.ok", "150");
    drop(data.open());
    let reply = ftp.expect_reply("451");
    assert!(reply.contains("marker"), "{reply}");
    assert!(!files(&server).contains(&"a".to_owned()), "nothing is seen yet");
    injector.heal();
    ftp.store("STOR a.ok", b"");
    assert_eq!(files(&server), ["a", "a.ok"]);
}
