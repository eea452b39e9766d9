//! Nothing that is said is missing.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use cos_ftp_server::config::{self, EnvironmentKeys, MachineFacts, Resource, check_resource};

use super::*;

/// What is written where something is found and is no text of the report, or is the same in
/// every language.
const NOT_SAID: &[&str] = &[
    // Part of a longer text, of which the rows are.
    " [req {}]",
    " of {} ({} %)",
    ", stopping",
    ", {} {} stored",
    "banned {} {}; ended: {}",
    "banned: {} {}, {}",
    "cos-ftp-server {}, process {}, since {}{}",
    "for another {}",
    "for {} s, at most until the server ends",
    "kicked: {}",
    "this user may not look whether there is {}, which would tell where its server is asked",
    "until the server ends",
    "user {}",
    "{} may not be read by this user, and only that tells where its server is asked",
    "{}: call this as root or as the user of the server\\n{}",
    "{}: {}{} in {}, {} MB/s{}",
    "account",
    "accounts",
    " (request {})",
    " nor ",
    "at least ",
    "{} for {}",
    "add {}={} to {} (systemctl edit)",
    "{}, or correct {}",
    "{}, one of: {}",
    "another size than was stored",
    "other bytes than were stored",
    "what was stored a moment ago is not there",
    "the marker of a directory is not there after it was stored",
    "the marker of a directory is still there after it was deleted",
    ", {} to verify passwords (password_checks)",
    ". Passwords in plain text: {}; cos-ftp-server hash-password makes hashes to put in \
     their place",
    "any number of connections is allowed, but this machine has threads and descriptors for \
     about {} only",
    "buffer_memory of {}{} and {} sessions of {} KiB each may need more than {} % of the {} \
     of memory that are available",
    "lower max_connection_num to at most {}, or {}",
    "may need more than {}: {}",
    "the {} threads this process may have (vm.max_map_count / 5, pids.max of its control \
     group, ulimit -u)",
    "{} transfers with {} workers each exceed {}: some will have fewer workers",
    "{}: raise its limits, to at least {} descriptors (ulimit -Hn) and {} threads (ulimit -u)",
    "{}: {}, or set config_check_enable = false",
    "warning: {}",
    "{} of [OPTIONAL]",
    // What the log says of a start, an order and a reload, and of an invariant.
    "a server with this configuration has been running since {} as process {}; to stop it: {}",
    "operator: log level {}",
    "operator: {}",
    "[{}] added",
    "[{}] removed",
    "not set",
    "there are few, and they live during the start",
    "users in {}",
    "{} = {} (now {})",
    "{} is not in the table",
    // What the configuration is asked.
    "[COS_ACCOUNT_0]\\n{} = {}\\n",
    // What the probe holds.
    "Stored by `cos-ftp-server check`, which deletes it again.\\n",
    // By what a key in PEM is known.
    "PRIVATE KEY-----",
    // What is said to a server.
    "AUTH TLS",
    "PBSZ 0",
    "PROT P",
    "TYPE I",
    "USER {}",
    "PASS {}",
    "STOR {}",
    "RETR {}",
    "DELE {}",
    "SIZE {}",
    // The same in every language.
    "user add NAME",
    "user list",
    "serve DIR",
    "serve {}",
    "--config {}",
    "--listen {}",
    "cos-ftp-server {}",
    "cos-ftp-server {} --{}",
    "{} {} --socket {}",
    "{} {}",
    "{} MiB",
    "systemctl enable --now cos-ftp-server",
    "curl -u {} -T FILE ftp://127.0.0.1:{}/",
    "    curl -u {} -T FILE ftp://{}/",
    "    curl -u {} ftp://{}/",
];

/// Where stands what is written into a configuration, and read of it, and not said.
const OF_THE_FILE: &[&str] = &["init/answers.rs", "init/sample.rs"];

