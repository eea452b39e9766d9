use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cos_ftp_server::metrics::METRICS;
use rustix::process::Signal;

use crate::support::certificate::Certificate;
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::polling::wait_until;
use crate::support::rgw::Rgw;
use crate::support::server::{PASSWORD, Setup, TestServer, USER};
use crate::support::stored::noise;

/// A file that goes to the store in parts.
const IN_PARTS: usize = 12 << 20;

fn monitored(setup: Setup) -> (TestServer, SocketAddr) {
    let server = setup.operations("metrics_listen", "127.0.0.1:0").start();
    let line = server.wait_for_log("metrics and health at http://");
    let address = line.rsplit('/').next().unwrap().parse().unwrap();
    (server, address)
}

fn until_ready(address: SocketAddr) {
    wait_until("never ready again", || get(address, "/readyz", &[]).0 == 200);
}

/// Status and body of what curl gets.
fn get(address: SocketAddr, path: &str, arguments: &[&str]) -> (u16, String) {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "30"])
        .args(["--write-out", "\n%{http_code}"])
        .args(arguments)
        .arg(format!("http://{address}{path}"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, status) = text.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), body.to_owned())
}

/// Every sample by its name and labels.
fn scrape(address: SocketAddr) -> BTreeMap<String, f64> {
    let (status, text) = get(address, "/metrics", &[]);
    assert_eq!(status, 200);
    check_with_promtool(&["check", "metrics"], &text);
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let read = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    };
    samples.map(read).collect()
}

fn check_with_promtool(arguments: &[&str], input: &str) {
    let mut child = Command::new("promtool")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool runs");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    assert!(output.status.success(), "{told}\n{input}");
}

#[test]
fn figures_tell_what_happened() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let setup = Setup::bucket_behind(&injector.endpoint())
        .option("max_connection_num", "40")
        .option("buffer_memory", "64M")
        .operations("abort_unfinished_after", "1");
    let bucket = setup.bucket_name().to_owned();
    Rgw::shared().s3_begin_upload(&bucket, "forgotten");
    Rgw::shared().let_a_second_pass(&bucket);
    let (server, address) = monitored(setup);
    server.wait_for_log("aborted the unfinished upload");
    server.wait_for_log(" answers");

    injector.inject(Rule::new(Request::PutObject, Fault::Refuse(503, "SlowDown")).times(1));
    let mut ftp = Ftp::login(&server);
    ftp.expect("TYPE I", "200 ");
    ftp.store("STOR small", &noise(1, 1000));
    ftp.store("STOR large", &noise(2, IN_PARTS));
    assert_eq!(ftp.fetch("RETR large").len(), IN_PARTS);
    injector.inject(Rule::new(Request::PutObject, Fault::Refuse(403, "AccessDenied")).times(1));
    ftp.store_refused("STOR refused", "550 ");
    let mut stranger = Ftp::connect(&server);
    stranger.play(&[(&format!("USER {USER}"), "331 "), ("PASS wrong", "530 ")]);
    let _port = ftp.passive();

    let told = scrape(address);
    let sent = IN_PARTS as f64;
    for (name, expected) in [
        ("cos_ftp_sessions", 2.0),
        ("cos_ftp_connections", 2.0),
        ("cos_ftp_connections_limit", 40.0),
        ("cos_ftp_logins_total{result=\"ok\"}", 1.0),
        ("cos_ftp_logins_total{result=\"failed\"}", 1.0),
        ("cos_ftp_transfers_running", 0.0),
        ("cos_ftp_transfers_total{direction=\"upload\",result=\"complete\"}", 2.0),
        ("cos_ftp_transfers_total{direction=\"upload\",result=\"failed\"}", 1.0),
        ("cos_ftp_transfers_total{direction=\"download\",result=\"complete\"}", 1.0),
        ("cos_ftp_transfer_bytes_total{direction=\"upload\",result=\"complete\"}", sent + 1000.0),
        ("cos_ftp_transfer_bytes_total{direction=\"download\",result=\"complete\"}", sent),
        ("cos_ftp_data_bytes_total{direction=\"download\"}", sent),
        ("cos_ftp_store_requests_total{operation=\"PutObject\",status=\"503\"}", 1.0),
        ("cos_ftp_store_requests_total{operation=\"PutObject\",status=\"403\"}", 1.0),
        ("cos_ftp_store_requests_total{operation=\"PutObject\",status=\"200\"}", 1.0),
        ("cos_ftp_store_retries_total{operation=\"PutObject\"}", 1.0),
        ("cos_ftp_store_request_seconds_count{operation=\"PutObject\"}", 3.0),
        ("cos_ftp_store_request_seconds_count{operation=\"CompleteMultipartUpload\"}", 1.0),
        ("cos_ftp_parts_in_flight", 0.0),
        ("cos_ftp_buffer_bytes", 0.0),
        ("cos_ftp_buffer_limit_bytes", f64::from(64 << 20)),
        ("cos_ftp_passive_ports_used", 1.0),
        ("cos_ftp_passive_ports", 20_000.0),
        ("cos_ftp_unfinished_uploads_found_total", 1.0),
        ("cos_ftp_unfinished_uploads_aborted_total", 1.0),
    ] {
        assert_eq!(told.get(name), Some(&expected), "{name} of {told:#?}");
    }
    for (name, least) in [
        ("cos_ftp_last_good_probe_timestamp_seconds", 1.7e9),
        ("process_start_time_seconds", 1.7e9),
        ("process_resident_memory_bytes", 1e6),
        ("process_open_fds", 10.0),
        ("process_max_fds", 100.0),
    ] {
        assert!(told[name] >= least, "{name} of {told:#?}");
    }
    let uploaded = told["cos_ftp_data_bytes_total{direction=\"upload\"}"];
    assert!(uploaded >= sent + 1000.0, "{uploaded}");
    for metric in METRICS {
        assert!(told.keys().any(|name| name.starts_with(metric.name)), "{}", metric.name);
    }
}

