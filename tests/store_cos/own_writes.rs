//! What we changed is seen at once by everybody who asks this process: neither the memory of what
//! the store told nor a listing that lags hides it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use cos_ftp_server::store::cos::{Buckets, CosOptions, CosStore, VerifyUploads};
use cos_ftp_server::store::{
    Body, Cancel, ErrorKind, Expected, FileTree, Freshness, ListRequest, Multipart, PartPlace,
};

use time::format_description::well_known::Rfc2822;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::store_cos::rgw::Rgw;
use crate::store_cos::scripted::{Act, Scripted, answer, error};
use crate::store_cos::{at, in_front, kind, list, names, options, put, store};

/// Size of a file; `None` for a directory.
fn size(store: &CosStore, path: &str) -> Option<u64> {
    let metadata = store.stat(&at(path), Freshness::Recent).unwrap().metadata;
    (!metadata.is_directory()).then_some(metadata.size)
}

/// Everything a session asks before it changes something.
fn look(store: &CosStore, paths: &[&str]) {
    for path in paths {
        let _ = store.stat(&at(path), Freshness::Recent);
        let directory = at(path);
        let _ = store.list(
            &ListRequest { directory: &directory, name_prefix: "", after: None, with_times: false },
            None,
        );
    }
}

#[test]
fn no_change_is_masked_by_what_was_told_before() {
    let bucket = Rgw::shared().new_bucket();
    let (mine, other) = {
        let buckets = Buckets::default();
        let open = || buckets.open(options(&bucket)).unwrap();
        (open(), open())
    };
    let all = ["/", "d", "d/f", "d/s", "d/s/g", "e", "e/s/g", "m", "n"];
    let see = || look(&other, &all);
    see();
    put(&mine, "d/f", b"1");
    assert_eq!((size(&other, "d/f"), size(&other, "d")), (Some(1), None));
    see();
    put(&mine, "d/f", b"four");
    assert_eq!(size(&other, "d/f"), Some(4));
    assert_eq!(list(&other, "d").0[0].metadata.size, 4);
    see();
    let upload = mine.create_multipart_upload(&at("d/f")).unwrap();
    let place = PartPlace { number: 1, offset: 0 };
    let part = mine.upload_part(&upload, place, &Body::new(&[b"seven77"], &Cancel::new())).unwrap();
    see();
    mine.complete_multipart_upload(&upload, &[part], &Expected::Anything).unwrap();
    assert_eq!(size(&other, "d/f"), Some(7));
    see();
    put(&mine, "d/s/g", b"12");
    see();
    mine.rename(&at("d"), &at("e")).unwrap();
    for path in ["d", "d/f", "d/s", "d/s/g"] {
        assert_eq!(kind(other.stat(&at(path), Freshness::Recent)), ErrorKind::NotFound, "{path}");
    }
    assert_eq!((size(&other, "e/s/g"), size(&other, "e/f")), (Some(2), Some(7)));
    assert_eq!(names(&other, "/"), ["e/"]);
    see();
    mine.rename(&at("e/s/g"), &at("m")).unwrap();
    assert_eq!(size(&other, "m"), Some(2));
    assert_eq!(size(&other, "e/s"), None, "emptied, and kept");
    see();
    mine.delete_object(&at("m")).unwrap();
    assert_eq!(kind(other.stat(&at("m"), Freshness::Recent)), ErrorKind::NotFound);
    see();
    mine.create_directory(&at("m")).unwrap();
    assert_eq!(size(&other, "m"), None);
    see();
    mine.remove_directory(&at("m")).unwrap();
    assert_eq!(kind(other.stat(&at("m"), Freshness::Recent)), ErrorKind::NotFound);
    see();
    mine.remove_directory(&at("e/s")).unwrap();
    assert_eq!(names(&other, "e"), ["f"]);
}

