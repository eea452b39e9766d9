/// What is revoked.
mod revoked;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::process::Signal;
use rustls::ClientConfig;

use crate::support::certificate::{Authority, CLIENT, Certificate};
use crate::support::clients::{limited, run};
use crate::support::ftp::Ftp;
use crate::support::server::{PASSWORD, Setup, TestServer};
use crate::support::stored::noise;
use crate::tls::client::{Ftps, TLS_1_2, TLS_1_3, encrypt, finish, showing, trusting};

/// A server's certificate and an authority of clients.
struct Certified {
    server: Certificate,
    authority: Authority,
}

impl Certified {
    /// With certificates of alice and bob.
    fn new() -> Self {
        let authority = Authority::new("Clients");
        authority.issue_to("alice");
        authority.issue_to("bob");
        Self { server: Certificate::new("server"), authority }
    }

    /// A server over a directory with the accounts alice and bob.
    fn setup(&self, tls: &str, demand: &str) -> Setup {
        let setup = Setup::local().account("bob", "RW", "true");
        self.server
            .serve(setup, tls)
            .tls("tls_client_cert", demand)
            .tls("tls_client_ca", &self.authority.path("ca.pem"))
            .security("login_failure_delay", "0")
    }

    /// A client that shows the certificate called `own`.
    fn showing(&self, own: &str) -> Arc<ClientConfig> {
        showing(&self.authority.path(own), &self.server.cert(), TLS_1_3)
    }

    fn silent(&self) -> Arc<ClientConfig> {
        trusting(&self.server.cert(), TLS_1_3)
    }
}

fn content() -> Vec<u8> {
    noise(7, 100_001)
}

fn scratch(server: &TestServer) -> PathBuf {
    let dir = server.scratch();
    fs::write(dir.join("up"), content()).expect("written");
    dir
}

fn expect_round(server: &TestServer, dir: &Path, said: &str) {
    server.stored().expect("up", &content());
    let down = fs::read(dir.join("down")).unwrap_or_else(|error| panic!("{error}: {said}"));
    assert!(down == content(), "{said}");
    fs::remove_file(dir.join("down")).expect("removed");
    server.wait_for_log("certificate=\"CN=alice\" serial=");
}

/// curl with the certificate `own` and this password.
fn curl(all: &Certified, own: Option<&str>, login: &str, more: &[&str]) -> (bool, String) {
    let mut command = limited("curl");
    command.args(["--silent", "--show-error", "--verbose", "--ssl-reqd", "--cacert"]);
    command.arg(all.server.cert()).args(["--user", login]);
    if let Some(own) = own {
        command.args(["--cert", &all.authority.path(&format!("{own}.pem"))]);
        command.args(["--key", &all.authority.path(&format!("{own}.key"))]);
    }
    let output = run(command.args(more), "");
    (output.success, output.text)
}

