use std::fs;
use std::process::Command;

use crate::support::ftp::Ftp;
use crate::support::rgw;
use crate::support::scripted::{Scripted, answer};
use crate::support::server::{PASSWORD, Setup, TestServer, Written};

/// The secrets of these tests, and what is typed in the place of passwords.
const WRONG_KEY: &str = "Key-Of-Mallory";
const TOKEN: &str = "Token-Of-Alice";
const ROLE_KEY: &str = "Key-Of-The-Role";
const ROLE_TOKEN: &str = "Token-Of-The-Role";
const TYPED: &str = "Password-Of-Nobody";

fn assert_holds_no_secret(what: &str, text: &str) {
    let store_key = rgw::secret_key();
    for secret in [&store_key, WRONG_KEY, TOKEN, ROLE_KEY, ROLE_TOKEN, TYPED, PASSWORD] {
        assert!(!text.contains(secret), "{secret} in {what}:\n{text}");
    }
}

/// A metadata service that gives keys which no store knows.
fn metadata() -> Scripted {
    Scripted::acting(|head| {
        let document = format!(
            r#"{{"TmpSecretId":"AKIDROLE","TmpSecretKey":"{ROLE_KEY}","Token":"{ROLE_TOKEN}",
                "ExpiredTime":4000000000,"Code":"Success"}}"#
        );
        let is_list = head.starts_with("get /latest/meta-data/cam/security-credentials/ ");
        Some(answer("200 OK", "", if is_list { "role" } else { &document }))
    })
}

