//! `users_file`: each user has its line, and its place in the store.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use cos_ftp_server::config;
use rustix::process::Signal;

use crate::support::ftp::Ftp;
use crate::support::server::{PASSWORD, Setup, TestServer};
use crate::support::stored::noise;

/// Of `secret-1`, cheap.
const HASH: &str =
    "$argon2id$v=19$m=8192,t=2,p=1$c2FsdHNhbHRzYWx0$DVQ1OgIQaV5nNtRAEhbIQQ6SW6FSoVemddTWXYIYWnY";

/// Two cameras, one that has another place, and somebody who looks at all of them.
fn lines() -> String {
    format!(
        "# cameras\n\ncam1:{HASH}\ncam2:{HASH}:RW\n 摄像头 : {HASH}:RW:gate/3 \nboss:{HASH}:R:/\n"
    )
}

fn cameras(setup: Setup) -> TestServer {
    started(setup.users_file(&lines()))
}

/// With a place for each user below `cameras`, which an operator has made where it is a directory.
fn started(setup: Setup) -> TestServer {
    let first = "data/cameras/first";
    let server = setup.account_key("cos_prefix", "cameras/%u").file(first, "").start();
    fs::remove_file(server.beside(first)).unwrap();
    server
}

/// Changes the file of users, and waits until the server has said what it makes of it.
fn reload(server: &TestServer, lines: &str) -> String {
    fs::write(server.beside("users"), lines).unwrap();
    let before = server.log().lines().count();
    server.signal(Signal::HUP);
    server.wait_for_log_after(before, "] (signals) configuration ");
    server.log().lines().skip(before).collect::<Vec<_>>().join("\n")
}

fn each_has_its_place(server: &TestServer) {
    for (user, file) in [("cam1", "one"), ("cam2", "two"), ("摄像头", "three")] {
        let mut ftp = Ftp::login_as(server, user);
        ftp.expect("PWD", "257 \"/\"");
        ftp.expect("CWD ..", "250 ");
        assert_eq!(ftp.list("NLST"), [""; 0], "{user}");
        ftp.store(&format!("STOR {file}"), user.as_bytes());
        ftp.expect("MKD d", "257 ");
        ftp.store("STOR d/deep", b"x");
        assert_eq!(ftp.list("NLST"), ["d", file], "{user}");
        for elsewhere in ["../cam1/one", "/cameras/cam1/one", "/../cam1/one"] {
            if user != "cam1" {
                ftp.expect(&format!("SIZE {elsewhere}"), "550 ");
            }
        }
    }
    server.stored().expect("cameras/cam1/one", b"cam1");
    server.stored().expect("cameras/cam2/two", b"cam2");
    server.stored().expect("cameras/gate/3/three", "摄像头".as_bytes());
    let mut boss = Ftp::login_as(server, "boss");
    assert_eq!(boss.list("NLST"), ["cam1", "cam2", "gate"]);
    assert_eq!(boss.fetch("RETR gate/3/three"), "摄像头".as_bytes());
    boss.expect("DELE cam1/one", "550 ");
}

#[test]
fn each_user_has_its_place_in_a_bucket() {
    each_has_its_place(&cameras(Setup::bucket()));
}

#[test]
fn each_user_has_its_place_in_a_directory() {
    each_has_its_place(&cameras(Setup::local()));
}

#[test]
fn two_sessions_of_a_user_add_to_a_file_one_after_the_other() {
    let server = cameras(Setup::local());
    let (mut one, mut other) = (Ftp::login_as(&server, "cam1"), Ftp::login_as(&server, "cam1"));
    one.store("APPE log", b"1");
    other.store("APPE log", b"2");
    one.store("APPE log", b"3");
    server.stored().expect("cameras/cam1/log", b"123");
}

#[test]
fn what_one_user_left_unfinished_is_nobody_elses() {
    let setup = Setup::local().users_file(&lines()).option("partial_upload", "park");
    let server = started(setup);
    let mut one = Ftp::login_as(&server, "cam1");
    one.expect("TYPE I", "200 ");
    let data = one.passive();
    one.expect("STOR file", "150 ");
    let mut stream = data.open();
    stream.write_all(&noise(1, 8 << 20)).unwrap();
    one.send("ABOR");
    one.expect_reply("426 ");
    one.expect_reply("226 ");
    // Another session of the user finds it, another user does not.
    for (user, reply) in [("cam1", "213 "), ("cam2", "550 ")] {
        let mut ftp = Ftp::login_as(&server, user);
        ftp.expect("TYPE I", "200 ");
        ftp.expect("SIZE file", reply);
    }
}

#[test]
fn a_name_that_none_may_have_is_nobodys() {
    let server = cameras(Setup::local().security("login_failure_delay", "0"));
    for name in ["..", "cam1/../cam2", "gate/3", ".", "cam1/"] {
        Ftp::connect(&server)
            .play(&[(&*format!("USER {name}"), "331 "), ("PASS secret-1", "530 ")]);
    }
}

#[test]
fn a_link_in_the_place_of_a_user_is_not_followed() {
    let server = cameras(Setup::local());
    symlink("/", server.beside("data/cameras/cam1")).unwrap();
    Ftp::connect(&server).play(&[("USER cam1", "331 "), ("PASS secret-1", "421 ")]);
    server.wait_for_log("no directory of its own");
    Ftp::login_as(&server, "cam2").expect("PWD", "257 ");
}

