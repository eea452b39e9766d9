use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;

/// What a stop is given in these tests.
const GRACE: Duration = Duration::from_secs(8);

/// What the machine may take beside it: the tests run with others.
const MARGIN: Duration = Duration::from_secs(4);

fn stopping_within_grace(endpoint: &str) -> Setup {
    let setup =
        Setup::bucket_behind(endpoint).option("shutdown_grace", &GRACE.as_secs().to_string());
    setup.operations("abort_unfinished_after", "0")
}

fn stop_command(server: &TestServer) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
    command.arg("stop").arg("--config").arg(server.config());
    command
}

#[test]
fn a_server_that_is_killed_while_it_stops_has_not_stopped() {
    let server = Setup::local().option("shutdown_grace", "600").start();
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.expect("STOR file", "150 ");
    let _data = data.open();
    let stopping = stop_command(&server).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let stopping = stopping.unwrap();
    server.wait_for_log("stopping: 1 transfer left");
    server.kill();
    let output = stopping.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    let who = format!("process {} has ended, but not by a stop", server.pid());
    assert!(told.contains(&who), "{told}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("stopped"), "{told}");
}

/// How an upload that has been sent stops while the store treats its end as `fault` says.
fn stop_during(request: Request, fault: Fault, bytes: usize) {
    let injector = Injector::before(Rgw::shared().endpoint());
    // So long that no pause between two tries is too long for what is left of it.
    let setup = stopping_within_grace(&injector.endpoint()).option("reply_timeout", "60");
    let mut server = setup.option("partial_upload", "keep").start();
    server.wait_for_log(" answers");
    injector.inject(Rule::new(request, fault));
    injector.inject(Rule::new(Request::ListObjects, fault));
    let mut ftp = Ftp::login(&server);
    ftp.expect("TYPE I", "200 ");
    let data = ftp.passive();
    ftp.expect("STOR file", "150 ");
    let mut data = data.open();
    data.write_all(&noise(1, bytes)).unwrap();
    drop(data);
    injector.wait_for_strikes(1);
    let begun = Instant::now();
    let stopping = stop_command(&server).stdout(Stdio::piped()).spawn().unwrap();
    let status = server.stop();
    assert!(begun.elapsed() < GRACE + MARGIN, "{:?}\n{}", begun.elapsed(), server.log());
    assert_eq!(status.code(), Some(1));
    // Whoever has asked for it is told how long it takes, and that it was not in order.
    let output = stopping.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.starts_with("stopping within 8 s, or up to 21 min later if a store"), "{told}");
    assert!(output.status.code() == Some(1) && !told.contains("stopped"), "{told}");
    server.wait_for_log("stopping: 1 transfer left, at most 8 s to finish");
    server.wait_for_log("stopping: 1 transfer left, interrupted, at most ");
    server.wait_for_log("the store does not answer: nothing more is waited for");
    injector.heal();
}

#[test]
fn a_stop_ends_in_its_time_with_a_store_that_is_silent() {
    stop_during(Request::PutObject, Fault::Stall, 1000);
    stop_during(Request::CompleteMultipartUpload, Fault::Stall, 12 << 20);
}

#[test]
fn a_stop_ends_in_its_time_with_a_store_that_fails() {
    stop_during(Request::PutObject, Fault::Refuse(503, "SlowDown"), 1000);
    stop_during(Request::PutObject, Fault::ResetBeforeReply, 2 << 20);
}

#[test]
fn a_store_that_answers_is_waited_for() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let mut server = stopping_within_grace(&injector.endpoint()).start();
    server.wait_for_log(" answers");
    let slow = Fault::Latency(GRACE + MARGIN);
    injector.inject(Rule::new(Request::CompleteMultipartUpload, slow));
    let mut ftp = Ftp::login(&server);
    ftp.expect("TYPE I", "200 ");
    let data = ftp.passive();
    ftp.expect("STOR file", "150 ");
    data.open().write_all(&noise(1, 12 << 20)).unwrap();
    injector.wait_for_strikes(1);
    assert!(server.stop().success());
    server.wait_for_log("waiting for the store to confirm what it has been sent, at most ");
    assert!(ftp.reply().contains("\n226 Transfer complete"));
}

#[test]
fn a_download_that_a_stop_ends_is_not_the_clients_fault() {
    for bytes in [200_000, 32 << 20] {
        let mut server = Setup::local().option("shutdown_grace", "1").start();
        server.stored().put("large", &noise(1, bytes));
        let mut ftp = Ftp::login(&server);
        ftp.expect("TYPE I", "200 ");
        let data = ftp.passive();
        ftp.expect("RETR large", "150 ");
        let _reads_nothing = data.open();
        server.stop();
        let line = server.wait_for_log("download path=");
        assert!(line.ends_with("verdict=\"server stopping\""), "{line}");
    }
}

#[test]
fn what_outlives_its_transfer_is_waited_for_and_told() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let setup = stopping_within_grace(&injector.endpoint());
    let mut server = setup.option("partial_upload", "discard").start();
    server.wait_for_log(" answers");
    for request in [Request::UploadPart, Request::AbortMultipartUpload, Request::ListObjects] {
        injector.inject(Rule::new(request, Fault::Stall));
    }
    let mut ftp = Ftp::login(&server);
    ftp.expect("TYPE I", "200 ");
    let data = ftp.passive();
    ftp.expect("STOR file", "150 ");
    let mut data = data.open();
    data.write_all(&noise(1, 6 << 20)).unwrap();
    injector.wait_for_strikes(1);
    ftp.send("ABOR");
    ftp.expect_reply("426 ");
    drop((data, ftp));
    server.wait_for_log("logout user=alice");
    let status = server.stop();
    server.wait_for_log("stopping: 1 worker left, waiting for the store, at most ");
    assert_eq!(status.code(), Some(1));
    injector.heal();
}
