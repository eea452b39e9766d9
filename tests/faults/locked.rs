use std::io::Write;

use crate::faults::transfers::upload;
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;

/// A file that goes in parts.
const IN_PARTS: usize = 12 << 20;

/// A server whose store takes no body without a checksum.
fn demanding(setup: impl FnOnce(&Injector) -> Setup) -> (TestServer, Injector) {
    let injector = Injector::before(Rgw::shared().endpoint());
    for request in [Request::PutObject, Request::UploadPart] {
        injector.inject(Rule::new(request, Fault::DemandChecksum));
    }
    let server = setup(&injector).operations("abort_unfinished_after", "0").start();
    (server, injector)
}

#[test]
fn bodies_go_with_their_checksum_once_it_was_demanded() {
    let small = &noise(91, 1000)[..];
    let large = &noise(92, IN_PARTS)[..];
    let (small, large) = (("small", small), ("large", large));
    let orders = [("auto", [large, small]), ("md5", [small, large]), ("off", [small, large])];
    for (verify, files) in orders {
        let (server, injector) = demanding(|injector| {
            Setup::bucket_behind(&injector.endpoint())
                .option("verify_uploads", verify)
                // One after another, so that the first refusal is the only one.
                .option("upload_thread_num", "1")
        });
        let mut ftp = Ftp::login(&server);
        for (name, bytes) in files {
            let seen = upload(&mut ftp, &format!("STOR {name}"), bytes);
            assert_eq!(seen.code, 226, "{verify}, {name}: {seen:?}");
            server.stored().expect(name, bytes);
        }
        ftp.expect("MKD directory", "257 ");
        assert_eq!(injector.struck(), 1, "{verify}: {:?}", injector.seen());
    }
}

/// Other refusals of the same kind are refusals.
#[test]
fn what_else_is_refused_with_400_is_not_sent_again() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let refused = Fault::Refuse(400, "InvalidRequest");
    injector.inject(Rule::new(Request::UploadPart, refused));
    let setup = Setup::bucket_behind(&injector.endpoint()).option("upload_thread_num", "1");
    let server = setup.start();
    let mut ftp = Ftp::login(&server);
    assert_eq!(upload(&mut ftp, "STOR f", &noise(93, IN_PARTS)).code, 451);
    assert_eq!(injector.struck(), 1, "{:?}", injector.seen());
}

fn keeping(setup: Setup) -> Setup {
    setup.option("partial_upload", "keep")
}

/// Begins an upload and resets it in the middle; the reply.
fn interrupt(ftp: &mut Ftp, name: &str) -> String {
    let mut data = ftp.passive().open();
    ftp.expect(&format!("STOR {name}"), "150 ");
    data.write_all(&noise(94, 100_000)).expect("the server takes it");
    ftp.wait_for_bytes(100_000);
    ftp.send("ABOR");
    let reply = ftp.reply();
    ftp.expect_reply("226 ");
    reply
}

#[test]
fn no_fragment_is_left_where_nobody_could_remove_it() {
    let bucket = Rgw::shared().new_locked_bucket();
    let (server, _injector) =
        demanding(|injector| keeping(Setup::bucket_named(&bucket, &injector.endpoint())));
    server.wait_for_log("keeps what is stored (Object Lock): partial_upload = keep does not hold");
    let mut ftp = Ftp::login(&server);
    let reply = interrupt(&mut ftp, "fragment");
    assert!(reply.starts_with("426 ") && !reply.contains("kept"), "{reply}");
    server.wait_for_log("partial file not kept");
    assert_eq!(Rgw::shared().s3_list_versions(&bucket), Vec::<String>::new());
    assert_eq!(upload(&mut ftp, "STOR whole", &noise(95, IN_PARTS)).code, 226);
    assert_eq!(Rgw::shared().s3_list_versions(&bucket), ["whole"]);
}

/// Without the right to read the configuration, the first refusal tells.
#[test]
fn no_fragment_is_left_once_a_checksum_was_demanded() {
    let (server, injector) =
        demanding(|injector| keeping(Setup::bucket_behind(&injector.endpoint())));
    let mut ftp = Ftp::login(&server);
    assert!(interrupt(&mut ftp, "before").starts_with("426 "));
    assert_eq!(upload(&mut ftp, "STOR large", &noise(96, IN_PARTS)).code, 226);
    assert!(injector.struck() > 0);
    assert!(interrupt(&mut ftp, "after").starts_with("426 "));
    server.wait_for_log("partial file not kept");
    assert_eq!(server.stored().files(), ["before", "large"]);
}
