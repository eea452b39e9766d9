//! The page at `metrics_listen`, as it is answered. How it looks and moves in a browser is shown by
//! `tests/status-page`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::certificate::Certificate;
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::polling::pause;
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer, USER};

fn shown(setup: Setup) -> (TestServer, SocketAddr) {
    let server = setup.operations("metrics_listen", "127.0.0.1:0").start();
    let line = server.wait_for_log("metrics and health at http://");
    let address = line.rsplit('/').next().unwrap().parse().unwrap();
    (server, address)
}

/// Head and body of the answer to a request.
fn ask(address: SocketAddr, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(format!("{request} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

fn report(address: SocketAddr) -> Value {
    let (head, body) = ask(address, "GET /status.json");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: application/json"), "{head}");
    serde_json::from_str(&body).unwrap()
}

/// The report, as soon as it is as it should be.
fn report_once(address: SocketAddr, is_so: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let told = report(address);
        if is_so(&told) {
            return told;
        }
        assert!(Instant::now() < deadline, "{told:#}");
        pause();
    }
}

#[test]
fn the_page_runs_nothing_but_its_own() {
    let (_server, address) = shown(Setup::local());
    let (head, page) = ask(address, "GET /");
    assert!(
        head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8"),
        "{head}"
    );
    let policy =
        head.lines().find_map(|line| line.strip_prefix("Content-Security-Policy: ")).unwrap();
    for (directive, tag) in [("style-src", "style"), ("script-src", "script")] {
        let (_, behind) = page.split_once(&format!("<{tag}>")).unwrap();
        let text = behind.split_once(&format!("</{tag}>")).unwrap().0;
        let hash = STANDARD.encode(Sha256::digest(text));
        assert!(policy.contains(&format!("{directive} 'sha256-{hash}';")), "{policy}");
    }
    for directive in
        ["default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'", "form-action 'none'"]
    {
        assert!(policy.contains(directive), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    for header in [
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        "Referrer-Policy: no-referrer",
        "Cross-Origin-Resource-Policy: same-origin",
    ] {
        assert!(head.contains(header), "{header}: {head}");
    }
    let (head, body) = ask(address, "HEAD /");
    assert!(head.starts_with("HTTP/1.1 200 OK") && body.is_empty(), "{head}");
    assert!(ask(address, "POST /").0.starts_with("HTTP/1.1 405 "));
    let (head, body) = ask(address, "GET /nothing");
    assert!(head.starts_with("HTTP/1.1 404 ") && body.contains("/status.json"), "{head}");
    assert!(head.contains("Content-Security-Policy: default-src 'none'"), "{head}");
}

#[test]
fn no_names_are_told_unless_they_are_wanted() {
    for named in [false, true] {
        let setup =
            Setup::local().operations("status_page_names", if named { "on" } else { "off" });
        let (server, address) = shown(setup);
        let mut ftp = Ftp::login(&server);
        ftp.play(&[("MKD private", "257 "), ("CWD private", "250 ")]);
        let data = ftp.passive();
        ftp.expect("ALLO 5000", "200 ");
        ftp.expect("STOR diary.txt", "150 ");
        let mut stream = data.open();
        stream.write_all(&[b'x'; 1000]).unwrap();
        let told = report_once(address, |told| told["sessions"][0]["transfer"]["bytes"] == 1000);
        let session = &told["sessions"][0];
        assert_eq!(session["transfer"]["total_bytes"], 5000);
        let words = |word| told.to_string().contains(word);
        for word in ["private", "diary"] {
            assert_eq!(words(word), named, "{told:#}");
        }
        let data = server.beside("data").display().to_string();
        assert_eq!(words(&data), named, "{told:#}");
        match named {
            true => {
                assert_eq!(session["user"], USER);
                assert_eq!(session["transfer"]["path"], "/private/diary.txt");
            }
            false => {
                assert_eq!(session["user"], Value::Null);
                assert_eq!(session["command"], "STOR");
                assert_eq!(session["directory"], "");
            }
        }
    }
}

#[test]
fn stores_failures_and_the_certificate_are_told() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let certificate = Certificate::new("server");
    let setup = Setup::bucket_behind(&injector.endpoint()).operations("status_page_names", "on");
    let (server, address) = shown(certificate.serve(setup, "optional"));
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR a", b"1234");
    let told = report(address);
    let answer = &told["stores"][0]["last_answer"];
    assert!(told["stores"][0]["name"].as_str().unwrap().starts_with("cos://"), "{told:#}");
    assert_eq!(answer["status"], 200, "{told:#}");
    assert!(told["certificate"]["days_left"].as_i64().unwrap() > 0, "{told:#}");
    assert_eq!(told["failures"], Value::Array(Vec::new()));
    assert_eq!(told["totals"]["received_bytes"], 4);
    injector.inject(Rule::new(Request::DeleteObject, Fault::Refuse(403, "AccessDenied")));
    ftp.expect("DELE a", "550 ");
    let told = report(address);
    let failure = &told["failures"][0];
    assert_eq!(failure["what"], "DeleteObject: AccessDenied 403 AccessDenied");
    assert_eq!(
        (&failure["request_id"], &failure["session"]),
        (&"injected-1".into(), &"session-1".into())
    );
    assert_eq!(told["stores"][0]["last_answer"]["status"], 403);
    assert_eq!(told["stores"][0]["last_answer"]["operation"], "DeleteObject");
}

#[test]
fn the_command_tells_the_same_as_the_page() {
    let (server, address) = shown(Setup::local().operations("status_page_names", "on"));
    let _ftp = Ftp::login(&server);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"))
        .args(["status", "--json", "--config"])
        .arg(server.config())
        .output()
        .unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let shown = report(address);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&told), keys(&shown));
    assert_eq!(told["sessions"][0]["address"], shown["sessions"][0]["address"]);
}
