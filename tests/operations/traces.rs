//! What a client and the log are told of a failure: the store's name for the request, and the lines
//! that went before.

use std::io::{Read, Write};

use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};

/// The lines of the log that tell what went before a failure.
fn trace(server: &TestServer) -> Vec<String> {
    let log = server.log();
    let lines = log.lines().filter_map(|line| line.split_once(") trace: "));
    lines.map(|(_, line)| line.split_once(' ').unwrap().1.to_owned()).collect()
}

/// The same, as soon as `last` is among them.
fn trace_up_to(server: &TestServer, last: &str) -> Vec<String> {
    server.wait_for_line(|line| line.contains(") trace: ") && line.ends_with(last));
    trace(server)
}

/// What the reply calls the request, which stands in the log, too.
fn request_in(server: &TestServer, reply: &str) -> String {
    let (_, behind) = reply.rsplit_once(" [req ").unwrap_or_else(|| panic!("no request: {reply}"));
    let id =
        behind.trim_end().strip_suffix(']').unwrap_or_else(|| panic!("not at the end: {reply}"));
    assert!(!id.is_empty() && id.len() <= 80, "{reply}");
    server.wait_for_log(&format!("request-id={id}"));
    id.to_owned()
}

#[test]
fn a_no_of_the_store_ends_with_its_name_for_the_request() {
    let nowhere = Setup::bucket_named("there-is-no-such-bucket", Rgw::shared().endpoint());
    let server = nowhere.option("retry_timeout", "1").start();
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    let reply = ftp.ask("LIST");
    assert!(reply.starts_with("550 ") || reply.starts_with("450 "), "{reply}");
    request_in(&server, &reply);
    drop(data);
    let reply = ftp.ask("MKD new");
    request_in(&server, &reply);
}

#[test]
fn each_command_tells_which_request_was_refused() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server =
        Setup::bucket_behind(&injector.endpoint()).option("metadata_cache_time", "0").start();
    let mut ftp = Ftp::login(&server);
    for name in ["a", "b", "c"] {
        ftp.store(&format!("STOR {name}"), b"1234");
    }
    let refuse = |request| injector.inject(Rule::new(request, Fault::Refuse(403, "AccessDenied")));
    refuse(Request::DeleteObject);
    refuse(Request::CopyObject);
    refuse(Request::PutObject);
    for (line, request) in [("DELE a", "550 "), ("MKD d", "550 ")] {
        let reply = ftp.expect(line, request);
        assert_eq!(request_in(&server, &reply), "injected-1", "{line}");
    }
    ftp.expect("RNFR b", "350 ");
    let reply = ftp.ask("RNTO e");
    assert_eq!(request_in(&server, &reply), "injected-1");
    let data = ftp.passive();
    ftp.expect("STOR f", "150 ");
    drop(data.open());
    let reply = ftp.reply();
    assert_eq!(request_in(&server, &reply), "injected-1");
    injector.heal();
    let reply = ftp.ask("DELE a");
    assert!(!reply.contains("[req"), "{reply}");
}

#[test]
fn the_line_of_an_upload_that_failed_tells_its_request() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = Setup::bucket_behind(&injector.endpoint()).start();
    let mut ftp = Ftp::login(&server);
    injector.inject(Rule::new(Request::PutObject, Fault::Refuse(403, "AccessDenied")));
    let data = ftp.passive();
    ftp.expect("STOR a", "150 ");
    drop(data.open());
    assert!(ftp.reply().trim_end().ends_with(" [req injected-1]"));
    let line = server.wait_for_line(|line| line.contains(" upload path=\"/a\""));
    assert!(line.ends_with(" request-id=injected-1"), "{line}");
}

/// What the store refuses is not what the client has named.
#[test]
fn a_write_to_what_is_not_there_is_a_failure_of_the_store() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = Setup::bucket_behind(&injector.endpoint()).start();
    let mut ftp = Ftp::login(&server);
    let bytes = vec![7; 12_000_000];
    for (request, name, bytes) in [
        (Request::PutObject, "small", &bytes[..10]),
        (Request::CreateMultipartUpload, "a", &bytes),
        (Request::UploadPart, "b", &bytes),
        (Request::CompleteMultipartUpload, "c", &bytes),
    ] {
        injector.inject(Rule::new(request, Fault::Refuse(404, "NoSuchKey")));
        let data = ftp.passive();
        ftp.expect(&format!("STOR {name}"), "150 ");
        // The server may not wait for all of it.
        let _ = data.open().write_all(bytes);
        let reply = ftp.reply();
        assert!(reply.starts_with("451 "), "{request}: {reply}");
        assert_eq!(request_in(&server, &reply), "injected-1", "{request}");
        let told = format!("[ERROR] (session-1) {request} ");
        server.wait_for_log(&told);
        server.wait_for_line(|line| line.ends_with(&format!("< STOR {name}")));
        assert_eq!(server.log().matches(&told).count(), 1, "{request}");
        injector.heal();
    }
    injector.inject(Rule::new(Request::PutObject, Fault::Refuse(404, "NoSuchKey")));
    let reply = ftp.expect("MKD d", "450 ");
    assert_eq!(request_in(&server, &reply), "injected-1");
    ftp.expect("SIZE nowhere", "550 No such file");
}

