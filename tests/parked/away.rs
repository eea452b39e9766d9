use super::{Cut, SENT, cut_upload, cut_upload_of};
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::Setup;
use crate::support::stored::noise;

#[test]
fn a_bucket_that_is_away_does_not_keep_what_was_left_in_others() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let setup = Setup::bucket_behind(&injector.endpoint()).option("partial_upload", "park");
    let (setup, bucket) = setup.bucket_account("other", Rgw::shared().endpoint());
    let setup = setup.option("publish_parked_after", "1").option("retry_timeout", "1");
    let mut server = setup.start();
    let bytes = noise(95, SENT);
    injector.inject(Rule::new(Request::ListParts, Fault::Refuse(503, "SlowDown")));
    cut_upload(&server, "STOR", "file", &bytes, Cut::Leave);
    server.wait_for_log("/file cannot be published now");
    let ftp = Ftp::login_as(&server, "other");
    cut_upload_of(ftp, &server, ("STOR", "elsewhere"), &bytes, Cut::Leave);
    server.wait_for_log("published path=\"/elsewhere\"");
    assert_eq!(Rgw::shared().s3_get(&bucket, "elsewhere"), bytes);
    // Nor is it forgotten.
    injector.heal();
    assert!(server.stop().success());
    server.stored().expect("file", &bytes);
}

/// The store puts it together, says nothing of it, and is away when it is asked.
#[test]
fn a_marker_of_what_may_not_be_whole_is_named() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let setup = Setup::bucket_behind(&injector.endpoint()).account_key("done_marker", ".ok");
    let setup = setup.option("publish_parked_after", "3").option("retry_timeout", "1");
    // It is asked again after half of that.
    let server = setup.operations("abort_unfinished_after", "8").start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR file", b"whole");
    server.stored().put_early(["file".to_owned()], b"whole");
    let bytes = noise(96, SENT);
    cut_upload(&server, "STOR", "file", &bytes, Cut::Leave);
    injector.inject(Rule::new(Request::CompleteMultipartUpload, Fault::LoseAnswer));
    let look = Rule::new(Request::HeadObject, Fault::Refuse(503, "SlowDown"));
    injector.inject(look.key("file").after(1));
    server.wait_for_log("/file cannot be published now");
    injector.heal();
    server.wait_for_log("/file.ok stays, though /file may be what was left, and not whole");
    server.stored().expect("file", &bytes);
    assert!(server.stored().files().contains(&"file.ok".to_owned()));
}
