//! Where keys come from: a metadata service hands out those of the real store behind it, or wrong
//! ones, or none; files are replaced under a running store.

use std::fs;
use std::sync::{Arc, Barrier};
use std::thread;

use cos_ftp_server::secret::Secret;
use cos_ftp_server::store::cos::{
    Buckets, CosOptions, CosStore, CredentialSource, PairSource, Part, RoleSource,
};
use cos_ftp_server::store::{ByteRange, ErrorKind, FileTree, Freshness};

use crate::store_cos::rgw::{self, Rgw};
use crate::store_cos::scripted::{Act, Scripted, answer};
use crate::store_cos::{at, kind, options, put, read};

/// When the stand-in's clock says that it answers; far from ours.
const DATE: &str = "Date: Fri, 12 Mar 2021 21:00:00 GMT\r\n";
/// The same, seconds since 1970.
const NOW: i64 = 1_615_582_800;

/// What the metadata service answers about a role whose keys last so many seconds.
fn document(id: &str, seconds: i64) -> Act {
    let key = rgw::secret_key();
    let body = format!(
        r#"{{"TmpSecretId":"{id}","TmpSecretKey":"{key}","ExpiredTime":{},
            "Expiration":"2021-03-12T23:00:00Z","Token":"the-token","Code":"Success"}}"#,
        NOW + seconds
    );
    answer("200 OK", DATE, &body)
}

fn good(seconds: i64) -> Act {
    document(&rgw::access_key(), seconds)
}

/// A metadata service of a machine with the role `ftp`, which answers about it by `script`.
fn metadata(mut script: impl FnMut() -> Act + Send + 'static) -> Scripted {
    Scripted::acting(move |head| {
        let path = head.split(' ').nth(1).unwrap();
        match path.strip_prefix("/latest/meta-data/cam/security-credentials/") {
            Some("") => Some(answer("200 OK", DATE, "ftp\nother\n")),
            Some("ftp") => Some(script()),
            _ => Some(answer("404 Not Found", DATE, "")),
        }
    })
}

fn with_role(bucket: &str, metadata: &Scripted, role: Option<&str>) -> CosOptions {
    let metadata_endpoint = format!("http://{}", metadata.endpoint);
    let source = RoleSource { role: role.map(str::to_owned), metadata_endpoint };
    CosOptions { credentials: CredentialSource::Role(source), ..options(bucket) }
}

#[test]
fn one_fetch_serves_all_who_need_the_keys_of_a_role() {
    const SESSIONS: usize = 12;
    let bucket = Rgw::shared().new_bucket();
    // The sessions come while the first question waits for its answer.
    let waiting = Arc::new(Barrier::new(SESSIONS + 1));
    let mut all_have_come = Some(Arc::clone(&waiting));
    let metadata = metadata(move || {
        if let Some(all_have_come) = all_have_come.take() {
            all_have_come.wait();
        }
        good(7200)
    });
    let buckets = Buckets::default();
    let open = || buckets.open(with_role(&bucket, &metadata, None)).unwrap();
    let stores = [open(), open()];
    thread::scope(|scope| {
        for session in 0..SESSIONS {
            let (store, waiting) = (&stores[session % 2], &waiting);
            scope.spawn(move || {
                waiting.wait();
                put(store, &format!("f{session}"), b"signed with the role's keys");
            });
        }
        // The stand-in waits too; this first request begins the fetch.
        stores[0].probe().unwrap();
    });
    assert_eq!(read(&stores[1], "f3", ByteRange::from(0)).unwrap(), b"signed with the role's keys");
    let asked: Vec<_> = metadata.seen().into_iter().map(|seen| seen.head).collect();
    assert_eq!(asked.len(), 2, "the role's name, then its keys, once: {asked:#?}");
}

