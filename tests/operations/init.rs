//! What `init` asks, what it asks again, and what it writes.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::ways_in::{TYPED, program, store_at};
use crate::support::rgw::{self, Rgw};
use crate::support::server::TestServer;
use crate::support::terminal::Terminal;

fn init(config: &Path) -> Command {
    let mut command = program(&["init", "--config", config.to_str().unwrap()]);
    command.env("LC_ALL", "C.UTF-8");
    command
}

/// Answers, each when its question is asked.
fn answer(terminal: &mut Terminal, answers: &[(&str, &str)]) {
    for (question, answer) in answers {
        terminal.wait_for(question);
        terminal.type_line(answer);
    }
}

/// Answers the questions of `init` by a pipe.
fn init_by_pipe(config: &Path, answers: &[&str]) -> Output {
    let mut child = init(config)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end before it has heard all.
    let _ = child.stdin.take().unwrap().write_all((answers.join("\n") + "\n").as_bytes());
    child.wait_with_output().unwrap()
}

/// Starts a server by a configuration of `init`, on a port of the system's choice.
fn start(config: &Path) -> (impl Drop + use<>, SocketAddr) {
    let text = fs::read_to_string(config).unwrap();
    let log = config.with_file_name("log");
    let text = text.replace("listen_port = 2121", "listen_address = 127.0.0.1\nlisten_port = 0");
    // Where the tests run as root there is one already.
    let text = text.split("[OPTIONAL]").next().unwrap();
    fs::write(config, format!("{text}[OPTIONAL]\nlog_dir = {}\n", log.display())).unwrap();
    let (server, port) = TestServer::port_of(program(&["--config", config.to_str().unwrap()]));
    (server, ([127, 0, 0, 1], port).into())
}

#[test]
fn a_mistyped_directory_is_not_made_unasked() {
    let place = TempDir::new().unwrap();
    let [right, wrong] = ["data", "dtaa"].map(|name| place.path().join(name));
    fs::create_dir(&right).unwrap();
    let config = place.path().join("server.conf");
    let mut terminal = Terminal::run(&init(&config));
    let make = " does not exist. Create it? y or n [y]: ";
    answer(
        &mut terminal,
        &[
            ("1, 2 or 3 [1]: ", "3"),
            ("Directory: ", wrong.to_str().unwrap()),
            (make, "what?"),
            (make, "n"),
            ("Directory: ", right.to_str().unwrap()),
            ("FTP user [ftpuser]: ", ""),
            ("Password (leave empty to generate one): ", ""),
        ],
    );
    let (shown, _) = terminal.end();
    assert!(shown.contains("Wrote ") && !shown.contains("Created the directory"), "{shown}");
    assert!(!wrong.exists());

    // A pipe cannot be asked: it is told.
    let other = place.path().join("other.conf");
    let output = init_by_pipe(&other, &["3", wrong.to_str().unwrap(), "", ""]);
    let told = String::from_utf8(output.stdout).unwrap();
    let made = format!("Created the directory {}\n", fs::canonicalize(&wrong).unwrap().display());
    assert!(told.contains(&made), "{told}");
}

#[test]
fn a_typo_in_the_password_loses_no_answer() {
    let place = TempDir::new().unwrap();
    let config = place.path().join("server.conf");
    let mut terminal = Terminal::run(&init(&config));
    answer(
        &mut terminal,
        &[
            ("1, 2 or 3 [1]: ", "3"),
            ("Directory: ", place.path().to_str().unwrap()),
            ("FTP user [ftpuser]: ", ""),
        ],
    );
    for (question, typed) in [
        ("Password (leave empty to generate one): ", TYPED),
        ("Once more: ", "typed by hnad"),
        ("the two passwords differ\r\nPassword (leave empty to generate one): ", TYPED),
        ("Once more: ", TYPED),
    ] {
        terminal.wait_for(question);
        terminal.type_hidden(typed);
    }
    let (shown, _) = terminal.end();
    assert!(shown.contains("Wrote ") && config.exists(), "{shown}");
}

