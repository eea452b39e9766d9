/// What single accounts need.
mod accounts;
/// What is no matter of the store.
mod machine;

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::process::Command;

use serde_json::Value;

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
