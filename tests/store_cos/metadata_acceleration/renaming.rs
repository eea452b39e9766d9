//! Renames, which such a bucket does by itself, and which it does in doubt when an answer is lost.

use cos_ftp_server::store::cos::{BucketArch, CosOptions, CosStore};
use cos_ftp_server::store::{ByteRange, ErrorKind, FileTree, Freshness};

use super::{played, seen};
use crate::store_cos::{at, in_front, kind, names, options, put, read};
use crate::support::ofs::Ofs;
use crate::support::rgw::Rgw;
use crate::support::scripted::{Act, Scripted, answer, error};

/// The same, where `script` comes first.
fn played_but(
    mut script: impl FnMut(&Ofs, &str) -> Option<Act> + Send + 'static,
) -> (Scripted, CosStore, String) {
    let bucket = Rgw::shared().new_bucket();
    let ofs = Ofs::of(&bucket);
    let (front, _) = in_front(&bucket, move |head| script(&ofs, head).or_else(|| ofs.act(head)));
    let endpoint = front.endpoint.clone();
    let options = CosOptions { endpoint, arch: BucketArch::Directories, ..options(&bucket) };
    (front, CosStore::connect(options).unwrap(), bucket)
}

#[test]
fn files_and_directories_are_renamed_at_once() {
    let (script, store, bucket) = played();
    put(&store, "d/a b+数", b"content");
    store.rename(&at("d/a b+数"), &at("d/b")).unwrap();
    assert_eq!(read(&store, "d/b", ByteRange::from(0)).unwrap(), b"content");
    assert_eq!(kind(store.stat(&at("d/a b+数"), Freshness::Recent)), ErrorKind::NotFound);
    // A directory with all that is in it, to where no directory is yet.
    store.create_directory(&at("d/empty")).unwrap();
    put(&store, "d/s/deep", b"deep");
    assert_eq!(store.stat(&at("d/s/deep"), Freshness::Recent).unwrap().metadata.size, 4);
    store.rename(&at("d"), &at("new/e")).unwrap();
    assert_eq!(seen(&script, "?rename").len(), 2);
    assert_eq!(names(&store, "new/e"), ["b", "empty/", "s/"]);
    for gone in ["d", "d/s", "d/s/deep"] {
        let found = store.stat(&at(gone), Freshness::Recent);
        assert_eq!(kind(found), ErrorKind::NotFound, "{gone}");
    }
    assert_eq!(store.stat(&at("new/e/s/deep"), Freshness::Recent).unwrap().metadata.size, 4);
    // Nothing replaces a directory.
    put(&store, "file", b"file");
    assert_eq!(kind(store.rename(&at("file"), &at("new"))), ErrorKind::IsADirectory);
    assert_eq!(kind(store.rename(&at("new"), &at("new/e/in"))), ErrorKind::BadName);
    assert_eq!(kind(store.rename(&at("new"), &at("file/in"))), ErrorKind::NotADirectory);
    assert_eq!(kind(store.rename(&at("none"), &at("some"))), ErrorKind::NotFound);
    assert_eq!(Rgw::shared().s3_get(&bucket, "file"), b"file");
    assert_eq!(seen(&script, "x-amz-copy-source"), [""; 0]);
}

#[test]
fn a_file_that_is_replaced_is_gone_only_when_the_other_has_its_name() {
    let (script, store, bucket) = played();
    put(&store, "d/old", b"old");
    put(&store, "d/new", b"new");
    assert_eq!(kind(store.rename_to_free(&at("d/new"), &at("d/old"))), ErrorKind::AlreadyExists);
    assert_eq!(seen(&script, "?rename"), [""; 0]);
    store.rename(&at("d/new"), &at("d/old")).unwrap();
    assert_eq!(read(&store, "d/old", ByteRange::from(0)).unwrap(), b"new");
    assert_eq!(Rgw::shared().s3_list(&bucket, "d/"), ["d/", "d/old"]);

    // It gets its name back where the store refuses.
    let ofs = Ofs::of(&bucket);
    let (front, _) = in_front(&bucket, move |head| {
        let is_refused = head.contains("x-cos-rename-source: /d/next\r\n");
        match is_refused {
            true => Some(answer("403 Forbidden", "", &error("AccessDenied"))),
            false => ofs.act(head),
        }
    });
    let endpoint = front.endpoint.clone();
    let options = CosOptions { endpoint, arch: BucketArch::Directories, ..options(&bucket) };
    let refused = CosStore::connect(options).unwrap();
    put(&refused, "d/next", b"next");
    assert_eq!(kind(refused.rename(&at("d/next"), &at("d/old"))), ErrorKind::AccessDenied);
    assert_eq!(Rgw::shared().s3_list(&bucket, "d/"), ["d/", "d/next", "d/old"]);
    assert_eq!(Rgw::shared().s3_get(&bucket, "d/old"), b"new");
}

