//! What others change is seen at once, whatever we did to the same names a moment ago: on a store
//! that lists what was just written, our memory of it hides nothing, and costs nothing.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use cos_ftp_server::store::cos::{CosOptions, CosStore};
use cos_ftp_server::store::{ErrorKind, FileTree, Freshness, StoreError};

use crate::store_cos::rgw::Rgw;
use crate::store_cos::{at, in_front, kind, list, names, options, put, store};

/// Two servers on one bucket, which share nothing else.
fn two_servers(bucket: &str) -> [CosStore; 2] {
    // What a name's size was is remembered for a while, and says so in the configuration.
    let options = CosOptions { metadata_cache: Duration::ZERO, ..options(bucket) };
    [options.clone(), options].map(|options| CosStore::connect(options).unwrap())
}

fn sizes(store: &CosStore, path: &str) -> Vec<(String, u64)> {
    let entries = list(store, path).0.into_iter();
    entries.map(|entry| (entry.name, entry.metadata.size)).collect()
}

fn files(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|&(name, size)| (name.to_owned(), size)).collect()
}

#[test]
fn files_of_another_server_are_listed_as_they_are() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let [here, there] = two_servers(&bucket);
    for name in ["d/deleted", "d/replaced", "d/renamed", "d/again", "d/kept"] {
        put(&here, name, b"four");
    }
    here.delete_object(&at("d/again")).unwrap();
    there.delete_object(&at("d/deleted")).unwrap();
    put(&there, "d/replaced", b"1234567");
    there.rename(&at("d/renamed"), &at("d/moved")).unwrap();
    put(&there, "d/again", b"12");
    for server in [&here, &there] {
        let expected = [("again", 2), ("kept", 4), ("moved", 4), ("replaced", 7)];
        assert_eq!(sizes(server, "d"), files(&expected));
    }
    // Another tool, after the listing has been seen, and before.
    rgw.s3_delete(&bucket, "d/kept");
    rgw.s3_put(&bucket, "d/deleted", b"123");
    put(&here, "d/replaced", b"1");
    rgw.s3_put(&bucket, "d/replaced", b"22");
    here.delete_object(&at("d/again")).unwrap();
    rgw.s3_put(&bucket, "d/again", b"333");
    let expected = [("again", 3), ("deleted", 3), ("moved", 4), ("replaced", 2)];
    for server in [&here, &there] {
        assert_eq!(sizes(server, "d"), files(&expected));
    }
}

#[test]
fn a_great_many_changes_of_another_are_seen() {
    const MANY: usize = 40;
    let bucket = Rgw::shared().new_bucket();
    let [here, there] = two_servers(&bucket);
    let name = |number: usize| format!("d/{number:02}");
    for number in 0..MANY {
        put(&here, &name(number), b"x");
    }
    for number in (0..MANY).filter(|number| number % 4 > 0) {
        there.delete_object(&at(&name(number))).unwrap();
    }
    assert_eq!(list(&here, "d").0.len(), MANY / 4);
    for number in 0..MANY {
        put(&here, &name(number), b"x");
        here.delete_object(&at(&name(number))).unwrap();
        put(&there, &name(number), b"yy");
    }
    let shown = sizes(&here, "d");
    assert_eq!(shown.len(), MANY);
    assert!(shown.iter().all(|(_, size)| *size == 2), "{shown:?}");
}

#[test]
fn directories_of_another_server_are_listed_as_they_are() {
    let bucket = Rgw::shared().new_bucket();
    let [here, there] = two_servers(&bucket);
    for name in ["removed", "again", "filled"] {
        here.create_directory(&at(name)).unwrap();
    }
    put(&here, "moved/x", b"x");
    for name in ["again", "filled"] {
        here.remove_directory(&at(name)).unwrap();
    }
    there.remove_directory(&at("removed")).unwrap();
    there.create_directory(&at("again")).unwrap();
    put(&there, "filled/x", b"x");
    there.rename(&at("moved"), &at("there")).unwrap();
    assert_eq!(names(&here, "/"), ["again/", "filled/", "there/"]);
    for gone in ["removed", "moved"] {
        assert!(
            !here
                .stat(&at(gone), Freshness::Listed)
                .map(|stat| stat.metadata.is_directory())
                .is_ok_and(|is_one| is_one),
            "{gone}"
        );
    }
    assert!(
        here.stat(&at("again"), Freshness::Listed)
            .map(|stat| stat.metadata.is_directory())
            .unwrap()
    );
    assert_eq!(names(&here, "there"), ["x"]);
}

/// What was a file here and deleted, and is another's now.
#[test]
fn a_directory_that_holds_anothers_file_is_not_empty() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let [here, there] = two_servers(&bucket);
    let by_tool = |name: &str| rgw.s3_put(&bucket, name, b"theirs");
    let by_server = |name: &str| put(&there, name, b"theirs");
    for (directory, store_again) in
        [("d", &by_server as &dyn Fn(&str)), ("e", &by_tool as &dyn Fn(&str))]
    {
        let name = format!("{directory}/x");
        here.create_directory(&at(directory)).unwrap();
        put(&here, &name, b"ours");
        here.delete_object(&at(&name)).unwrap();
        store_again(&name);
        let refused = kind(here.remove_directory(&at(directory)));
        assert_eq!(refused, ErrorKind::DirectoryNotEmpty, "{directory}");
        assert!(rgw.s3_head(&bucket, &format!("{directory}/")).is_some());
    }
}

