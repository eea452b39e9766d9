//! What is remembered of parked uploads, without a store.

use time::Duration;

use super::notes::UPLOADS;
use super::*;
use crate::store::ETag;

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn parts(sizes: &[u64]) -> Vec<PartReceipt> {
    let part =
        |(number, &size)| PartReceipt { number, size, etag: ETag(String::new()), crc64: None };
    (1..).zip(sizes).map(part).collect()
}

#[test]
fn the_newest_are_remembered() {
    let parked = OwnParked::default();
    for number in 0..=UPLOADS {
        parked.note(&format!("k{number}"), "a", &parts(&[5]), NOW);
    }
    parked.note("k1", "b", &parts(&[5]), NOW);
    assert_eq!(parked.of("k0"), None);
    assert_eq!(parked.of("k1"), Some(("b".to_owned(), NOW)));
    assert_eq!(parked.take(&format!("k{UPLOADS}"), None, 1), ["a"]);
    assert_eq!(parked.of(&format!("k{UPLOADS}")), None);
    // What waits nowhere any more takes nobody's place.
    assert_eq!(parked.state("k2", "a"), ParkedNote::Waits(NOW));
    for _ in 0..UPLOADS {
        parked.note("gone", "a", &parts(&[5]), NOW);
        parked.forget("gone", "a");
    }
    assert_eq!(parked.state("k2", "a"), ParkedNote::Waits(NOW));
    // Nobody can tell one that was dropped from one of too many.
    assert_eq!(parked.state("k0", "a"), ParkedNote::Unknown);
    assert_eq!(OwnParked::default().state("k0", "a"), ParkedNote::Dropped);
}

#[test]
fn of_many_the_newest_are_dropped_and_the_others_are_nobodys() {
    let parked = OwnParked::default();
    for (second, id) in (0..).zip(["a", "b", "c"]) {
        parked.note("k", id, &parts(&[5, 5]), NOW + Duration::seconds(second));
    }
    assert_eq!(parked.take("k", None, 2), ["c", "b"]);
    assert_eq!((parked.of("k"), parked.state("k", "a")), (None, ParkedNote::Dropped));
    assert!(parked.is_shelved("k", "a") && !parked.resume("k", "a", "a"));
    assert_eq!(parked.shelve("k", &|_| false), ["a"]);
}

#[test]
fn of_two_uploads_the_one_begun_last_counts() {
    let parked = OwnParked::default();
    let later = NOW + Duration::seconds(1);
    parked.note("k", "later", &parts(&[5, 5]), later);
    parked.note("k", "earlier", &parts(&[5, 5, 5]), NOW);
    assert_eq!(parked.of("k"), Some(("later".to_owned(), later)));
    // With nothing of it there, nobody goes on with it.
    parked.note("k", "last", &[], later + Duration::seconds(1));
    assert_eq!(parked.of("k"), Some(("later".to_owned(), later)));
    let newer = NewerUpload { upload_id: "later".to_owned(), bytes: 10 };
    assert_eq!(parked.newer_than("k", "earlier", NOW), Some(vec![newer]));
    assert_eq!(parked.newer_than("k", "later", later), Some(Vec::new()));
    // What a directory says of times may be coarser than what is known here.
    assert_eq!(parked.newer_than("k", "later", NOW), Some(Vec::new()));
    // While somebody goes on with it nobody does with an older one.
    assert!(parked.resume("k", "later", "again"));
    assert!(!parked.resume("k", "later", "again") && !parked.resume("k", "again", "again"));
    assert_eq!(parked.of("k"), None);
    assert_eq!(parked.newer_than("k", "earlier", NOW), None);
    for id in ["later", "again"] {
        assert_eq!(parked.state("k", id), ParkedNote::Taken);
    }
    assert_eq!(parked.state("k", "earlier"), ParkedNote::GivesWay);
    parked.release("again");
    assert_eq!(parked.state("k", "earlier"), ParkedNote::Waits(NOW));
    assert_eq!(parked.of("k"), Some(("later".to_owned(), later)));
    parked.forget("k", "later");
    assert_eq!(parked.of("k"), Some(("earlier".to_owned(), NOW)));
}

