//! What accounts say of the files that they store.

use cos_ftp_server::store::cos::{HeaderNames, ObjectTerms, ServerSideEncryption};

use super::support::{ACCOUNT, FIRST_FORM_ACCOUNT, bucket, refused, warned};

const DIRECTORY: &str = "[COS_ACCOUNT_0]\ncos_endpoint = file:///srv\nhome_dir = /h\n\
    ftp_login_user_name = user0\nftp_login_user_password = hunter2\nauthority = RW\n";

#[test]
fn nothing_is_said_unless_it_stands_there() {
    assert_eq!(bucket(ACCOUNT).objects, ObjectTerms::default());
}

#[test]
fn every_key_has_its_effect_in_both_places() {
    const LINES: &str = "storage_class = standard_ia\nserver_side_encryption = cos/kms:k-1\n\
        object_acl = Public-Read\nkeep_acl = off\nobject_tags = site=gz&user=%u\nstamp_uploads = on\n\
        upload_headers = Cache-Control: max-age=60 & Content-Disposition: inline; filename=\"a\"\n\
        object_header_names = x-cos\n";
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected = ObjectTerms {
        storage_class: Some("STANDARD_IA".into()),
        encryption: Some(ServerSideEncryption::CosKms(Some("k-1".into()))),
        acl: Some("public-read".into()),
        keeps_acl: false,
        tags: vec![pair("site", "gz"), pair("user", "%u")],
        stamps: true,
        headers: vec![
            pair("cache-control", "max-age=60"),
            pair("content-disposition", "inline; filename=\"a\""),
        ],
        names: HeaderNames::Cos,
    };
    assert_eq!(bucket(&format!("{ACCOUNT}{LINES}")).objects, expected);
    assert_eq!(bucket(&format!("{ACCOUNT}[OPTIONAL]\n{LINES}")).objects, expected);
    let first_form = FIRST_FORM_ACCOUNT.replace("cos_appid", &format!("{LINES}cos_appid"));
    assert_eq!(bucket(&first_form).objects, expected);
}

#[test]
fn an_account_may_differ_from_the_others_and_leave_it_to_its_bucket() {
    let all = "[OPTIONAL]\nstorage_class = STANDARD_IA\nserver_side_encryption = AES256\n\
        object_acl = private\nobject_tags = a=b\nstamp_uploads = on\n\
        upload_headers = Cache-Control: no-cache\n";
    let own = "storage_class = MAZ_STANDARD\nserver_side_encryption = off\nobject_acl = off\n\
        object_tags = off\nstamp_uploads = off\nupload_headers = off\n";
    let class = Some("MAZ_STANDARD".to_owned());
    let expected = ObjectTerms { storage_class: class, ..ObjectTerms::default() };
    assert_eq!(bucket(&format!("{ACCOUNT}{own}{all}")).objects, expected);
}

#[test]
fn a_wrong_value_is_named_with_what_is_accepted() {
    for (line, accepted) in [
        ("storage_class = STANDARD IA", "the name of a storage class, such as STANDARD_IA"),
        ("server_side_encryption = kms", "AES256, cos/kms, cos/kms:key, aws:kms"),
        ("object_acl = everybody", "private, public-read, "),
        ("object_tags = site", "name=value&name=value, at most 10"),
        ("object_tags = a=1&a=2", "name=value&name=value, at most 10 different names"),
        ("stamp_uploads = maybe", "on or off"),
        ("upload_headers = x-amz-acl: public-read", "Name: value, several separated by"),
        ("object_header_names = s3", "auto, x-amz or x-cos"),
    ] {
        for (text, section, at) in [
            (format!("{ACCOUNT}{line}\n"), "COS_ACCOUNT_0", 10),
            (format!("{ACCOUNT}[OPTIONAL]\n{line}\n"), "OPTIONAL", 11),
        ] {
            let problems = refused(text);
            let expected =
                format!("a.conf:{at}: [{section}] {line}: not accepted; accepted is {accepted}");
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].starts_with(&expected), "{}\n{expected}", problems[0]);
        }
    }
}

#[test]
fn what_a_login_makes_of_it_is_looked_at() {
    let named = |name: &str, line: &str| {
        ACCOUNT.replace("name = user0", &format!("name = {name}")) + line + "\n"
    };
    for (text, expected) in [
        (
            named("a!b", "object_tags = user=%u"),
            "a.conf:10: [COS_ACCOUNT_0] object_tags = user=%u: %u makes a tag of the user name a!b",
        ),
        (
            named("a!b", "[OPTIONAL]\nobject_tags = user=%u"),
            "a.conf:1: [COS_ACCOUNT_0] object_tags of [OPTIONAL]: %u makes a tag of the user name \
             a!b",
        ),
        (
            named(&"u".repeat(251), "object_tags = user=user-%u"),
            "a.conf:10: [COS_ACCOUNT_0] object_tags = user=user-%u: %u makes a tag of the user \
             name",
        ),
        (
            named(&"用".repeat(220), "stamp_uploads = on"),
            "a.conf:10: [COS_ACCOUNT_0] stamp_uploads = on: the user name 用",
        ),
        (
            FIRST_FORM_ACCOUNT
                .replace("[FTP", "object_tags = user=%u\n[FTP")
                .replace("user0:hunter2:RW", "user0:hunter2:RW;b!:hunter2:R"),
            "a.conf:8: [COS_ACCOUNT] object_tags = user=%u: %u makes a tag of the user name b!",
        ),
    ] {
        let problems = refused(&text);
        assert!(problems.len() == 1 && problems[0].starts_with(expected), "{problems:?}\n{text}");
    }
    // Where the login does not stand in it, nothing is wrong.
    bucket(&named("a!b", "object_tags = user=x"));
}

#[test]
fn in_a_directory_it_means_nothing_and_that_is_told() {
    let (_, warnings) = warned(&format!("{DIRECTORY}object_acl = private\n"));
    assert_eq!(
        warnings,
        ["a.conf:7: [COS_ACCOUNT_0] object_acl = private: has no effect on a directory \
             (file://); ignored"]
    );
    let of_all = "[OPTIONAL]\nstorage_class = STANDARD_IA\n";
    let (_, warnings) = warned(&format!("{DIRECTORY}{of_all}"));
    assert_eq!(
        warnings,
        ["a.conf:8: [OPTIONAL] storage_class = STANDARD_IA: has no effect: every account serves \
             a directory (file://); ignored"]
    );
    let beside = DIRECTORY.replace("ACCOUNT_0", "ACCOUNT_1").replace("user0", "user1");
    let (_, warnings) = warned(&format!("{ACCOUNT}{beside}{of_all}"));
    assert_eq!(warnings, [""; 0], "another account has a bucket");
}
