//! The keys of buckets: every place they may stand in, and what contradicts.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use cos_ftp_server::config::{self, EnvironmentKeys, StoreSettings};
use cos_ftp_server::secret::Secret;

use super::support::{ACCOUNT, bucket, keys, parse_in, refused, warned};

/// The account with other lines in the place of its key pair.
fn with(lines: &str) -> String {
    let pair = "cos_secretid = AKID\ncos_secretkey = hunter2\n";
    assert!(ACCOUNT.contains(pair));
    ACCOUNT.replace(pair, lines)
}

fn environment(id: &str, key: &str, token: Option<&str>) -> EnvironmentKeys {
    let secret = |text: &str| Some(Secret::new(text.to_owned()));
    EnvironmentKeys {
        secret_id: secret(id),
        secret_key: secret(key),
        session_token: token.and_then(secret),
    }
}

#[test]
fn keys_stand_in_the_section_or_in_files() {
    for (lines, expected) in [
        ("cos_secretid = AKID\ncos_secretkey = k # mine\n", "AKID k"),
        ("cos_secretid = AKID\ncos_secretkey = k\ncos_session_token = t==\n", "AKID k t=="),
        ("cos_secretid = AKID\ncos_secretkey_file = /run/k\n", "AKID /run/k"),
        (
            "cos_secretid_file = /i\ncos_secretkey_file = /k\ncos_session_token_file = /t\n",
            "/i /k /t",
        ),
    ] {
        assert_eq!(keys(&bucket(&with(lines))), expected, "{lines}");
    }
}

#[test]
fn a_role_stands_in_the_place_of_keys() {
    for (lines, expected) in [
        (
            "cos_cam_role = auto\n",
            r#"Role(RoleSource { role: None, metadata_endpoint: "http://metadata.tencentyun.com" })"#,
        ),
        (
            "cos_cam_role = FtpRole\ncos_metadata_endpoint = 127.0.0.1:8080/\n",
            r#"Role(RoleSource { role: Some("FtpRole"), metadata_endpoint: "http://127.0.0.1:8080" })"#,
        ),
    ] {
        assert_eq!(keys(&bucket(&with(lines))), expected, "{lines}");
    }
}

#[test]
fn the_environment_is_asked_only_where_the_section_tells_nothing() {
    let token = environment("ENVID", "envkey", Some("envtoken"));
    let read = |environment: &EnvironmentKeys, text: &str| {
        let mut loaded = parse_in(environment, text).unwrap();
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
        let StoreSettings::Cos(bucket) = loaded.settings.stores.remove(0) else { panic!() };
        keys(&bucket)
    };
    assert_eq!(read(&token, &with("")), "ENVID envkey envtoken");
    assert_eq!(read(&environment("ENVID", "envkey", None), &with("")), "ENVID envkey");
    assert_eq!(read(&token, ACCOUNT), "AKID hunter2", "no token of other keys");
    assert!(read(&token, &with("cos_cam_role = r\n")).starts_with("Role"));
    // Half a pair there does not complete half a pair here.
    let half = with("cos_secretid = AKID\n");
    let problems = parse_in(&token, half).unwrap_err().to_string();
    assert!(problems.contains("cos_secretkey: the key is required and missing"), "{problems}");
    for bad in [environment("two words", "k", None), EnvironmentKeys::default()] {
        let problems = parse_in(&bad, with("")).unwrap_err().to_string();
        assert!(problems.contains("cos_secretid: no key pair: "), "{problems}");
    }
}

#[test]
fn what_contradicts_or_lacks_is_told() {
    for (lines, expected) in [
        ("cos_secretkey = hunter2\n", &["cos_secretid: the key is required and missing"][..]),
        ("cos_secretid = AKID\n", &["cos_secretkey: the key is required and missing"]),
        (
            "cos_session_token = hunter2\n",
            &["cos_secretid: the key is required", "cos_secretkey: the key is required"],
        ),
        (
            "cos_secretid = AKID\ncos_secretkey = hunter2\ncos_secretkey_file = /k\n",
            &["cos_secretkey_file = /k: means the same as cos_secretkey"],
        ),
        (
            "cos_secretid = AKID\ncos_cam_role = auto\n",
            &["cos_secretid = ***: contradicts cos_cam_role"],
        ),
        ("cos_cam_role = a/b\n", &["cos_cam_role = a/b: not accepted"]),
        (
            "cos_cam_role = r\ncos_metadata_endpoint = http://h/x\n",
            &["cos_metadata_endpoint = http://h/x: not accepted"],
        ),
        (
            "cos_secretid = AKID\ncos_secretkey = hunter2 x\n",
            &["cos_secretkey = ***: not accepted"],
        ),
        (
            "cos_secretid = A\ncos_secretkey = k\ncos_session_token = hunter2 x\n",
            &["cos_session_token = ***: not accepted"],
        ),
        (
            "cos_secretid = A\ncos_secretkey_file = key\n",
            &["cos_secretkey_file = key: not accepted; accepted is the absolute path"],
        ),
    ] {
        let problems = refused(with(lines));
        assert_eq!(problems.len(), expected.len(), "{lines}: {problems:#?}");
        for (problem, part) in problems.iter().zip(expected) {
            assert!(problem.contains(part), "{lines}: {problem}");
        }
    }
    let (_, warnings) = warned(&format!("{ACCOUNT}cos_metadata_endpoint = http://h\n"));
    assert!(warnings[0].contains("has no effect without cos_cam_role"), "{warnings:?}");
}

#[test]
fn files_of_keys_are_looked_into_when_a_configuration_is_loaded() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str, mode| {
        let path = directory.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.display().to_string()
    };
    let key = file("key", "hunter2\n", 0o640);
    let open = file("open", "hunter2\n", 0o644);
    let words = file("words", "hunter2 hunter2\n", 0o600);
    let gone = directory.path().join("gone").display().to_string();
    let load = |secret: &str| {
        let text = with(&format!("cos_secretid = A\ncos_secretkey_file = {secret}\n"));
        let config = file("a.conf", &text, 0o600);
        match config::load(config.as_ref()) {
            Ok(loaded) => loaded.warnings.iter().map(|w| format!("warning: {w}")).collect(),
            Err(problems) => problems.to_string(),
        }
    };
    assert_eq!(load(&key), "");
    for (path, expected) in [
        (&open, "contains a secret, and other users"),
        (&words, "contains no key: it must"),
        (&gone, "cannot be read: No such file"),
    ] {
        let told = load(path);
        let place = format!(": [COS_ACCOUNT_0] cos_secretkey_file = {path}: {expected}");
        assert!(told.contains(&place) && !told.contains("hunter2"), "{told}");
        assert_eq!(told.starts_with("warning"), path == &open, "{told}");
    }
}
