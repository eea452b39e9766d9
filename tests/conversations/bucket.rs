use crate::support::ftp::Ftp;
use crate::support::scripted::{Scripted, answer, error};
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
fn a_store_that_refuses_or_answers_nonsense_does_answer() {
    let script = Scripted::acting(|head| {
        Some(match head {
            _ if head.contains("?object-lock") => answer("404 Not Found", "", ""),
            _ if head.contains("prefix=refused") => {
                answer("400 Bad Request", "", &error("InvalidArgument"))
            }
            _ if head.contains("prefix=nonsense") => answer("200 OK", "", "<html/>"),
            _ => answer("200 OK", "", &page(&[])),
        })
    });
    let server = Setup::scripted(&script).start();
    let mut ftp = Ftp::login(&server);
    for (directory, reply) in [
        ("refused", "451 The store refused the request (InvalidArgument); see the server's log."),
        ("nonsense", "451 The store's answer cannot be understood; see the server's log."),
    ] {
        let _data = ftp.passive();
        assert_eq!(ftp.ask(&format!("LIST {directory}")), reply);
    }
}

/// The requests for a listing that were seen after the one of the start.
fn listings(script: &Scripted) -> Vec<String> {
    script.seen()[1..]
        .iter()
        .map(|seen| seen.head.lines().next().expect("a request").to_owned())
        .collect()
}

#[test]
fn a_plain_name_costs_one_request_and_one_like_a_pattern_one_more() {
    let empty = || answer("200 OK", "", &page(&[]));
    let folded = "<ListBucketResult><IsTruncated>false</IsTruncated><CommonPrefixes>\
                  <Prefix>[2024]/</Prefix></CommonPrefixes></ListBucketResult>";
    let script = Scripted::new(vec![
        empty(),
        answer("200 OK", "", &page(&["plain/x"])),
        answer("200 OK", "", &page(&["-l", "x"])),
        answer("200 OK", "", folded),
        answer("200 OK", "", &page(&["[2024]/in.txt"])),
    ]);
    // So that nothing more is asked at the start.
    let server = Setup::scripted(&script).option("partial_upload", "discard").start();
    server.wait_for_log("answers");
    let mut ftp = Ftp::login(&server);
    for (line, names, requests) in [
        ("NLST plain", &["plain/x"][..], 1),
        ("NLST -l", &["-l", "x"], 2),
        ("NLST [2024]", &["[2024]/in.txt"], 4),
    ] {
        assert_eq!(ftp.list(line), names, "{line}");
        assert_eq!(listings(&script).len(), requests, "{line}: {:?}", listings(&script));
    }
}

/// A wrong configuration is no passing fault: nobody should try again.
#[test]
fn a_bucket_that_is_elsewhere_is_told_as_that() {
    let body = "<Error><Code>PermanentRedirect</Code><Message>use the endpoint</Message>\
                <Endpoint>bucket.elsewhere.example</Endpoint></Error>";
    for (status, body) in [
        ("301 Moved Permanently", body),
        ("307 Temporary Redirect", body),
        // What HEAD answers.
        ("301 Moved Permanently", ""),
    ] {
        let mut is_probed = false;
        let script = Scripted::acting(move |_| {
            let first = !std::mem::replace(&mut is_probed, true);
            Some(if first { answer("200 OK", "", &page(&[])) } else { answer(status, "", body) })
        });
        let server = Setup::scripted(&script).start();
        server.wait_for_log("answers");
        let mut ftp = Ftp::login(&server);
        for (number, line) in ["SIZE file", "CWD dir", "RNFR file"].iter().enumerate() {
            let reply = ftp.expect(line, "550 ");
            assert!(reply.contains("endpoint or region"), "{status}: {reply}");
            assert!(script.seen().len() >= 2 + number, "{status}");
        }
        let before = script.seen().len();
        ftp.store_refused("STOR file", "550 ");
        assert!(script.seen().len() <= before + 4, "{status}: it was tried again");
        if body.contains("Endpoint") {
            server.wait_for_log("bucket.elsewhere.example");
        }
    }
}

/// Our clock may be wrong; the store's dates what is stored.
#[test]
fn list_tells_recent_times_by_the_clock_of_the_store() {
    let ahead = time::OffsetDateTime::now_utc() + time::Duration::hours(3);
    let rfc2822 = time::format_description::well_known::Rfc2822;
    let date = ahead.format(&rfc2822).unwrap().replace("+0000", "GMT");
    let stored = ahead.format(&time::format_description::well_known::Rfc3339).unwrap();
    let page = page(&["new"]).replace("2024-01-01T00:00:00.000Z", &stored);
    let script = Scripted::new(vec![
        answer("403 Forbidden", &format!("Date: {date}\r\n"), &error("RequestTimeTooSkewed")),
        answer("200 OK", &format!("Date: {date}\r\n"), &page),
        answer("200 OK", &format!("Date: {date}\r\n"), &page),
    ]);
    let server = Setup::scripted(&script).option("partial_upload", "discard").start();
    server.wait_for_log("answers");
    let lines = Ftp::login(&server).list("LIST");
    let time = format!(" {:02}:{:02} new", ahead.hour(), ahead.minute());
    assert!(lines.len() == 1 && lines[0].ends_with(&time), "{lines:?}, not {time:?}");
}

/// A store that answers something else than was asked is not believed, and hinders nobody.
#[test]
fn a_page_of_another_place_is_a_failure_and_no_more() {
    let script = Scripted::acting(|head| {
        let keys: &[&str] = if head.contains("prefix=directory") { &["x", "-l"] } else { &[] };
        Some(answer("200 OK", "", &page(keys)))
    });
    let server = Setup::scripted(&script).option("partial_upload", "discard").start();
    let mut ftp = Ftp::login(&server);
    for line in ["NLST directory", "MLSD directory", "LIST directory"] {
        let _data = ftp.passive();
        ftp.expect(line, "45");
    }
    ftp.expect("NOOP", "200 ");
    server.wait_for_log("a key of another place");
    assert!(!server.log().contains("panic"));
}

#[test]
fn a_name_that_is_too_long_is_told_before_any_data() {
    let server = Setup::bucket().start();
    let mut ftp = Ftp::login(&server);
    // 1,024 bytes of UTF-8 are the limit, the directory and its slash included.
    let longest = format!("{}/{}", "d".repeat(49), "数".repeat(324) + "xy");
    assert_eq!(longest.len(), 1024);
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
    assert_eq!(server.stored().files(), [longest.as_str()]);
    // What a store holds under its longest names can be read, moved and deleted.
    let other = longest.replacen('d', "e", 1);
    ftp.play(&[(&format!("RNFR {longest}"), "350 "), (&format!("RNTO {other}"), "250 ")]);
    assert_eq!(ftp.fetch(&format!("RETR {other}")), b"x");
    assert_eq!(ftp.list(&format!("NLST {}", &other[..49])), [other.as_str()]);
    ftp.play(&[(&format!("SIZE {other}"), "213 1"), (&format!("DELE {other}"), "250 ")]);
    assert!(server.stored().files().is_empty());
    // No marker of a directory has room behind some of these.
    for length in [1014, 1015, 1016, 1022, 1023, 1024] {
        let name = "n".repeat(length);
        ftp.play(&[(&format!("SIZE {name}"), "550 "), (&format!("RNFR {name}"), "550 ")]);
        ftp.store(&format!("STOR {name}"), b"");
        assert_eq!(ftp.list(&format!("NLST {name}")), [name.as_str()], "{length}");
        ftp.play(&[(&format!("MDTM {name}"), "213 "), (&format!("DELE {name}"), "250 ")]);
    }
}
