//! What an account's own settings need of the bucket.

use super::{Told, bucket_behind, left_in};
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;

/// The right to restore is tried where it is used, without anything that would be restored.
#[test]
fn whether_archived_files_may_be_restored_is_tried_where_that_is_wanted() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let setup = || bucket_behind(&injector.endpoint()).option("archive", "restore");
    for (status, code) in [(403, "InvalidObjectState"), (405, "RestoreNonArchiveObject")] {
        injector.inject(Rule::new(Request::RestoreObject, Fault::Refuse(status, code)));
        for authority in ["RW", "R"] {
            let told = Told::of(&setup().authority(authority).write());
            assert_eq!(told.status, 0, "{:#}", told.whole);
            assert!(told.names("passed").contains(&"RestoreObject"), "{:#}", told.whole);
        }
        injector.heal();
    }
    injector.inject(Rule::new(Request::RestoreObject, Fault::Refuse(403, "AccessDenied")));
    Told::of(&setup().write()).expect_failure("RestoreObject", "name/cos:PostObjectRestore");
    injector.heal();
    // This gateway has no archive, and takes the request for another one.
    Told::of(&setup().write()).expect_failure("RestoreObject", "set archive = refuse");
    let told = Told::of(&bucket_behind(&injector.endpoint()).write());
    assert!(!told.names("passed").contains(&"RestoreObject"), "{:#}", told.whole);
}

#[test]
fn accounts_are_asked_for_no_more_than_they_need() {
    let injector = Injector::before(Rgw::shared().endpoint());
    for request in [Request::DeleteObject, Request::ListMultipartUploads] {
        injector.inject(Rule::new(request, Fault::Refuse(403, "AccessDenied")));
    }
    let keeps = bucket_behind(&injector.endpoint())
        .delete_enable("false")
        .option("partial_upload", "keep")
        .operations("abort_unfinished_after", "0");
    let told = Told::of(&keeps.write());
    assert_eq!(told.status, 0, "{:#}", told.whole);
    let skipped = told.names("skipped");
    assert_eq!(skipped, ["ListMultipartUploads", "DeleteObject", "clean-up"]);
    let (objects, _) = left_in(keeps.bucket_name());
    let clean_up = &told.lines("skipped")[2]["detail"];
    assert!(!objects.is_empty());
    assert!(objects.iter().all(|key| clean_up.as_str().unwrap().contains(key)), "{clean_up}");

    let readers = Injector::before(Rgw::shared().endpoint());
    let reading = bucket_behind(&readers.endpoint()).authority("R");
    let told = Told::of(&reading.write());
    assert_eq!(told.status, 0, "{:#}", told.whole);
    assert!(readers.seen().iter().all(|(request, _)| {
        matches!(request, Request::ListObjects | Request::HeadObject | Request::GetObject)
    }));
    readers.inject(Rule::new(Request::GetObject, Fault::Refuse(403, "AccessDenied")));
    Told::of(&reading.write()).expect_failure("GetObject", "name/cos:GetObject");
}