#[test]
fn nothing_that_is_said_is_missing() {
    let rows = check::TITLES.iter().chain(texts());
    let known: BTreeSet<String> = rows.map(|(from, _)| from.replace('\n', "")).collect();
    let mut missing = BTreeSet::new();
    let mut seen = 0;
    for directory in [
        "src/cli/check",
        "src/cli/check/from",
        "src/cli/init",
        "src/cli/user",
        "src/store/cos/diagnosis",
        "src/cli/arguments.rs",
        "src/cli/control.rs",
        "src/cli/given_options.rs",
        "src/cli/listen_place.rs",
        "src/cli/made.rs",
        "src/cli/meant.rs",
        "src/cli/orders",
        "src/cli/reachable.rs",
        "src/cli/serve.rs",
        "src/cli/serve_socket.rs",
        "src/cli/status/ask.rs",
        "src/cli/status/asked.rs",
        "src/cli/status/standing.rs",
        "src/cli/status/table.rs",
        "src/cli/summary.rs",
        "src/cli/written.rs",
        "src/config",
        "src/net/masquerade_networks.rs",
    ] {
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
        let within = |entry: io::Result<fs::DirEntry>| entry.unwrap().path();
        let paths: Vec<_> = match place.is_dir() {
            true => fs::read_dir(place).unwrap().map(within).collect(),
            false => vec![place],
        };
        for path in paths {
            if path.is_dir() || OF_THE_FILE.iter().any(|file| path.ends_with(file)) {
                continue;
            }
            let source = fs::read_to_string(path).unwrap();
            for text in literals(&source) {
                seen += 1;
                // A word that is no part of a sentence is a key, a program or a code.
                let whole = text.replace("\\n", "").replace("\\\\", "\\");
                let has_letters = whole.replace(GAP, "").contains(char::is_alphabetic);
                let is_said = has_letters && whole.contains(' ');
                let is_known = known.contains(&whole) || known.contains(&format!("{GAP}, {whole}"));
                if is_said && !is_known && !NOT_SAID.contains(&&*text) {
                    missing.insert(text);
                }
            }
        }
    }
    assert!(seen > 150, "{seen}");
    assert_eq!(missing, BTreeSet::new());
}

/// The literals of a source, without its comments and tests, what is filled in as [`GAP`].
fn literals(source: &str) -> Vec<String> {
    // In two halves, as this file has tests alone.
    let tests = concat!("#[cfg", "(test)]");
    let (code, _) = source.split_once(tests).unwrap_or((source, ""));
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = lines.collect::<Vec<_>>().join("\n").replace("\\\"", "").replace("'\"'", "");
    code.split('"').skip(1).step_by(2).map(with_gaps).collect()
}

fn with_gaps(literal: &str) -> String {
    // A line that goes on begins behind the white space of the next one.
    let mut pieces = literal.split("\\\n");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    pieces.for_each(|piece| text += piece.trim_start());
    let mut shown = String::new();
    let mut rest = text.as_str();
    while let Some((before, behind)) = rest.split_once('{') {
        let (_, behind) = behind.split_once('}').unwrap();
        shown += before;
        shown += GAP;
        rest = behind;
    }
    shown + rest
}

#[test]
fn every_title_is_said_in_chinese() {
    let sources = ["machine.rs", "mod.rs", "ports.rs", "sandbox.rs", "stores.rs"]
        .map(|file| format!("src/cli/check/{file}"));
    for source in sources {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&source)).unwrap();
        for made in ["passed", "failed", "skipped"] {
            let made = format!("CheckLine::{made}(");
            for piece in text.split(&made).skip(1) {
                let Some(piece) = piece.trim_start().strip_prefix('"') else { continue };
                let (name, _) = piece.split_once('"').unwrap();
                assert_ne!(title(name), name, "{source}");
            }
        }
    }
}

#[test]
fn both_languages_have_the_same_gaps_and_each_text_stands_once() {
    let all: Vec<Row> = texts().copied().collect();
    for rows in [check::TITLES, &all] {
        let once: BTreeSet<_> = rows.iter().map(|(from, _)| from).collect();
        assert_eq!(once.len(), rows.len());
        for (from, to) in rows {
            assert_eq!(from.matches(GAP).count(), to.matches(GAP).count(), "{from}");
            assert!(!to.is_ascii(), "{from}");
        }
    }
}

#[test]
fn what_a_machine_cannot_carry_is_said_in_chinese() {
    let text = "[COS_ACCOUNT_0]\ncos_endpoint = file:///srv\nhome_dir = /\n\
                ftp_login_user_name = a\nftp_login_user_password = b\nauthority = R\n\
                [OPTIONAL]\nbuffer_memory = 64M\nmax_connection_num = ";
    for (connections, available) in [(512, 110), (512, 10), (10_000, 1000), (50, 100)] {
        let facts = MachineFacts {
            available_memory: Some(available << 20),
            descriptors: Some(100),
            threads: Some(100),
            ..MachineFacts::default()
        };
        let text = format!("{text}{connections}\n");
        let keys = EnvironmentKeys::default();
        let loaded = config::parse(text.as_bytes(), Path::new(""), &facts, &keys).unwrap();
        for resource in [Resource::Memory, Resource::Descriptors, Resource::Threads] {
            let (found, problems) = match check_resource(&loaded.settings, &facts, resource) {
                Ok(found) => (found, Vec::new()),
                Err(problems) => (problems.warnings, problems.problems),
            };
            for finding in found.into_iter().chain(problems) {
                let chinese = super::text(&finding.text);
                let english = ["lower", "raise", "t limit", "may need", "give"];
                assert!(english.iter().all(|word| !chinese.contains(word)), "{chinese}");
            }
        }
    }
}

