use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::thread;

use serde_json::Value;

use crate::support::certificate::Certificate;
use crate::support::server::{PASSWORD, Setup, TestServer, USER};
use crate::support::terminal::Terminal;

fn check(address: SocketAddr, password: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
    command.args(["check", "--from", &address.to_string(), "--json"]);
    command.envs([("COS_FTP_USER", USER), ("COS_FTP_PASSWORD", password)]);
    command
}

/// What was found: of each check its outcome, detail and fix.
pub(super) struct Found(pub(super) Vec<[String; 4]>);

impl Found {
    pub(super) fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        let whole: Value =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}{complaint}"));
        assert_eq!(whole["ok"], output.status.success());
        assert!(!text.contains(PASSWORD), "{text}");
        let line = |line: &Value| {
            ["check", "outcome", "detail", "fix"].map(|key| line[key].as_str().unwrap().to_owned())
        };
        Self(whole["checks"].as_array().unwrap().iter().map(line).collect())
    }

    /// Asserts that `check` ended with `outcome`, with these words in detail and fix.
    pub(super) fn expect(&self, check: &str, outcome: &str, detail: &str, fix: &str) {
        let found = self.0.iter().find(|[name, ..]| name == check);
        let Some([_, ended, said, cure]) = found else { panic!("no {check}: {:#?}", self.0) };
        assert_eq!(ended, outcome, "{:#?}", self.0);
        assert!(said.contains(detail) && cure.contains(fix), "{detail}, {fix}: {:#?}", self.0);
    }

    /// Asserts that files came back whole, over data connections that resume the TLS session.
    fn expect_downloads_over_tls(&self) {
        self.expect("TLS session reuse", "passed", "resume", "");
        self.expect("download", "passed", "the same bytes", "");
    }

    pub(super) fn failed(&self) -> Vec<&str> {
        let failed = self.0.iter().filter(|[_, outcome, ..]| outcome == "failed");
        failed.map(|[check, ..]| check.as_str()).collect()
    }
}

fn found(server: &TestServer) -> Found {
    Found::of(&mut check(server.address(), PASSWORD))
}

#[test]
fn a_way_that_is_open_is_told_hop_by_hop() {
    let server = Setup::local().start();
    let found = found(&server);
    assert_eq!(found.failed(), [""; 0], "{:#?}", found.0);
    for (check, outcome, detail) in [
        ("control port", "passed", "reached from 127.0.0.1"),
        ("greeting", "passed", "220 "),
        ("TLS", "skipped", "can be read on their way"),
        ("login", "passed", "230 "),
        ("PASV", "passed", "127.0.0.1:"),
        ("EPSV", "passed", "127.0.0.1:"),
        ("upload", "passed", "1024 bytes"),
        ("download", "passed", "the same bytes"),
        ("delete", "passed", "was deleted"),
    ] {
        found.expect(check, outcome, detail, "");
    }
    assert_eq!(server.stored().files(), [""; 0]);
    let log = server.log();
    assert!(log.contains("upload") && !log.contains("[ERROR]"), "{log}");
}

#[test]
fn with_tls_its_certificate_and_the_reuse_of_sessions_are_told() {
    let certificate = Certificate::new("from-afar");
    let server = certificate.serve(Setup::local(), "required").start();
    let found = found(&server);
    assert_eq!(found.failed(), ["certificate"], "{:#?}", found.0);
    found.expect("TLS", "passed", "TLSv1_3", "");
    found.expect("certificate", "failed", "its SHA-256 fingerprint is ", "Let's Encrypt");
    found.expect("certificate", "failed", "no authority that they know (self-signed", "");
    found.expect_downloads_over_tls();
    assert_eq!(server.stored().files(), [""; 0]);
}

#[test]
fn a_certificate_that_has_expired_is_told_in_plain_words() {
    let certificate = Certificate::valid_for("from-afar", "-days -1");
    let server = certificate.serve(Setup::local(), "required").start();
    let found = found(&server);
    assert_eq!(found.failed(), ["certificate"], "{:#?}", found.0);
    found.expect("certificate", "failed", "clients refuse it: it has expired; its SHA", "renew it");
}

