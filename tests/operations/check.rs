use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::certificate::Certificate;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::scripted::{Act, Scripted, answer};
use crate::support::server::{Setup, Written};

/// What `check --json` says.
pub(super) struct Told {
    pub(super) status: i32,
    pub(super) whole: Value,
}

impl Told {
    pub(super) fn of(written: &Written) -> Self {
        Self::by(&mut written.command(&["check", "--json"]))
    }

    fn by(check: &mut Command) -> Self {
        let output = check.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let whole: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
        let status = output.status.code().unwrap();
        assert_eq!(whole["ok"], status == 0, "{text}");
        for secret in ["secret-1", &crate::support::rgw::secret_key()] {
            assert!(!text.contains(secret), "{text}");
        }
        Self { status, whole }
    }

    pub(super) fn lines(&self, outcome: &str) -> Vec<&Value> {
        let lines = self.whole["checks"].as_array().unwrap();
        lines.iter().filter(|line| line["outcome"] == outcome).collect()
    }

    pub(super) fn names(&self, outcome: &str) -> Vec<&str> {
        self.lines(outcome).iter().map(|line| line["check"].as_str().unwrap()).collect()
    }

    /// The one line that failed.
    pub(super) fn failed(&self) -> &Value {
        let failed = self.lines("failed");
        assert!(failed.len() == 1 && self.status == 1, "{:#}", self.whole);
        failed[0]
    }

    /// Asserts that `check` alone failed, with what is to be done in its words.
    pub(super) fn expect_failure(&self, check: &str, fix: &str) {
        let failed = self.failed();
        assert_eq!(failed["check"], check, "{failed:#}");
        assert!(failed["fix"].as_str().unwrap().contains(fix), "{fix:?} is not in {failed:#}");
    }
}

/// Few ports, so that it is quick.
pub(super) fn few_ports(setup: Setup) -> Setup {
    setup.network("passive_ports", "42000,42063").option("max_connection_num", "64")
}

fn bucket_behind(endpoint: &str) -> Setup {
    few_ports(Setup::bucket_behind(endpoint))
}

/// What the bucket holds, unfinished uploads included.
fn left_in(bucket: &str) -> (Vec<String>, Vec<String>) {
    (Rgw::shared().s3_list(bucket, ""), Rgw::shared().s3_list_uploads(bucket))
}

/// Every request, with the permission that is missing when it is refused.
const PERMISSIONS: &[(Request, &str)] = &[
    (Request::ListObjects, "name/cos:GetBucket"),
    (Request::PutObject, "name/cos:PutObject"),
    (Request::HeadObject, "name/cos:HeadObject"),
    (Request::GetObject, "name/cos:GetObject"),
    (Request::CopyObject, "name/cos:PutObjectCopy"),
    (Request::CreateMultipartUpload, "name/cos:InitiateMultipartUpload"),
    (Request::UploadPart, "name/cos:UploadPart"),
    (Request::UploadPartCopy, "name/cos:UploadPartCopy"),
    (Request::ListParts, "name/cos:ListParts"),
    (Request::ListMultipartUploads, "name/cos:ListMultipartUploads"),
    (Request::CompleteMultipartUpload, "name/cos:CompleteMultipartUpload"),
    (Request::AbortMultipartUpload, "name/cos:AbortMultipartUpload"),
    (Request::DeleteObject, "name/cos:DeleteObject"),
];

#[test]
fn each_permission_that_is_refused_is_named_and_no_other() {
    for (request, action) in PERMISSIONS {
        let injector = Injector::before(Rgw::shared().endpoint());
        injector.inject(Rule::new(*request, Fault::Refuse(403, "AccessDenied")));
        let setup = bucket_behind(&injector.endpoint()).account_key("cos_prefix", "team/a");
        let told = Told::of(&setup.write());
        assert_eq!(told.status, 1, "{request:?}");
        let failed = told.lines("failed");
        let named: BTreeSet<_> = failed.iter().filter_map(|line| line["action"].as_str()).collect();
        assert_eq!(named, BTreeSet::from([*action]), "{request:?}: {failed:#?}");
        let told_to: Vec<_> = failed.iter().map(|line| line["fix"].as_str().unwrap()).collect();
        assert!(told_to[0].contains(action), "{told_to:?}");

        let (objects, uploads) = left_in(setup.bucket_name());
        assert_eq!(objects.is_empty(), *request != Request::DeleteObject, "{request:?}");
        assert_eq!(uploads.is_empty(), *request != Request::AbortMultipartUpload, "{request:?}");
        for left in [objects, uploads].concat() {
            let line = failed.iter().find(|line| line["check"] == "clean-up").expect("told of");
            assert!(line["detail"].as_str().unwrap().contains(&left), "{line}");
        }
    }
}

