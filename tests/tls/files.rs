use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tempfile::TempDir;

use crate::support::certificate::{self, Certificate};
use crate::support::ftp::Ftp;
use crate::support::polling::pause;
use crate::support::server::Setup;
use crate::tls::client::{Ftps, TLS_1_2, TLS_1_3, trusting};

/// The certificate a new client is shown.
fn shown(
    server: &crate::support::server::TestServer,
    certificate: &Certificate,
) -> Option<Vec<u8>> {
    let config = trusting(&certificate.cert(), TLS_1_3);
    let name = rustls::pki_types::ServerName::try_from("127.0.0.1").expect("a name");
    let mut client = rustls::ClientConnection::new(config, name).expect("a connection");
    let ftp = {
        let mut ftp = Ftp::connect(server);
        ftp.expect("AUTH TLS", "234 ");
        ftp
    };
    let mut tcp: &TcpStream = ftp.socket();
    // A certificate that is not trusted yet, or no more, fails the handshake.
    client.complete_io(&mut tcp).ok()?;
    let shown = client.peer_certificates()?;
    Some(shown[0].to_vec())
}

#[test]
fn a_renewed_certificate_needs_no_restart() {
    let certificate = Certificate::new("before");
    let server = certificate.serve(Setup::local(), "required").start();
    let before = trusting(&certificate.cert(), TLS_1_3);
    let mut running = Ftps::login(&server, &before);
    running.store("STOR x", b"x");

    certificate.replace("after");
    let after = CertificateDer::from_pem_slice(&fs::read(certificate.cert()).expect("a file"));
    let after = after.expect("a certificate");
    // The files are looked at once a second, at the next connection.
    let deadline = Instant::now() + Duration::from_secs(30);
    while shown(&server, &certificate).as_deref() != Some(&*after) {
        assert!(Instant::now() < deadline, "the new certificate is not shown");
        pause();
    }
    server.wait_for_log("certificate loaded again");
    // The running session keeps the old one for its data connections: this client trusts no other.
    running.store("STOR y", b"y");
    let mut new = Ftps::login(&server, &trusting(&certificate.cert(), TLS_1_3));
    new.store("STOR z", b"z");

    // A bad file changes nothing but the log.
    fs::write(certificate.key(), "no key").expect("written");
    let deadline = Instant::now() + Duration::from_secs(30);
    while !server.log().contains("the certificate in use stays") {
        assert!(Instant::now() < deadline, "the bad file was not told");
        assert_eq!(shown(&server, &certificate).as_deref(), Some(&*after));
        pause();
    }
    let mut new = Ftps::login(&server, &trusting(&certificate.cert(), TLS_1_3));
    new.store("STOR z", b"z");
}

#[test]
fn a_reload_brings_another_certificate_and_other_rules() {
    let (first, second) = (Certificate::new("first"), Certificate::new("second"));
    let server = first.serve(Setup::local(), "optional").start();
    let before = trusting(&first.cert(), TLS_1_2);
    let mut running = Ftps::login(&server, &before);
    let text = |path: std::path::PathBuf| path.to_str().expect("UTF-8").to_owned();
    server.rewrite_config(|config| {
        config
            .replace(&text(first.cert()), &text(second.cert()))
            .replace(&text(first.key()), &text(second.key()))
            .replace("tls = optional", "tls = required\ntls_min_version = 1.3")
    });
    server.signal(Signal::HUP);
    server.wait_for_log("configuration read again");
    // The running session goes on as it began: this client knows neither the new certificate nor
    // TLS 1.3.
    running.store("STOR old", b"x");
    let mut plain = Ftp::connect(&server);
    plain.expect("USER alice", "530 ");
    plain.expect("AUTH TLS", "234 ");
    let mut hello = rustls::ClientConnection::new(before, "127.0.0.1".try_into().expect("a name"))
        .expect("a connection");
    let refused = hello.complete_io(&mut { plain.socket() });
    assert!(refused.is_err(), "TLS 1.2 is not spoken any more");
    Ftps::login(&server, &trusting(&second.cert(), TLS_1_3)).store("STOR new", b"x");
}