#[test]
fn a_bucket_that_cannot_be_one_is_asked_for_again() {
    let place = TempDir::new().unwrap();
    let config = place.path().join("server.conf");
    let mut terminal = Terminal::run(&init(&config));
    answer(
        &mut terminal,
        &[
            ("1, 2 or 3 [1]: ", "2"),
            ("Endpoint, as in https://s3.example.com: ", "https://s3.example.com/bucket"),
            ("the bucket is asked for next\r\nEndpoint, as in https://s3.example.com: ", "ftp://h"),
            (
                "the bucket is asked for next\r\nEndpoint, as in https://s3.example.com: ",
                "http://h",
            ),
            ("Bucket: ", "a/b"),
            ("a bucket's name has letters, digits, hyphens and dots, as in files\r\nBucket: ", "b"),
            ("Region [us-east-1]: ", "us east"),
            ("the region is a word without spaces\r\nRegion [us-east-1]: ", ""),
        ],
    );
    terminal.wait_for("Access key id: ");
    assert!(!config.exists());
}

#[test]
fn a_place_that_cannot_be_written_is_told_before_anything_is_asked() {
    // To root it looks as if it could be written.
    let config = Path::new("/proc/cos-ftp-server/server.conf");
    let output = init(config).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with("/proc cannot be written, so nothing is asked: "), "{told}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("1, 2 or 3"), "{told}");
}

#[test]
fn init_on_a_terminal_writes_a_configuration_that_works() {
    let place = TempDir::new().unwrap();
    let config = place.path().join("new/server.conf");
    let mut terminal = Terminal::run(&init(&config));
    let data = place.path().join("data");
    answer(
        &mut terminal,
        &[
            ("1, 2 or 3 [1]: ", "4"),
            ("1, 2 or 3 [1]: ", "3"),
            ("Directory: ", data.to_str().unwrap()),
            (" does not exist. Create it? y or n [y]: ", ""),
            ("FTP user [ftpuser]: ", "two words"),
            ("FTP user [ftpuser]: ", "a:b"),
            ("FTP user [ftpuser]: ", "bob"),
        ],
    );
    for question in ["Password (leave empty to generate one): ", "Once more: "] {
        terminal.wait_for(question);
        terminal.type_hidden(TYPED);
    }
    let (shown, _) = terminal.end();
    for told in
        ["Wrote ", "can be listed, stored, read and deleted", "curl -u bob -T FILE ftp://127"]
    {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert!(shown.contains("The connection is not encrypted"), "{shown}");
    assert!(!shown.contains(TYPED), "{shown}");
    assert_eq!(fs::metadata(&config).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!fs::read_to_string(&config).unwrap().contains(TYPED), "a hash is kept");
    let (_server, address) = start(&config);
    store_at(address, "bob", TYPED);
    assert_eq!(fs::read(data.join("file")).unwrap(), b"1234");
}

#[test]
fn init_serves_a_bucket_and_makes_a_password() {
    let place = TempDir::new().unwrap();
    let config = place.path().join("server.conf");
    let bucket = Rgw::shared().new_bucket();
    let endpoint = format!("http://{}", Rgw::shared().endpoint());
    let (id, key) = (rgw::access_key(), rgw::secret_key());
    let output = init_by_pipe(&config, &["2", &endpoint, &bucket, "", &id, &key, "", ""]);
    let shown = String::from_utf8(output.stdout).unwrap();
    for told in ["✓ CompleteMultipartUpload", "Start the server"] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert!(!shown.contains(&*key), "{shown}");
    let password = shown.split("only a hash is stored: ").nth(1).unwrap().lines().next().unwrap();
    assert!(shown.contains(&format!("curl -u ftpuser:{password} -T FILE ")), "{shown}");
    let (_server, address) = start(&config);
    store_at(address, "ftpuser", password);
    assert!(Rgw::shared().s3_list(&bucket, "").contains(&"file".to_owned()));
}

#[test]
fn init_leaves_what_is_there_and_refuses_what_cannot_be_written() {
    let place = TempDir::new().unwrap();
    let config = place.path().join("server.conf");
    fs::write(&config, "mine").unwrap();
    // Wherever it was named, what is to be typed works anywhere.
    let mut relative = init(Path::new("server.conf"));
    let output = relative.current_dir(place.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    let moved = format!("move this one away: mv {0} {0}.old\n", config.display());
    assert!(told.contains("exists already") && told.ends_with(&moved), "{told}");
    assert_eq!(fs::read(&config).unwrap(), b"mine");
    let other = place.path().join("other.conf");
    for (answers, wrong) in [
        (&["1", "files"][..], "ends in -APPID"),
        (&["2", "https://h", "a bucket"], "a word without spaces"),
        (&["7"], "1, 2 or 3"),
        (&["2"], "there is no answer"),
        (&["1", "a/b-1"], "as in files-1250000000"),
        (&["1", "files-1", "guangzhou"], "as in ap-guangzhou"),
        (&["2", "ftp://host"], "the endpoint is https:// or http://, a host"),
        (&["2", "https://h", "a/b"], "a bucket's name has letters"),
        (&["2", "https://h", "b", "", "id", ""], "the key is a word"),
    ] {
        let output = init_by_pipe(&other, answers);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(wrong), "{output:?}");
        assert!(!other.exists());
    }
}

#[test]
fn init_takes_back_its_own_file_after_its_check_has_failed() {
    let place = TempDir::new().unwrap();
    let config = place.path().join("server.conf");
    let data = place.path().join("data");
    fs::create_dir(&data).unwrap();
    // Nothing listens there.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let failing = ["2", &format!("http://{closed}"), "b", "", "id", "key", "", ""];
    let output = init_by_pipe(&config, &failing);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert!(!shown.contains("Start the server") && !shown.contains("systemctl"), "{shown}");
    for told in ["only a hash is stored: ", " check --config ", " init --config "] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    // What somebody has done about it is not lost.
    let written = fs::read_to_string(&config).unwrap();
    fs::write(&config, written.replace("us-east-1", "us-east-2")).unwrap();
    let right = ["3", data.to_str().unwrap(), "bob", "a password"];
    let output = init_by_pipe(&config, &right);
    assert!(String::from_utf8_lossy(&output.stderr).contains("exists already"), "{output:?}");
    fs::write(&config, written).unwrap();
    let output = init_by_pipe(&config, &right);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("which init wrote and which did not pass its check"), "{shown}");
    let text = fs::read_to_string(&config).unwrap();
    assert!(text.contains("ftp_login_user_name = bob"), "{text}");
    // Where it is all well, it is somebody's.
    if output.status.success() {
        assert!(!text.contains("SHA-256") && shown.contains("Start the server"), "{shown}");
        let output = init_by_pipe(&config, &right);
        assert!(String::from_utf8_lossy(&output.stderr).contains("exists already"), "{output:?}");
    }
}

