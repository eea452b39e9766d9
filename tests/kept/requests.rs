//! What it costs: nothing where it is off.

use super::with;
use crate::support::ftp::Ftp;
use crate::support::injector::{Injector, Request};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};

/// The requests of each line, in a directory that is known, of a server with these keys.
fn requests_of(keys: &[(&str, &str)], lines: &[&str]) -> Vec<Vec<Request>> {
    let injector = Injector::before(Rgw::shared().endpoint());
    let setup = Setup::bucket_behind(&injector.endpoint())
        .option("metadata_cache_time", "600")
        .option("keep_acl", "off")
        .operations("abort_unfinished_after", "0");
    let server: TestServer = with(setup, keys).start();
    server.wait_for_log("answers");
    for name in ["a", "b", "c", "d"] {
        server.stored().put(name, b"x");
    }
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR known", b"x");
    ftp.expect("DELE a", "250");
    let mut asked = Vec::new();
    for line in lines {
        let before = injector.requests();
        match line.starts_with("STOR") {
            true => drop(ftp.store(line, b"content")),
            false => drop(ftp.expect(line, if line.starts_with("RNFR") { "350" } else { "250" })),
        }
        asked.push(injector.seen()[before..].iter().map(|(request, _)| *request).collect());
    }
    asked
}

const LINES: &[&str] = &["STOR x", "DELE b", "RNFR c", "RNTO e", "RNFR d", "RNTO e"];

#[test]
fn nothing_is_asked_where_it_is_off() {
    let off = requests_of(&[], LINES);
    assert_eq!(off[0], [Request::PutObject]);
    assert_eq!(off[1], [Request::HeadObject, Request::DeleteObject]);
    let said = [("on_delete", "delete"), ("done_marker", "off"), ("trash_visible", "on")];
    assert_eq!(requests_of(&said, LINES), off);
}

#[test]
fn what_is_kept_costs_what_is_told() {
    use Request::{CopyObject as Copy, DeleteObject as Delete, HeadObject as Head};
    let off = requests_of(&[], LINES);
    let kept = requests_of(&[("on_delete", "trash")], LINES);
    assert_eq!(kept[0], off[0], "an upload costs nothing more");
    // Whether it is there, whether the name is free, the copy, whether it is the same still.
    assert_eq!(kept[1], [Head, Head, Copy, Head, Delete]);
    assert_eq!(kept[3].len(), off[3].len() + 1, "{:?}", kept[3]);
    // What is replaced is looked at and copied as well.
    assert_eq!(kept[5].len(), off[5].len() + 4, "{:?}", kept[5]);
}

#[test]
fn a_marker_costs_a_look_and_a_request() {
    let marked = requests_of(&[("done_marker", ".ok")], LINES);
    // Whether a file that holds something has its name.
    assert_eq!(marked[0], [Request::PutObject, Request::HeadObject, Request::PutObject]);
    let off = requests_of(&[], LINES);
    assert_eq!(marked[1], off[1]);
    // Whether it is a file, the same for its marker, whether the old name had one.
    assert_eq!(marked[3].len(), off[3].len() + 4, "{:?}", marked[3]);
}

/// One that is replaced or withdrawn is looked at first.
#[test]
fn a_marker_that_is_there_costs_more_looks() {
    use Request::{HeadObject as Head, PutObject as Put};
    // The first time this store shows that it does not compare as it should, and is asked once more.
    let lines = &["STOR x", "STOR x", "STOR x", "RNFR x", "RNTO y"];
    let (off, marked) = (requests_of(&[], lines), requests_of(&[("done_marker", ".ok")], lines));
    assert_eq!(marked[2], [Put, Head, Head, Head, Put]);
    assert_eq!(marked[4].len(), off[4].len() + 7, "{:?}", marked[4]);
}
