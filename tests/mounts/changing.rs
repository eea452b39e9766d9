use std::io::Write;

use super::{ARCHIVE, Mounted, READS, VAULT};
use crate::support::ftp::Ftp;
use crate::support::rgw::Rgw;
use crate::support::server::Setup;
use crate::support::stored::noise;

#[test]
fn what_is_done_below_a_mount_point_is_done_in_its_store() {
    for mounted in Mounted::all(ARCHIVE) {
        let mut ftp = mounted.login();
        ftp.store("STOR archive/d/small", b"small");
        ftp.store("APPE archive/d/small", b", longer");
        ftp.store("STOR archive/large", &noise(1, 12 << 20));
        ftp.store("STOR own", b"own");
        assert_eq!(mounted.files(), [vec!["own"], vec!["d/small", "large"]]);
        mounted.other.expect("d/small", b"small, longer");
        mounted.other.expect("large", &noise(1, 12 << 20));
        assert!(ftp.fetch("RETR archive/large") == noise(1, 12 << 20));
        ftp.expect("REST 3", "350");
        ftp.store("STOR archive/d/small", b"rt");
        mounted.other.expect("d/small", b"smart, longer");
        let data = ftp.passive();
        ftp.expect("STOU archive/d/unique", "150");
        drop(data.open());
        ftp.expect_reply("226");
        ftp.play(&[
            ("MKD archive/new", "257 \"/archive/new\""),
            ("RNFR archive/d", "350"),
            ("RNTO archive/new/moved", "250"),
            ("RNFR archive/large", "350"),
            ("RNTO archive/renamed", "250"),
            ("DELE archive/renamed", "250"),
        ]);
        let [own, other] = mounted.files();
        assert_eq!((own, other.len()), (vec!["own".to_owned()], 2), "{other:?}");
        ftp.expect("RMD archive/new", "550");
        ftp.expect("DELE archive/new/moved/small", "250");
        let unique = other.iter().find(|name| name.contains("unique")).expect("stored");
        ftp.play(&[
            (&format!("DELE archive/{unique}"), "250"),
            ("RMD archive/new/moved", "250"),
            ("RMD archive/new", "250"),
        ]);
        assert_eq!(mounted.files()[1], [""; 0]);
    }
}

#[test]
fn a_mount_point_stays_as_it_is() {
    for mounted in Mounted::all(ARCHIVE) {
        let mut ftp = mounted.login();
        ftp.store("STOR file", b"file");
        ftp.expect("MKD d", "257");
        for line in ["RMD archive", "DELE archive"] {
            assert!(ftp.expect(line, "550").contains("mount point"), "{line}");
        }
        ftp.expect("MKD archive", "550");
        for (from, to) in [("archive", "elsewhere"), ("file", "archive"), ("d", "archive")] {
            ftp.expect(&format!("RNFR {from}"), "350");
            let refused = ftp.expect(&format!("RNTO {to}"), "550");
            assert!(refused.contains("mount point"), "{refused}");
        }
        for line in ["STOR archive", "APPE archive"] {
            ftp.store_refused(line, "550");
        }
        ftp.expect("CWD archive", "250");
        assert_eq!(mounted.files(), [vec!["file".to_owned()], vec![]]);
        assert!(!mounted.server.log().contains("ERROR"), "{}", mounted.server.log());
    }
}

#[test]
fn a_mount_has_rights_of_its_own() {
    let keys = |rest: &[(&'static str, &'static str)]| {
        [&[("path", "/archive"), ("account", VAULT), ("users", "alice, bob")][..], rest].concat()
    };
    // Read only.
    let setup = || Setup::bucket().account("bob", "R", "true");
    let mounted = Mounted::directory(setup(), &keys(&[READS]));
    mounted.other.put("file", b"file");
    let mut ftp = mounted.login();
    assert_eq!(ftp.fetch("RETR archive/file"), b"file");
    for line in ["STOR archive/new", "APPE archive/file", "STOU archive/new"] {
        ftp.store_refused(line, "550");
    }
    ftp.play(&[
        ("DELE archive/file", "550 You may not delete"),
        ("MKD archive/d", "550 You may not store"),
        ("RNFR archive/file", "350"),
        ("RNTO archive/other", "550"),
        ("RNFR archive/file", "350"),
        ("RNTO own", "550"),
    ]);
    ftp.store("STOR own", b"own");
    ftp.play(&[("RNFR own", "350"), ("RNTO archive/own", "550")]);
    assert_eq!(mounted.files(), [vec!["own"], vec!["file"]]);

    // What is stored is not seen again.
    let mounted = Mounted::bucket(setup(), &keys(&[("authority", "W"), ("delete_enable", "off")]));
    let mut ftp = mounted.login();
    ftp.store("STOR archive/new", b"new");
    for line in ["RETR archive/new", "NLST archive", "MLSD archive"] {
        let _data = ftp.passive();
        ftp.expect(line, "550 You may not read");
    }
    ftp.play(&[
        ("DELE archive/new", "550"),
        ("RNFR archive/new", "350"),
        ("RNTO archive/renamed", "250"),
        ("RNFR archive/renamed", "350"),
        ("RNTO stolen", "550"),
    ]);
    assert_eq!(ftp.list("NLST"), ["archive"]);
    // What its user may not do at all, no mount allows.
    let mut bob = Ftp::login_as(&mounted.server, "bob");
    bob.store_refused("STOR archive/new", "550");
    assert_eq!(mounted.files(), [vec![], vec!["renamed".to_owned()]]);
}