#[test]
fn a_transfer_is_seen_while_it_runs() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let (server, address) = monitored(Setup::bucket_behind(&injector.endpoint()));
    injector.inject(Rule::new(Request::UploadPart, Fault::Stall));
    let mut ftp = Ftp::login(&server);
    ftp.expect("TYPE I", "200 ");
    let data = ftp.passive();
    ftp.expect("STOR file", "150 ");
    let mut data = data.open();
    data.write_all(&noise(1, 6 << 20)).unwrap();
    injector.wait_for_strikes(1);
    let told = scrape(address);
    assert_eq!(told["cos_ftp_transfers_running"], 1.0);
    assert_eq!(told["cos_ftp_parts_in_flight"], 1.0);
    assert_eq!(told["cos_ftp_connections"], 2.0);
    assert!(told["cos_ftp_buffer_bytes"] >= f64::from(5 << 20), "{told:#?}");
    assert!(told["cos_ftp_data_bytes_total{direction=\"upload\"}"] >= f64::from(5 << 20));
    injector.heal();
    drop(data);
    ftp.expect_reply("226 ");
    assert_eq!(scrape(address)["cos_ftp_parts_in_flight"], 0.0);
}

#[test]
fn bans_and_refusals_are_counted() {
    let (server, address) = monitored(Setup::local().security("ban_failures", "1"));
    let mut guest = Ftp::connect(&server);
    guest.play(&[(&format!("USER {USER}"), "331 "), ("PASS wrong", "421 ")]);
    Ftp::silent(server.address()).expect_reply("421 ");
    let told = scrape(address);
    for name in [
        "cos_ftp_bans_total",
        "cos_ftp_banned_addresses",
        "cos_ftp_refusals_total{reason=\"banned\"}",
        "cos_ftp_logins_total{result=\"failed\"}",
    ] {
        assert_eq!(told.get(name), Some(&1.0), "{name} of {told:#?}");
    }
}

#[test]
fn health_is_of_the_process_and_readiness_of_the_stores() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let (_server, address) = monitored(Setup::bucket_behind(&injector.endpoint()));
    assert_eq!(get(address, "/readyz", &[]), (200, "ok\n".to_owned()));
    let asked = |injector: &Injector| {
        let seen = injector.seen();
        seen.iter().filter(|(request, _)| *request == Request::ListObjects).count()
    };
    let before = asked(&injector);
    for _ in 0..3 {
        assert_eq!(get(address, "/readyz", &[]).0, 200);
    }
    assert_eq!(asked(&injector), before, "what is known a moment ago is not asked again");

    let (_server, address) = {
        injector.inject(Rule::new(Request::ListObjects, Fault::Refuse(403, "AccessDenied")));
        monitored(Setup::bucket_behind(&injector.endpoint()))
    };
    let (status, text) = get(address, "/readyz", &[]);
    assert_eq!(status, 503);
    assert!(
        text.starts_with("cos://") && text.ends_with("AccessDenied, 403 AccessDenied\n"),
        "{text}"
    );
    assert_eq!(get(address, "/healthz", &[]), (200, "ok\n".to_owned()));
    injector.heal();
    // The answer is kept for some seconds.
    until_ready(address);
}

#[test]
fn a_store_that_is_silent_holds_no_probe_up() {
    let injector = Injector::before(Rgw::shared().endpoint());
    injector.inject(Rule::new(Request::ListObjects, Fault::Stall));
    let (server, address) = monitored(Setup::bucket_behind(&injector.endpoint()));
    let (status, text) = get(address, "/readyz", &[]);
    assert_eq!((status, text.as_str()), (503, "the stores have not answered within 2 s\n"));
    assert_eq!(get(address, "/healthz", &[]).0, 200);
    assert_eq!(Ftp::connect(&server).ask(&format!("USER {USER}"))[..4], *"331 ");
    injector.heal();
    until_ready(address);
}