/// And one that another has emptied is.
#[test]
fn a_directory_that_another_emptied_is_removed() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let [here, there] = two_servers(&bucket);
    here.create_directory(&at("d")).unwrap();
    for number in 0..20 {
        let name = format!("d/{number}");
        put(&here, &name, b"x");
        there.delete_object(&at(&name)).unwrap();
    }
    here.remove_directory(&at("d")).unwrap();
    assert_eq!(rgw.s3_list(&bucket, ""), [""; 0]);
}

#[test]
fn a_directory_is_renamed_with_anothers_files() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let [here, there] = two_servers(&bucket);
    for name in ["d/again", "d/replaced", "d/deleted", "d/ours"] {
        put(&here, name, b"ours");
    }
    here.delete_object(&at("d/again")).unwrap();
    put(&there, "d/again", b"theirs");
    put(&there, "d/replaced", b"theirs");
    there.delete_object(&at("d/deleted")).unwrap();
    here.rename(&at("d"), &at("e")).unwrap();
    assert_eq!(rgw.s3_list(&bucket, "d"), [""; 0], "nothing is left behind");
    assert_eq!(rgw.s3_list(&bucket, "e/"), ["e/", "e/again", "e/ours", "e/replaced"]);
    for name in ["e/again", "e/replaced"] {
        assert_eq!(rgw.s3_get(&bucket, name), b"theirs", "{name}");
    }
    let expected = [("again", 6), ("ours", 4), ("replaced", 6)];
    for server in [&here, &there] {
        assert_eq!(sizes(server, "e"), files(&expected));
    }
}

/// Nothing but the listing is asked for where the store lists what was just written.
#[test]
fn our_own_changes_cost_a_listing_nothing() {
    let bucket = Rgw::shared().new_bucket();
    let (script, store) = in_front(&bucket, |_| None);
    for number in 0..20 {
        put(&store, &format!("d/{number}"), b"x");
    }
    put(&store, "d/s/x", b"x");
    store.create_directory(&at("d/empty")).unwrap();
    store.create_directory(&at("d/removed")).unwrap();
    store.remove_directory(&at("d/removed")).unwrap();
    store.delete_object(&at("d/3")).unwrap();
    store.rename(&at("d/4"), &at("d/renamed")).unwrap();
    store.rename(&at("d/s"), &at("d/t")).unwrap();
    let begun = script.seen().len();
    assert_eq!(list(&store, "d").0.len(), 18 + 1 + 2);
    let asked: Vec<String> = script.seen()[begun..].iter().map(|seen| seen.head.clone()).collect();
    assert_eq!(asked.len(), 1, "{asked:#?}");
    // Nor what was listed a moment ago.
    let begun = script.seen().len();
    for path in ["d/5", "d/renamed", "d/t"] {
        store.stat(&at(path), Freshness::Recent).unwrap();
    }
    assert_eq!(script.seen().len(), begun);
}

/// Two sessions of one server change the same names at once. What the store did last is what is
/// listed, in whatever order it answered.
#[test]
fn overlapping_changes_are_remembered_in_the_order_of_their_effect() {
    const NAMES: usize = 15;
    const ROUNDS: usize = 3;
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    let name = |number: usize| format!("d/{number:02}");
    for _ in 0..ROUNDS {
        thread::scope(|scope| {
            for session in 0..4_usize {
                let (store, name) = (&store, &name);
                scope.spawn(move || {
                    for number in 0..NAMES {
                        if session % 2 == 0 {
                            put(store, &name(number), &vec![0; session + 1]);
                        } else {
                            let deleted = store.delete_object(&at(&name(number)));
                            // Another session may have stored it again between two looks.
                            let is_gone = |error: &StoreError| {
                                matches!(error.kind, ErrorKind::NotFound | ErrorKind::IsADirectory)
                            };
                            assert!(
                                deleted.as_ref().map_or_else(is_gone, |()| true),
                                "{deleted:?}"
                            );
                        }
                    }
                });
            }
        });
        let held = rgw.s3_list(&bucket, "d/");
        let held: BTreeSet<&str> = held.iter().filter_map(|key| key.strip_prefix("d/")).collect();
        let shown = sizes(&store, "d");
        let expected: BTreeSet<&str> = held.into_iter().filter(|name| !name.is_empty()).collect();
        assert_eq!(shown.iter().map(|(name, _)| &**name).collect::<BTreeSet<_>>(), expected);
        for (name, size) in &shown {
            let bytes = rgw.s3_get(&bucket, &format!("d/{name}"));
            assert_eq!(bytes.len() as u64, *size, "{name}");
        }
    }
}
