use std::net::TcpListener;

use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::{self, Rgw};
use crate::support::server::{Setup, TestServer};

/// What is typed to try the store of `server`, at the end of a line.
fn check_command(server: &TestServer) -> String {
    let program = env!("CARGO_BIN_EXE_cos-ftp-server");
    format!("{program} check --config {}", server.config().display())
}

#[test]
fn a_store_that_refuses_is_told_with_the_command_that_tells_more() {
    let server = Setup::bucket_named("no-such-bucket", Rgw::shared().endpoint()).start();
    let line = server.wait_for_line(|line| line.contains(" cannot be used now: "));
    assert!(line.contains("[ERROR]") && line.contains("NoSuchBucket"), "{line}");
    let hint = format!("; to find out what to do: {}", check_command(&server));
    assert!(line.trim_end().ends_with(&hint), "{line}");
}

#[test]
fn a_wrong_secret_is_one_error_with_the_command_that_tells_more() {
    let setup = Setup::bucket().option("log_level", "DEBUG");
    let server = setup.replace(&rgw::secret_key(), "wrong").start();
    // Who looks for unfinished uploads has been refused by then, too.
    server.wait_for_log(" stores looked through");
    let line = server.wait_for_line(|line| line.contains(" cannot be used now: "));
    assert!(line.contains("[ERROR]") && line.contains("SignatureDoesNotMatch"), "{line}");
    assert!(line.trim_end().ends_with(&check_command(&server)), "{line}");
    let log = server.log();
    let told = log.lines().filter(|line| line.contains("[WARN]") || line.contains("[ERROR]"));
    let told: Vec<_> = told.filter(|line| line.contains("SignatureDoesNotMatch")).collect();
    assert_eq!(told.len(), 1, "{told:#?}");
}

#[test]
fn a_dead_store_is_told_in_few_lines_and_each_try_to_whoever_wants_to_know() {
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let setup = Setup::bucket_behind(&dead).option("log_level", "DEBUG");
    let server = setup.option("retry_timeout", "5").start();
    let line = server.wait_for_line(|line| line.contains(" cannot be used now: "));
    let (_, tries) = line.split_once(" tries=").unwrap_or_else(|| panic!("{line}"));
    assert!(!tries.starts_with(['0', '1']), "{line}");
    let log = server.log();
    let tries: Vec<_> = log.lines().filter(|line| line.contains(" failed, again in ")).collect();
    let told = tries.iter().filter(|line| !line.contains("[DEBUG]")).count();
    assert!(told == 1 && tries[0].contains("[WARN]") && tries.len() > 2, "{tries:#?}");
}

#[test]
fn a_silent_store_is_told_long_before_a_request_is_given_up() {
    let injector = Injector::before(Rgw::shared().endpoint());
    injector.inject(Rule::new(Request::ListObjects, Fault::Stall));
    let server = Setup::bucket_behind(&injector.endpoint()).start();
    let line = server.wait_for_line(|line| line.contains(" has not answered for "));
    assert!(line.contains("[WARN] (probe)"), "{line}");
    assert!(line.contains(" for 5 s; to find out what to do about it: "), "{line}");
    assert!(line.trim_end().ends_with(&check_command(&server)), "{line}");
    assert!(!server.log().contains("cannot be used now"), "{}", server.log());
    injector.heal();
    server.wait_for_log(" answers");
}
