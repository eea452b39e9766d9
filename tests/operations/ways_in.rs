use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::support::ftp::Ftp;
use crate::support::rgw::{self, Rgw};
use crate::support::server::{Setup, TestServer};
use crate::support::terminal::Terminal;

/// What is typed for a password in these tests.
const TYPED: &str = "typed by hand";

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
    command.args(arguments);
    command
}

/// `serve DIR` on a port that the system chooses, with what else is to be said.
fn serve(directory: &Path, more: &[&str]) -> Command {
    let mut command = program(&["serve", directory.to_str().unwrap()]);
    command.args(["--listen", "127.0.0.1:0"]).args(more);
    command
}

fn address(line: &str) -> SocketAddr {
    line.trim().rsplit("ftp://").next().unwrap().trim_end_matches('/').parse().unwrap()
}

/// Stores a file as `user` with `password`.
fn store_at(address: SocketAddr, user: &str, password: &str) {
    let mut ftp = Ftp::connect_to(address);
    ftp.play(&[(&format!("USER {user}"), "331 "), (&format!("PASS {password}"), "230 ")]);
    ftp.store("STOR file", b"1234");
}

#[test]
fn a_directory_is_served_without_a_file_and_with_a_password_that_is_printed() {
    let directory = TempDir::new().unwrap();
    let mut terminal = Terminal::run(&serve(directory.path(), &[]));
    let said = terminal.wait_for("Password: ");
    assert!(said.contains("serving the directory ") && !said.contains("name a bucket"), "{said}");
    let password = terminal.wait_for("\n").trim().to_owned();
    assert_eq!(password.len(), 16, "{password}");
    terminal.wait_for(&format!("curl -u ftpuser:{password} -T FILE "));
    let address = address(&terminal.wait_for("\n"));
    store_at(address, "ftpuser", &password);
    assert_eq!(fs::read(directory.path().join("file")).unwrap(), b"1234");
    terminal.type_line("\u{3}");
    assert_eq!(terminal.end().1.code(), Some(0));
    assert!(!Path::new("log").join("cos_v5.log").exists(), "nothing but the directory is written");
}

#[test]
fn a_password_comes_from_the_environment_or_a_terminal_and_is_not_shown() {
    let directory = TempDir::new().unwrap();
    let mut command = serve(directory.path(), &["--user", "bob"]);
    command.env("COS_FTP_PASSWORD", TYPED);
    let mut terminal = Terminal::run(&command);
    let before = terminal.wait_for("curl -u bob -T FILE ");
    assert!(!before.contains(TYPED) && !before.contains("Password"), "{before}");
    store_at(address(&terminal.wait_for("\n")), "bob", TYPED);
    terminal.type_line("\u{3}");
    assert!(!terminal.end().0.contains(TYPED));

    let mut terminal = Terminal::run(&serve(directory.path(), &["--ask-password"]));
    for question in ["Password: ", "Once more: "] {
        terminal.wait_for(question);
        terminal.type_hidden(TYPED);
    }
    let shown = terminal.wait_for("curl -u ftpuser -T FILE ");
    assert!(!shown.contains(TYPED), "{shown}");
    store_at(address(&terminal.wait_for("\n")), "ftpuser", TYPED);
}

#[test]
fn what_serve_cannot_use_is_told_in_the_words_of_its_arguments() {
    let directory = TempDir::new().unwrap();
    let (there, file) = (directory.path().to_str().unwrap(), directory.path().join("file"));
    fs::write(&file, "").unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (arguments, code, said) in [
        (&["/nowhere/at/all"][..], 1, "no directory /nowhere/at/all: create it (mkdir -p), or"),
        (&[file.to_str().unwrap()], 1, "/file is not a directory: serve the directory that it"),
        (&[], 64, "serve needs a directory to serve"),
        (&[there, "--listen", &taken], 1, "or choose another --listen than "),
        (&[there, "--listen", "192.0.2.1:0"], 1, "--listen 192.0.2.1 is no address of this"),
        (&[there, "--listen", "localhost:21"], 64, "needs a port, or address and port, as in 2121"),
        (&[there, "--user", ""], 64, "needs a name"),
        (&[there, "--user", "a:b"], 64, "without slashes, colons"),
    ] {
        let output = program(&["serve"]).args(arguments).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.contains(said), "{said}: {told}");
        for key in ["cos_endpoint", "listen_port", "listen_address"] {
            assert!(!told.contains(key), "{key}: {told}");
        }
    }
}