#[test]
fn a_store_that_copies_ranges_of_large_objects_alone_is_fit() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let refusal = Fault::Refuse(400, "InvalidRequest");
    injector.inject(Rule::new(Request::UploadPartCopy, refusal).times(1));
    let setup = bucket_behind(&injector.endpoint());
    let told = Told::of(&setup.write());
    assert_eq!((told.status, injector.struck()), (0, 1), "{:#}", told.whole);
    assert_eq!(left_in(setup.bucket_name()), (vec![], vec![]));
}

#[test]
fn a_store_that_takes_a_copy_of_a_range_for_an_upload_is_told_so() {
    let gateway = Rgw::shared().endpoint().to_owned();
    let store = Scripted::acting(move |head| {
        let is_copy = head.contains("x-amz-copy-source-range");
        Some(if is_copy { answer("200 OK", "", "") } else { Act::Forward(gateway.clone()) })
    });
    let told = Told::of(&bucket_behind(&store.endpoint).write());
    told.expect_failure("UploadPartCopy", "cannot copy ranges");
}

#[test]
fn the_documented_policy_grants_just_what_is_tried() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cos.md")).unwrap();
    let (_, policy) = page.split_once("\"statement\": [").unwrap();
    let (policy, _) = policy.split_once("```").unwrap();
    let granted: BTreeSet<_> =
        policy.split('"').filter(|text| text.starts_with("name/cos:")).collect();
    // COS alone is asked what kind of bucket it is.
    let tried = PERMISSIONS.iter().map(|(_, action)| *action).chain(["name/cos:HeadBucket"]);
    let tried: BTreeSet<_> = tried.collect();
    assert_eq!(granted, tried);
}

#[test]
fn a_bucket_that_is_right_passes_every_check_and_nothing_stays_in_it() {
    let setup = bucket_behind(Rgw::shared().endpoint()).operations("abort_unfinished_after", "1");
    let bucket = setup.bucket_name().to_owned();
    Rgw::shared().s3_put(&bucket, "theirs", b"untouched");
    Rgw::shared().s3_begin_upload(&bucket, "forgotten");
    Rgw::shared().let_a_second_pass(&bucket);
    let told = Told::of(&setup.write());
    assert_eq!(told.status, 0, "{:#}", told.whole);
    assert_eq!(told.lines("skipped").len(), 0, "{:#}", told.whole);
    for (request, _) in PERMISSIONS {
        assert!(told.names("passed").contains(&format!("{request:?}").as_str()), "{request:?}");
    }
    let lines = told.lines("passed");
    let found = lines.iter().find(|line| line["check"] == "ListMultipartUploads").unwrap();
    let detail = found["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("1 unfinished uploads, 1 of them without new parts for 1 s"),
        "{detail}"
    );
    assert!(detail.contains("\"/forgotten\" for "), "{detail}");
    let (objects, uploads) = left_in(&bucket);
    assert_eq!((objects, uploads), (vec!["theirs".to_owned()], vec!["forgotten".to_owned()]));
}

/// Where nothing can be removed, nothing is stored; also where it may not be asked whether it can.
#[test]
fn nothing_is_left_in_a_bucket_with_object_lock() {
    let injector = Injector::before(Rgw::shared().endpoint());
    // As Amazon does, which this gateway does not.
    for request in [Request::PutObject, Request::UploadPart] {
        injector.inject(Rule::new(request, Fault::DemandChecksum));
    }
    for told_by_its_configuration in [true, false] {
        if !told_by_its_configuration {
            let refused = Fault::Refuse(403, "AccessDenied");
            injector.inject(Rule::new(Request::GetObjectLockConfiguration, refused));
        }
        let bucket = Rgw::shared().new_locked_bucket();
        let setup = || few_ports(Setup::bucket_named(&bucket, &injector.endpoint()));
        Told::of(&setup().option("partial_upload", "keep").write())
            .expect_failure("Object Lock", "partial_upload = park or discard");
        let told = Told::of(&setup().option("partial_upload", "discard").write());
        assert_eq!(told.status, 0, "{:#}", told.whole);
        assert!(told.names("skipped").contains(&"PutObject"), "{:#}", told.whole);
        let passed = told.names("passed");
        for tried in ["Object Lock", "HeadObject", "UploadPart", "AbortMultipartUpload"] {
            assert!(passed.contains(&tried), "{tried}: {:#}", told.whole);
        }
        assert_eq!(Rgw::shared().s3_list_versions(&bucket), Vec::<String>::new());
        assert_eq!(left_in(&bucket), (Vec::new(), Vec::new()));
    }
}

