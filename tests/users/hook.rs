//! `auth_command` and `auth_url`: somebody else knows the users.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use cos_ftp_server::config;
use rustix::process::{Pid, test_kill_process};

use crate::support::ftp::Ftp;
use crate::support::server::{PASSWORD, Setup, TestServer};

/// A server whose users the script `text` knows, in which `$DIR` is a directory for it.
fn asking(setup: Setup, text: &str) -> TestServer {
    setup
        .login_by("auth_command = /bin/sh @DIR@/auth @DIR@\nauth_timeout = 1\n")
        .account_key("cos_prefix", "%u")
        .file("auth", &format!("DIR=$1\n{text}"))
        .security("login_failure_delay", "0")
        .start()
}

/// Lets everybody in whose password is right, by the JSON that it reads.
const KNOWS_PASSWORD: &str = "read line; echo \"$line\" >> $DIR/asked; case \"$line\" in \
    *'\"password\":\"secret-1\"'*) echo '{\"ok\":true}';; *) echo '{\"ok\":false}';; esac\n";

fn asked(server: &TestServer) -> Vec<String> {
    let text = fs::read_to_string(server.beside("asked")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_program_is_asked_in_json() {
    let server = asking(Setup::local(), KNOWS_PASSWORD);
    let mut ftp = Ftp::login_as(&server, "cam1");
    ftp.store("STOR file", b"x");
    server.stored().expect("cam1/file", b"x");
    let question = r#"{"user":"cam1","password":"secret-1","peer":"127.0.0.1","tls":false}"#;
    assert_eq!(asked(&server), [question]);
    Ftp::connect(&server).play(&[("USER cam1", "331 "), ("PASS wrong", "530 ")]);
    assert!(!server.log().contains(PASSWORD), "{}", server.log());
}

#[test]
fn an_answer_tells_rights_and_place() {
    let server = asking(
        Setup::bucket(),
        "echo '{\"ok\":true,\"permission\":\"R\",\"prefix\":\"site/a\",\"max_rate\":1000000}'\n",
    );
    server.stored().put("site/a/file", b"of site a");
    server.stored().put("cam1/file", b"of cam1");
    let mut ftp = Ftp::login_as(&server, "cam1");
    assert_eq!(ftp.fetch("RETR file"), b"of site a");
    ftp.expect("MKD d", "550 ");
}

#[test]
fn programs_of_pure_ftpd_run() {
    let program = "if test \"$AUTHD_ACCOUNT\" = \"john\"; then\n  echo 'auth_ok:1'\n\
                   echo 'uid:69'\n  echo 'gid:42'\n  echo 'dir:/tmp'\nelse\n\
                   echo 'auth_ok:0'\nfi\necho 'end'\n";
    let server = asking(Setup::local(), program);
    Ftp::login_as(&server, "john").expect("PWD", "257 \"/\"");
    Ftp::connect(&server).play(&[("USER jim", "331 "), ("PASS any", "530 ")]);
}

#[test]
fn the_password_is_in_no_environment_and_no_argument() {
    let script = "tr '\\0' '\\n' < /proc/$$/environ > $DIR/env\n\
                  tr '\\0' '\\n' < /proc/$$/cmdline > $DIR/args\necho '{\"ok\":true}'\n";
    let server = asking(Setup::local().environment("COS_SECRETKEY", "hidden-key"), script);
    Ftp::login_as(&server, "cam1");
    let environment = fs::read_to_string(server.beside("env")).unwrap();
    for told in ["AUTHD_ACCOUNT=cam1", "AUTHD_REMOTE_IP=127.0.0.1", "AUTHD_ENCRYPTED=0"] {
        assert!(environment.lines().any(|line| line == told), "{told}: {environment}");
    }
    let all = environment + &fs::read_to_string(server.beside("args")).unwrap();
    assert!(!all.contains(PASSWORD) && !all.contains("hidden-key"), "{all}");
}

#[test]
fn whoever_does_not_answer_is_ended_with_its_children() {
    let script = "sleep 600 & echo $! > $DIR/child; echo $$ >> $DIR/child; wait\n";
    let server = asking(Setup::local(), script);
    Ftp::connect(&server).play(&[("USER cam1", "331 "), ("PASS secret-1", "421 ")]);
    server.wait_for_log("did not answer within auth_timeout");
    let text = fs::read_to_string(server.beside("child")).unwrap();
    for pid in text.lines() {
        let pid = Pid::from_raw(pid.parse().unwrap()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        // The child of a child is reaped by others.
        while test_kill_process(pid).is_ok() && !is_zombie(pid) {
            assert!(Instant::now() < deadline, "{pid:?} lives");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

fn is_zombie(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    stat.is_ok_and(|stat| stat.contains(") Z "))
}

#[test]
fn what_is_no_answer_is_no_login() {
    for script in ["exit 1", "echo nonsense", "echo '{\"ok\":true'", "echo auth_ok:1", "yes"] {
        let server = asking(Setup::local(), &format!("{script}\n"));
        let mut ftp = Ftp::connect(&server);
        ftp.expect("USER cam1", "331 ");
        let reply = ftp.ask("PASS secret-1");
        assert!(reply.starts_with("421 Your login cannot be verified now"), "{script}: {reply}");
        ftp.expect_end();
        server.wait_for_log("login user=\"cam1\" peer=127.0.0.1:");
    }
}

#[test]
fn every_refusal_takes_the_same_time() {
    let script = "case \"$AUTHD_ACCOUNT\" in down) exit 1;; esac\necho auth_ok:0\necho end\n";
    let setup = Setup::local().account("bob", "RW", "true");
    let server = asking(setup, script);
    for (user, reply) in [("down", "421 "), ("cam1", "530 "), ("bob", "530 "), ("../x", "530 ")] {
        let mut ftp = Ftp::connect(&server);
        ftp.expect(&format!("USER {user}"), "331 ");
        let began = Instant::now();
        ftp.expect("PASS wrong", reply);
        assert!(began.elapsed() >= Duration::from_secs(1), "{user}: {:?}", began.elapsed());
    }
}

#[test]
fn users_of_the_configuration_and_impossible_names_are_not_asked_about() {
    let setup = Setup::local().account("bob", "RW", "true");
    let server = asking(setup, &format!("touch $DIR/ran\n{KNOWS_PASSWORD}"));
    Ftp::login_as(&server, "bob").expect("PWD", "257 ");
    for name in ["../cam1", "a/b", "..", &"n".repeat(65)] {
        Ftp::connect(&server)
            .play(&[(&*format!("USER {name}"), "331 "), ("PASS secret-1", "530 ")]);
    }
    assert!(!server.beside("ran").exists());
}

#[test]
fn a_login_that_was_right_is_not_asked_about_again() {
    let server = asking(Setup::local(), KNOWS_PASSWORD);
    for _ in 0..3 {
        Ftp::login_as(&server, "cam1").expect("PWD", "257 ");
    }
    assert_eq!(asked(&server).len(), 1);
    Ftp::connect(&server).play(&[("USER cam1", "331 "), ("PASS wrong", "530 ")]);
    assert_eq!(asked(&server).len(), 2);

    let setup = Setup::local().account_key("auth_cache", "0");
    let server = asking(setup, KNOWS_PASSWORD);
    for _ in 0..3 {
        Ftp::login_as(&server, "cam1").expect("PWD", "257 ");
    }
    assert_eq!(asked(&server).len(), 3);
}

/// A service that answers each request with `response`, and what it was asked.
fn service(response: &'static str) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/auth", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream);
        let mut asked = String::new();
        while !asked.ends_with("\r\n\r\n") {
            reader.read_line(&mut asked).unwrap();
        }
        let lower = asked.to_ascii_lowercase();
        let (_, length) = lower.split_once("content-length: ").unwrap();
        let length: usize = length.lines().next().unwrap().parse().unwrap();
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        reader.into_inner().write_all(response.as_bytes()).unwrap();
        asked + &String::from_utf8(body).unwrap()
    });
    (url, served)
}

#[test]
fn a_service_is_asked_by_post() {
    for (response, reply) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n{\"ok\":true,\"prefix\":\"gate\"} ", "230 "),
        ("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"ok\":false}", "530 "),
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "530 "),
        ("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "421 "),
        ("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", "421 "),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes", "421 "),
        ("", "421 "),
    ] {
        let (url, served) = service(response);
        let server = Setup::local()
            .login_by(&format!("auth_url = {url}\nauth_timeout = 1\n"))
            .account_key("cos_prefix", "%u")
            .security("login_failure_delay", "0")
            .start();
        Ftp::connect(&server).play(&[("USER cam1", "331 "), ("PASS secret-1", reply)]);
        let asked = served.join().unwrap();
        assert!(asked.starts_with("POST /auth HTTP/1.1\r\n"), "{asked}");
        let question = r#"{"user":"cam1","password":"secret-1","peer":"127.0.0.1","tls":false}"#;
        assert!(asked.trim_end().ends_with(question), "{asked}");
        assert!(!server.log().contains(PASSWORD), "{}", server.log());
    }
}

#[test]
fn a_service_that_is_down_is_421() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server =
        Setup::local().login_by(&format!("auth_url = http://{gone}/\nauth_timeout = 1\n")).start();
    Ftp::connect(&server).play(&[("USER cam1", "331 "), ("PASS secret-1", "421 ")]);
    server.wait_for_log("whoever is to verify it cannot be started or reached");
}

#[test]
fn what_cannot_be_asked_is_told_at_the_start() {
    for (keys, told) in [
        ("auth_command = @DIR@/none\n", "auth_command = "),
        ("auth_command = sh\n", "auth_command = sh: not accepted; accepted is an absolute path"),
        ("auth_url = ftp://a/\n", "auth_url = ftp://a/: not accepted; accepted is https://"),
        (
            "auth_url = http://127.0.0.1/\nauth_command = /bin/sh x\n",
            "auth_url = http://127.0.0.1/: cannot be combined with auth_command",
        ),
        (
            "auth_command = /bin/sh x\nftp_login_user_name = a\n",
            "ftp_login_user_name = a: cannot be combined with auth_command",
        ),
    ] {
        let written = Setup::local().login_by(keys).write();
        let problems = config::load(written.config()).unwrap_err().to_string();
        assert!(problems.contains(told), "{told}: {problems}");
        assert_eq!(problems.lines().count(), 1, "{problems}");
    }
    let written = Setup::local().login_by("auth_url = http://auth.example.com/\n").write();
    let warnings = config::load(written.config()).unwrap().warnings;
    assert!(warnings[0].to_string().contains("in plain text: use https://"), "{warnings:?}");
}
