use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::ftp::Ftp;
use crate::support::polling::pause;
use crate::support::server::{Setup, TestServer, USER};
use crate::support::stored::noise;

fn ask(server: &TestServer, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
    command.arg("status").arg("--config").arg(server.config()).args(arguments);
    command.output().expect("the command runs")
}

fn json(server: &TestServer) -> Value {
    let output = ask(server, &["--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn table(server: &TestServer) -> String {
    let output = ask(server, &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Asks until the only transfer has moved so many bytes and stored a part of them.
fn transfer_of(server: &TestServer, bytes: u64) -> Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        assert!(Instant::now() < deadline, "the transfer is not seen to get there");
        let mut text = String::new();
        let socket = UnixStream::connect(server.log_dir().join("cos-ftp-server.sock")).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        // A line; the connection stays open until the server ends.
        BufReader::new(socket).read_line(&mut text).unwrap();
        let told: Value = serde_json::from_str(&text).expect("JSON");
        let transfer = &told["sessions"][0]["transfer"];
        if transfer["bytes"] == bytes && transfer["parts"].as_u64() > Some(0) {
            return transfer.clone();
        }
        pause();
    }
}

#[test]
fn sessions_are_told_with_user_place_and_last_command() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    ftp.play(&[("MKD dir", "257 "), ("CWD dir", "250 "), ("PWD", "257 ")]);
    let mut stranger = Ftp::connect(&server);
    stranger.play(&[("USER x", "331 "), ("PASS topsecret", "530 ")]);
    let told = json(&server);
    assert_eq!(told["pid"], server.pid());
    assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(told["listening"][0], server.address().to_string());
    let first = &told["sessions"][0];
    assert_eq!(first["id"], 1);
    assert_eq!(first["user"], USER);
    assert_eq!(first["directory"], "/dir");
    assert_eq!(first["command"], "PWD");
    assert_eq!(first["address"], ftp.socket().local_addr().unwrap().to_string());
    assert_eq!(first["tls"], false);
    assert!(first["idle_seconds"].as_f64().unwrap() >= 0.0);
    assert_eq!(first["transfer"], Value::Null);
    let second = &told["sessions"][1];
    assert_eq!((&second["user"], &second["command"]), (&Value::Null, &Value::from("PASS ***")));
    assert!(!told.to_string().contains("topsecret"));

    let table = table(&server);
    for told in ["sessions: 2, transfers: 0", "SESSION", "alice", "/dir", "PASS ***"] {
        assert!(table.contains(told), "{told}:\n{table}");
    }
    assert!(!table.contains("topsecret"));
}

#[test]
fn an_upload_is_told_with_its_parts() {
    let server = Setup::bucket().start();
    let mut ftp = Ftp::login(&server);
    // It tells its size beforehand.
    ftp.expect("ALLO 20000000", "200 ");
    let data = ftp.passive();
    ftp.expect("STOR large", "150 ");
    let mut stream = data.open();
    stream.write_all(&noise(1, 12_000_000)).unwrap();
    let transfer = transfer_of(&server, 12_000_000);
    assert_eq!((&transfer["direction"], &transfer["path"]), (&"upload".into(), &"/large".into()));
    assert_eq!(transfer["total_bytes"], 20_000_000);
    assert!(transfer["bytes_per_second"].as_f64().unwrap() > 0.0);
    let table = table(&server);
    assert!(table.contains("upload: 12.0 MB of 20.0 MB (60 %)"), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    assert_eq!(json(&server)["totals"]["uploads"], 0);
    // The client hears the same.
    let stat = ftp.ask("STAT");
    for told in ["Receiving /large: 12000000 bytes of 20000000 (60 %)", "MB/s", " confirmed"] {
        assert!(stat.contains(told), "{told}: {stat}");
    }
    ftp.expect("ABOR", "426 ");
    ftp.expect_reply("226 ");
    assert_eq!(json(&server)["sessions"][0]["transfer"], Value::Null);
    ftp.store("STOR small", b"1234");
    let totals = &json(&server)["totals"];
    assert_eq!((&totals["uploads"], &totals["uploaded_bytes"]), (&1.into(), &4.into()));
    assert_eq!(totals["interrupted"], 1);
}

#[test]
fn a_download_is_told_with_its_progress() {
    let server = Setup::local().start();
    server.stored().put("large", &noise(1, 32 << 20));
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.expect("REST 1048576", "350 ");
    ftp.expect("RETR large", "150 ");
    let mut stream = data.open();
    stream.read_exact(&mut [0; 1000]).unwrap();
    let transfer = json(&server)["sessions"][0]["transfer"].clone();
    assert_eq!(transfer["direction"], "download");
    assert_eq!(transfer["total_bytes"], 31 << 20);
    assert_eq!(transfer["parts"], Value::Null);
    assert!(ftp.ask("STAT").contains("Sending /large: "));
}

#[test]
fn the_socket_is_the_owners_and_goes_with_the_server() {
    let mut server = Setup::local().start();
    let socket = server.log_dir().join("cos-ftp-server.sock");
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    server.stop();
    assert!(!socket.exists());
    let output = ask(&server, &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("no server") && text.contains("control_socket"), "{text}");
}

#[test]
fn those_who_say_nothing_and_read_nothing_harm_nobody() {
    let mut server = Setup::local().start();
    let socket = server.log_dir().join("cos-ftp-server.sock");
    // More to tell than a socket holds: the server would have to wait for its reader.
    let many = 60;
    let sessions: Vec<_> = (0..many)
        .map(|_| {
            let mut ftp = Ftp::login(&server);
            ftp.expect(&format!("CWD {}", "long".repeat(1000)), "55");
            ftp
        })
        .collect();
    let silent = UnixStream::connect(&socket).unwrap();
    let told = json(&server);
    assert_eq!(told["sessions"].as_array().unwrap().len(), many);
    assert!(told.to_string().len() > 240_000);
    drop((sessions, silent));
    let _another = UnixStream::connect(&socket).unwrap();
    assert!(server.stop().success());
}

#[test]
fn a_dead_servers_socket_is_replaced_and_a_live_ones_is_not() {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("control");
    drop(UnixListener::bind(&path).unwrap());
    let text = path.to_str().unwrap();
    let first = Setup::local().operations("control_socket", text).start();
    assert_eq!(json(&first)["pid"], first.pid());
    let second = Setup::local().operations("control_socket", text).start();
    second.wait_for_log("another server listens there");
    assert_eq!(json(&second)["pid"], first.pid());
    Ftp::login(&second).expect("NOOP", "200 ");
}

#[test]
fn a_server_is_asked_whatever_has_become_of_its_file() {
    let server = Setup::local().start();
    let config = server.config();
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}\n[SCAN]\nscan_timeout = abc\n")).unwrap();
    assert!(table(&server).contains("sessions: 0"));
}

#[test]
fn it_can_be_turned_off() {
    let server = Setup::local().operations("control_socket", "off").start();
    assert!(!server.log_dir().join("cos-ftp-server.sock").exists());
    let output = ask(&server, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("control_socket = off"));
}