#[test]
fn curl_lftp_and_python_need_no_password() {
    let all = Certified::new();
    let server = all.setup("required", "optional").start();
    let dir = scratch(&server);
    let (up, down) = (dir.join("up"), dir.join("down"));
    let (up, down) = (up.to_str().expect("UTF-8"), down.to_str().expect("UTF-8"));
    let url = format!("ftp://{}/", server.address());
    for version in ["1.2", "1.3"] {
        let version = [&format!("--tlsv{version}")[..], "--tls-max", version];
        let file = format!("{url}up");
        let mut said = String::new();
        for arguments in [["-T", up, &url], ["-o", down, &file]] {
            let arguments = [&version[..], &arguments].concat();
            let (success, text) = curl(&all, Some("alice"), "alice:", &arguments);
            assert!(success && text.contains("< 230 ") && !text.contains("> PASS"), "{text}");
            said += &text;
        }
        expect_round(&server, &dir, &said);

        let script = format!(
            "set cmd:fail-exit yes\nset net:max-retries 1\nset net:timeout 30\n\
             set ssl:ca-file {}\nset ssl:cert-file {}\nset ssl:key-file {}\n\
             set ssl:priority NORMAL:-VERS-ALL:+VERS-TLS{}\nset ftp:ssl-force yes\n\
             set ftp:ssl-protect-data yes\nopen -u alice,any {url}\nput up\nget up -o down\nbye\n",
            all.server.cert().display(),
            all.authority.path("alice.pem"),
            all.authority.path("alice.key"),
            version[2],
        );
        let lftp = run(limited("lftp").arg("--norc").current_dir(&dir), &script);
        expect_round(&server, &dir, &lftp.expect_success());
    }
    // Python's ftplib resumes nothing: its data connections show the certificate.
    let script = format!(
        "import ftplib, ssl\n\
         context = ssl.create_default_context(cafile='{}')\n\
         context.load_cert_chain('{}', '{}')\n\
         ftp = ftplib.FTP_TLS(context=context, timeout=30)\n\
         ftp.connect('{}', {})\n\
         ftp.login('alice')\n\
         ftp.prot_p()\n\
         ftp.storbinary('STOR up', open('up', 'rb'))\n\
         ftp.retrbinary('RETR up', open('down', 'wb').write)\n\
         ftp.quit()\n",
        all.server.cert().display(),
        all.authority.path("alice.pem"),
        all.authority.path("alice.key"),
        server.address().ip(),
        server.address().port(),
    );
    let python = run(limited("python3").arg("-").current_dir(&dir), &script);
    expect_round(&server, &dir, &python.expect_success());
    // Who has none gives the password, and nothing less.
    let (success, text) = curl(&all, None, &format!("alice:{PASSWORD}"), &[&url]);
    assert!(success, "{text}");
    assert!(!curl(&all, None, "alice:", &[&url]).0);
}

#[test]
fn a_certificate_opens_one_account() {
    let all = Certified::new();
    let server = all.setup("optional", "optional").start();
    let mut ftps = Ftps::connect(&server, &all.showing("alice"));
    ftps.expect("USER bob", "530 The client certificate is not that of this user.");
    // The password would be right; the certificate is not.
    ftps.expect(&format!("PASS {PASSWORD}"), "503 ");
    ftps.expect("USER nobody", "530 ");
    server.wait_for_log("the certificate is that of \"alice\"");
    // In vain, but devices send it all the same.
    ftps.play(&[("USER alice", "230 "), ("PASS what you like", "230 "), ("PWD", "257 ")]);
    ftps.play(&[("REIN", "220 "), ("PWD", "530 "), ("PASS x", "503 "), ("USER alice", "230 ")]);
    // Nobody is by a certificate who is nobody.
    all.authority.issue_to("carol");
    Ftps::connect(&server, &all.showing("carol")).expect("USER carol", "530 Login incorrect.");
    // Without TLS nobody shows one.
    Ftp::connect(&server).play(&[("USER alice", "331 "), (&format!("PASS {PASSWORD}"), "230 ")]);
    Ftp::connect(&server).play(&[("USER alice", "331 "), ("PASS x", "530 ")]);
}

#[test]
fn who_has_none_is_told_and_others_do_not_get_through() {
    let all = Certified::new();
    let server = all.setup("required", "required").start();
    let url = format!("ftp://{}/", server.address());
    let right = format!("alice:{PASSWORD}");
    let (success, text) = curl(&all, None, &right, &[&url]);
    assert!(!success && text.contains("530 A client certificate is required"), "{text}");
    server.wait_for_log("refused: no client certificate was shown");
    assert!(curl(&all, Some("alice"), "alice:", &[&url]).0);

    let (other, same) = (Authority::new("Others"), Authority::new("Clients"));
    other.issue_to("alice");
    same.issue_to("alice");
    all.authority.issue("expired", "alice", CLIENT, "-days -1");
    all.authority.issue("server", "alice", "extendedKeyUsage=serverAuth\\n", "-days 2");
    all.authority.issue("old", "alice", "", "-days 2");
    all.authority.issue("ca2", "alice", "basicConstraints=CA:TRUE\\n", "-days 2");
    for (authority, own, why, alert) in [
        (&other, "alice", "was issued by no authority in tls_client_ca", "unknown ca"),
        (&same, "alice", "one there has the name, and another key", "decrypt error"),
        (&all.authority, "expired", "has expired", "certificate expired"),
        (&all.authority, "server", "its extendedKeyUsage lacks clientAuth", "certificate"),
        (&all.authority, "old", "is of X.509 version 1", "certificate"),
        (&all.authority, "ca2", "is that of an authority (CA:TRUE)", "certificate"),
    ] {
        // The log tells of one address once a minute: each has a server of its own.
        let server = all.setup("required", "required").start();
        let mut command = limited("curl");
        command.args(["--silent", "--show-error", "--ssl-reqd", "--cacert"]);
        command.arg(all.server.cert()).args(["--user", &right]);
        command.args(["--cert", &authority.path(&format!("{own}.pem"))]);
        command.args(["--key", &authority.path(&format!("{own}.key"))]);
        let said = run(command.arg(format!("ftp://{}/", server.address())), "");
        assert!(!said.success && said.text.contains(alert), "{own}: {}", said.text);
        let line = server.wait_for_line(|line| line.contains("the client's certificate, of"));
        assert!(line.contains("of \"CN=alice\" serial=") && line.contains(why), "{line}");
    }
}