#[test]
fn a_download_that_always_ends_early_tells_its_last_request() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = Setup::bucket_behind(&injector.endpoint()).start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR a", &[7; 300_000]);
    injector.inject(Rule::new(Request::GetObject, Fault::ResetInAnswer(1000)));
    let data = ftp.passive();
    ftp.expect("RETR a", "150 ");
    let mut got = Vec::new();
    data.open().read_to_end(&mut got).unwrap();
    let reply = ftp.reply();
    assert!(reply.starts_with("451 "), "{reply}");
    let id = request_in(&server, &reply);
    let log = server.log();
    let told = log.lines().filter(|line| line.contains("[ERROR] ") && line.contains(&id));
    assert_eq!(told.count(), 1, "{log}");
}

#[test]
fn what_went_before_a_failure_is_told_once_and_without_secrets() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = Setup::bucket_behind(&injector.endpoint()).start();
    let mut ftp = Ftp::login(&server);
    ftp.play(&[("ACCT topsecret", "202 "), ("SITE PSWD topsecret", "50"), ("CWD nowhere", "550 ")]);
    ftp.store("STOR a", b"1234");
    assert_eq!(trace(&server), Vec::<String>::new(), "nothing has failed");
    injector.inject(Rule::new(Request::DeleteObject, Fault::Refuse(403, "AccessDenied")));
    let reply = ftp.expect("DELE a", "550 ");
    let told = trace_up_to(&server, reply.trim_end());
    ftp.expect("NOOP", "200 ");
    assert!(told[0].starts_with("> 220 "), "{told:#?}");
    for line in ["< USER alice", "< PASS ***", "< ACCT ***", "< SITE ***", "< STOR a", "< DELE a"] {
        assert!(told.iter().any(|told| told == line), "{line}: {told:#?}");
    }
    assert_eq!(told.last().unwrap(), &format!("> {}", reply.trim_end()));
    let log = server.log();
    assert!(!log.contains("topsecret") && !log.contains("secret-1"), "{log}");
    // The next failure tells what has been said since.
    injector.heal();
    injector.inject(Rule::new(Request::DeleteObject, Fault::Refuse(500, "InternalError")));
    let reply = ftp.ask("DELE a");
    let again = trace_up_to(&server, reply.trim_end()).split_off(told.len());
    assert_eq!(again[0], "< NOOP", "{again:#?}");
}

#[test]
fn so_many_lines_are_kept_as_the_operator_wants() {
    for (lines, expected) in [("0", 0), ("5", 5), ("64", 64)] {
        let injector = Injector::before(Rgw::shared().endpoint());
        let server =
            Setup::bucket_behind(&injector.endpoint()).operations("trace_lines", lines).start();
        let mut ftp = Ftp::login(&server);
        ftp.store("STOR a", b"1234");
        for _ in 0..100 {
            ftp.expect("NOOP", "200 ");
        }
        injector.inject(Rule::new(Request::DeleteObject, Fault::Refuse(403, "AccessDenied")));
        let reply = ftp.expect("DELE a", "550 ");
        let told = match expected {
            0 => {
                server.wait_for_log("AccessDenied");
                ftp.expect("QUIT", "221 ");
                server.wait_for_log("logout user=");
                trace(&server)
            }
            _ => trace_up_to(&server, reply.trim_end()),
        };
        assert_eq!(told.len(), expected, "trace_lines = {lines}");
    }
}

#[test]
fn a_data_connection_that_does_not_come_is_told_once_a_minute() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    for _ in 0..20 {
        ftp.expect("LIST", "425 ");
    }
    ftp.expect("QUIT", "221 ");
    server.wait_for_log("logout user=");
    let told = trace(&server);
    assert_eq!(told.iter().filter(|line| *line == "< LIST").count(), 1, "{told:#?}");
}

/// Bytes that the server has in memory for each of so many sessions that have said a lot.
fn memory_of_a_session(lines: &str) -> u64 {
    const SESSIONS: u64 = 150;
    let setup = Setup::local().security("max_commands_per_second", "0");
    let server = setup.operations("trace_lines", lines).start();
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    };
    let mut idle = vec![Ftp::login(&server)];
    let before = resident();
    for _ in 0..SESSIONS {
        let mut ftp = Ftp::login(&server);
        for _ in 0..40 {
            ftp.expect(&format!("SITE {}", "x".repeat(600)), "50");
            ftp.expect(&format!("CWD {}", "long/".repeat(120)), "550 ");
        }
        idle.push(ftp);
    }
    (resident() - before) / SESSIONS
}

#[test]
fn what_a_session_keeps_is_bounded() {
    let (without, with) = (memory_of_a_session("0"), memory_of_a_session("64"));
    let added = with.saturating_sub(without);
    assert!(added <= 12 * 1024, "{without} bytes without, {with} with: {added}");
}