#[test]
fn a_renaming_of_which_the_answer_is_lost_is_known_by_its_names() {
    // Sent once more only where it was not carried out.
    for (is_carried_out, expected) in [(true, 1), (false, 2)] {
        let mut losses = 0..1;
        let (script, store, _) = played_but(move |ofs, head| {
            let is_lost = head.contains("?rename") && losses.next().is_some();
            if is_lost && is_carried_out {
                ofs.act(head);
            }
            is_lost.then_some(Act::Hang)
        });
        put(&store, "a", b"content");
        store.rename(&at("a"), &at("b")).unwrap();
        assert_eq!(names(&store, "/"), ["b"]);
        assert_eq!(seen(&script, "?rename").len(), expected, "{is_carried_out}");
    }
}

#[test]
fn a_renaming_in_doubt_moves_no_file_that_came_meanwhile() {
    let mut losses = 0..1;
    let (script, store, bucket) = played_but(move |ofs, head| {
        let is_lost = head.contains("?rename") && losses.next().is_some();
        is_lost.then(|| {
            // The file goes elsewhere, and somebody stores another one.
            Rgw::shared().s3_put(&ofs.bucket, "a", b"of somebody else");
            Act::Hang
        })
    });
    put(&store, "a", b"content");
    let failed = store.rename(&at("a"), &at("b")).unwrap_err();
    assert_eq!(failed.kind, ErrorKind::Unavailable);
    assert_eq!(Rgw::shared().s3_get(&bucket, "a"), b"of somebody else");
    assert_eq!(names(&store, "/"), ["a"]);
    assert_eq!(seen(&script, "?rename").len(), 1);
}

/// The first step of a renaming over a file is carried out, and nothing tells of it.
#[test]
fn what_was_to_be_replaced_gets_its_name_back_or_is_told() {
    for comes_back in [true, false] {
        let (mut was_lost, mut looks) = (false, 0);
        let (_, store, bucket) = played_but(move |ofs, head| {
            let refused = || Some(answer("403 Forbidden", "", &error("AccessDenied")));
            if head.contains("x-cos-rename-source: /d/old\r\n") {
                ofs.act(head);
                was_lost = true;
                return Some(Act::Hang);
            }
            if was_lost && head.contains("?rename") && !comes_back {
                return refused();
            }
            let looks_for_it = was_lost && head.starts_with("head ") && head.contains("/d/old ");
            looks += usize::from(looks_for_it);
            match looks_for_it && looks == 1 {
                true => refused(),
                false => None,
            }
        });
        put(&store, "d/old", b"old");
        put(&store, "d/new", b"new");
        let failed = store.rename(&at("d/new"), &at("d/old")).unwrap_err();
        let keys = Rgw::shared().s3_list(&bucket, "d/");
        if comes_back {
            assert_eq!(failed.kind, ErrorKind::Unavailable);
            assert_eq!(keys, ["d/", "d/new", "d/old"]);
            assert_eq!(Rgw::shared().s3_get(&bucket, "d/old"), b"old");
        } else {
            assert_eq!(failed.kind, ErrorKind::BrokenOff);
            let told = failed.source.unwrap().to_string();
            let name = keys[1].strip_prefix("d/").unwrap();
            assert!(name.starts_with(".cos-ftp-server-replaced-") && told.contains(name), "{told}");
            assert_eq!(Rgw::shared().s3_get(&bucket, &keys[1]), b"old");
        }
    }
}

/// What was a file when it was looked at may be a directory in the turn.
#[test]
fn no_directory_is_set_aside_as_a_file() {
    for over in [false, true] {
        let mut looks = 0;
        let (script, store, bucket) = played_but(move |_, head| {
            let is_look = head.starts_with("head ") && head.contains("/file ");
            looks += usize::from(is_look);
            let directory = "x-cos-file-mode-dir: true\r\nETag: \"dir\"\r\n";
            (is_look && looks > 1).then(|| answer("200 OK", directory, ""))
        });
        put(&store, "new", b"new");
        Rgw::shared().s3_put(&bucket, "file", b"content");
        let failed = match over {
            true => store.rename(&at("new"), &at("file")),
            false => store.set_aside(&at("file"), &at("aside")),
        };
        assert_eq!(kind(failed), ErrorKind::IsADirectory);
        assert_eq!(seen(&script, "?rename"), [""; 0]);
    }
}
