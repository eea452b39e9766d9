use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;

/// A file that goes in several parts, and that a worker sends.
const IN_PARTS: usize = 12 << 20;

/// Everything that a session lets other threads do, with a failure in each that is logged.
fn busy_session(server: &TestServer, injector: &Injector) {
    let refused = Fault::Refuse(503, "SlowDown");
    // Early: later the rest may already be coming in ranges of its own.
    let reset = Fault::ResetInAnswer(64 << 10);
    for rule in [
        Rule::new(Request::UploadPart, refused),
        Rule::new(Request::CompleteMultipartUpload, refused),
        Rule::new(Request::GetObject, reset),
        Rule::new(Request::CopyObject, refused),
        Rule::new(Request::DeleteObject, refused),
    ] {
        injector.inject(rule.times(1));
    }
    let mut ftp = Ftp::login(server);
    ftp.play(&[("TYPE I", "200 "), ("MKD dir", "257 ")]);
    ftp.store("STOR dir/large", &noise(1, IN_PARTS));
    assert_eq!(ftp.fetch("RETR dir/large").len(), IN_PARTS);
    for name in ["a", "b", "c"] {
        ftp.store(&format!("STOR dir/{name}"), b"small");
    }
    assert_eq!(ftp.list("LIST dir").len(), 4);
    ftp.play(&[("RNFR dir", "350 "), ("RNTO other", "250 "), ("QUIT", "221 ")]);
    server.wait_for_log("logout user=");
}

#[test]
fn every_line_of_a_session_and_its_workers_names_it() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = Setup::bucket_behind(&injector.endpoint())
        .option("log_level", "DEBUG")
        // It logs when it likes, and belongs to no session.
        .operations("abort_unfinished_after", "0")
        .start();
    server.wait_for_log(" answers");
    let before = server.log().lines().count();
    // The second session of the process.
    drop(Ftp::connect(&server));
    server.wait_for_log("(session-1) disconnected");
    busy_session(&server, &injector);
    let log = server.log();
    let own: Vec<_> =
        log.lines().skip(before).filter(|line| !line.contains("(session-1)")).collect();
    let strange: Vec<_> = own.iter().filter(|line| !line.contains("(session-2)")).collect();
    assert!(strange.is_empty(), "{strange:#?}\n{log}");
    for told in ["SlowDown", "resuming", "upload path=", "rename from="] {
        assert!(own.iter().any(|line| line.contains(told)), "no {told:?}:\n{log}");
    }
    // One for each request that was refused.
    assert!(own.iter().filter(|line| line.contains("SlowDown")).count() >= 4, "{log}");
}