#[test]
fn init_speaks_the_language_of_the_environment() {
    let place = TempDir::new().unwrap();
    let config = place.path().join("server.conf");
    let data = place.path().join("data");
    let mut command = init(&config);
    command.env("LC_ALL", "zh_CN.UTF-8");
    let mut terminal = Terminal::run(&command);
    answer(
        &mut terminal,
        &[
            ("1、2 或 3 [1]: ", "4"),
            ("1、2 或 3\r\n1、2 或 3 [1]: ", "3"),
            ("目录: ", data.to_str().unwrap()),
            (" 不存在。是否创建？y 或 n [y]: ", ""),
            ("FTP 用户 [ftpuser]: ", ""),
            ("密码（留空则自动生成）: ", ""),
        ],
    );
    let (shown, _) = terminal.end();
    for line in shown.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("    ")) {
        let line = line.trim_end();
        assert!(!line.is_ascii(), "{line}");
    }
    for told in ["已写入 ", "只保存哈希", "在另一个终端中", "curl -u ftpuser:"] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    let written = fs::read_to_string(&config).unwrap();
    let comments: Vec<_> = written.lines().filter(|line| line.starts_with('#')).collect();
    assert!(comments.len() == 2 && comments.iter().all(|line| !line.is_ascii()), "{written}");
    let output = init(&config).env("LC_ALL", "zh_CN.UTF-8").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("已经存在"), "{output:?}");
}
