use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer};
use crate::support::terminal::Terminal;

/// What is typed for a password in these tests.
pub(super) const TYPED: &str = "typed by hand";

pub(super) fn program(arguments: &[&str]) -> Command {
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
pub(super) fn store_at(address: SocketAddr, user: &str, password: &str) {
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