#[test]
fn no_log_reply_or_process_list_shows_a_secret() {
    let metadata = metadata();
    let pair =
        format!("cos_secretid = {}\ncos_secretkey = {}\n", rgw::access_key(), rgw::secret_key());
    let tail = |name: &str| format!("addressing_style = path\nhome_dir = /home/{name}\n");
    let with =
        |keys: &str, name: &str| (format!("{pair}{}", tail(name)), format!("{keys}{}", tail(name)));
    let alice = with(&format!("{pair}cos_session_token = {TOKEN}\n"), "alice");
    let mallory = with(
        &format!("cos_secretid = {}\ncos_secretkey = {WRONG_KEY}\n", rgw::access_key()),
        "mallory",
    );
    let role = format!("cos_cam_role = auto\ncos_metadata_endpoint = {}\n", metadata.endpoint);
    let roland = with(&role, "roland");
    let server = Setup::bucket()
        .account("mallory", "RW", "true")
        .account("roland", "RW", "true")
        .replace(&alice.0, &alice.1)
        .replace(&mallory.0, &mallory.1)
        .replace(&roland.0, &roland.1)
        .option("log_level", "DEBUG")
        // Each asks the store itself.
        .option("metadata_cache_time", "0")
        .start();
    let mut told = good_and_bad_sessions(&server);
    // What the log must have told, or this test saw nothing.
    for expected in ["SignatureDoesNotMatch", "InvalidAccessKeyId", "login failed", "role role"] {
        server.wait_for_log(expected);
    }
    let proc = format!("/proc/{}", server.pid());
    told += &fs::read_to_string(format!("{proc}/cmdline")).unwrap();
    told += &fs::read_to_string(format!("{proc}/status")).unwrap();
    assert_holds_no_secret("replies and process list", &told);
    assert_holds_no_secret("what is shown", &server.log());
    let file = server.config().with_file_name("log").join("cos_v5.log");
    assert_holds_no_secret("the log file", &fs::read_to_string(file).unwrap());
    // A crash writes none of them to disk.
    let limits = fs::read_to_string(format!("{proc}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().rev().nth(1), Some("0"), "{core}");
}

/// What is told to clients whose logins and stores are good and bad.
fn good_and_bad_sessions(server: &TestServer) -> String {
    let mut ftp = Ftp::login(server);
    ftp.store("STOR f", b"bytes");
    assert_eq!(ftp.fetch("RETR f"), b"bytes");
    let mut told = ftp.ask("STAT") + &ftp.list("LIST").join("\n");
    for user in ["mallory", "roland"] {
        let mut ftp = Ftp::login_as(server, user);
        for line in ["SIZE f", "MKD d", "DELE f"] {
            told += &ftp.expect(line, "550 ");
        }
        ftp.store_refused("STOR f", "550 ");
    }
    let mut nobody = Ftp::connect(server);
    for line in ["USER alice", &format!("PASS {TYPED}"), "USER bob", &format!("pass {TYPED} x")] {
        told += &nobody.ask(line);
    }
    for line in ["ACCT", "SITE PSWD", "PAS", "PASSWORD", "pass:", "PWD", "", " PASS"] {
        told += &nobody.ask(&format!("{line} {TYPED}"));
    }
    // Glued to its verb, alone, in a line that is no text, and in one that is too long.
    for line in [format!("PASS{TYPED}"), TYPED.to_owned(), format!("{TYPED} {TYPED}")] {
        told += &nobody.ask(&line);
    }
    for line in [&b"PASS \xff"[..], b"\xff ", b"PAS \xff\xff"] {
        nobody.send_bytes(&[line, TYPED.as_bytes(), b"\r\n"].concat());
        told += &nobody.reply();
    }
    nobody.send_bytes(format!("PASS {}{TYPED}\r\n", "x".repeat(5000)).as_bytes());
    told += &nobody.reply();
    told += &ftp.ask(&format!("SITE PSWD {PASSWORD} {TYPED}"));
    told
}

#[test]
fn no_complaint_about_a_configuration_shows_a_secret() {
    let pair =
        format!("cos_secretid = {}\ncos_secretkey = {}\n", rgw::access_key(), rgw::secret_key());
    for bad in [
        format!("{pair}cos_session_token = {TOKEN} {WRONG_KEY}\n"),
        format!("{pair}cos_secretkey = {WRONG_KEY}\n"),
        format!("{pair}cos_sesion_token = {TOKEN}\n"),
        format!("{pair}cos_session_token {TOKEN}\n"),
        format!("{pair}cos_session_token: {TOKEN} # \u{1b}\n"),
        format!("{pair}cos_cam_role = a\ncos_secretkey_file = /nowhere\n"),
        format!("{pair}ftp_login_user_password = {TYPED}\n"),
        format!("cos_secretid = {WRONG_KEY} x\ncos_secretkey = {WRONG_KEY}钥\n"),
        format!("{pair}[OPTIONAL]\ncos_secretkey = {WRONG_KEY}\nidle_timeout = x\n"),
        // As some other programs take it.
        format!("{pair}cos_endpoint = https://{WRONG_KEY}:{TOKEN}@host\n"),
        format!("cos_cam_role = a\ncos_metadata_endpoint = http://{WRONG_KEY}:{TOKEN}@host\n"),
        format!("{pair}[FTP_ACCOUNT]\nlogin_users = a:{TYPED};{WRONG_KEY}:x:{TOKEN}\n"),
    ] {
        let written = Setup::bucket().replace(&pair, &bad).write();
        for arguments in [&["--check-config"][..], &["check"], &[]] {
            let output = run(&written, arguments);
            assert_holds_no_secret(&format!("{arguments:?} about\n{bad}"), &output);
            assert!(output.contains("vsftpd.conf"), "something was said: {output}");
            // A server that starts all the same would not end.
            if !output.contains("configuration OK") {
                continue;
            }
            break;
        }
    }
}

#[test]
fn no_complaint_about_a_file_of_keys_shows_it() {
    let pair =
        format!("cos_secretid = {}\ncos_secretkey = {}\n", rgw::access_key(), rgw::secret_key());
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    fs::write(&file, format!("{WRONG_KEY} {TOKEN}\n")).unwrap();
    let keys = format!("cos_secretid = A\ncos_secretkey_file = {}\n", file.display());
    let output = run(&Setup::bucket().replace(&pair, &keys).write(), &["--check-config"]);
    assert!(output.contains("contains no key"), "{output}");
    assert_holds_no_secret("the complaint", &output);
}

fn run(written: &Written, arguments: &[&str]) -> String {
    let output = written.command(arguments).output().unwrap();
    let texts =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    texts.concat()
}

#[test]
fn keys_from_the_environment_and_from_files_reach_the_store() {
    let pair =
        format!("cos_secretid = {}\ncos_secretkey = {}\n", rgw::access_key(), rgw::secret_key());
    let dir = tempfile::tempdir().unwrap();
    let [id, key] = [("id", rgw::access_key()), ("key", rgw::secret_key())].map(|(name, text)| {
        let path = dir.path().join(name);
        fs::write(&path, text + "\n").unwrap();
        path.display().to_string()
    });
    let files = format!("cos_secretid_file = {id}\ncos_secretkey_file = {key}\n");
    let from_files = Setup::bucket().replace(&pair, &files).write();
    let from_environment = Setup::bucket().replace(&pair, "").write();
    for (written, environment) in [(from_files, false), (from_environment, true)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
        command.arg("--config").arg(written.config());
        if environment {
            command.env("COS_SECRETID", rgw::access_key()).env("COS_SECRETKEY", rgw::secret_key());
        }
        let (_server, port) = TestServer::port_of(command);
        let mut ftp = Ftp::connect_to(([127, 0, 0, 1], port).into());
        ftp.log_in();
        ftp.store("STOR f", b"signed with the keys");
        assert_eq!(ftp.fetch("RETR f"), b"signed with the keys");
    }
}
