//! Files in an archive. The gateway has none: the injector answers as COS and S3 do what needs the
//! bytes of such a file.

use crate::faults::transfers::upload;
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};

const MIB: usize = 1024 * 1024;

/// What S3 and COS answer to whoever reads or copies what is archived.
const ARCHIVED: Fault = Fault::Refuse(403, "InvalidObjectState");

const REFUSED: &str = "550 The file is archived: until it is restored in the store it can neither";

struct Stage {
    injector: Injector,
    server: TestServer,
    bucket: String,
}

impl Stage {
    fn new(options: &[(&str, &str)]) -> Self {
        let rgw = Rgw::shared();
        let (bucket, injector) = (rgw.new_bucket(), Injector::before(rgw.endpoint()));
        let mut setup = Setup::bucket_named(&bucket, &injector.endpoint());
        for (key, value) in [("preserve_mtime", "on")].iter().chain(options) {
            setup = setup.option(key, value);
        }
        Self { injector, server: setup.start(), bucket }
    }

    fn put(&self, key: &str, bytes: usize) {
        Rgw::shared().s3_put(&self.bucket, key, &vec![b'a'; bytes]);
    }

    /// From now on all files are archived.
    fn archive(&self) {
        self.heal();
        for request in [Request::GetObject, Request::CopyObject, Request::UploadPartCopy] {
            self.injector.inject(Rule::new(request, ARCHIVED));
        }
    }

    fn heal(&self) {
        self.injector.heal();
    }

    /// Keys for which a restore was asked.
    fn restores(&self) -> Vec<String> {
        let seen = self.injector.seen().into_iter();
        seen.filter(|(seen, _)| *seen == Request::RestoreObject).map(|(_, key)| key).collect()
    }
}

/// RETR, which must not begin.
fn refused(ftp: &mut Ftp, expected: &str) {
    let data = ftp.passive();
    ftp.expect("RETR old.bin", expected);
    drop(data);
}

#[test]
fn an_archived_file_is_told_from_one_that_may_not_be_read() {
    let stage = Stage::new(&[]);
    stage.put("old.bin", 100);
    let mut ftp = Ftp::login(&stage.server);
    for code in ["InvalidObjectState", "ObjectNotInActiveTierError"] {
        stage.injector.inject(Rule::new(Request::GetObject, Fault::Refuse(403, code)));
        refused(&mut ftp, REFUSED);
        stage.heal();
    }
    stage.injector.inject(Rule::new(Request::GetObject, Fault::Refuse(403, "AccessDenied")));
    refused(&mut ftp, "550 The store denied access (AccessDenied).");
    assert_eq!(stage.restores(), [""; 0], "archive = refuse");
    stage.heal();
    assert_eq!(ftp.fetch("RETR old.bin").len(), 100);
}

#[test]
fn a_download_asks_for_what_is_archived_until_it_is_there() {
    for (tier, takes) in
        [("expedited", "about 5 min"), ("standard", "about 5 h"), ("bulk", "about 12 h")]
    {
        let stage = Stage::new(&[("archive", "restore"), ("restore_tier", tier)]);
        stage.put("old.bin", 100);
        let mut ftp = Ftp::login(&stage.server);
        stage.archive();
        stage.injector.inject(Rule::new(Request::RestoreObject, Fault::Accept(202)).times(1));
        let running = Fault::Refuse(409, "RestoreAlreadyInProgress");
        stage.injector.inject(Rule::new(Request::RestoreObject, running));
        refused(&mut ftp, &format!("450 The file is archived: restore requested, {takes}"));
        for _ in 0..2 {
            refused(&mut ftp, "450 The file is archived and being restored; try again later.");
        }
        // Each is one request: a restore that runs is no failure to try again.
        assert_eq!(stage.restores(), ["old.bin"; 3]);
        stage.heal();
        assert_eq!(ftp.fetch("RETR old.bin").len(), 100);
        ftp.expect("REST 90", "350 ");
        assert_eq!(ftp.fetch("RETR old.bin").len(), 10);
        assert_eq!(stage.restores().len(), 3, "nothing is restored that can be read");
    }
}

#[test]
fn a_restore_that_the_store_refuses_is_told_as_it_is() {
    let stage = Stage::new(&[("archive", "restore"), ("retry_timeout", "1")]);
    stage.put("old.bin", 100);
    let mut ftp = Ftp::login(&stage.server);
    for (fault, expected) in [
        (Fault::Refuse(403, "AccessDenied"), "550 The store denied access (AccessDenied)."),
        (
            Fault::Refuse(403, "InvalidObjectState"),
            "550 The file is archived, and the store refused to restore it (InvalidObjectState).",
        ),
        (
            Fault::Refuse(405, "RestoreNonArchiveObject"),
            "550 The file is archived, and the store refused to restore it (RestoreNonArchive",
        ),
        (Fault::Refuse(503, "SlowDown"), "450 The store does not answer"),
        (Fault::ResetBeforeReply, "450 The store does not answer"),
        (Fault::Refuse(404, "NoSuchKey"), "550 No such file"),
    ] {
        stage.archive();
        stage.injector.inject(Rule::new(Request::RestoreObject, fault));
        refused(&mut ftp, expected);
    }
    // The gateway itself takes the signature for a good one, and this for the form of a browser.
    stage.archive();
    refused(&mut ftp, "550 The file is archived, and the store refused to restore it (InvalidArg");
    stage.heal();
    assert_eq!(ftp.fetch("RETR old.bin").len(), 100, "the session goes on");
}

#[test]
fn what_would_copy_an_archived_file_says_why_it_cannot() {
    for options in [&[][..], &[("archive", "restore")]] {
        let stage = Stage::new(options);
        for (key, bytes) in [("small", 100), ("large", 6 * MIB), ("d/in", 100)] {
            stage.put(key, bytes);
        }
        let mut ftp = Ftp::login(&stage.server);
        stage.archive();
        ftp.play(&[
            ("RNFR small", "350 "),
            ("RNTO other", REFUSED),
            ("MFMT 20200102030405 small", REFUSED),
            ("SITE UTIME 20200102030405 small", REFUSED),
            ("RNFR d", "350 "),
            ("RNTO e", "550 It cannot be done: "),
        ]);
        ftp.expect("RNFR d", "350 ");
        let reply = ftp.expect("RNTO e", "550 ");
        assert!(reply.contains("archived and must be restored first"), "{reply}");
        for name in ["small", "large"] {
            for rest in [None, Some("50")] {
                if let Some(offset) = rest {
                    ftp.expect(&format!("REST {offset}"), "350 ");
                }
                let verb = if rest.is_some() { "STOR" } else { "APPE" };
                let reply = upload(&mut ftp, &format!("{verb} {name}"), b"new").reply;
                assert!(reply.starts_with(REFUSED), "{verb} {name}: {reply}");
            }
        }
        stage.heal();
        // Nothing was changed, left behind or paid for.
        let rgw = Rgw::shared();
        assert_eq!(rgw.s3_list(&stage.bucket, ""), ["d/in", "large", "small"]);
        assert_eq!(rgw.s3_get(&stage.bucket, "small").len(), 100);
        assert_eq!(rgw.s3_get(&stage.bucket, "large").len(), 6 * MIB);
        assert_eq!(stage.restores(), [""; 0]);
        // What needs none of its bytes goes well.
        stage.archive();
        ftp.play(&[("SIZE small", "213 100"), ("MDTM small", "213 ")]);
        ftp.store("STOR small", b"new");
        ftp.expect("DELE large", "250 ");
        assert_eq!(rgw.s3_list(&stage.bucket, ""), ["d/in", "small"]);
    }
}
