//! Certificates that were taken back: lists of them, new connections, old ones and resumed ones.

use rustix::process::Signal;

use super::{Certified, curl};
use crate::support::polling::wait_until;
use crate::support::server::PASSWORD;
use crate::tls::client::{Ftps, TLS_1_2, TLS_1_3, showing};

/// Until the server has seen that its files are others.
fn until(is_so: impl FnMut() -> bool) {
    wait_until("the new file was not looked at", is_so);
}

#[test]
fn what_is_revoked_is_refused_and_cannot_be_resumed() {
    let all = Certified::new();
    all.authority.revoke(None);
    for version in [TLS_1_2, TLS_1_3] {
        let server = all
            .setup("required", "optional")
            .tls("tls_client_crl", &all.authority.path("crl.pem"))
            .start();
        let name = format!("{version:?}");
        let own = if name.contains("1_2") { "alice" } else { "bob" };
        let config = showing(&all.authority.path(own), &all.server.cert(), version);
        let user = format!("USER {own}");
        let mut ftps = Ftps::connect(&server, &config);
        ftps.expect(&user, "230 ");
        // Ticket and all.
        ftps.play(&[("PBSZ 0", "200 "), ("PROT P", "200 ")]);
        ftps.store("STOR x", b"x");

        all.authority.revoke(Some(own));
        // It trusts the certificate of the session that it resumes no more than a new one.
        until(|| {
            let mut again = Ftps::connect(&server, &config);
            again.send(&user);
            again.reply().starts_with("530 The client certificate is not valid any more")
        });
        server.wait_for_log("is revoked, by tls_client_crl");
        let url = format!("ftp://{}/", server.address());
        let (success, said) = curl(&all, Some(own), &format!("{own}:{PASSWORD}"), &[&url]);
        assert!(!success && said.contains("revoked"), "{said}");
    }
}

/// A connection may be days old: who logs in by it once more is asked what counts now.
#[test]
fn a_later_login_of_a_connection_counts_what_was_revoked_since() {
    let all = Certified::new();
    all.authority.revoke(None);
    let server = all
        .setup("required", "optional")
        .tls("tls_client_crl", &all.authority.path("crl.pem"))
        .start();
    let mut alice = Ftps::connect(&server, &all.showing("alice"));
    let mut bob = Ftps::connect(&server, &all.showing("bob"));
    alice.play(&[("USER alice", "230 "), ("PWD", "257 "), ("USER alice", "230 ")]);
    bob.expect("USER bob", "230 ");
    all.authority.revoke(Some("alice"));
    until(|| {
        alice.play(&[("REIN", "220 ")]);
        alice.send("USER alice");
        alice.reply().starts_with("530 The client certificate is not valid any more")
    });
    server.wait_for_log("is revoked, by tls_client_crl");
    bob.play(&[("REIN", "220 "), ("USER bob", "230 ")]);
    // So does another authority, which a reload names.
    let other = Certified::new();
    other.authority.revoke(None);
    server.rewrite_config(|config| {
        let files = ["ca.pem", "crl.pem"].into_iter();
        files.fold(config, |text, file| {
            text.replace(&all.authority.path(file), &other.authority.path(file))
        })
    });
    server.signal(Signal::HUP);
    server.wait_for_log("configuration read again");
    bob.play(&[("REIN", "220 "), ("USER bob", "530 The client certificate is not valid")]);
}

#[test]
fn a_list_that_has_ended_lets_nobody_in_and_is_told_with_its_file_and_date() {
    let all = Certified::new();
    all.authority.shorten_list();
    let setup = || {
        let file = all.authority.path("crl.pem");
        all.setup("required", "optional").tls("tls_client_crl", &file)
    };
    // It ends by the clock of whoever reads it.
    let written = setup().write();
    until(|| {
        let output = written.command(&["check"]).output().expect("run");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        said.contains("a list of revoked certificates ended on ")
    });
    let server = setup().start();
    server.wait_for_log("has a list of revoked certificates that ended at 20");
    let url = format!("ftp://{}/", server.address());
    let login = format!("alice:{PASSWORD}");
    let (success, said) = curl(&all, Some("alice"), &login, &[&url]);
    assert!(!success, "{said}");
    let line = server.wait_for_line(|line| line.contains("cannot be verified: its authority's"));
    assert!(line.contains(&all.authority.path("crl.pem")) && line.contains(" UTC"), "{line}");
    // Who shows none gives the password as ever.
    assert!(curl(&all, None, &login, &[&url]).0);
    // A newer list needs no restart.
    all.authority.revoke(None);
    until(|| curl(&all, Some("alice"), "alice:", &[&url]).0);
}
