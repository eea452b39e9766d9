//! `cos-ftp-server user`.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer, Written};
use crate::support::terminal::Terminal;

fn with_file(lines: &str) -> Written {
    Setup::local().users_file(lines).write()
}

fn users(written: &Written) -> PathBuf {
    written.dir().join("users")
}

fn text(written: &Written) -> String {
    fs::read_to_string(users(written)).unwrap()
}

/// Runs it with `password` as standard input.
fn run(written: &Written, arguments: &[&str], password: &str) -> Output {
    let mut command = written.command(&[&["user"], arguments].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Whoever has no use for it has closed it.
    let _ = child.stdin.take().unwrap().write_all(password.as_bytes());
    child.wait_with_output().unwrap()
}

#[track_caller]
fn done(written: &Written, arguments: &[&str], password: &str) -> String {
    let output = run(written, arguments, password);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn refused(written: &Written, arguments: &[&str], password: &str, words: &str) {
    let before = text(written);
    let output = run(written, arguments, password);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains(words), "{words}: {told}");
    assert_eq!(text(written), before);
}

#[test]
fn users_are_added_and_listed_and_get_other_passwords() {
    let written = with_file("# cameras\n");
    let said = done(&written, &["add", "cam1"], "secret-1\n");
    assert!(said.contains("reload --config "), "{said}");
    let more = ["add", "摄像头", "--permission", "r", "--prefix", "gate/1"];
    done(&written, &more, "secret-2\n");
    let expected = "USER    PERMISSION  PREFIX\ncam1    -           -\n摄像头  R           gate/1\n\
                    - : the permission is that of the section (authority), ";
    let listed = done(&written, &["list"], "");
    assert!(listed.starts_with(expected), "{listed}");
    let before = text(&written);
    assert!(before.starts_with("# cameras\ncam1:$argon2id$") && before.ends_with(":R:gate/1\n"));
    assert!(!before.contains("secret"), "{before}");

    done(&written, &["passwd", "cam1"], "secret-3\n");
    done(&written, &["passwd", "摄像头"], "secret-3\n");
    let after = text(&written);
    assert_eq!(after.lines().count(), 3);
    assert!(after.ends_with(":R:gate/1\n"), "{after}");
    for (old, new) in before.lines().zip(after.lines()).skip(1) {
        assert_ne!(old, new);
    }
    refused(&written, &["add", "cam1"], "secret-1\n", "cam1 is there already");
    refused(&written, &["passwd", "cam2"], "secret-1\n", "cam2 is not in ");
    refused(&written, &["add", "../x"], "secret-1\n", "cannot be a user name");
    refused(&written, &["add", "cam2"], "\n", "the password is empty");
    refused(
        &written,
        &["add", "cam2", "--permission", "R", "--prefix", "../a"],
        "x\n",
        "the prefix is a path",
    );
}

#[test]
fn mode_and_owner_stay_and_links_too() {
    let written = with_file("");
    let real = written.dir().join("real");
    fs::rename(users(&written), &real).unwrap();
    symlink(&real, users(&written)).unwrap();
    fs::set_permissions(&real, Permissions::from_mode(0o640)).unwrap();
    let before = fs::metadata(&real).unwrap();
    done(&written, &["add", "cam1"], "secret-1\n");
    let after = fs::metadata(&real).unwrap();
    assert_ne!(before.ino(), after.ino(), "it was not replaced");
    let facts = |of: &fs::Metadata| (of.mode(), of.uid(), of.gid());
    assert_eq!(facts(&before), facts(&after));
    assert!(fs::symlink_metadata(users(&written)).unwrap().is_symlink());
    assert!(text(&written).starts_with("cam1:"));
}

#[test]
fn a_file_that_is_not_there_is_made_for_nobody_else() {
    let written = Setup::local().login_by("users_file = @DIR@/users\n").write();
    fs::set_permissions(written.config(), Permissions::from_mode(0o644)).unwrap();
    done(&written, &["add", "cam1"], "secret-1\n");
    assert_eq!(fs::metadata(users(&written)).unwrap().mode() & 0o777, 0o640);
}

#[test]
fn what_is_broken_is_not_touched() {
    let written = with_file("cam1:nonsense\n");
    refused(&written, &["add", "cam2"], "secret-1\n", "users:1: has no hash after the name");
    refused(&written, &["list"], "", "users:1: has no hash after the name");
}

#[test]
fn of_many_at_once_none_is_lost() {
    let written = with_file("");
    thread::scope(|scope| {
        for n in 0..8 {
            let written = &written;
            scope.spawn(move || done(written, &["add", &format!("cam{n}")], "secret-1\n"));
        }
    });
    assert_eq!(text(&written).lines().count(), 8);
}

#[test]
fn the_password_is_asked_for_or_in_the_environment() {
    let written = with_file("");
    let mut command = written.command(&["user", "add", "cam1"]);
    let mut terminal = Terminal::run(&command);
    terminal.wait_for("Password: ");
    terminal.type_hidden("secret-1");
    terminal.wait_for("Once more: ");
    terminal.type_hidden("secret-1");
    terminal.wait_for("Wrote ");
    assert!(terminal.end().1.success());
    command = written.command(&["user", "add", "cam2"]);
    assert!(command.env("COS_FTP_PASSWORD", "secret-2").output().unwrap().status.success());
    assert_eq!(text(&written).lines().count(), 2);
}

#[test]
fn the_file_is_named_where_there_are_none_or_several() {
    let none = Setup::local().write();
    let output = run(&none, &["list"], "");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("the configuration has no users_file"), "{told}");
    let other = none.dir().join("other");
    let other = other.to_str().unwrap();
    done(&none, &["add", "cam1", "--users-file", other], "x\n");
    let output = run(&none, &["add", "alice", "--users-file", other], "x\n");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("alice is a login of the configuration already"), "{told}");
}

