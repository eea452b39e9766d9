//! What is looked at beside the store: ports, memory, files, certificates.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::{Told, few_ports};
use crate::support::certificate::Certificate;
use crate::support::server::Setup;

#[test]
fn the_machine_is_looked_at() {
    let taken = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let ports = format!("{port},{port}");
    let expect = |setup: Setup, check: &str, fix: &str| {
        Told::of(&setup.write()).expect_failure(check, fix);
    };
    let local = || few_ports(Setup::local());
    expect(local().network("passive_ports", &ports), "passive ports", "passive_ports");
    expect(
        local().network("masquerade_address", "gone.invalid"),
        "masquerade",
        "masquerade_address",
    );
    let crowd = Setup::local().network("passive_ports", "42000,42063");
    let told = Told::of(&crowd.option("max_connection_num", "1000000").write());
    assert_eq!(told.names("failed"), ["memory", "descriptors", "threads"], "{:#}", told.whole);
    expect(local().option("buffer_memory", "90%"), "memory", "buffer_memory");
    expect(local().option("idle_timeout", "soon"), "setting", "correct it");

    let directory = TempDir::new().unwrap();
    let socket = directory.path().join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    for (file, fix) in [
        ("/nowhere/a file.conf", " init --config '/nowhere/a file.conf'"),
        (socket.to_str().unwrap(), "name a file that can be read"),
    ] {
        let mut check = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
        Told::by(check.args(["check", "--json", file])).expect_failure("file", fix);
    }

    // The server's own log among the files of its clients.
    let within = local().write();
    let text = fs::read_to_string(within.config()).unwrap();
    let root = within.config().parent().unwrap().join("data");
    let log_dir = format!("\nlog_dir = {}\n", root.join("log").display());
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with("log_dir")).collect();
    fs::write(
        within.config(),
        lines.join("\n").replacen("[OPTIONAL]", &format!("[OPTIONAL]{log_dir}"), 1),
    )
    .unwrap();
    Told::of(&within).expect_failure("permissions", "move it out of the directory");

    let written = local().write();
    fs::set_permissions(written.config(), Permissions::from_mode(0o644)).unwrap();
    Told::of(&written).expect_failure("permissions", "chmod 600");
    let written = local().write();
    fs::remove_dir(written.dir().join("log")).unwrap();
    fs::write(written.dir().join("log"), "in the way").unwrap();
    Told::of(&written).expect_failure("log", "log_dir");
    // Root has every right there, and still nobody can.
    let text = fs::read_to_string(local().write().config()).unwrap();
    let nowhere = local().write();
    let lines = text.lines().map(|line| match line.starts_with("log_dir") {
        true => "log_dir = /proc\n".to_owned(),
        false => format!("{line}\n"),
    });
    fs::write(nowhere.config(), lines.collect::<String>()).unwrap();
    let told = Told::of(&nowhere);
    assert!(told.names("failed").contains(&"log"), "{:#}", told.whole);
    let written = local().write();
    fs::remove_dir(written.dir().join("data")).unwrap();
    Told::of(&written).expect_failure("files", "cos_endpoint");
    assert_eq!(Told::of(&local().write()).status, 0);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let (one, other) = (Certificate::new("one"), Certificate::new("other"));
    fs::copy(other.key(), one.key()).unwrap();
    let setup = one.serve(Setup::local(), "optional").delete_enable("maybe");
    let written = setup.option("max_connection_num", "1000000").write();
    let told = Told::of(&written);
    let failed: Vec<_> =
        told.lines("failed").iter().map(|line| line["detail"].to_string()).collect();
    let output = written.command(&["--check-config"]).output().unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    for wrong in ["delete_enable = maybe", "max_connection_num = 1000000", "tls_key_file"] {
        assert!(failed.iter().any(|detail| detail.contains(wrong)), "{wrong}: {failed:#?}");
        assert!(complaint.contains(wrong), "{wrong}: {complaint}");
    }
}

/// What `check` says of the certificate that is valid for `dates`, options of `openssl x509`.
fn certificate_line(dates: &str) -> (Value, Told) {
    let certificate = Certificate::valid_for("check", dates);
    let setup = certificate.serve(few_ports(Setup::local()), "required");
    let told = Told::of(&setup.write());
    let lines = told.whole["checks"].as_array().unwrap();
    let line = lines.iter().find(|line| line["check"] == "TLS certificate").unwrap().clone();
    (line, told)
}

#[test]
fn the_end_of_a_certificate_is_told_before_it_comes() {
    let (line, told) = certificate_line("-days 90");
    assert_eq!((line["outcome"].as_str(), told.status), (Some("passed"), 0), "{line:#}");
    assert!(line["detail"].as_str().unwrap().contains(", 89 days from now"), "{line:#}");
    let (line, told) = certificate_line("-days 13");
    assert_eq!((line["outcome"].as_str(), told.status), (Some("skipped"), 0), "{line:#}");
    assert!(line["detail"].as_str().unwrap().contains("renew it"), "{line:#}");
    let (_, told) = certificate_line("-days -1");
    told.expect_failure("TLS certificate", "renew it, or correct tls_cert_file");
}

#[test]
fn a_key_of_another_certificate_is_found() {
    let (one, other) = (Certificate::new("one"), Certificate::new("other"));
    fs::copy(other.key(), one.key()).unwrap();
    let told = Told::of(&one.serve(few_ports(Setup::local()), "optional").write());
    told.expect_failure("TLS certificate", "tls_key_file");
}