/// What `--check-config` says of these two files.
fn check(cert: &str, key: &str) -> (Option<i32>, String) {
    let dir = TempDir::new().expect("a directory");
    let config = dir.path().join("a.conf");
    let text = format!(
        "[COS_ACCOUNT_0]\ncos_endpoint = file://{}\nhome_dir = /h\nftp_login_user_name = u\n\
         ftp_login_user_password = p\nauthority = RW\n[TLS]\ntls = optional\n\
         tls_cert_file = {cert}\ntls_key_file = {key}\n",
        dir.path().display()
    );
    fs::write(&config, text).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
    let output = command.args(["--check-config", "--config"]).arg(config).output().expect("run");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn what_is_wrong_with_the_files_is_told_at_once() {
    let good = Certificate::new("good");
    let other = Certificate::new("other");
    let dir = TempDir::new().expect("a directory");
    let script = format!(
        "printf 'hello\\n' > text.pem && openssl pkey -in {} -aes256 -passout pass:x -out locked.pem \
         && printf -- '-----BEGIN CERTIFICATE-----\\naGVsbG8=\\n-----END CERTIFICATE-----\\n' \
         > garbage.pem",
        good.key().display()
    );
    certificate::run(dir.path(), &script);
    let path = |name: &str| dir.path().join(name).to_str().expect("UTF-8").to_owned();
    let text = |path: std::path::PathBuf| path.to_str().expect("UTF-8").to_owned();
    let (cert, key) = (text(good.cert()), text(good.key()));
    assert_eq!(check(&cert, &key).0, Some(0));
    for (cert, key, named, wrong) in [
        (&path("none"), &key, "tls_cert_file", "cannot be read"),
        (&cert, &path("none"), "tls_key_file", "cannot be read"),
        (&path("text.pem"), &key, "tls_cert_file", "contains no certificate"),
        (&key, &key, "tls_cert_file", "contains no certificate"),
        (&path("garbage.pem"), &key, "tls_cert_file", "cannot be read"),
        (&cert, &path("text.pem"), "tls_key_file", "contains no private key"),
        (&cert, &path("locked.pem"), "tls_key_file", "decrypt it"),
        (&cert, &text(other.key()), "tls_key_file", "is not the key of the certificate in"),
    ] {
        let (status, said) = check(cert, key);
        assert_eq!(status, Some(78), "{said}");
        let file = if named == "tls_cert_file" { cert } else { key };
        assert!(said.contains(&format!("[TLS] {named} = {file}: ")), "{wrong}: {said}");
        assert!(said.contains(wrong), "{wrong}: {said}");
    }
}

#[test]
fn a_certificate_out_of_its_time_is_warned_of() {
    // Valid until a second before it was made.
    let expired = Certificate::valid_for("expired", "-days -1");
    let text = |path: std::path::PathBuf| path.to_str().expect("UTF-8").to_owned();
    let (status, said) = check(&text(expired.cert()), &text(expired.key()));
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("warning: "), "{said}");
    assert!(said.contains("clients will refuse this certificate"), "{said}");
    let good = Certificate::new("good");
    let (_, said) = check(&text(good.cert()), &text(good.key()));
    assert!(!said.contains("certificate"), "{said}");
}

#[test]
fn a_key_that_others_may_read_is_warned_of() {
    let certificate = Certificate::new("exposed");
    let text = |path: std::path::PathBuf| path.to_str().expect("UTF-8").to_owned();
    for (mode, is_exposed) in [(0o600, false), (0o640, false), (0o644, true), (0o602, true)] {
        fs::set_permissions(certificate.key(), fs::Permissions::from_mode(mode)).expect("a mode");
        let (status, said) = check(&text(certificate.cert()), &text(certificate.key()));
        assert_eq!(status, Some(0), "{said}");
        let warns = |line: &str| line.contains("tls_key_file") && line.contains("other users");
        assert_eq!(said.lines().any(warns), is_exposed, "{mode:o}: {said}");
    }
}