#[test]
fn implicit_tls_is_spoken_where_it_is_asked_for_and_found_out_where_it_is_not() {
    let certificate = Certificate::new("from-afar");
    let setup = certificate.serve(Setup::local(), "required").tls("implicit_listen_port", "0");
    let server = setup.start();
    for asked in [&["--implicit-tls"][..], &[]] {
        let found = Found::of(check(server.implicit_address(), PASSWORD).args(asked));
        assert_eq!(found.failed(), ["certificate"], "{asked:?}: {:#?}", found.0);
        found.expect("TLS", "passed", "implicit: clients need ftps://", "");
        found.expect("greeting", "passed", "220 ", "");
        found.expect("login", "passed", "230 ", "");
        found.expect_downloads_over_tls();
    }
    let found = Found::of(check(server.address(), PASSWORD).arg("--implicit-tls"));
    assert_eq!(found.failed(), ["TLS"], "{:#?}", found.0);
    found.expect(
        "TLS",
        "failed",
        "what the server sent is not TLS",
        "name the port for implicit TLS",
    );
    assert_eq!(server.stored().files(), [""; 0]);
}

#[test]
fn an_address_that_leads_nowhere_is_told_with_the_one_that_works() {
    let server = Setup::local().network("masquerade_networks", "127.0.0.0/8=127.9.9.9").start();
    let found = found(&server);
    assert_eq!(found.failed(), ["PASV"], "{:#?}", found.0);
    found.expect(
        "PASV",
        "failed",
        "the server names a wrong address: 127.9.9.9:",
        "NETWORK=127.0.0.1",
    );
    found.expect("PASV", "failed", "closed (refused)", "masquerade_networks");
    // Most clients with a person before them go on with the address that works.
    found.expect("download", "passed", "the same bytes", "");
}

#[test]
fn each_closed_hop_has_its_words() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let found = Found::of(&mut check(nobody, PASSWORD));
    assert_eq!(found.failed(), ["control port"]);
    found.expect("control port", "failed", "closed (refused)", "start the server");

    let server = Setup::local().start();
    let found = Found::of(&mut check(server.address(), "wrong"));
    assert_eq!(found.failed(), ["login"]);
    found.expect("login", "failed", "530 ", "correct user or password");

    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = other.local_addr().unwrap();
    thread::spawn(move || {
        let (mut client, _) = other.accept().unwrap();
        client.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").unwrap();
        let _ = BufReader::new(client).read_line(&mut String::new());
    });
    let found = Found::of(&mut check(at, PASSWORD));
    assert_eq!(found.failed(), ["greeting"]);
    found.expect("greeting", "failed", "this is not FTP: \"SSH-2.0", "the port of an FTP server");
}

#[test]
fn whoever_may_only_read_is_no_fault() {
    let server = Setup::local().authority("R").start();
    let found = found(&server);
    assert_eq!(found.failed(), [""; 0], "{:#?}", found.0);
    found.expect("upload", "skipped", "may not store here: 550", "");
}

#[test]
fn a_server_is_named_by_its_url_as_well() {
    let server = Setup::local().start();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
    let url = format!("ftp://{USER}@{}/", server.address());
    command.args(["check", "--from", &url, "--json"]).env("COS_FTP_PASSWORD", PASSWORD);
    // What is named counts before what is only there.
    let found = Found::of(command.env("COS_FTP_USER", "somebody-else"));
    assert_eq!(found.failed(), [""; 0], "{:#?}", found.0);
    found.expect("login", "passed", "230 ", "");
    for (url, said) in [
        (format!("ftp://{USER}:hidden@{}/", server.address()), "takes no password, which others"),
        (format!("sftp://{}", server.address()), "SFTP is another protocol"),
        (format!("ftp://{}/incoming", server.address()), "takes no path behind the host"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
        let output = command.args(["check", "--from", &url]).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{told}");
        assert!(told.contains(said) && !told.contains("hidden"), "{told}");
    }
}

#[test]
fn nothing_is_said_to_be_left_of_an_upload_that_was_refused_at_its_end() {
    let server = Setup::local().file_option("single_file_max_size", "512").start();
    let found = found(&server);
    assert_eq!(found.failed(), ["upload"], "{:#?}", found.0);
    found.expect("upload", "failed", "552 ", "see the server's log");
    assert!(found.0.iter().all(|[check, ..]| check != "delete"), "{:#?}", found.0);
    assert_eq!(server.stored().files(), [""; 0]);
}

#[test]
fn who_logs_in_is_asked_for_and_the_password_is_not_shown() {
    let server = Setup::local().start();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
    command.args(["check", "--from", &server.address().to_string()]);
    let mut terminal = Terminal::run(&command);
    terminal.wait_for("FTP user: ");
    terminal.type_line(USER);
    terminal.wait_for("Password: ");
    terminal.type_hidden(PASSWORD);
    let (shown, status) = terminal.end();
    assert!(status.success() && shown.contains("all is well"), "{shown}");
    assert!(!shown.contains(PASSWORD), "{shown}");
}
