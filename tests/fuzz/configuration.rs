//! Configuration files: any bytes are settings or problems, and a secret is in neither's words.

use std::path::Path;

use cos_ftp_server::config::{self, EnvironmentKeys, KEYS, MachineFacts};

use super::{bytes, holds, text};

const SECRET: &str = "hunter2";

#[test]
fn any_file_is_settings_or_problems() {
    let mut pieces: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    pieces.extend(["\n[COS_ACCOUNT_0]\n", "\n[OPTIONAL]\n", "[", "]", "\n", "\r\n", "\r", " = "]);
    pieces.extend([
        "=",
        ":",
        " # ",
        ";",
        "\t",
        "\u{feff}",
        "default",
        "200G",
        "XXXXXX",
        "user:p:RW;",
    ]);
    let mut pieces: Vec<&[u8]> = pieces.into_iter().map(str::as_bytes).collect();
    pieces.extend([&b"\xd6\xd0"[..], b"\xff", b"\0"]);
    holds("INI files", |source| {
        let file = bytes(source, &pieces)?;
        match parse(&file) {
            Ok(loaded) => drop(format!("{loaded:?}")),
            Err(problems) => {
                assert!(!problems.problems.is_empty());
                let told = problems.to_string();
                assert!(!told.chars().any(|c| c.is_control() && c != '\n'), "{told:?}");
            }
        }
        Ok(())
    });
}

#[test]
fn no_message_shows_a_secret() {
    let pieces =
        &[":", ";", "R", "RW", "user", " ", "#", "；", "：", "=", "\\", "$6$", "$argon2id$"];
    holds("accounts", |source| {
        let around = [text(source, pieces)?, text(source, pieces)?];
        // A line of its own is a key, and keys are told.
        let [before, behind] = around.map(|text| text.replace(['\n', '\r', '\u{feff}'], ""));
        let secret = format!("{before}{SECRET}{behind}");
        let lines = [
            format!("cos_secretid = A\ncos_secretkey = {secret}\n"),
            format!("cos_secretid = A\ncos_secretkey = k\ncos_session_token = {secret}\n"),
            format!("ftp_login_user_password = {secret}\nauthority = {before}\n"),
        ];
        let lines = source.choose(&lines)?;
        let first = format!("[COS_ACCOUNT]\n{lines}[FTP_ACCOUNT]\nlogin_users = u:{secret}\n");
        let second = format!("[COS_ACCOUNT_1]\n{lines}cos_bucket = b\n");
        for file in [first, second] {
            match parse(file.as_bytes()) {
                Ok(loaded) => assert!(!format!("{loaded:?}").contains(SECRET), "{file:?}"),
                Err(problems) => {
                    assert!(!problems.to_string().contains(SECRET), "{file:?}\n{problems}");
                }
            }
        }
        Ok(())
    });
}

fn parse(file: &[u8]) -> Result<config::LoadedConfig, config::Problems> {
    let machine = MachineFacts { total_memory: Some(1 << 30), ..MachineFacts::default() };
    config::parse(file, Path::new("a.conf"), &machine, &EnvironmentKeys::default())
}
