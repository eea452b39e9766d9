use std::time::Duration;

use cos_ftp_server::store::cos::{CosOptions, CosStore};
use cos_ftp_server::store::{
    Body, Cancel, ErrorKind, Expected, Multipart, MultipartUpload, PartPlace, SilentUploads,
};

use crate::store_cos::rgw::Rgw;
use crate::store_cos::scripted::{Act, Scripted, answer};
use crate::store_cos::{at, kind, options, store};

const HOUR: Duration = Duration::from_secs(3600);

fn silent(store: &CosStore, silence: Duration) -> SilentUploads {
    store.silent_uploads(silence, None, &Cancel::new()).unwrap()
}

fn paths(found: &SilentUploads) -> Vec<&str> {
    found.uploads.iter().map(|silent| silent.upload.path.as_str()).collect()
}

#[test]
fn uploads_under_way_in_this_process_are_never_silent() {
    let bucket = Rgw::shared().new_bucket();
    let (ours, another) = (store(&bucket), store(&bucket));
    let completed = ours.create_multipart_upload(&at("/a")).unwrap();
    let aborted = ours.create_multipart_upload(&at("/b")).unwrap();
    let found = silent(&ours, Duration::ZERO);
    assert_eq!((paths(&found), found.others), (vec![], 2));
    assert_eq!(paths(&silent(&another, Duration::ZERO)), ["/a", "/b"]);
    assert_eq!(silent(&another, HOUR).others, 2);

    ours.abort_multipart_upload(&aborted).unwrap();
    complete(&ours, &completed);
    assert_eq!(silent(&ours, Duration::ZERO).others, 0);
}

fn complete(store: &CosStore, upload: &MultipartUpload) {
    let (cancel, place) = (Cancel::new(), PartPlace { number: 1, offset: 0 });
    let part = store.upload_part(upload, place, &Body::new(&[b"x"], &cancel)).unwrap();
    store.complete_multipart_upload(upload, &[part], &Expected::Anything).unwrap();
}

#[test]
fn an_upload_that_was_given_up_is_not_under_way_any_more() {
    const BEGUN: &str = "<InitiateMultipartUploadResult><UploadId>c</UploadId>\
        </InitiateMultipartUploadResult>";
    let old = "2020-03-05T09:00:00.000Z";
    let script = Scripted::new(vec![
        answer("200 OK", "", BEGUN),
        answer("403 Forbidden", "", ""),
        uploads(false, &[("team/c", "c", old)]),
        parts(false, &[]),
    ]);
    let store = scripted(&script);
    let upload = store.create_multipart_upload(&at("/c")).unwrap();
    assert_eq!(kind(store.abort_multipart_upload(&upload)), ErrorKind::AccessDenied);
    assert_eq!(paths(&silent(&store, HOUR)), ["/c"]);
}

/// Noon of the scripted store, whatever our own clock says.
const NOON: &str = "Date: Thu, 05 Mar 2020 12:00:00 GMT\r\n";

fn scripted(script: &Scripted) -> CosStore {
    let endpoint = script.endpoint.clone();
    let prefix = "team/".to_owned();
    CosStore::connect(CosOptions { endpoint, prefix, ..options("b") }).unwrap()
}

/// A page of uploads: key, id, and when it was begun.
fn uploads(truncated: bool, uploads: &[(&str, &str, &str)]) -> Act {
    let shown = |(key, id, begun): &(&str, &str, &str)| {
        format!(
            "<Upload><Key>{key}</Key><UploadId>{id}</UploadId><Initiated>{begun}</Initiated></Upload>"
        )
    };
    let text = format!(
        "<ListMultipartUploadsResult><EncodingType>url</EncodingType>\
         <IsTruncated>{truncated}</IsTruncated>{}</ListMultipartUploadsResult>",
        uploads.iter().map(shown).collect::<String>()
    );
    answer("200 OK", NOON, &text)
}

/// A page of parts with these numbers and times.
fn parts(truncated: bool, parts: &[(u32, &str)]) -> Act {
    let shown = |(number, time): &(u32, &str)| {
        format!("<Part><PartNumber>{number}</PartNumber><LastModified>{time}</LastModified></Part>")
    };
    let text = format!(
        "<ListPartsResult><IsTruncated>{truncated}</IsTruncated>{}</ListPartsResult>",
        parts.iter().map(shown).collect::<String>()
    );
    answer("200 OK", NOON, &text)
}

fn targets(script: &Scripted) -> Vec<String> {
    let target = |head: &str| head.split(' ').nth(1).unwrap().to_owned();
    script.seen().iter().map(|seen| target(&seen.head)).collect()
}

#[test]
fn silence_runs_from_the_last_part_by_the_stores_clock() {
    const OLD: &str = "2020-03-05T09:00:00.000Z";
    const YOUNG: &str = "2020-03-05T11:30:00.000Z";
    let script = Scripted::new(vec![
        uploads(
            false,
            &[
                ("team/no-parts", "1", OLD),
                ("team/old-part", "2", OLD),
                ("team/young-part", "3", OLD),
                ("team/young-itself", "4", YOUNG),
                ("team/part-of-unknown-time", "5", OLD),
                ("team/of-unknown-time", "6", "soon"),
                ("team/gone", "7", OLD),
                ("team/in-cos-words", "8", "Thu Mar 5 09:00:00 2020"),
                // A store that does not know the parameter `prefix`.
                ("other/old", "9", OLD),
                ("teamwork", "10", OLD),
            ],
        ),
        parts(false, &[]),
        parts(false, &[(1, OLD), (2, "2020-03-05T10:00:00.000Z")]),
        parts(true, &[(1, OLD), (2, OLD)]),
        parts(false, &[(3, YOUNG), (4, OLD)]),
        parts(false, &[(1, "soon")]),
        answer("404 Not Found", NOON, "<Error><Code>NoSuchUpload</Code></Error>"),
        parts(false, &[]),
    ]);
    let found = silent(&scripted(&script), HOUR);
    assert_eq!(paths(&found), ["/no-parts", "/old-part", "/in-cos-words"]);
    let hours = found.uploads.iter().map(|silent| silent.silent_for.as_secs() / 3600);
    assert_eq!(hours.collect::<Vec<_>>(), [3, 2, 3]);
    assert_eq!((found.others, found.next), (7, None));
    let asked = targets(&script);
    assert!(asked[0].contains("prefix=team%2f") && asked[0].contains("encoding-type=url"));
    assert!(asked[4].contains("part-number-marker=2"), "{asked:?}");
    assert!(!asked.iter().any(|target| target.contains("other") || target.contains("itself")));
}

#[test]
fn pages_of_uploads_lead_on_from_the_last_entry() {
    let young = "2020-03-05T11:59:00.000Z";
    let script = Scripted::new(vec![
        uploads(true, &[("team/a%20b%0A", "2~x", young)]),
        uploads(true, &[("team/a%20b%0A", "2~x", young)]),
    ]);
    let store = scripted(&script);
    let first = silent(&store, HOUR);
    let cancel = Cancel::new();
    let again = store.silent_uploads(HOUR, first.next.as_ref(), &cancel);
    assert_eq!(kind(again), ErrorKind::Other, "or it would be asked for ever");
    let target = targets(&script).remove(1);
    assert!(target.contains("key-marker=team%2fa%20b%0a&upload-id-marker=2~x"), "{target}");
    cancel.raise();
    assert_eq!(kind(store.silent_uploads(HOUR, None, &cancel)), ErrorKind::Cancelled);
    assert_eq!(script.seen().len(), 2);
}