#[test]
fn names_can_stand_elsewhere_and_passwords_be_asked_for() {
    let all = Certified::new();
    let names = "subjectAltName=email:alice,email:b@example.com,DNS:bob\\n";
    all.authority.issue("several", "Camera 7", names, "-days 2");
    for (user, password, conversation) in [
        ("san-email", "false", [("USER alice", "230 "), ("USER bob", "530 ")]),
        ("san-dns", "false", [("USER bob", "230 "), ("USER alice", "530 ")]),
        ("cn", "false", [("USER alice", "530 "), ("USER bob", "530 ")]),
        ("san-dns", "true", [("USER alice", "530 "), ("USER bob", "331 ")]),
        ("any", "false", [("USER alice", "331 "), ("USER bob", "331 ")]),
    ] {
        let server = all
            .setup("required", "required")
            .tls("tls_client_user", user)
            .tls("tls_client_password", password)
            .start();
        let mut ftps = Ftps::connect(&server, &all.showing("several"));
        ftps.play(&conversation);
        if conversation[1].1 == "331 " {
            ftps.expect("PASS wrong", "530 ");
            ftps.play(&[("USER bob", "331 "), (&format!("PASS {PASSWORD}"), "230 ")]);
            server.wait_for_log("certificate=\"CN=Camera 7\"");
        }
    }
}

#[test]
fn data_connections_are_those_of_the_certificate() {
    let all = Certified::new();
    for (version, reuse) in [(TLS_1_2, "false"), (TLS_1_3, "false"), (TLS_1_2, "true")] {
        let server =
            all.setup("required", "required").tls("tls_require_session_reuse", reuse).start();
        let config = showing(&all.authority.path("alice"), &all.server.cert(), version);
        let mut ftps = Ftps::connect(&server, &config);
        ftps.play(&[("USER alice", "230 "), ("PBSZ 0", "200 "), ("PROT P", "200 ")]);
        for _ in 0..2 {
            ftps.store("STOR x", b"x");
            assert_eq!(ftps.fetch("RETR x"), b"x");
        }
        if reuse == "true" {
            continue;
        }
        // In a session of its own, with the certificate; without; with that of another.
        let shows = showing(&all.authority.path("alice"), &all.server.cert(), version);
        let others = showing(&all.authority.path("bob"), &all.server.cert(), version);
        let silent = trusting(&all.server.cert(), version);
        let tcp = ftps.passive();
        ftps.expect("STOR own", "150 ");
        let mut data = encrypt(tcp, &shows);
        data.write_all(b"own").expect("taken");
        finish(data);
        ftps.expect_reply("226 ");
        for config in [&silent, &others] {
            let tcp = ftps.passive();
            ftps.expect("STOR stolen", "150 ");
            drop(encrypt(tcp, config));
            ftps.expect_reply("522 ");
        }
        assert_eq!(server.stored().files(), ["own", "x"]);
    }
}