#[test]
fn a_file_over_a_directory_is_refused_and_seen_where_another_tool_made_it() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    rgw.s3_put(&bucket, "d/a/x", b"x");
    look(&store, &["d", "d/a"]);
    let (pieces, cancel): ([&[u8]; 1], _) = ([b"file"], Cancel::new());
    let body = Body::new(&pieces, &cancel);
    let refused = store.put_object(&at("d/a"), &body, &Expected::Anything).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::IsADirectory);
    assert_eq!(names(&store, "d"), ["a/"]);
    rgw.s3_put(&bucket, "d/a", b"file");
    assert_eq!(names(&store, "d"), ["a"]);
    assert_eq!(size(&store, "d/a"), Some(4), "also after that listing");
    store.delete_object(&at("d/a")).unwrap();
    assert_eq!(size(&store, "d/a"), None);
    assert_eq!(names(&store, "d"), ["a/"]);
}

/// A file is stored after its HEAD found none and before that of the directory's marker is answered.
#[test]
fn an_answer_from_before_a_change_is_not_believed_after_it() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    rgw.s3_put(&bucket, "d/a/", b"");
    let gateway = rgw.endpoint().to_owned();
    let barrier = Arc::new(Barrier::new(2));
    let gate = Arc::clone(&barrier);
    let (script, store) = in_front(&bucket, move |head| {
        let is_marker = head.starts_with("head /") && head.contains("/d/a/ ");
        is_marker.then(|| Act::Meet(Arc::clone(&gate), Box::new(Act::Forward(gateway.clone()))))
    });
    thread::scope(|scope| {
        let asked = scope.spawn(|| size(&store, "d/a"));
        script.wait_for(2);
        put(&store, "d/a", b"file");
        barrier.wait();
        assert_eq!(asked.join().unwrap(), None, "as it was when it was asked");
    });
    assert_eq!(size(&store, "d/a"), Some(4));
}

#[test]
fn a_listing_that_lags_shows_our_changes() {
    let bucket = Rgw::shared().new_bucket();
    let pages: Arc<Mutex<BTreeMap<String, String>>> = Arc::default();
    let frozen = Arc::clone(&pages);
    // Every directory is listed for ever as it was when it was first asked for.
    let (_script, store) = in_front(&bucket, move |head| {
        let query = head.strip_prefix("get ")?.split(' ').next()?.to_owned();
        if !query.contains("max-keys=") {
            return None;
        }
        let mut frozen = frozen.lock().unwrap();
        let page = frozen.entry(query).or_insert_with(|| {
            "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>".to_owned()
        });
        Some(answer("200 OK", "", page))
    });
    put(&store, "d/f", b"1");
    put(&store, "d/s/g", b"22");
    assert_eq!(names(&store, "/"), ["d/"]);
    assert_eq!(names(&store, "d"), ["f", "s/"]);
    store.rename(&at("d/f"), &at("d/h")).unwrap();
    assert_eq!(names(&store, "d"), ["h", "s/"]);
    store.rename(&at("d"), &at("e")).unwrap();
    assert_eq!(names(&store, "e"), ["h", "s/"]);
    assert_eq!(names(&store, "e/s"), ["g"]);
    assert_eq!((size(&store, "e/s/g"), size(&store, "e/h")), (Some(2), Some(1)));
    assert_eq!(names(&store, "/"), ["e/"]);
    assert_eq!(kind(store.remove_directory(&at("e/s"))), ErrorKind::DirectoryNotEmpty);
    store.delete_object(&at("e/s/g")).unwrap();
    assert_eq!(size(&store, "e/s"), None);
    store.remove_directory(&at("e/s")).unwrap();
    assert_eq!(names(&store, "e"), ["h"]);

    // And what it still shows is not believed.
    let stale = "<ListBucketResult><IsTruncated>false</IsTruncated>\
        <Contents><Key>gone</Key><Size>9</Size></Contents>\
        <Contents><Key>kept</Key><Size>9</Size></Contents></ListBucketResult>";
    for path in ["gone", "kept"] {
        put(&store, path, b"123456789");
    }
    for page in pages.lock().unwrap().values_mut() {
        stale.clone_into(page);
    }
    store.delete_object(&at("gone")).unwrap();
    put(&store, "kept", b"four");
    assert_eq!(names(&store, "/"), ["e/", "kept"]);
    assert_eq!(kind(store.stat(&at("gone"), Freshness::Recent)), ErrorKind::NotFound);
    assert_eq!(size(&store, "kept"), Some(4));
}

