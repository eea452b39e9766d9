use crate::support::ftp::Ftp;
use crate::support::scripted::{Scripted, answer};
use crate::support::server::Setup;

/// One page of a bucket's listing.
fn page(keys: &[&str]) -> String {
    let contents: String = keys
        .iter()
        .map(|key| {
            format!(
                "<Contents><Key>{key}</Key><Size>1</Size><ETag>\"x\"</ETag>\
                 <LastModified>2024-01-01T00:00:00.000Z</LastModified></Contents>"
            )
        })
        .collect();
    format!("<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>")
}

#[test]
fn a_wildcard_asks_the_store_only_for_what_may_fit() {
    let found = page(&["dir/rep[1]a.txt", "dir/rep[1]b.csv"]);
    let script = Scripted::acting(move |head| {
        Some(match head {
            // Whether it keeps what is stored, which is asked at the start.
            _ if head.contains("?object-lock") => answer("404 Not Found", "", ""),
            _ if head.contains("prefix=dir") => answer("200 OK", "", &found),
            _ => answer("200 OK", "", &page(&[])),
        })
    });
    let server = Setup::scripted(&script).start();
    server.wait_for_log("answers");
    let mut ftp = Ftp::login(&server);
    assert_eq!(ftp.list("NLST dir/rep[[]1]*.txt"), ["dir/rep[1]a.txt"]);
    let mut seen = script.seen();
    seen.retain(|seen| !seen.head.contains("?object-lock"));
    assert_eq!(seen.len(), 2, "{seen:?}");
    let target = seen[1].head.split(' ').nth(1).expect("a request line");
    assert!(target.split(['?', '&']).any(|part| part == "prefix=dir%2frep"), "{target}");
}

#[test]
fn a_name_that_is_too_long_is_told_before_any_data() {
    let server = Setup::bucket().start();
    let mut ftp = Ftp::login(&server);
    // 850 bytes of UTF-8 are the limit, the directory and its slash included.
    let longest = format!("{}/{}", "d".repeat(49), "数".repeat(266) + "xy");
    assert_eq!(longest.len(), 850);
    ftp.store(&format!("STOR {longest}"), b"x");
    for line in ["STOR", "APPE"] {
        let _data = ftp.passive();
        ftp.expect(&format!("{line} {longest}z"), "553 ");
    }
    ftp.play(&[
        (&format!("MKD {longest}"), "55"),
        (&format!("MKD {longest}z"), "553 "),
        (&format!("RNFR {longest}"), "350 "),
        (&format!("RNTO {longest}z"), "553 "),
    ]);
    assert_eq!(server.stored().files(), [longest]);
}
