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