#[test]
fn clients_that_ask_nothing_or_nonsense_keep_nobody_away() {
    let (mut server, address) = monitored(Setup::local());
    // More than are attended to at once, some of which have begun to ask, or have asked and do not
    // listen.
    let idle: Vec<_> = (0..40)
        .map(|n| {
            let mut socket = TcpStream::connect(address).unwrap();
            let words = ["", "GET /healthz HTTP/1.1\r\n", "GET /metrics HTTP/1.1\r\n\r\n"];
            socket.write_all(words[n % words.len()].as_bytes()).unwrap();
            socket
        })
        .collect();
    let mut ftp = TcpStream::connect(address).unwrap();
    ftp.write_all(b"USER alice\r\nPASS x\r\n\r\n").unwrap();
    let began = Instant::now();
    assert_eq!(get(address, "/healthz", &[]), (200, "ok\n".to_owned()));
    // Nobody's time has run out by then.
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    drop((idle, ftp));
    assert_eq!(get(address, "/elsewhere", &[]).0, 404);
    assert_eq!(get(address, "/metrics", &["--request", "POST"]).0, 405);
    let long = format!("x: {}", "y".repeat(9000));
    assert_eq!(get(address, "/metrics", &["--header", &long]).0, 400);
    assert_eq!(get(address, "/healthz", &["--head"]).0, 200);
    assert!(server.stop().success());
    assert!(TcpStream::connect(address).is_err());
    assert!(!server.log().contains(PASSWORD));
}

#[test]
fn an_address_that_is_taken_or_none_keeps_the_server_from_starting() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (value, told, status) in [
        (address.as_str(), "already in use", 1),
        (
            "9121",
            "[OPERATIONS] metrics_listen = 9121: not accepted; accepted is an IP address and",
            78,
        ),
    ] {
        let written = Setup::local().operations("metrics_listen", value).write();
        let output = written.command(&[]).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains(told) && text.contains(value), "{text}");
    }
}

#[test]
fn the_example_of_alerts_is_good_and_names_only_figures_there_are() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/conf/prometheus-alerts.yml");
    check_with_promtool(&["check", "rules", path], "");
    assert!(figures_in(&fs::read_to_string(path).unwrap()) > 10);
}

/// How many figures `text` names, all of which must be there.
fn figures_in(text: &str) -> usize {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !is_part(c));
    let words = words.filter(|word| ["cos_ftp_", "process_"].iter().any(|it| word.starts_with(it)));
    let mut count = 0;
    for word in words {
        let name = word.trim_end_matches("_bucket");
        assert!(METRICS.iter().any(|metric| metric.name == name), "{word}");
        count += 1;
    }
    count
}

#[test]
fn the_dashboard_is_json_and_names_only_figures_there_are() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/conf/grafana-dashboard.json");
    let dashboard: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let queries = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let queries = queries.map(|target| target["expr"].as_str().unwrap());
    // As Grafana asks it.
    let queries = queries.map(|query| query.replace("$__rate_interval", "5m"));
    let rules = queries.enumerate().map(|(n, query)| {
        assert!(figures_in(&query) > 0, "{query}");
        let query = serde_json::to_string(&query).unwrap();
        format!("      - record: panel:{n}\n        expr: {query}\n")
    });
    let rules = format!("groups:\n  - name: panels\n    rules:\n{}", rules.collect::<String>());
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), &rules).unwrap();
    check_with_promtool(&["check", "rules", file.path().to_str().unwrap()], &rules);
}

#[test]
fn reloads_and_the_end_of_the_certificate_are_told() {
    let certificate = Certificate::valid_for("metrics", "-days 90");
    let (server, address) = monitored(certificate.serve(Setup::local(), "optional"));
    let state = || {
        let told = scrape(address);
        let of = |name: &str| told[&format!("cos_ftp_{name}")];
        let ends = of("certificate_expiry_timestamp_seconds");
        (of("last_reload_timestamp_seconds") > 1.7e9, of("last_reload_successful"), ends)
    };
    let (was_reloaded, was_good, ends) = state();
    assert_eq!((was_reloaded, was_good), (false, 1.0));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let days = (ends - now) / 86400.0;
    assert!((89.0..=90.0).contains(&days), "{days}");
    server.rewrite_config(|text| text + "wrong\n");
    server.signal(Signal::HUP);
    server.wait_for_log("configuration not taken");
    assert_eq!(state(), (false, 0.0, ends));
    server.rewrite_config(|text| text.replace("wrong\n", ""));
    server.signal(Signal::HUP);
    server.wait_for_log("configuration read again");
    assert_eq!(state(), (true, 1.0, ends));
}
