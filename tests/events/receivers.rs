//! Receivers: a program, a service; that fail, are silent, or gone.

use std::collections::HashSet;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use hmac::{Hmac, Mac};
use rustix::process::{Pid, test_kill_process};
use serde_json::Value;
use sha2::Sha256;

use crate::events::service::{Mood, Service, Told, status};
use crate::events::told::telling;
use crate::support::ftp::Ftp;
use crate::support::polling::wait_until;
use crate::support::server::{Setup, TestServer};

/// A server that runs the script `text` for each event, in which `$1` is a directory for it.
fn running(text: &str) -> Setup {
    Setup::local()
        .events("command", "/bin/sh @DIR@/tell @DIR@")
        .events("queue_dir", "@DIR@/events")
        .file("tell", text)
}

fn lines(server: &TestServer, name: &str) -> Vec<String> {
    let text = fs::read_to_string(server.beside(name)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_program_gets_the_event_and_nothing_of_the_environment() {
    let script = "cat >> $1/told; env > $1/env.new; mv $1/env.new $1/env";
    let server = running(script).environment("COS_SECRETKEY", "hunter2").start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR /$(touch x); `id`", b"abc");
    wait_until("no event", || server.beside("env").exists());
    let told: Value = serde_json::from_str(&lines(&server, "told")[0]).unwrap();
    assert_eq!(told["path"], "/$(touch x); `id`");
    let environment = lines(&server, "env");
    for (name, value) in [
        ("EVENT_TYPE", &Value::from("upload")),
        ("EVENT_PATH", &told["path"]),
        ("EVENT_ID", &told["id"]),
    ] {
        let line = format!("{name}={}", value.as_str().unwrap());
        assert!(environment.contains(&line), "{line}: {environment:?}");
    }
    assert!(!environment.iter().any(|line| line.contains("hunter2")), "{environment:?}");
}

#[test]
fn a_program_that_takes_too_long_ends_with_all_it_has_started() {
    let script = "sleep 600 & echo $! >> $1/child; echo $$ >> $1/parent; wait";
    let mut server = running(script).events("timeout", "1").start();
    Ftp::login(&server).store("STOR /a", b"abc");
    // It is tried again when the first is killed.
    wait_until("tried once", || lines(&server, "parent").len() >= 2);
    for name in ["child", "parent"] {
        let first = Pid::from_raw(lines(&server, name)[0].parse().unwrap()).unwrap();
        let status = || fs::read_to_string(format!("/proc/{}/stat", first.as_raw_nonzero()));
        // A zombie waits for whoever adopted it.
        let has_ended = || {
            test_kill_process(first).is_err() || status().is_ok_and(|stat| stat.contains(") Z "))
        };
        wait_until(name, has_ended);
    }
    // It takes the program with it that it tries now.
    server.stop();
}

#[test]
fn a_program_that_fails_is_run_again() {
    let script = "echo $EVENT_ID >> $1/tries; [ $(wc -l < $1/tries) -ge 3 ]";
    let server = running(script).start();
    Ftp::login(&server).store("STOR /a", b"abc");
    wait_until("three tries", || lines(&server, "tries").len() == 3);
    server.wait_for_log("was not taken, and is tried again: exit status: 1");
    let tries: HashSet<_> = lines(&server, "tries").into_iter().collect();
    assert_eq!(tries.len(), 1, "the same id each time");
}

#[test]
fn what_a_service_gets_is_signed() {
    let service = Service::start(Mood::Good);
    let setup = telling(Setup::local(), &service).file("secret", "hush hush\n");
    let server = setup.events("secret_file", "@DIR@/secret").start();
    Ftp::login(&server).store("STOR /a", b"abc");
    let told = &service.wait_for(1)[0];
    let mut mac = Hmac::<Sha256>::new_from_slice(b"hush hush").unwrap();
    mac.update(&told.body);
    let expected = format!("sha256={:x}", mac.finalize().into_bytes());
    assert_eq!(told.headers["x-event-signature"], expected);
    assert_eq!(told.headers["content-type"], "application/json");
    assert!(!server.log().contains("hush"));
}

fn paths(told: &[Told]) -> HashSet<String> {
    let taken = told.iter().filter(|told| told.is_taken);
    taken.map(|told| told.text("path").to_owned()).collect()
}

/// Stores so many files. None of them waits for its delivery.
fn store(server: &TestServer, count: usize) -> HashSet<String> {
    let mut ftp = Ftp::login(server);
    let names: Vec<_> = (0..count).map(|n| format!("/f{n}")).collect();
    for name in &names {
        ftp.store(&format!("STOR {name}"), b"abc");
    }
    names.into_iter().collect()
}

#[test]
fn a_service_that_fails_now_and_then_is_told_everything() {
    let service = Service::start(Mood::Fails(30));
    let server = telling(Setup::local(), &service).start();
    let stored = store(&server, 100);
    let told = service.wait(|told| paths(told).len() == stored.len());
    assert_eq!(paths(&told), stored);
    // What was taken is not told again.
    assert_eq!(told.iter().filter(|told| told.is_taken).count(), stored.len());
    assert!(told.len() > stored.len(), "nothing failed");
}

#[test]
fn a_service_that_is_silent_holds_up_no_client() {
    let service = Service::start(Mood::Silent);
    let server = telling(Setup::local(), &service).events("timeout", "1").start();
    let began = Instant::now();
    let stored = store(&server, 30);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    service.wait_for(2);
    service.set(Mood::Good);
    let told = service.wait(|told| paths(told).len() == stored.len());
    assert_eq!(paths(&told), stored);
}

#[test]
fn a_service_that_is_gone_is_told_when_it_is_back_also_by_the_next_start() {
    let service = Service::start(Mood::Gone);
    let queue = tempfile::TempDir::new().unwrap();
    let setup = || {
        let directory = queue.path().join("events").display().to_string();
        let setup = Setup::local().events("url", &service.url());
        setup.events("queue_dir", &directory).operations("metrics_listen", "127.0.0.1:0")
    };
    let mut server = setup().start();
    let stored = store(&server, 20);
    let said = status(&server);
    assert!(said.contains("\nevents waiting: 20, the oldest for "), "{said}");
    let figures = figures(&server);
    assert!(figures.contains("\ncos_ftp_events_waiting 20\n"), "{figures}");
    assert!(!figures.contains("cos_ftp_events_total{result=\"failed\"} 0\n"), "{figures}");
    assert!(server.stop().success());
    drop(server);
    assert_eq!(service.told().len(), 0);
    service.set(Mood::Good);
    let server = setup().start();
    server.wait_for_log("events: 20 wait since the last start");
    let told = service.wait(|told| paths(told).len() == stored.len());
    assert_eq!((paths(&told), told.len()), (stored, 20));
    wait_until("none waits", || status(&server).contains("events waiting: 0, "));
}

fn figures(server: &TestServer) -> String {
    let line = server.wait_for_log("metrics and health at ");
    let url = format!("{}/metrics", line.rsplit(' ').next().unwrap());
    let output = Command::new("curl").args(["-s", &url]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn an_event_is_given_up_when_its_time_is_over() {
    let service = Service::start(Mood::Gone);
    let server = telling(Setup::local(), &service).events("give_up_after", "2").start();
    Ftp::login(&server).store("STOR /a", b"abc");
    server.wait_for_log("is given up: ");
    service.set(Mood::Good);
    Ftp::login(&server).store("STOR /b", b"abc");
    assert_eq!(service.wait_for(1)[0].text("path"), "/b");
}

#[test]
fn a_full_queue_refuses_or_drops() {
    for full in ["refuse", "drop"] {
        let service = Service::start(Mood::Gone);
        let setup = telling(Setup::local(), &service).events("names", "*.jpg");
        let server = setup.events("queue_max", "3").events("queue_full", full).start();
        let mut ftp = Ftp::login(&server);
        for name in ["a", "b", "c"] {
            ftp.store(&format!("STOR /{name}.jpg"), b"abc");
        }
        if full == "refuse" {
            ftp.store_refused("STOR /d.jpg", "450 Too many events wait");
            ftp.play(&[
                ("DELE /a.jpg", "450 "),
                ("RNFR /a.jpg", "350 "),
                ("RNTO /x.jpg", "450 "),
                ("RNFR /a.jpg", "350 "),
                ("RNTO /x", "250 "),
            ]);
        } else {
            ftp.store("STOR /d.jpg", b"abc");
        }
        ftp.store("STOR /other", b"abc");
        service.set(Mood::Good);
        let told = service.wait(|told| paths(told).len() == 3);
        assert_eq!(told.len(), 3, "{full}: {told:?}");
        // There is room again.
        wait_until("room", || status(&server).contains("events waiting: 0, "));
        ftp.store("STOR /e.jpg", b"abc");
        service.wait(|told| paths(told).contains("/e.jpg"));
    }
}

#[test]
fn two_servers_cannot_share_a_journal() {
    let service = Service::start(Mood::Good);
    let server = telling(Setup::local(), &service).start();
    let directory = server.beside("events").display().to_string();
    let second =
        Setup::local().events("url", &service.url()).events("queue_dir", &directory).write();
    let output = second.command(&[]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("queue_dir = ") && said.contains("another server uses it"), "{said}");
    assert!(!output.status.success());
}