#[test]
fn a_reload_takes_the_lines_as_they_are_then() {
    let server = cameras(Setup::local());
    let (mut one, mut two) = (Ftp::login_as(&server, "cam1"), Ftp::login_as(&server, "cam2"));
    let said = reload(&server, &lines().replace("cam2:", "cam4:"));
    assert!(said.contains("read again, sessions of removed accounts that end: 1"), "{said}");
    two.expect_reply("421 ");
    one.expect("NOOP", "200 ");
    Ftp::login_as(&server, "cam4").expect("PWD", "257 ");
}

/// Whoever is asked about all other names does not know those of the file.
#[test]
fn who_is_gone_from_the_file_is_gone_though_others_may_be_asked() {
    let login = format!("ftp_login_user_name = hooked\nftp_login_user_password = {PASSWORD}\n");
    let asks = "auth_command = /bin/sh @DIR@/auth\nauth_timeout = 1\n";
    let setup = Setup::local().users_file(&lines()).account_key("cos_prefix", "%u");
    let setup = setup.directory_account("hooked").replace(&login, asks);
    let answer =
        "case \"$AUTHD_ACCOUNT\" in guest) echo auth_ok:1;; *) echo auth_ok:0;; esac; echo end\n";
    let server = setup.file("auth", answer).start();
    let users = ["cam1", "cam2", "guest"];
    let [mut one, mut two, mut guest] = users.map(|user| Ftp::login_as(&server, user));
    let said = reload(&server, &lines().replace("cam2:", "cam4:"));
    assert!(said.contains("sessions of removed accounts that end: 1"), "{said}");
    two.expect_reply("421 ");
    one.expect("NOOP", "200 ");
    guest.expect("NOOP", "200 ");
    // Of who stands in the file the program is not asked any more: what it said does not count.
    let said = reload(&server, &lines().replace("cam2:", "guest:"));
    assert!(said.contains("sessions of removed accounts that end: 1"), "{said}");
    guest.expect_reply("421 ");
    one.expect("NOOP", "200 ");
}

#[test]
fn a_broken_line_keeps_the_old_ones() {
    let server = cameras(Setup::local());
    for (wrong, told) in [
        ("cam9:plain-text:RW\n", "users:7: has no hash after the name; cos-ftp-server user passwd"),
        ("../cam9:$6$\n", "users:7: the user name is not accepted; accepted are 1 to 64 bytes"),
        (&*format!("cam1:{HASH}\n"), "users:7: the user cam1 is in "),
    ] {
        let said = reload(&server, &(lines() + wrong));
        assert!(said.contains(told) && said.contains("goes on as before"), "{told}\n{said}");
        assert!(!said.contains("plain-text"), "{said}");
        Ftp::login_as(&server, "cam1").expect("PWD", "257 ");
    }
}

/// What loading says of a configuration with the first of these files and these lines in it.
fn load(lines: &str, mode: u32) -> (Vec<String>, Vec<String>) {
    let written = Setup::local().users_file(lines).write();
    fs::set_permissions(written.dir().join("users"), Permissions::from_mode(mode)).unwrap();
    told(written.config())
}

fn told(config: &Path) -> (Vec<String>, Vec<String>) {
    match config::load(config) {
        Ok(loaded) => (vec![], loaded.warnings.iter().map(ToString::to_string).collect()),
        Err(problems) => (
            problems.problems.iter().map(ToString::to_string).collect(),
            problems.warnings.iter().map(ToString::to_string).collect(),
        ),
    }
}

#[test]
fn a_file_that_others_may_read_is_told() {
    assert_eq!(load(&lines(), 0o600), (vec![], vec![]));
    let (problems, warnings) = load(&lines(), 0o644);
    assert!(problems.is_empty(), "{problems:?}");
    assert!(warnings[0].contains("users: contains a secret, and other users"), "{warnings:?}");
}

#[test]
fn many_wrong_lines_are_counted() {
    let (problems, _) = load(&"x\n".repeat(1000), 0o600);
    assert_eq!(problems.len(), 11, "{problems:?}");
    assert!(problems.iter().any(|text| text.contains("990 more of its lines are wrong")));
}

#[test]
fn a_file_and_a_login_do_not_stand_together() {
    let keys = "users_file = @DIR@/users\nftp_login_user_name = alice\n";
    let written = Setup::local().login_by(keys).file("users", "").write();
    let (problems, _) = told(written.config());
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0].contains("ftp_login_user_name = alice: cannot be combined with users_file")
    );
}

#[test]
fn a_file_that_is_missing_is_told() {
    let written = Setup::local().login_by("users_file = @DIR@/users\n").write();
    let (problems, _) = told(written.config());
    assert!(problems[0].contains("users_file = ") && problems[0].contains("cannot be read: No"));
}

#[test]
fn a_user_of_the_configuration_has_its_place_too() {
    let server = Setup::local().account_key("cos_prefix", "%u/in").start();
    Ftp::login(&server).store("STOR file", b"x");
    server.stored().expect("alice/in/file", b"x");
    let name = "ftp_login_user_name = ";
    let setup = Setup::local().account_key("cos_prefix", "%u/in");
    let written = setup.replace(&format!("{name}alice"), &format!("{name}../alice")).write();
    let (problems, _) = told(written.config());
    assert!(problems[0].contains("cannot take the place of %u"), "{problems:?}");
}

#[test]
fn a_line_for_many_users_together() {
    let many: String = (0..200).map(|n| format!("cam{n}:{HASH}\n")).collect();
    let server = started(Setup::local().users_file(&many));
    let said = reload(&server, &many);
    assert!(said.contains("accounts cam0, cam1, cam2 and 197 others: directory "), "{said}");
    assert!(!said.contains("cam150"), "{said}");
    Ftp::login_as(&server, "cam150").expect("PWD", "257 ");
}