/// What the account says of files is sent as uploads send it, and told key by key.
#[test]
fn what_is_set_for_files_is_tried() {
    let setup = || {
        bucket_behind(Rgw::shared().endpoint())
            .account_key("storage_class", "STANDARD_IA")
            .account_key("server_side_encryption", "aws:kms:key-1")
            .account_key("object_acl", "public-read")
            .account_key("stamp_uploads", "on")
            .account_key("upload_headers", "Cache-Control: no-cache")
    };
    let right = setup();
    let told = Told::of(&right.write());
    assert_eq!(told.status, 0, "{:#}", told.whole);
    let detail = |told: &Told, outcome: &str, check: &str| {
        let lines = told.lines(outcome);
        let line = lines.iter().find(|line| line["check"] == check);
        line.unwrap_or_else(|| panic!("{check}: {:#}", told.whole))["detail"].to_string()
    };
    for (check, expected) in [
        ("storage_class", "in effect: STANDARD_IA"),
        ("server_side_encryption", "in effect: aws:kms, key-1"),
        ("object_acl", "in effect: public-read"),
        ("stamp_uploads", "in effect: alice, "),
        ("upload_headers", "in effect: no-cache"),
    ] {
        let detail = detail(&told, "passed", check);
        assert!(detail.contains(expected), "{check}: {detail}");
    }
    assert!(detail(&told, "skipped", "storage_class").contains("billed as 64 KB"));
    assert_eq!(left_in(right.bucket_name()), (Vec::new(), Vec::new()));

    // This gateway forgets the tags of an upload in parts: they are set afterwards.
    let tagged = setup().account_key("object_tags", "site=gz&user=%u");
    let told = Told::of(&tagged.write());
    assert_eq!(told.status, 0, "{:#}", told.whole);
    assert!(detail(&told, "passed", "PutObjectTagging").contains("needed: the store ignores"));
    // It has S3's names for everything, and takes no notice of others: each is told apart.
    let foreign =
        setup().account_key("object_tags", "site=gz").account_key("object_header_names", "x-cos");
    let told = Told::of(&foreign.write());
    let keys = ["storage_class", "server_side_encryption", "object_acl", "object_tags"];
    assert_eq!(told.names("failed"), [&keys[..], &["stamp_uploads"]].concat(), "{:#}", told.whole);
    for line in told.lines("failed") {
        assert!(line["fix"].to_string().contains("object_header_names = x-amz"), "{line}");
    }
    // And knows no such class: all else is taken.
    let wrong = setup().replace("= STANDARD_IA", "= NONE");
    let told = Told::of(&wrong.write());
    told.expect_failure("storage_class", "correct this key, or leave it out");
    assert!(told.failed()["detail"].as_str().unwrap().contains("400 InvalidArgument"));
    assert!(detail(&told, "passed", "object_acl").contains("accepted"), "by itself");
    assert_eq!(left_in(wrong.bucket_name()), (Vec::new(), Vec::new()));
}

/// Only who has tags needs to read them.
#[test]
fn a_key_that_may_not_read_tags_is_good_for_files_without() {
    let injector = Injector::before(Rgw::shared().endpoint());
    injector.inject(Rule::new(Request::GetObjectTagging, Fault::Refuse(403, "AccessDenied")));
    let told = Told::of(&bucket_behind(&injector.endpoint()).write());
    assert_eq!((told.status, told.names("skipped")), (0, vec!["GetObjectTagging"]));
    injector.heal();
    injector.inject(Rule::new(Request::GetObjectTagging, Fault::Refuse(403, "AccessDenied")));
    let tagged = bucket_behind(&injector.endpoint()).account_key("object_tags", "a=b");
    let told = Told::of(&tagged.write());
    assert!(told.names("failed").contains(&"GetObjectTagging"), "{:#}", told.whole);
}

/// Nobody needs to read ACLs, and who has one set for files is told what became of it if he may.
#[test]
fn a_key_that_may_not_read_acls_is_told_what_that_means() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let may_not = || Rule::new(Request::GetObjectAcl, Fault::Refuse(403, "AccessDenied"));
    injector.inject(may_not());
    let told = Told::of(&bucket_behind(&injector.endpoint()).write());
    assert_eq!((told.status, told.names("skipped")), (0, vec!["GetObjectAcl"]));
    let detail = told.lines("skipped")[0]["detail"].to_string();
    assert!(detail.contains("files get the bucket's ACL"), "{detail}");
    for (key, value, expected) in
        [("keep_acl", "off", None), ("object_acl", "private", Some("the store does not report"))]
    {
        injector.heal();
        injector.inject(may_not());
        let told = Told::of(&bucket_behind(&injector.endpoint()).account_key(key, value).write());
        assert_eq!((told.status, told.names("skipped")), (0, vec![]), "{key}");
        let lines = told.lines("passed");
        let line = lines.iter().find(|line| line["check"] == "object_acl");
        let detail = line.map(|line| line["detail"].to_string());
        assert_eq!(detail.is_some(), expected.is_some(), "{key}");
        assert!(detail.unwrap_or_default().contains(expected.unwrap_or_default()), "{key}");
    }
}