#[test]
fn keys_that_the_store_refuses_are_replaced_once() {
    let bucket = Rgw::shared().new_bucket();
    let mut answers = vec![good(7200), document("AKIDREVOKED", 7200)];
    let metadata = metadata(move || answers.pop().unwrap_or_else(|| document("AKIDREVOKED", 7200)));
    let store = CosStore::connect(with_role(&bucket, &metadata, Some("ftp"))).unwrap();
    // HEAD has no body that could tell why it was refused.
    assert_eq!(kind(store.stat(&at("nothing"), Freshness::Recent)), ErrorKind::NotFound);
    put(&store, "f", b"bytes");
    assert_eq!(metadata.seen().len(), 2);
    let store = CosStore::connect(with_role(&bucket, &metadata, Some("ftp"))).unwrap();
    for _ in 0..3 {
        assert_eq!(store.probe().unwrap_err().code.as_deref(), Some("InvalidAccessKeyId"));
    }
    assert_eq!(metadata.seen().len(), 4, "the same keys again are not worth a third question");
}

#[test]
fn keys_are_fetched_again_when_they_end() {
    let bucket = Rgw::shared().new_bucket();
    let mut answers = vec![good(7200), good(1)];
    let metadata = metadata(move || answers.pop().unwrap());
    let store = CosStore::connect(with_role(&bucket, &metadata, Some("ftp"))).unwrap();
    while metadata.seen().len() < 2 {
        store.probe().unwrap();
    }
    store.probe().unwrap();
}

#[test]
fn a_metadata_service_in_trouble_is_waited_for() {
    let bucket = Rgw::shared().new_bucket();
    let mut answers = vec![good(7200), document("AKIDx", -1), answer("500 Oh", DATE, "")];
    let metadata = metadata(move || answers.pop().unwrap());
    let store = CosStore::connect(with_role(&bucket, &metadata, Some("ftp"))).unwrap();
    store.probe().unwrap();
    assert_eq!(metadata.seen().len(), 3);
}

#[test]
fn why_there_are_no_keys_is_told_without_them() {
    let body = r#"{"TmpSecretId":"hunter2","TmpSecretKey":7,"Token":"hunter2","Code":"Success"}"#;
    let metadata = metadata(move || answer("200 OK", "", body));
    for (role, expected) in [
        (Some("ftp"), "the answer is not the JSON of a role"),
        (None, "the answer is not the JSON of a role"),
        (Some("absent"), "no such CAM role is bound to this machine"),
    ] {
        let mut options = with_role("bucket", &metadata, role);
        options.timeouts.retry_total = std::time::Duration::ZERO;
        let error = CosStore::connect(options).unwrap().probe().unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
        let told = error.to_string();
        assert!(told.contains(expected) && !told.contains("hunter2"), "{told}");
    }
}

#[test]
fn fixed_temporary_keys_send_their_token() {
    let bucket = Rgw::shared().new_bucket();
    let gateway = Rgw::shared().endpoint().to_owned();
    let script = Scripted::acting(move |_| Some(Act::Forward(gateway.clone())));
    let told = |text: String| Part::Told(Secret::new(text));
    let store = CosStore::connect(CosOptions {
        endpoint: script.endpoint.clone(),
        credentials: CredentialSource::Pair(PairSource {
            id: told(rgw::access_key()),
            secret: told(rgw::secret_key()),
            token: Some(told("the-token".to_owned())),
        }),
        ..options(&bucket)
    })
    .unwrap();
    put(&store, "f", b"bytes");
    let head = &script.seen()[0].head;
    assert!(head.contains("\r\nx-amz-security-token: the-token\r\n"), "{head}");
    assert!(head.contains(";x-amz-security-token,"), "it is signed: {head}");
}

#[test]
fn keys_in_files_may_be_replaced_under_a_running_store() {
    let bucket = Rgw::shared().new_bucket();
    let directory = tempfile::tempdir().unwrap();
    let [id, secret] = ["id", "secret"].map(|name| directory.path().join(name));
    fs::write(&id, rgw::access_key() + "\n").unwrap();
    fs::write(&secret, "an-old-one\n").unwrap();
    let source = PairSource { id: Part::File(id), secret: Part::File(secret.clone()), token: None };
    let options = CosOptions { credentials: CredentialSource::Pair(source), ..options(&bucket) };
    let store = CosStore::connect(options).unwrap();
    assert_eq!(store.probe().unwrap_err().code.as_deref(), Some("SignatureDoesNotMatch"));
    fs::write(&secret, rgw::secret_key()).unwrap();
    store.probe().unwrap();
    put(&store, "f", b"bytes");
}
