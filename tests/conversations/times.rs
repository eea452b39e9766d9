use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer};

fn keeping(setup: Setup) -> TestServer {
    setup.option("preserve_mtime", "on").account("reader", "R", "true").start()
}

#[test]
fn a_time_that_was_set_is_told() {
    for setup in [Setup::local(), Setup::bucket()] {
        let server = keeping(setup);
        let mut ftp = Ftp::login(&server);
        ftp.store("STOR a b", b"content");
        ftp.play(&[
            ("MFMT 20230102030405 a b", "213 Modify=20230102030405; /a b"),
            ("MDTM a b", "213 20230102030405"),
            // The setting form, with a fraction that is dropped.
            ("MDTM 20230102030406.789 a b", "213 Modify=20230102030406; /a b"),
            ("MDTM a b", "213 20230102030406"),
            ("SIZE a b", "213 7"),
            ("MFMT 20230102030406 a b", "213 "),
            ("MFMT 19600101000000 a b", "213 "),
            ("MDTM a b", "213 19600101000000"),
            // SITE UTIME in both of its forms; of three times the second counts.
            ("SITE UTIME 20220102030405 a b", "213 Modify=20220102030405; /a b"),
            ("MDTM a b", "213 20220102030405"),
            ("SITE UTIME 202201020304 a b", "213 Modify=20220102030400; /a b"),
            ("MDTM a b", "213 20220102030400"),
            (
                "site utime a b 20210101000000 19600101000000 20230101000000 UTC",
                "213 Modify=19600101000000; /a b",
            ),
            ("MDTM a b", "213 19600101000000"),
        ]);
        let facts = ftp.expect("MLST a b", "250-");
        assert!(facts.contains("modify=19600101000000;"), "{facts}");
        server.stored().expect("a b", b"content");
        // A listing has been seen, and does not hide it.
        assert_eq!(ftp.list("NLST"), ["a b"]);
        ftp.expect("MDTM a b", "213 19600101000000");
        // New content has its own time, another name keeps it.
        ftp.play(&[("RNFR a b", "350 "), ("RNTO c", "250 "), ("MDTM c", "213 19600101000000")]);
        ftp.store("STOR c", b"new");
        let reply = ftp.expect("MDTM c", "213 2");
        assert!(!reply.contains("1960"), "{reply}");
    }
}

#[test]
fn what_cannot_have_a_time() {
    let server = keeping(Setup::local());
    server.stored().put("file", b"x");
    server.stored().put("20230102030405 x", b"x");
    let mut ftp = Ftp::login(&server);
    ftp.play(&[
        ("MKD dir", "257 "),
        ("MFMT 20230102030405 dir", "550 "),
        ("MFMT 20230102030405 /", "550 "),
        ("MFMT 20230102030405 nowhere", "550 "),
        ("MFMT 20231302030405 file", "501 "),
        ("MFMT 2023 file", "501 "),
        ("MFMT 20230102030405", "501 "),
        ("MFMT file", "501 "),
        ("MFMT", "501 "),
        ("SITE UTIME 20230102030405 dir", "550 "),
        ("SITE UTIME 20230102030405 nowhere", "550 "),
        ("SITE UTIME nowhere 20210101000000 20220101000000 20230101000000 UTC", "550 "),
        ("SITE UTIME 20231302030405 file", "501 "),
        ("SITE UTIME file 20210101000000 20220101000000 20231301000000 UTC", "501 "),
        ("SITE UTIME file", "501 "),
        ("SITE UTIME", "501 Usage: SITE HELP | CHMOD mode path | UTIME time path: extras"),
        ("MDTM 20230102030405 nowhere", "550 "),
        // What exists under the whole name wins.
        ("MDTM ./20230102030405 x", "213 2"),
        ("MDTM 20230102030405 x", "213 2"),
        ("MDTM 20220102030405 file", "213 Modify=20220102030405; /file"),
    ]);
    let mut reader = Ftp::login_as(&server, "reader");
    reader.play(&[
        ("MFMT 20230102030405 file", "550 "),
        ("MDTM 20230102030405 file", "550 "),
        ("SITE UTIME 20230102030405 file", "550 You may not write here."),
        ("MDTM file", "213 2"),
    ]);
    assert!(!reader.ask("MDTM file").contains("20230102030405"));
}

#[test]
fn feat_and_help_tell_of_it_only_when_it_works() {
    let server = keeping(Setup::local());
    let mut ftp = Ftp::login(&server);
    let features = ftp.expect("FEAT", "211-");
    assert!(features.contains("\r\n MFMT\r\n") && features.contains("\r\n SITE UTIME\r\n"));
    ftp.expect("HELP MFMT", "214 ");
    assert!(ftp.expect("SITE HELP", "214-").contains("\r\n SITE UTIME "));

    let server = Setup::local().start();
    server.stored().put("file", b"x");
    let mut ftp = Ftp::login(&server);
    assert!(!ftp.expect("FEAT", "211-").contains("MFMT"));
    assert!(!ftp.expect("FEAT", "211-").contains("UTIME"));
    assert!(!ftp.expect("HELP", "214-").contains("MFMT"));
    assert!(!ftp.expect("SITE HELP", "214-").contains("UTIME"));
    ftp.play(&[
        ("HELP MFMT", "502 "),
        ("MFMT 20230102030405 file", "502 "),
        ("MDTM 20230102030405 file", "550 "),
        ("SITE UTIME 20230102030405 file", "550 The store sets the times of files here"),
        (
            "SITE UTIME file 20210101000000 20220101000000 20230101000000 UTC",
            "550 The store sets the times",
        ),
        ("MDTM file", "213 2"),
    ]);
}