/// Many of our changes that a listing does not know of yet are all believed for a few that were
/// looked at.
#[test]
fn a_listing_that_lags_far_behind_costs_few_looks() {
    const MANY: usize = 30;
    let bucket = Rgw::shared().new_bucket();
    let page: Arc<Mutex<String>> = Arc::default();
    let told = Arc::clone(&page);
    let (script, store) = in_front(&bucket, move |head| {
        let is_listing = head.starts_with("get ") && head.contains("max-keys=1000");
        is_listing.then(|| answer("200 OK", "", &told.lock().unwrap()))
    });
    let tell = |contents: &str| {
        let result = "ListBucketResult";
        *page.lock().unwrap() =
            format!("<{result}><IsTruncated>false</IsTruncated>{contents}</{result}>");
    };
    let expect = |count: usize| {
        let begun = script.seen().len();
        assert_eq!(names(&store, "d").len(), count);
        let asked = script.seen().len() - begun;
        assert!((2..=10).contains(&asked), "{asked} requests");
    };
    let name = |number: usize| format!("d/{number:02}");
    tell("");
    for number in 0..MANY {
        put(&store, &name(number), b"x");
    }
    expect(MANY);
    for number in 0..MANY / 2 {
        store.delete_object(&at(&name(number))).unwrap();
    }
    expect(MANY / 2);
    // It comes to know of what was stored, and not yet of what was deleted since.
    let entry = |number| format!("<Contents><Key>{}</Key><Size>1</Size></Contents>", name(number));
    tell(&(0..MANY).map(entry).collect::<String>());
    expect(MANY / 2);
}

/// Times are compared with the store's, and shown beside them: so they are by its clock, which
/// every answer tells.
#[test]
fn our_changes_have_the_stores_time() {
    let ahead = time::Duration::seconds(100);
    let (store_time, shown) = (OffsetDateTime::now_utc() + ahead, Arc::new(Mutex::new(Vec::new())));
    let date =
        format!("Date: {}\r\n", store_time.format(&Rfc2822).unwrap().replace("+0000", "GMT"));
    let signed = Arc::clone(&shown);
    let script = Scripted::acting(move |head| {
        let time = head.split("x-amz-date: ").nth(1).and_then(|rest| rest.lines().next());
        signed.lock().unwrap().push(time.unwrap().to_owned());
        let list = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
        Some(match head.split(' ').next().unwrap() {
            "put" => answer("200 OK", &format!("{date}ETag: \"x\"\r\n"), ""),
            "get" => answer("200 OK", &date, list),
            // Who may not look has but our word for it.
            _ => Act::Answer("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".to_owned()),
        })
    });
    let endpoint = script.endpoint.clone();
    let verify = VerifyUploads::Off;
    let store = CosStore::connect(CosOptions { endpoint, verify, ..options("bucket") }).unwrap();
    put(&store, "d/f", b"x");
    let entry = list(&store, "d").0.remove(0);
    let off = entry.metadata.modified.unwrap() - store_time;
    assert!(off.abs() < time::Duration::seconds(10), "{off}");
    let format = format_description!("[year][month][day]t[hour][minute][second]z");
    let last = shown.lock().unwrap().last().unwrap().clone();
    let off = PrimitiveDateTime::parse(&last, &format).unwrap().assume_utc() - store_time;
    assert!(off.abs() < time::Duration::seconds(10), "{off}");
}

/// The marker is gone, the directory is not: whoever stored in it, and whether we heard of it.
#[test]
fn what_lies_in_a_directory_that_we_removed_is_listed() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let (_script, store) = in_front(&bucket, |head| {
        let is_it = head.starts_with("put /") && head.contains("/in-doubt/f ");
        is_it.then(|| answer("403 Forbidden", "", &error("AccessDenied")))
    });
    for directory in ["others", "in-doubt", "empty"] {
        store.create_directory(&at(directory)).unwrap();
        store.remove_directory(&at(directory)).unwrap();
    }
    assert_eq!(names(&store, "/"), [""; 0]);
    rgw.s3_put(&bucket, "others/f", b"1");
    let refused = store.put_object(
        &at("in-doubt/f"),
        &Body::new(&[b"22"], &Cancel::new()),
        &Expected::Anything,
    );
    assert_eq!(kind(refused), ErrorKind::AccessDenied);
    // As if it had been carried out, but for the answer.
    rgw.s3_put(&bucket, "in-doubt/f", b"22");
    assert_eq!(names(&store, "/"), ["in-doubt/", "others/"]);
    assert_eq!(names(&store, "in-doubt"), ["f"]);
}