#[test]
fn a_port_alone_is_at_the_usual_addresses() {
    let directory = TempDir::new().unwrap();
    let mut command = program(&["serve", directory.path().to_str().unwrap(), "--listen", "0"]);
    command.env("COS_FTP_PASSWORD", TYPED);
    let mut terminal = Terminal::run(&command);
    let said = terminal.wait_for("Serving ");
    let usual = ["listening on 0.0.0.0:", "listening on [::]:"];
    assert!(usual.iter().any(|address| said.contains(address)), "{said}");
    terminal.wait_for("curl -u ftpuser -T FILE ");
    store_at(address(&terminal.wait_for("\n")), "ftpuser", TYPED);
}

#[test]
fn what_is_no_command_is_told_with_what_may_be_meant() {
    for (arguments, said) in [
        (&["stauts"][..], "unknown command \"stauts\" (did you mean status?); see cos-ftp-server"),
        (&["strat"], "(did you mean cos-ftp-server alone, which starts the server?)"),
        (&["/nowhere/my.conf"], "(did you mean --config /nowhere/my.conf?)"),
        (&["/"], "(did you mean serve /?)"),
        (&["status", "--wacth"], "invalid option '--wacth' (did you mean --watch?)"),
        (&["--check-conf"], "(did you mean --check-config?)"),
        (&["help", "chekc"], "(did you mean check?)"),
        (&["serve", "d", "2121"], "(did you mean --listen 2121?)"),
        (&["--listen", "2121"], "(did you mean cos-ftp-server serve DIR --listen?)"),
        (&["check", "ftp://host"], "a server is named behind --from: check --from URL"),
    ] {
        let output = program(arguments).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(64) && told.contains(said), "{said}: {told}");
    }
    let output = program(&["stauts"]).env("LC_ALL", "zh_CN.UTF-8").output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told, "未知的命令 \"stauts\"（是否要用：status？）；见 cos-ftp-server --help\n");
}

#[test]
fn a_directory_is_served_to_as_many_as_the_machine_can_carry() {
    let directory = TempDir::new().unwrap();
    let limited = |descriptors: u32| {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {descriptors}; exec \"$@\""), "sh"]);
        let serve = serve(directory.path(), &[]);
        shell.arg(serve.get_program()).args(serve.get_args()).env("COS_FTP_PASSWORD", TYPED);
        shell
    };
    let (_server, port) = TestServer::port_of(limited(200));
    store_at(([127, 0, 0, 1], port).into(), "ftpuser", TYPED);
    let output = limited(197).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    let said = "[OPTIONAL] max_connection_num = 2: needs more descriptors than the hard limit of \
                197 (ulimit -Hn): raise that limit to at least 198\n";
    assert_eq!(told, said);
}

/// Answers the questions of `init` by a pipe.
fn init_by_pipe(config: &Path, answers: &[&str]) -> Output {
    let mut child = program(&["init", "--config", config.to_str().unwrap()])
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
fn init_on_a_terminal_writes_a_configuration_that_works() {
    let place = TempDir::new().unwrap();
    let config = place.path().join("new/server.conf");
    let mut terminal = Terminal::run(&program(&["init", "--config", config.to_str().unwrap()]));
    let data = place.path().join("data");
    for (question, answer) in [
        ("1, 2 or 3 [1]: ", "4"),
        ("1, 2 or 3 [1]: ", "3"),
        ("Directory: ", data.to_str().unwrap()),
        (" does not exist. Create it? y or n [y]: ", ""),
        ("FTP user [ftpuser]: ", "two words"),
        ("FTP user [ftpuser]: ", "a:b"),
        ("FTP user [ftpuser]: ", "bob"),
    ] {
        terminal.wait_for(question);
        terminal.type_line(answer);
    }
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
    let mut relative = program(&["init", "--config", "server.conf"]);
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
    let mut command = program(&["init", "--config", config.to_str().unwrap()]);
    command.env("LC_ALL", "zh_CN.UTF-8");
    let mut terminal = Terminal::run(&command);
    for (question, answer) in [
        ("1、2 或 3 [1]: ", "4"),
        ("1、2 或 3\r\n1、2 或 3 [1]: ", "3"),
        ("目录: ", data.to_str().unwrap()),
        (" 不存在。是否创建？y 或 n [y]: ", ""),
        ("FTP 用户 [ftpuser]: ", ""),
        ("密码（留空则自动生成）: ", ""),
    ] {
        terminal.wait_for(question);
        terminal.type_line(answer);
    }
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
    let mut again = program(&["init", "--config", config.to_str().unwrap()]);
    let output = again.env("LC_ALL", "zh_CN.UTF-8").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("已经存在"), "{output:?}");
}