#[test]
fn a_reload_takes_another_authority() {
    let (all, other) = (Certified::new(), Certified::new());
    let server = all.setup("required", "required").start();
    let mut before = Ftps::connect(&server, &all.showing("alice"));
    before.play(&[("USER alice", "230 "), ("PBSZ 0", "200 "), ("PROT P", "200 ")]);
    let (old, new) = (all.authority.path("ca.pem"), other.authority.path("ca.pem"));
    server.rewrite_config(|config| config.replace(&old, &new));
    server.signal(Signal::HUP);
    server.wait_for_log("configuration read again");
    before.store("STOR x", b"x");
    let theirs = showing(&other.authority.path("alice"), &all.server.cert(), TLS_1_3);
    Ftps::connect(&server, &theirs).expect("USER alice", "230 ");
    let url = format!("ftp://{}/", server.address());
    assert!(!curl(&all, Some("alice"), "alice:", &[&url]).0);
    Ftps::connect(&server, &all.silent()).expect("USER alice", "530 ");
}

#[test]
fn who_asks_others_for_passwords_goes_on_to_ask() {
    let all = Certified::new();
    let script = "read line; case \"$line\" in *secret-2*) echo '{\"ok\":true}';; \
                  *) echo '{\"ok\":false}';; esac\n";
    let server = all
        .setup("required", "required")
        .login_by("auth_command = /bin/sh @DIR@/auth\nauth_timeout = 1\n")
        .account_key("cos_prefix", "%u")
        .file("auth", script)
        .start();
    all.authority.issue_to("carol");
    let mut ftps = Ftps::connect(&server, &all.showing("carol"));
    ftps.play(&[("USER dora", "530 "), ("USER carol", "331 "), ("PASS x", "530 ")]);
    ftps.play(&[("USER carol", "331 "), ("PASS secret-2", "230 ")]);
}

#[test]
fn what_is_wrong_with_the_files_is_told_at_once() {
    let all = Certified::new();
    all.authority.revoke(None);
    let path = |file: &str| all.authority.path(file);
    let told = |setup: Setup, command: &str| {
        let written = setup.write();
        let output = written.command(&[command]).output().expect("run");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    };
    let check = |setup: Setup| told(setup, "--check-config");
    for (key, file, wrong) in [
        ("tls_client_ca", "none.pem", "cannot be read"),
        ("tls_client_ca", "ca.key", "contains no certificate"),
        ("tls_client_ca", "alice.pem", "which is no authority (CA:TRUE); wanted are"),
        ("tls_client_crl", "none.pem", "cannot be read"),
        ("tls_client_crl", "ca.pem", "contains no list of revoked certificates"),
    ] {
        let setup = all.server.serve(Setup::local(), "required");
        let setup = setup.tls("tls_client_cert", "optional").tls(key, &path(file));
        let setup = match key {
            "tls_client_ca" => setup,
            _ => setup.tls("tls_client_ca", &path("ca.pem")),
        };
        let (status, said) = check(setup);
        assert_eq!(status, Some(78), "{said}");
        let place = format!("[TLS] {key} = {}: ", path(file));
        assert!(said.contains(&place) && said.contains(wrong), "{wrong}: {said}");
    }
    let plain = all.server.serve(Setup::local(), "required");
    let (status, said) = check(plain.tls("tls_client_cert", "optional"));
    assert_eq!(status, Some(78), "{said}");
    assert!(said.contains("[TLS] tls_client_cert = optional: needs tls_client_ca"), "{said}");
    let unused = all.server.serve(Setup::local(), "required");
    let (status, said) = check(unused.tls("tls_client_ca", &path("ca.pem")));
    assert!(status == Some(0) && said.contains("not used, as tls_client_cert = off"), "{said}");
    let (status, said) = check(all.setup("optional", "required"));
    let warning = "clients that do not encrypt log in by password alone";
    assert!(status == Some(0) && said.contains(warning), "{said}");

    let (_, said) = told(all.setup("required", "required"), "check");
    let line = said.lines().find(|line| line.contains("client certificates")).expect("a line");
    let known = "required, the user by CN, without a password; authorities valid until ";
    assert!(line.contains(known), "{line}");
}