/// A request whose answer is lost may have been carried out: nothing that was known before it is
/// believed after it.
#[test]
fn a_change_in_doubt_is_asked_about() {
    let stands =
        |size: u32| Act::Answer(format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n"));
    let refused = || answer("403 Forbidden", "", &error("AccessDenied"));
    let script = Scripted::new(vec![stands(5), refused(), stands(7)]);
    let options = CosOptions { endpoint: script.endpoint.clone(), ..options("bucket") };
    let store = CosStore::connect(options).unwrap();
    assert_eq!(size(&store, "f"), Some(5));
    assert_eq!(size(&store, "f"), Some(5), "from memory");
    let put =
        store.put_object(&at("f"), &Body::new(&[b"seven77"], &Cancel::new()), &Expected::Anything);
    assert_eq!(kind(put), ErrorKind::AccessDenied);
    assert_eq!(size(&store, "f"), Some(7));
    assert_eq!(script.seen().len(), 3);
}

/// One file that a thread stores, deletes and renames to, and what others may see of it: the
/// outcome of any change between the last one confirmed before they asked and the last one begun
/// before they were answered.
#[derive(Default)]
struct Course {
    begun: AtomicU64,
    confirmed: AtomicU64,
    /// Size after each change, by its number; `None`: deleted.
    sizes: Mutex<Vec<Option<u64>>>,
}

impl Course {
    fn change(&self, size: Option<u64>, act: impl FnOnce()) {
        let number = self.begun.load(Ordering::SeqCst) + 1;
        self.sizes.lock().unwrap().push(size);
        self.begun.store(number, Ordering::SeqCst);
        act();
        self.confirmed.store(number, Ordering::SeqCst);
    }

    fn check(&self, what: &str, ask: impl FnOnce() -> Option<u64>) {
        let first = self.confirmed.load(Ordering::SeqCst);
        let seen = ask();
        let last = self.begun.load(Ordering::SeqCst);
        let sizes = self.sizes.lock().unwrap();
        let possible = &sizes[first as usize..=last as usize];
        assert!(
            possible.contains(&seen),
            "{what} shows {seen:?} of {possible:?} ({first}..={last})"
        );
    }
}

#[test]
fn concurrent_sessions_never_see_less_than_was_confirmed() {
    const CHANGES: u64 = 60;
    let bucket = Rgw::shared().new_bucket();
    let store = store(&bucket);
    put(&store, "d/neighbour", b"x");
    let course = Course { sizes: Mutex::new(vec![None]), ..Course::default() };
    let is_over = AtomicBool::new(false);
    let stat = || match store.stat(&at("d/f"), Freshness::Recent) {
        Ok(stat) => Some(stat.metadata.size),
        Err(error) if error.kind == ErrorKind::NotFound => None,
        Err(error) => panic!("{error}"),
    };
    let listed = || {
        let entries = list(&store, "d").0;
        entries.iter().find(|entry| entry.name == "f").map(|entry| entry.metadata.size)
    };
    thread::scope(|scope| {
        for seed in 0..3 {
            let (course, is_over) = (&course, &is_over);
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(seed);
                while !is_over.load(Ordering::SeqCst) {
                    match random.u8(..4) {
                        0 => course.check("a listing", listed),
                        _ => course.check("stat", stat),
                    }
                }
            });
        }
        let mut random = fastrand::Rng::with_seed(99);
        for number in 1..=CHANGES {
            let exists = course.sizes.lock().unwrap().last().unwrap().is_some();
            match random.u8(..4) {
                0 if exists => {
                    course.change(None, || store.delete_object(&at("d/f")).unwrap());
                }
                1 => {
                    put(&store, "d/g", &vec![0; number as usize]);
                    course.change(Some(number), || store.rename(&at("d/g"), &at("d/f")).unwrap());
                }
                _ => course.change(Some(number), || put(&store, "d/f", &vec![0; number as usize])),
            }
        }
        is_over.store(true, Ordering::SeqCst);
    });
    assert_eq!(course.confirmed.load(Ordering::SeqCst), CHANGES);
}