#[test]
fn what_is_kept_beside_is_offered_to_nobody() {
    let parked = OwnParked::default();
    let later = NOW + Duration::seconds(1);
    parked.note("k", "left", &parts(&[5, 5]), NOW);
    parked.note("k", "broken", &parts(&[5, 5]), later);
    assert_eq!(parked.shelve("k", &|id| id == "left"), ["broken"]);
    assert_eq!((parked.of("k"), parked.state("k", "left")), (None, ParkedNote::Waits(NOW)));
    assert!(parked.in_directory("").is_empty() && parked.below("").is_empty());
    // Parked once more, as it could not be published.
    assert!(parked.resume("k", "left", "tried"));
    assert_eq!(parked.parked_as("k", "tried").as_deref(), Some("left"));
    parked.note("k", "left", &parts(&[5, 5]), NOW);
    assert!(parked.of("k").is_none() && parked.is_shelved("k", "left"));
    assert_eq!(parked.all_of("k"), [("left".to_owned(), NOW)]);
    parked.note("k", "anew", &parts(&[5, 5]), later);
    assert_eq!(parked.take("k", Some(NOW), 9), ["left"]);
    assert_eq!(parked.take("k", None, 9), ["anew"]);
}

#[test]
fn what_is_given_up_is_nobodys_until_it_is_dropped() {
    let parked = OwnParked::default();
    for is_shelved in [false, true] {
        parked.note("k", "left", &parts(&[5, 5]), NOW);
        if is_shelved {
            assert!(parked.shelve("k", &|_| true).is_empty());
        }
        assert!(parked.resume("k", "left", "tried"));
        parked.give_up("k", "tried", NOW);
        assert_eq!((parked.of("k"), parked.state("k", "tried")), (None, ParkedNote::Dropped));
        assert!(parked.is_shelved("k", "tried") && !parked.resume("k", "tried", "again"));
        // Whoever stores the file drops it, too.
        assert_eq!(parked.take("k", Some(NOW), 9), ["tried"]);
    }
}

#[test]
fn a_directory_shows_what_can_be_gone_on_with() {
    let parked = OwnParked::default();
    for (key, sizes) in
        [("a/x", &[5, 5, 1][..]), ("a/b/y", &[5, 5]), ("ab", &[5, 5]), ("a/one part", &[5])]
    {
        parked.note(key, "id", &parts(sizes), NOW);
    }
    let told = |directory| {
        let entries = parked.in_directory(directory).into_iter();
        let mut told: Vec<_> = entries.map(|entry| (entry.name, entry.metadata.size)).collect();
        told.sort();
        told
    };
    assert_eq!(told("a/"), [("b".to_owned(), 0), ("x".to_owned(), 10)]);
    assert_eq!(told(""), [("a".to_owned(), 0), ("ab".to_owned(), 5)]);
    assert!(parked.in_directory("a/").iter().any(|entry| entry.metadata.is_directory()));
    assert_eq!(told("c/"), []);
    let below = |directory| {
        let mut names = parked.below(directory);
        names.sort();
        names
    };
    assert_eq!(below("a/"), ["b/y", "one part", "x"]);
    assert_eq!(below("c/"), [""; 0]);
}

#[test]
fn a_file_hides_the_directory_of_its_name() {
    let parked = OwnParked::default();
    // In many, as it is chance in which order the keys of one come.
    let directories: Vec<String> = (0..32).map(|number| format!("{number}/")).collect();
    for directory in &directories {
        for name in ["d/x", "d", "d/y", "e/x", "e"] {
            let sizes = if name == "e" { &[5][..] } else { &[5, 5, 1] };
            parked.note(&format!("{directory}{name}"), "id", &parts(sizes), NOW);
        }
    }
    for directory in &directories {
        let mut told = parked.in_directory(directory);
        told.sort_by(|one, other| one.name.cmp(&other.name));
        let told = told.iter().map(|entry| (&*entry.name, entry.metadata.is_directory()));
        assert_eq!(told.collect::<Vec<_>>(), [("d", false), ("e", true)]);
    }
}

#[test]
fn what_another_process_had_parked_is_known_once_somebody_goes_on_with_it() {
    let parked = OwnParked::default();
    let later = NOW + Duration::seconds(1);
    parked.note("k", "own", &parts(&[5, 5]), NOW);
    assert!(!parked.resume_found("k", "another's", "now", later));
    assert!(parked.has_newer_taken("k", NOW) && !parked.has_newer_taken("k", later));
    assert_eq!(parked.state("k", "another's"), ParkedNote::Taken);
    assert_eq!(parked.parked_as("k", "now").as_deref(), Some("another's"));
    // What is older does not count.
    assert!(!parked.resume_found("k", "oldest", "oldest now", NOW - Duration::seconds(1)));
    assert_eq!(parked.state("k", "own"), ParkedNote::GivesWay);
    parked.forget("k", "now");
    assert!(!parked.has_newer_taken("k", NOW));
    // One's own is known all the same.
    assert!(parked.resume_found("k", "own", "own now", NOW));
    assert!(parked.resume_found("k", "own now", "again", NOW));
}