/// Without the right to ask, a bucket without a lock is tried as ever.
#[test]
fn a_lock_that_may_not_be_asked_about_does_not_fail_a_check() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let refused = Fault::Refuse(403, "AccessDenied");
    injector.inject(Rule::new(Request::GetObjectLockConfiguration, refused));
    let setup = bucket_behind(&injector.endpoint());
    let told = Told::of(&setup.write());
    assert_eq!((told.status, told.lines("skipped").len()), (0, 0), "{:#}", told.whole);
    let lines = told.lines("passed");
    let lock = lines.iter().find(|line| line["check"] == "Object Lock").expect("told of");
    assert!(lock["detail"].as_str().unwrap().starts_with("probably off"), "{lock}");
    assert_eq!(left_in(setup.bucket_name()), (Vec::new(), Vec::new()));
}

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
fn people_read_a_line_each_with_what_to_do() {
    let injector = Injector::before(Rgw::shared().endpoint());
    injector.inject(Rule::new(Request::PutObject, Fault::Refuse(403, "AccessDenied")));
    let written = bucket_behind(&injector.endpoint()).write();
    let output = written.command(&["check"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |start: &str| {
        let found = text.lines().find(|line| line.trim_start().starts_with(start));
        found.unwrap_or_else(|| panic!("no {start:?}: {text}"))
    };
    assert!(line("✗ PutObject").contains("403 AccessDenied"), "{text}");
    assert!(line("✗ PutObject").contains("→ allow the key pair s3:PutObject"), "{text}");
    assert!(line("– GetObject").contains("needs what PutObject stores"), "{text}");
    line("✓ ListObjects");
    let sum = text.lines().last().unwrap();
    assert!(sum.starts_with("1 of ") && sum.ends_with("the arrows show what to do"), "{text}");
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

#[test]
fn what_keeps_a_bucket_out_of_reach_is_told_apart() {
    let gateway = Rgw::shared().endpoint();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let told = |setup: &Setup| Told::of(&setup.write());
    let right = || bucket_behind(gateway);
    told(&right().replace("= AKID", "= NONE")).expect_failure("key pair", "cos_secretid");
    told(&right().replace("= SECRET", "= OTHER")).expect_failure("key pair", "cos_secretkey");
    told(&right().replace("cos_bucket = t", "cos_bucket = no-t"))
        .expect_failure("bucket", "cos_bucket");
    told(&bucket_behind(&closed)).expect_failure("connect", "firewalls");
    told(&bucket_behind("store.invalid")).expect_failure("DNS", "cos_endpoint");
    told(&right().replace("= http://", "= https://")).expect_failure("answer", "cos_protocol");
}

/// A store whose answer to a stranger has these headers.
fn greeting(headers: &'static str) -> Scripted {
    let gateway = Rgw::shared().endpoint().to_owned();
    Scripted::acting(move |head| {
        let is_stranger = !head.contains("authorization:");
        Some(if is_stranger {
            answer("403 Forbidden", headers, "")
        } else {
            Act::Forward(gateway.clone())
        })
    })
}

#[test]
fn a_clock_that_is_wrong_and_a_bucket_elsewhere_are_seen_in_the_first_answer() {
    let late = greeting("Date: Thu, 05 Mar 2020 12:00:00 GMT\r\n");
    let told = Told::of(&bucket_behind(&late.endpoint).write());
    told.expect_failure("clock", "NTP");
    let elsewhere = greeting("x-cos-bucket-region: ap-beijing\r\n");
    let told = Told::of(&bucket_behind(&elsewhere.endpoint).write());
    told.expect_failure("bucket", "cos_region = ap-beijing");
}

#[test]
fn the_machine_is_looked_at() {
    let taken = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let ports = format!("{port},{port}");
    let expect = |setup: Setup, check: &str, fix: &str| {
        Told::of(&setup.write()).expect_failure(check, fix);
    };
    let local = || few_ports(Setup::local());
    expect(local().network("passive_ports", &ports), "passive ports", "passive_ports");
    expect(
        local().network("masquerade_address", "gone.invalid"),
        "masquerade",
        "masquerade_address",
    );
    let crowd = Setup::local().network("passive_ports", "42000,42063");
    let told = Told::of(&crowd.option("max_connection_num", "1000000").write());
    assert_eq!(told.names("failed"), ["memory", "descriptors", "threads"], "{:#}", told.whole);
    expect(local().option("buffer_memory", "90%"), "memory", "buffer_memory");
    expect(local().option("idle_timeout", "soon"), "setting", "correct it");

    let directory = TempDir::new().unwrap();
    let socket = directory.path().join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    for (file, fix) in [
        ("/nowhere/a file.conf", " init --config '/nowhere/a file.conf'"),
        (socket.to_str().unwrap(), "name a file that can be read"),
    ] {
        let mut check = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
        Told::by(check.args(["check", "--json", file])).expect_failure("file", fix);
    }

    // The server's own log among the files of its clients.
    let within = local().write();
    let text = fs::read_to_string(within.config()).unwrap();
    let root = within.config().parent().unwrap().join("data");
    let log_dir = format!("\nlog_dir = {}\n", root.join("log").display());
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with("log_dir")).collect();
    fs::write(
        within.config(),
        lines.join("\n").replacen("[OPTIONAL]", &format!("[OPTIONAL]{log_dir}"), 1),
    )
    .unwrap();
    Told::of(&within).expect_failure("permissions", "move it out of the directory");

    let written = local().write();
    fs::set_permissions(written.config(), Permissions::from_mode(0o644)).unwrap();
    Told::of(&written).expect_failure("permissions", "chmod 600");
    let written = local().write();
    fs::remove_dir(written.dir().join("log")).unwrap();
    fs::write(written.dir().join("log"), "in the way").unwrap();
    Told::of(&written).expect_failure("log", "log_dir");
    // Root has every right there, and still nobody can.
    let text = fs::read_to_string(local().write().config()).unwrap();
    let nowhere = local().write();
    let lines = text.lines().map(|line| match line.starts_with("log_dir") {
        true => "log_dir = /proc\n".to_owned(),
        false => format!("{line}\n"),
    });
    fs::write(nowhere.config(), lines.collect::<String>()).unwrap();
    let told = Told::of(&nowhere);
    assert!(told.names("failed").contains(&"log"), "{:#}", told.whole);
    let written = local().write();
    fs::remove_dir(written.dir().join("data")).unwrap();
    Told::of(&written).expect_failure("files", "cos_endpoint");
    assert_eq!(Told::of(&local().write()).status, 0);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let (one, other) = (Certificate::new("one"), Certificate::new("other"));
    fs::copy(other.key(), one.key()).unwrap();
    let setup = one.serve(Setup::local(), "optional").delete_enable("maybe");
    let written = setup.option("max_connection_num", "1000000").write();
    let told = Told::of(&written);
    let failed: Vec<_> =
        told.lines("failed").iter().map(|line| line["detail"].to_string()).collect();
    let output = written.command(&["--check-config"]).output().unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    for wrong in ["delete_enable = maybe", "max_connection_num = 1000000", "tls_key_file"] {
        assert!(failed.iter().any(|detail| detail.contains(wrong)), "{wrong}: {failed:#?}");
        assert!(complaint.contains(wrong), "{wrong}: {complaint}");
    }
}

/// What `check` says of the certificate that is valid for `dates`, options of `openssl x509`.
fn certificate_line(dates: &str) -> (Value, Told) {
    let certificate = Certificate::valid_for("check", dates);
    let setup = certificate.serve(few_ports(Setup::local()), "required");
    let told = Told::of(&setup.write());
    let lines = told.whole["checks"].as_array().unwrap();
    let line = lines.iter().find(|line| line["check"] == "TLS certificate").unwrap().clone();
    (line, told)
}

#[test]
fn the_end_of_a_certificate_is_told_before_it_comes() {
    let (line, told) = certificate_line("-days 90");
    assert_eq!((line["outcome"].as_str(), told.status), (Some("passed"), 0), "{line:#}");
    assert!(line["detail"].as_str().unwrap().contains(", 89 days from now"), "{line:#}");
    let (line, told) = certificate_line("-days 13");
    assert_eq!((line["outcome"].as_str(), told.status), (Some("skipped"), 0), "{line:#}");
    assert!(line["detail"].as_str().unwrap().contains("renew it"), "{line:#}");
    let (_, told) = certificate_line("-days -1");
    told.expect_failure("TLS certificate", "renew it, or correct tls_cert_file");
}

#[test]
fn a_key_of_another_certificate_is_found() {
    let (one, other) = (Certificate::new("one"), Certificate::new("other"));
    fs::copy(other.key(), one.key()).unwrap();
    let told = Told::of(&one.serve(few_ports(Setup::local()), "optional").write());
    told.expect_failure("TLS certificate", "tls_key_file");
}