#[test]
fn whose_password_stands_in_the_configuration_is_told_so() {
    let written = Setup::local().write();
    let output = run(&written, &["passwd", "alice"], "");
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    let config = written.config().display();
    let place = format!("stands in {config}, [COS_ACCOUNT_0] ftp_login_user_password");
    for words in [&*place, "hash-password", &format!("reload --config {config}")] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn a_file_that_is_named_needs_no_configuration() {
    let place = TempDir::new().unwrap();
    let users = place.path().join("users");
    let user = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
        command.arg("user").args(arguments).arg("--users-file").arg(&users);
        command.current_dir(place.path()).env("SYSTEMD_UNIT_PATH", place.path());
        command.env("COS_FTP_PASSWORD", "secret-1").output().unwrap()
    };
    // Nor is it asked whether the one that this machine may have is right, and has this file.
    let other = place.path().join("conf/cos-ftp-server.conf");
    fs::create_dir(other.parent().unwrap()).unwrap();
    let right = fs::read_to_string(Setup::local().write().config()).unwrap();
    for config in [&*right, "nonsense"] {
        fs::write(&other, config).unwrap();
        let none = user(&["list"]);
        assert!(String::from_utf8_lossy(&none.stderr).contains("there is no file "), "{none:?}");
        let output = user(&["add", "cam1", "--permission", "RW"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.contains("after its next reload"), "{output:?}");
        assert_eq!(fs::metadata(&users).unwrap().mode() & 0o777, 0o600);
        let output = user(&["passwd", "cam1"]);
        assert!(output.status.success(), "{output:?}");
        let listed = String::from_utf8(user(&["list"]).stdout).unwrap();
        assert!(listed.contains("cam1  RW"), "{listed}");
        fs::remove_file(&users).unwrap();
    }
    // That of the file itself is.
    let with_it = format!("users_file = {}\nauthority", users.display());
    let login = right.lines().filter(|line| !line.starts_with("ftp_login_user_"));
    let with_it = login.collect::<Vec<_>>().join("\n").replacen("authority", &with_it, 1);
    fs::write(&other, with_it).unwrap();
    let output = user(&["add", "cam1"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("uses it after this command"), "{output:?}");
}

#[test]
fn it_speaks_chinese() {
    let written = with_file("");
    let mut command = written.command(&["user", "passwd", "cam1"]);
    command.env("LC_ALL", "zh_CN.UTF-8").env("COS_FTP_PASSWORD", "x");
    let told = String::from_utf8(command.output().unwrap().stderr).unwrap();
    assert!(told.contains("cam1 不在 ") && told.contains("添加用户请用 user add"), "{told}");
}

#[test]
fn who_was_added_may_log_in_after_a_reload() {
    let server: TestServer = Setup::local().users_file("").start();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
    command.args(["user", "add", "cam1", "--config"]).arg(server.config());
    assert!(command.env("COS_FTP_PASSWORD", "secret-1").output().unwrap().status.success());
    Ftp::connect(&server).play(&[("USER cam1", "331 "), ("PASS secret-1", "530 ")]);
    server.signal(Signal::HUP);
    server.wait_for_log("configuration read again");
    Ftp::login_as(&server, "cam1").store("STOR file", b"x");
    server.stored().expect("file", b"x");
}