#[test]
fn serve_speaks_the_language_of_the_environment() {
    let directory = TempDir::new().unwrap();
    let mut command = serve(directory.path(), &[]);
    command.env("LC_ALL", "zh_CN.UTF-8");
    let mut terminal = Terminal::run(&command);
    for said in ["正在提供目录 ", "FTP 用户：ftpuser", "密码：", "并列出目录：", "curl -u ftpuser:"]
    {
        terminal.wait_for(said);
    }
}

#[test]
fn a_running_server_is_reloaded_and_stopped_by_command() {
    let server = Setup::local().start();
    let config = server.config().to_str().unwrap().to_owned();
    let tell = |word: &str| program(&[word, "-c", &config]).output().unwrap();
    let output = tell("reload");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(output.stdout, b"configuration read again: nothing has changed\n");
    server.rewrite_config(|text| {
        text.replace("listen_port = 0", "listen_port = 2122")
            .replace("[OPTIONAL]", "[OPTIONAL]\nidle_timeout = 20")
            .replace("secret-1", "secret-2")
    });
    let output = tell("reload");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "configuration read again, these changes have taken effect:\n    \
         [COS_ACCOUNT_0] ftp_login_user_password\n    [OPTIONAL] idle_timeout\n\
         these wait for a restart of the server:\n    [NETWORK] listen_port\n"
    );
    server.rewrite_config(|text| {
        text.replace("listen_port = 2122", "listen_port = 0").replace("secret-2", "secret-1")
    });
    assert_eq!(tell("reload").status.code(), Some(0));
    server.wait_for_log("SIGHUP: reading the configuration");
    // What is wrong is told here, and the server is not bothered with it.
    server.rewrite_config(|text| text.replace("authority = RW", "authority = X"));
    let output = tell("reload");
    assert_eq!(output.status.code(), Some(78), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("authority = X"), "{output:?}");
    assert_eq!(server.log().matches("SIGHUP").count(), 3);
    server.rewrite_config(|text| text.replace("authority = X", "authority = RW"));

    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.expect("STOR file", "150 ");
    let data = data.open();
    let stopping = program(&["stop", "-c", &config]).stdout(Stdio::piped()).spawn().unwrap();
    server.wait_for_log("stopping: 1 transfer left");
    drop(data);
    let output = stopping.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("stopped\n"), "{output:?}");
    server.wait_for_end_of_log();
    for word in ["stop", "reload"] {
        let output = tell(word);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("no server answers at /"),
            "{output:?}"
        );
    }
}

#[test]
fn a_status_is_shown_again_and_again() {
    let server = Setup::local().start();
    let config = server.config();
    let mut terminal =
        Terminal::run(&program(&["status", "--watch", "-c", config.to_str().unwrap()]));
    for sessions in ["sessions: 0", "sessions: 0"] {
        terminal.wait_for(sessions);
    }
    let _session = Ftp::login(&server);
    terminal.wait_for("sessions: 1");
    terminal.wait_for("alice");
}

#[test]
fn check_takes_the_file_behind_it() {
    let setup = Setup::local().network("passive_ports", "42000,42063");
    let written = setup.option("max_connection_num", "64").write();
    let output = program(&["check", written.config().to_str().unwrap()]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("1 account\n"));
}

#[test]
fn check_speaks_the_language_of_the_environment() {
    let setup = Setup::local().network("passive_ports", "42064,42127");
    let written = setup.option("max_connection_num", "64").write();
    let config = written.config();
    let told = |locale: &str, arguments: &[&str]| {
        let mut command = program(&["check", config.to_str().unwrap()]);
        let output = command.args(arguments).env("LC_ALL", locale).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let (english, chinese) = (told("C.UTF-8", &[]), told("zh_CN.UTF-8", &[]));
    assert_eq!(english.lines().count(), chinese.lines().count());
    let is_chinese = |line: &str| line.contains(|c| ('\u{4e00}'..'\u{a000}').contains(&c));
    for (english, chinese) in english.lines().zip(chinese.lines()).filter(|(e, _)| !e.is_empty()) {
        assert!(!is_chinese(english) && is_chinese(chinese), "{english} {chinese}");
    }
    // Programs read it: it is the same everywhere.
    assert!(told("zh_CN.UTF-8", &["--json"]).contains("\"check\": \"passive ports\""));
}
