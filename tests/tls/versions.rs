use std::net::SocketAddr;
use std::process::{Command, Stdio};

use crate::support::certificate::Certificate;
use crate::support::server::{Setup, TestServer};

/// What `openssl s_client` says of a handshake on the control connection.
fn s_client(server: SocketAddr, options: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(["s_client", "-connect", &server.to_string()])
        // Its own lowest security level: it must be the server that refuses.
        .args(["-cipher", "ALL:@SECLEVEL=0"])
        .args(options)
        .stdin(Stdio::null())
        .output()
        .expect("openssl runs");
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

fn serve(certificate: &Certificate, key: &str, version: &str) -> TestServer {
    certificate
        .serve(Setup::local(), "optional")
        .tls(key, version)
        .tls("implicit_listen_port", "0")
        .start()
}

fn expect_versions(server: &TestServer, versions: &[(&str, Option<&str>)]) {
    for (option, expected) in versions {
        for (address, how) in [
            (server.address(), &[*option, "-starttls", "ftp"][..]),
            (server.implicit_address(), &[*option][..]),
        ] {
            let said = s_client(address, how);
            match expected {
                Some(version) => {
                    let agreed = format!("New, {version}, Cipher is ");
                    assert!(said.contains(&agreed), "{how:?}: {said}");
                }
                None => {
                    assert!(said.contains("New, (NONE), Cipher is (NONE)"), "{how:?}: {said}");
                    // It is told why, instead of being left alone.
                    assert!(said.contains("SSL alert number"), "{how:?}: {said}");
                }
            }
        }
    }
}

#[test]
fn old_versions_are_not_spoken() {
    let certificate = Certificate::new("versions");
    let server = serve(&certificate, "tls_min_version", "1.2");
    let spoken = [
        ("-tls1", None),
        ("-tls1_1", None),
        ("-tls1_2", Some("TLSv1.2")),
        ("-tls1_3", Some("TLSv1.3")),
    ];
    expect_versions(&server, &spoken);
}

#[test]
fn the_oldest_version_can_be_raised() {
    let certificate = Certificate::new("versions");
    let server = serve(&certificate, "tls_min_version", "1.3");
    expect_versions(&server, &[("-tls1_2", None), ("-tls1_3", Some("TLSv1.3"))]);
}

#[test]
fn the_newest_version_can_be_lowered() {
    let certificate = Certificate::new("versions");
    let server = serve(&certificate, "tls_max_version", "1.2");
    expect_versions(&server, &[("-tls1_1", None), ("-tls1_2", Some("TLSv1.2")), ("-tls1_3", None)]);
}

#[test]
fn versions_that_leave_none_are_refused() {
    let certificate = Certificate::new("versions");
    for (oldest, newest, expected) in [
        ("1.3", "1.2", "older than tls_min_version: no version of TLS is left"),
        ("1.2", "1.1", "accepted is 1.2 or 1.3"),
        ("TLSv1.2", "1.3", "accepted is 1.2 or 1.3"),
    ] {
        let written = certificate
            .serve(Setup::local(), "optional")
            .tls("tls_min_version", oldest)
            .tls("tls_max_version", newest)
            .write();
        let output = written.command(&["--check-config"]).output().expect("it runs");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!output.status.success() && said.contains(expected), "{said}");
    }
}

#[test]
fn a_session_is_resumed_where_openssl_offers_it() {
    let certificate = Certificate::new("resumption");
    let server = serve(&certificate, "tls_min_version", "1.2");
    // s_client -reconnect: five connections that offer the first one's session; TLS 1.2 only.
    let said = s_client(server.implicit_address(), &["-tls1_2", "-reconnect"]);
    assert_eq!(said.matches("Reused, TLSv1.2").count(), 5, "{said}");
    // The same without tickets, by session id.
    let said = s_client(server.implicit_address(), &["-tls1_2", "-reconnect", "-no_ticket"]);
    assert_eq!(said.matches("Reused, TLSv1.2").count(), 5, "{said}");
}
