use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use cos_ftp_server::config::{self, FindingKind};
use tempfile::TempDir;

use super::support::ACCOUNT;

/// The files in `place` that a configuration with these lines is told to keep from others.
fn exposed(place: &Path, account: &str, lines: &str) -> Vec<String> {
    let file = place.join("server.conf");
    fs::write(&file, format!("{account}{lines}")).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let warnings = match config::load(&file) {
        Ok(loaded) => loaded.warnings,
        Err(problems) => problems.warnings,
    };
    let exposed = warnings.into_iter().filter_map(|warning| match warning.kind {
        FindingKind::Exposed(path) => Some(path),
        _ => None,
    });
    exposed.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

fn put(place: &Path, name: &str, text: &str) {
    fs::write(place.join(name), text).unwrap();
    fs::set_permissions(place.join(name), Permissions::from_mode(0o644)).unwrap();
}

#[test]
fn keys_are_to_be_kept_from_others_and_certificates_are_not() {
    let place = TempDir::new().unwrap();
    let place = place.path();
    put(place, "cert.pem", "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n");
    put(place, "key.pem", "-----BEGIN EC PRIVATE KEY-----\nMA==\n-----END EC PRIVATE KEY-----\n");
    for (key, expected) in [("key.pem", &["key.pem"][..]), ("cert.pem", &[]), ("none.pem", &[])] {
        let at = place.display();
        let lines = format!(
            "[TLS]\ntls = required\ntls_cert_file = {at}/cert.pem\ntls_key_file = {at}/{key}\n\
             tls_client_cert = optional\ntls_client_ca = {at}/cert.pem\n"
        );
        assert_eq!(exposed(place, ACCOUNT, &lines), expected, "{key}");
    }
    let events = |secret: &str| {
        format!("[EVENTS]\nurl = https://h/\nsecret_file = {}/{secret}\n", place.display())
    };
    put(place, "secret", "abc\n");
    put(place, "empty", "");
    assert_eq!(exposed(place, ACCOUNT, &events("secret")), ["secret"]);
    assert_eq!(exposed(place, ACCOUNT, &events("empty")), [""; 0]);
}

#[test]
fn a_file_without_users_that_was_named_by_mistake_stays_as_it_is() {
    let place = TempDir::new().unwrap();
    let place = place.path();
    let hash = "$6$saltsalt$Sz3kiTlz9z1weA0rv6ZP1VXe3w.3OdcNstYOBf59DJTlfS58158ixzQsRnlFKkTlSpUlPhsu88bFFaza8fOVR0";
    let account = ACCOUNT.replace(
        "ftp_login_user_name = user0\nftp_login_user_password = hunter2\n",
        &format!("users_file = {}/users\n", place.display()),
    );
    for (text, expected) in [
        ("root:x:0:0:root:/:/bin/sh\n".to_owned(), &[][..]),
        (format!("alice:{hash}:RW\n"), &["users"]),
        (format!("a wrong line\nalice:{hash}:RW\n"), &["users"]),
    ] {
        put(place, "users", &text);
        assert_eq!(exposed(place, &account, ""), expected, "{text}");
    }
}