#[test]
fn what_is_wrong_in_a_configuration_is_said_in_chinese() {
    let account = "[COS_ACCOUNT_0]\ncos_endpoint = file:///srv\nhome_dir = /\n\
                   ftp_login_user_name = a\nftp_login_user_password = b\nauthority = R\n";
    let mut seen = 0;
    for lines in [
        "[NETWORK]\nlisten_port = ftp\npassive_port = 1\npassive_ports = 2,1\n",
        "[NETWORK]\nmasquerade_networks = 10.0.0.0/33=auto\nmasquerade_address = 127.0.0.1\n",
        "[OPERATIONS]\nproxy_protocol_from = 10.0.0.0/8, 10.0.0.0/33\nlisten_prt = 1\n",
        "[OPTIONAL]\nlog_level = loud\nidle_timeout =\npasive_ports = 1\n",
        "[SECURITY]\nallow_addresses =\ndeny_addresses = 1,2\n[TLS]\ntls = required\n",
        "[NETWRK]\n[NETWORK] x\n[NETWORK]\nlisten_port\n",
        "[COS_ACCOUNT_1]\ncos_region = ap-xxx\nauthority = X\ncos_secretid = a\n",
        "[OPERATIONS]\nmetrics_listen = 127.0.0.1:2121\n[NETWORK]\nlisten_port = 2121\n",
        "[FTP_ACCOUNT]\nlogin_users = a:b\n[EVENTS]\non = upload\n[SCAN]\naddress = x\n",
    ] {
        let (facts, keys) = (MachineFacts::default(), EnvironmentKeys::default());
        let text = format!("{account}{lines}");
        let parsed = config::parse(text.as_bytes(), Path::new(""), &facts, &keys);
        let problems = parsed.err().unwrap_or_default();
        for finding in problems.problems.into_iter().chain(problems.warnings) {
            let chinese = super::text(&finding.text);
            let words = ["accepted", " is ", " the ", "missing", "ignored", " nor "];
            assert!(words.iter().all(|word| !chinese.contains(word)), "{chinese}");
            seen += 1;
        }
    }
    assert!(seen > 15, "{seen}");
}

#[test]
fn texts_are_said_in_chinese_and_names_stay() {
    for (english, chinese) in [
        ("5 of 10 free (1-10)", "空闲 5 个，共 10 个（1-10）"),
        ("correct listen_address or listen_port", "请更正 listen_address 或 listen_port"),
        (
            "256 MiB of buffers and 8 connections; 900 MiB available",
            "缓冲区 256 MiB，8 个连接；可用 900 MiB",
        ),
        (
            "at least 3 unfinished uploads, 2 of them without new parts for 48 h or longer",
            "至少 3 个文件碎片，其中 2 个已超过 48 小时没有新分块",
        ),
        ("403 AccessDenied", "403 AccessDenied"),
        ("off", "关闭"),
        // What somebody else says keeps its marks.
        ("some key = x: is wrong; right is y", "some key = x: is wrong; right is y"),
        ("limit 100; no limit", "上限 100；无上限"),
        (
            "clients from 10.0.0.0/8 are told the address that they connect to",
            "来自 10.0.0.0/8 的客户端将得到它们所连接的地址",
        ),
        ("the key is a word without spaces", "密钥不能为空，也不能含有空格"),
        ("TLS 1.2 to TLS 1.3", "TLS 1.2 至 TLS 1.3"),
        (
            "buffer_memory of 64 MiB and 512 sessions of 128 KiB each may need more than 60 % \
             of the 110 MiB of memory that are available: lower buffer_memory to at most 1M, \
             or set config_check_enable = false",
            "buffer_memory 为 64 MiB，另有 512 个会话（每个 128 KiB），可能超过 60 % 的可用内存\
             （可用 110 MiB）：请将 buffer_memory 降到不超过 1M，或设置 config_check_enable = false",
        ),
    ] {
        assert_eq!(text(english), chinese);
    }
    assert_eq!(title("directory /off, for file"), "目录 /off，用户 file");
    assert_eq!(title("PutObject"), "PutObject");
}
