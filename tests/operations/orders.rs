//! `kick`, `ban`, `unban`, `log-level`, and orders over the bare socket.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;

use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer, USER};
use crate::support::stored::noise;

/// A user of the machine who is neither root nor the server's.
const NOBODY: u32 = 65534;

fn order(server: &TestServer, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
    command.args(arguments).arg("--config").arg(server.config());
    command.output().expect("the command runs")
}

fn done(server: &TestServer, arguments: &[&str]) -> String {
    let output = order(server, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn refused(server: &TestServer, arguments: &[&str]) -> String {
    let output = order(server, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// What a client hears that connects now.
fn first_reply(server: &TestServer) -> String {
    Ftp::silent(server.address()).reply()
}

fn socket(server: &TestServer) -> BufReader<UnixStream> {
    let stream = UnixStream::connect(server.log_dir().join("cos-ftp-server.sock")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut socket = BufReader::new(stream);
    let _status = line(&mut socket);
    socket
}

fn line(socket: &mut BufReader<UnixStream>) -> Value {
    let mut text = String::new();
    socket.read_line(&mut text).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text:?}"))
}

fn say(socket: &mut BufReader<UnixStream>, text: &str) -> Value {
    socket.get_mut().write_all(text.as_bytes()).unwrap();
    line(socket)
}

#[test]
fn a_kicked_session_hears_421_and_the_others_go_on() {
    let server = Setup::local().account("bob", "RW", "true").start();
    let (mut first, mut second) = (Ftp::login(&server), Ftp::login_as(&server, "bob"));
    let mut stranger = Ftp::connect(&server);
    assert_eq!(done(&server, &["kick", "session-1"]), "kicked: 1 session\n");
    first.expect_reply("421 The operator ended this session.");
    first.expect_end();
    second.expect("NOOP", "200 ");
    assert_eq!(done(&server, &["kick", "bob"]), "kicked: 1 session\n");
    second.expect_reply("421 ");
    stranger.expect("NOOP", "200 ");
    assert_eq!(done(&server, &["kick", "3"]), "kicked: 1 session\n");
    stranger.expect_reply("421 ");
    for nobody in ["session-1", "99", "bob", "carol"] {
        let text = refused(&server, &["kick", nobody]);
        assert!(text.contains(&format!("no session of {nobody}")), "{text}");
    }
    server.wait_for_log("operator: kick session-1: 1 session");
}

#[test]
fn the_upload_of_a_kicked_session_is_parked_and_can_go_on() {
    let server = Setup::bucket().start();
    let whole = noise(7, 20 << 20);
    let sent = 17 << 20;
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.expect("STOR film", "150 ");
    let mut stream = data.open();
    stream.write_all(&whole[..sent]).unwrap();
    ftp.wait_for_bytes(sent);
    assert_eq!(done(&server, &["kick", USER]), "kicked: 1 session\n");
    ftp.expect_reply("426 ");
    ftp.expect_reply("421 The operator ended this session.");
    ftp.expect_end();
    let line = server.wait_for_log("upload path=");
    assert!(line.contains("ended by the operator, parked until the client goes on"), "{line}");
    let mut again = Ftp::login(&server);
    let size = again.expect("SIZE film", "213 ");
    let offset: usize = size[4..].trim().parse().unwrap();
    assert!(0 < offset && offset <= sent, "{size}");
    again.expect(&format!("REST {offset}"), "350 ");
    again.store("STOR film", &whole[offset..]);
    server.stored().expect("film", &whole);
}

#[test]
fn a_kicked_download_ends_at_once() {
    let server = Setup::local().start();
    server.stored().put("large", &noise(1, 64 << 20));
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.expect("RETR large", "150 ");
    let mut stream = data.open();
    stream.read_exact(&mut [0; 1000]).unwrap();
    done(&server, &["kick", "1"]);
    ftp.expect_reply("426 The operator ended this session");
    ftp.expect_reply("421 ");
}

#[test]
fn a_banned_address_is_kept_out_until_its_ban_ends() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    let text = done(&server, &["ban", "127.0.0.1", "for", "2h"]);
    assert!(text.starts_with("banned 127.0.0.1 for 7200 s"), "{text}");
    assert!(text.ends_with("ended: 1 session\n"), "{text}");
    ftp.expect_reply("421 The operator ended this session.");
    assert!(first_reply(&server).starts_with("421 Your address is not let in at present."));
    let told: Value = serde_json::from_str(&done(&server, &["status", "--json"])).unwrap();
    let ban = &told["bans"][0];
    assert_eq!((&ban["address"], &ban["by_operator"]), (&"127.0.0.1".into(), &true.into()));
    assert!((7100..=7200).contains(&ban["seconds_left"].as_u64().unwrap()), "{ban}");
    let table = done(&server, &["status"]);
    assert!(table.contains("banned: 127.0.0.1 for another 2.0 h, by the operator"), "{table}");
    assert_eq!(done(&server, &["unban", "127.0.0.1"]), "not banned any more: 127.0.0.1\n");
    Ftp::login(&server).expect("NOOP", "200 ");
    assert!(refused(&server, &["unban", "127.0.0.1"]).contains("127.0.0.1 is not banned"));
    // It ends by itself.
    done(&server, &["ban", "127.0.0.1", "for", "1s"]);
    while first_reply(&server).starts_with("421 ") {}
    assert!(!done(&server, &["status"]).contains("banned:"));
}

#[test]
fn a_banned_user_does_not_log_in_and_others_do() {
    let server = Setup::local().account("bob", "RW", "true").start();
    let mut ftp = Ftp::login_as(&server, "bob");
    let text = done(&server, &["ban", "bob"]);
    assert_eq!(text, "banned user \"bob\" until the server ends; ended: 1 session\n");
    ftp.expect_reply("421 ");
    let mut again = Ftp::connect(&server);
    again.expect("USER bob", "331 ");
    // Who does not know the password hears nothing of it.
    again.expect("PASS wrong", "530 ");
    again.expect("USER bob", "331 ");
    again.expect("PASS secret-1", "421 This user may not log in at present.");
    Ftp::login(&server).expect("NOOP", "200 ");
    assert!(done(&server, &["status"]).contains("banned: user bob until the server ends"));
    server.wait_for_log("operator: ban user \"bob\" until the server ends; ended: 1 session");
    done(&server, &["unban", "bob"]);
    Ftp::login_as(&server, "bob").expect("NOOP", "200 ");
}

#[test]
fn a_ban_by_failed_logins_can_be_lifted() {
    let server =
        Setup::local().security("ban_failures", "1").security("login_failure_delay", "0").start();
    let mut ftp = Ftp::connect(&server);
    ftp.expect("USER x", "331 ");
    ftp.expect("PASS y", "421 ");
    assert!(first_reply(&server).starts_with("421 Too many failed logins"));
    assert!(done(&server, &["status"]).contains("banned: 127.0.0.1 for another"));
    done(&server, &["unban", "127.0.0.1"]);
    Ftp::login(&server).expect("NOOP", "200 ");
}

#[test]
fn the_log_level_changes_and_is_the_configurations_after_a_reload() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    ftp.expect("NOOP", "200 ");
    assert!(done(&server, &["log-level", "debug"]).starts_with("log level: DEBUG"));
    ftp.expect("PWD", "257 ");
    server.wait_for_log("< PWD");
    done(&server, &["reload"]);
    ftp.expect("SYST", "215 ");
    let text = refused(&server, &["log-level", "loud"]);
    assert!(text.contains("\"loud\" is none of DEBUG"), "{text}");
    let log = server.log();
    assert!(!log.contains("< NOOP") && !log.contains("< SYST"), "{log}");
}

#[test]
fn programs_order_over_the_socket() {
    let mut server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    let mut socket = socket(&server);
    let answer = say(&mut socket, "{\"ban\":{\"whom\":\"192.0.2.1\"}}\n{\"kick\":\"1\"}\n");
    assert_eq!(answer["done"], true, "{answer}");
    assert_eq!(line(&mut socket)["text"], "kicked: 1 session");
    ftp.expect_reply("421 ");
    for nonsense in ["\n", "{}\n", "\"dance\"\n", "{\"kick\":7}\n", "\u{1}\n"] {
        let answer = say(&mut socket, nonsense);
        assert_eq!(answer["done"], false, "{answer}");
    }
    assert_eq!(say(&mut socket, "\"reload\"\n")["done"], true);
    server.wait_for_log("configuration read again");
    assert_eq!(say(&mut socket, "\"stop\"\n")["text"], "stopping");
    assert_eq!(line(&mut socket)["in_order"], true);
    server.wait_for_end_of_log();
    assert!(server.stop().success());
}

#[test]
fn who_says_too_much_or_nothing_harms_nobody() {
    let server = Setup::local().start();
    let mut flood = socket(&server);
    // The connection may end before all of it is taken.
    let _ = flood.get_mut().write_all(&[b'x'; 100_000]);
    let mut rest = Vec::new();
    let ended = flood.read_to_end(&mut rest);
    assert!(
        rest.is_empty()
            && ended.map_or_else(|error| error.kind() != std::io::ErrorKind::WouldBlock, |_| true)
    );
    let mut half = socket(&server);
    half.get_mut().write_all(b"{\"kick\":").unwrap();
    assert!(done(&server, &["status"]).contains("sessions: 0"));
    Ftp::login(&server).expect("NOOP", "200 ");
}

#[test]
fn only_the_servers_user_and_root_give_orders() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    // A copy that anybody may run, and a socket that anybody may connect to: then the server looks.
    let place = tempfile::TempDir::new_in("/tmp").unwrap();
    let program = place.path().join("cos-ftp-server");
    fs::copy(env!("CARGO_BIN_EXE_cos-ftp-server"), &program).unwrap();
    for path in [place.path(), &program] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let socket = server.log_dir().join("cos-ftp-server.sock");
    let kick = || {
        let mut command = Command::new(&program);
        command.arg("kick").arg("1").arg("--socket").arg(&socket).current_dir("/");
        let output = command.uid(NOBODY).gid(NOBODY).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    for directory in socket.ancestors().skip(1).take(2) {
        fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
    }
    assert!(kick().contains("is for the server's user and root only"), "{}", kick());
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o666)).unwrap();
    assert!(kick().contains("orders are for the server's user and root only"), "{}", kick());
    ftp.expect("NOOP", "200 ");
}