#[test]
fn what_may_not_be_deleted_is_not_moved_away() {
    let rights = [
        ("path", "/archive"),
        ("account", VAULT),
        ("users", "*"),
        ("authority", "RW"),
        ("delete_enable", "off"),
    ];
    let mounted = Mounted::bucket(Setup::bucket(), &rights);
    let mut ftp = mounted.login();
    ftp.store("STOR archive/new", b"new");
    ftp.play(&[("RNFR archive/new", "350"), ("RNTO stolen", "550")]);
    assert_eq!(mounted.files(), [vec![], vec!["new".to_owned()]]);
}

#[test]
fn each_store_has_its_own_trash() {
    let trash = [("on_delete", "trash")];
    let with =
        |setup: Setup| trash.iter().fold(setup, |all, (key, value)| all.account_key(key, value));
    let setup = with(Setup::local().directory_account(VAULT));
    let server = setup.mount(ARCHIVE).start();
    let mut ftp = Ftp::login(&server);
    for name in ["archive/d/file", "own"] {
        ftp.store(&format!("STOR {name}"), b"content");
        ftp.expect(&format!("DELE {name}"), "250");
    }
    ftp.expect("CWD archive/.trash", "550");
    assert_eq!(ftp.list("NLST archive"), ["archive/d"]);
    let other = crate::support::stored::Stored::Directory(server.beside(VAULT));
    for (stored, name) in [(server.stored(), "/own"), (&other, "/d/file")] {
        let mut files = stored.files();
        files.retain(|name| !name.starts_with(".cos-ftp-server"));
        assert!(matches!(&files[..], [one] if one.starts_with(".trash/") && one.ends_with(name)));
    }
}

/// What was cut off waits in the store that it was for, and is gone on with.
#[test]
fn interrupted_uploads_wait_in_their_store() {
    for mounted in Mounted::all(ARCHIVE) {
        let content = noise(3, 32 << 20);
        let mut ftp = mounted.login();
        ftp.expect("MKD archive/d", "257");
        let data = ftp.passive();
        ftp.expect("STOR archive/d/large", "150");
        let mut stream = data.open();
        stream.write_all(&content[..30 << 20]).expect("taken");
        ftp.wait_for_bytes(30 << 20);
        ftp.leave(&stream);
        mounted.server.wait_for_log("verdict=");
        let mut ftp = mounted.login();
        let size = ftp.expect("SIZE archive/d/large", "213 ");
        let at: usize = size[4..].trim().parse().expect("a size");
        assert!(at > 0 && at < 30 << 20, "{size}");
        assert!(ftp.list("LIST archive/d")[0].ends_with(" large"));
        ftp.expect("RMD archive/d", "550");
        ftp.expect(&format!("REST {at}"), "350");
        ftp.store("STOR archive/d/large", &content[at..]);
        mounted.other.expect("d/large", &content);
        assert_eq!(mounted.files()[0], [""; 0]);
    }
}

/// What waits for its marker waits in the store in which it will be published.
#[test]
fn files_are_published_by_markers_below_a_mount_point() {
    let rules = [("done_marker", ".ok"), ("publish_after_marker", "on")];
    for setup in [Setup::local(), Setup::bucket()] {
        let setup = rules.iter().fold(setup, |all, (key, value)| all.account_key(key, value));
        let mounted = Mounted::bucket(setup, ARCHIVE);
        let mut ftp = mounted.login();
        ftp.store("STOR archive/in/a.csv", b"content");
        ftp.expect("SIZE archive/in/a.csv", "213 7");
        assert_eq!(ftp.list("NLST archive"), [""; 0]);
        assert_eq!(mounted.files(), [vec![], vec![".unpublished/in/a.csv".to_owned()]]);
        ftp.store("STOR archive/in/a.csv.ok", b"");
        assert_eq!(mounted.files(), [vec![], vec!["in/a.csv", "in/a.csv.ok"]]);
        assert_eq!(ftp.list("NLST archive/in").len(), 2);
        ftp.expect("CWD archive/.unpublished", "550");
    }
}

/// Both are swept, each once.
#[test]
fn silent_uploads_are_swept_in_each_store_once() {
    let (setup, bucket) = Setup::bucket().bucket_account(VAULT, Rgw::shared().endpoint());
    let first = setup.bucket_name().to_owned();
    let everybody = [("path", "/archive"), ("account", VAULT), ("users", "*"), READS];
    for name in [&first, &bucket] {
        Rgw::shared().s3_begin_upload(name, "left");
        Rgw::shared().let_a_second_pass(name);
        Rgw::shared().let_a_second_pass(name);
    }
    let server = setup.mount(&everybody).operations("abort_unfinished_after", "1").start();
    for name in [&first, &bucket] {
        server.wait_for_line(|line| line.contains("aborted the unfinished") && line.contains(name));
        assert_eq!(Rgw::shared().s3_list_uploads(name), [""; 0]);
    }
    Ftp::login(&server);
    assert_eq!(server.log().matches("aborted the unfinished").count(), 2);
}
