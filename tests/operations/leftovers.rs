use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::Setup;

/// A bucket with unfinished uploads below `team/` and elsewhere, all silent for a second.
fn left_behind(setup: &Setup) {
    let (gateway, bucket) = (Rgw::shared(), setup.bucket_name());
    let id = gateway.s3_begin_upload(bucket, "team/in parts+.bin");
    gateway.s3_put_part(bucket, "team/in parts+.bin", &id, b"a part");
    for key in ["team/deep/数据.bin", "teamwork/x", "other/x", "team//no name"] {
        gateway.s3_begin_upload(bucket, key);
    }
    gateway.let_a_second_pass(bucket);
}

#[test]
fn silent_uploads_below_the_accounts_prefixes_are_aborted_at_start() {
    let setup = Setup::bucket();
    let bucket = setup.bucket_name().to_owned();
    left_behind(&setup);
    let mut server = setup
        .account_key("cos_prefix", "team")
        .option("log_level", "DEBUG")
        .operations("abort_unfinished_after", "1")
        .start();
    server.wait_for_log("2 aborted, 0 could not be, 1 left alone");
    for path in ["/in parts+.bin", "/deep/数据.bin"] {
        let line =
            server.wait_for_log(&format!("aborted the unfinished upload of {path:?} in cos"));
        assert!(line.contains("/team/ (us-east-1), silent for ") && line.ends_with(" s"), "{line}");
    }
    let left = Rgw::shared().s3_list_uploads(&bucket);
    assert_eq!(left, ["other/x", "team//no name", "teamwork/x"]);
    // The thread would look again tomorrow.
    assert!(server.stop().success());
    server.wait_for_log(" stopped");
}

#[test]
fn younger_uploads_are_left_alone_and_0_looks_for_none() {
    for after in ["24h", "0"] {
        let injector = Injector::before(Rgw::shared().endpoint());
        let setup = Setup::bucket_behind(&injector.endpoint());
        let bucket = setup.bucket_name().to_owned();
        left_behind(&setup);
        let mut server =
            setup.option("log_level", "DEBUG").operations("abort_unfinished_after", after).start();
        if after == "24h" {
            server.wait_for_log("0 aborted, 0 could not be, 5 left alone");
        }
        Ftp::login(&server).store("STOR file", b"x");
        assert!(server.stop().success());
        let asked = injector.seen().iter().any(|(seen, _)| *seen == Request::ListMultipartUploads);
        assert_eq!(asked, after == "24h", "{after}");
        assert_eq!(Rgw::shared().s3_list_uploads(&bucket).len(), 5, "{after}");
    }
}

#[test]
fn what_only_readers_see_is_left_alone() {
    let setup = Setup::bucket();
    let bucket = setup.bucket_name().to_owned();
    left_behind(&setup);
    let server = setup
        .account_key("cos_prefix", "other")
        .account("reader", "R", "false")
        .option("log_level", "DEBUG")
        .operations("abort_unfinished_after", "1")
        .start();
    server.wait_for_log(" stores looked through");
    server.wait_for_log("1 aborted, 0 could not be, 0 left alone");
    drop(server);
    let left = Rgw::shared().s3_list_uploads(&bucket);
    assert_eq!(left.len(), 4, "{left:?}");
    assert!(!left.contains(&"other/x".to_owned()));
}

#[test]
fn a_key_pair_that_may_not_look_for_them_is_told_what_it_needs() {
    let injector = Injector::before(Rgw::shared().endpoint());
    injector.inject(Rule::new(Request::ListMultipartUploads, Fault::Refuse(403, "AccessDenied")));
    let server = Setup::bucket_behind(&injector.endpoint()).start();
    let line = server.wait_for_log("unfinished uploads in ");
    assert!(line.contains("name/cos:ListMultipartUploads"), "{line}");
    // Nobody is kept from working by it.
    Ftp::login(&server).store("STOR file", b"x");
}
