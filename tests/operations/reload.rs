use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};

use rustix::process::Signal;

use crate::support::ftp::{Ftp, connect_from};
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;

/// Changes the configuration, and waits until the server has said what it makes of it.
fn reload(server: &TestServer, change: impl FnOnce(String) -> String) -> String {
    server.rewrite_config(change);
    let before = server.log().lines().count();
    server.signal(Signal::HUP);
    server.wait_for_log_after(before, "] (signals) configuration ");
    server.log().lines().skip(before).collect::<Vec<_>>().join("\n")
}

fn rename_bob(text: &str) -> String {
    text.replace("ftp_login_user_name = bob", "ftp_login_user_name = carol")
}

#[test]
fn a_new_user_may_log_in_and_a_removed_one_is_ended() {
    let server = Setup::local().account("bob", "RW", "true").start();
    let (mut alice, mut bob) = (Ftp::login(&server), Ftp::login_as(&server, "bob"));
    Ftp::connect(&server).play(&[("USER carol", "331 "), ("PASS secret-1", "530 ")]);
    let said = reload(&server, |text| rename_bob(&text));
    assert!(said.contains("read again, sessions of removed accounts that end: 1"), "{said}");
    bob.expect_reply("421 ");
    bob.expect_end();
    alice.expect("NOOP", "200 ");
    Ftp::login_as(&server, "carol").expect("PWD", "257 ");
    Ftp::connect(&server).play(&[("USER bob", "331 "), ("PASS secret-1", "530 ")]);
}

#[test]
fn a_removed_users_transfer_is_finished_first() {
    let server = Setup::local().account("bob", "RW", "true").start();
    let mut bob = Ftp::login_as(&server, "bob");
    let data = bob.passive();
    bob.expect("STOR file", "150 ");
    let mut stream = data.open();
    stream.write_all(b"first, ").unwrap();
    reload(&server, |text| rename_bob(&text));
    bob.expect("NOOP", "200 ");
    stream.write_all(b"last").unwrap();
    drop(stream);
    bob.expect_reply("226 ");
    bob.expect_reply("421 ");
    bob.expect_end();
    server.stored().expect("file", b"first, last");
}

#[test]
fn a_wrong_file_changes_nothing_and_is_told() {
    let server = Setup::local().start();
    let mut alice = Ftp::login(&server);
    let said = reload(&server, |text| {
        text.replace("ftp_login_user_name = alice", "ftp_login_user_name = carol")
            .replace("[OPTIONAL]", "[OPTIONAL]\nidle_timeout = soon\nupload_thread_num = 0")
    });
    for told in ["idle_timeout = soon", "upload_thread_num = 0", "goes on as before"] {
        assert!(said.contains(told), "{told}: {said}");
    }
    alice.expect("NOOP", "200 ");
    Ftp::login(&server).expect("PWD", "257 ");
    Ftp::connect(&server).play(&[("USER carol", "331 "), ("PASS secret-1", "530 ")]);
    // Right again, it is taken.
    let said = reload(&server, |text| {
        text.replace("idle_timeout = soon\nupload_thread_num = 0", "idle_timeout = 20")
    });
    assert!(said.contains("configuration read again"), "{said}");
    Ftp::login_as(&server, "carol").expect("PWD", "257 ");
}

#[test]
fn rights_change_at_the_next_login() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    reload(&server, |text| text.replace("authority = RW", "authority = R"));
    ftp.expect("MKD before", "257 ");
    ftp.expect("REIN", "220 ");
    ftp.log_in();
    ftp.expect("MKD after", "550 ");
}

#[test]
fn options_hold_for_the_sessions_that_begin_afterwards() {
    let server = Setup::local().start();
    let mut before = Ftp::login(&server);
    reload(&server, |text| text.replace("[OPTIONAL]", "[OPTIONAL]\npreserve_mtime = on"));
    assert!(!before.ask("FEAT").contains("MFMT"));
    assert!(Ftp::login(&server).ask("FEAT").contains("MFMT"));
}

#[test]
fn rules_of_the_door_hold_for_whoever_comes_next() {
    let server = Setup::local().security("login_failure_delay", "0").start();
    let from = |n| Ftp::over(connect_from([127, 0, 0, n].into(), server.address()));
    let mut inside = Ftp::login(&server);
    from(2).expect_reply("220 ");
    Ftp::connect(&server).play(&[("USER alice", "331 "), ("PASS guess-1", "530 ")]);
    reload(&server, |text| {
        let rules = "[SECURITY]\ndeny_addresses = 127.0.0.2\nmax_sessions_per_address = 2\n\
                     ban_failures = 2\nban_time = 1h";
        text.replace("[SECURITY]", rules)
    });
    inside.expect("NOOP", "200 ");
    assert!(from(2).expect_reply("421 ").contains("No service for your address"));
    let mut third = from(3);
    third.expect_reply("220 ");
    let mut fourth = from(3);
    fourth.expect_reply("220 ");
    assert!(from(3).expect_reply("421 ").contains("Too many sessions"));
    third.play(&[("USER alice", "331 "), ("PASS guess-1", "530 ")]);
    third.play(&[("USER alice", "331 "), ("PASS guess-2", "421 ")]);
    assert!(from(3).expect_reply("421 ").contains("Too many failed logins"));
    // Rules that are taken away open the door; a ban that stands is not forgotten.
    reload(&server, |text| {
        text.replace("deny_addresses = 127.0.0.2\nmax_sessions_per_address = 2\n", "")
    });
    from(2).expect_reply("220 ");
    from(3).expect_reply("421 ");
}

#[test]
fn what_needs_a_restart_is_named() {
    let server = Setup::local().start();
    let said = reload(&server, |text| {
        text.replace("listen_port = 0", "listen_port = 2122")
            .replace("[OPTIONAL]", "[OPTIONAL]\nmax_connection_num = 30\nbuffer_memory = 25%")
    });
    for told in ["listen_port = 2122 (now 0): takes effect", "max_connection_num = 30 (now 512)"] {
        assert!(said.contains(told), "{told}: {said}");
    }
    assert_eq!(said.matches("takes effect at the next start").count(), 2, "{said}");
    Ftp::login(&server).expect("PWD", "257 ");
}

#[test]
fn the_log_level_changes_at_once() {
    let server = Setup::local().start();
    Ftp::login(&server).play(&[("MKD unseen", "257 "), ("QUIT", "221 ")]);
    reload(&server, |text| text.replace("[OPTIONAL]", "[OPTIONAL]\nlog_level = DEBUG"));
    Ftp::login(&server).play(&[("MKD seen", "257 "), ("QUIT", "221 ")]);
    server.wait_for_log("< MKD seen");
    assert!(!server.log().contains("< MKD unseen"));
}

#[test]
fn sessions_before_and_after_see_each_others_changes_in_a_bucket() {
    let server = Setup::bucket().option("metadata_cache_time", "600").start();
    let mut before = Ftp::login(&server);
    before.expect("TYPE I", "200 ");
    before.store("STOR file", b"old");
    before.expect("SIZE file", "213 3");
    reload(&server, |text| text.replace("[OPTIONAL]", "[OPTIONAL]\nidle_timeout = 299"));
    let mut after = Ftp::login(&server);
    after.store("STOR file", &noise(1, 1000));
    before.expect("SIZE file", "213 1000");
    assert_eq!(before.fetch("RETR file").len(), 1000);
}

#[test]
fn a_download_goes_on_across_it() {
    let server = Setup::local().start();
    let text = noise(1, 32 << 20);
    server.stored().put("large", &text);
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.expect("RETR large", "150 ");
    let mut stream = data.open();
    let mut got = vec![0; 1000];
    stream.read_exact(&mut got).unwrap();
    reload(&server, |text| text.replace("[OPTIONAL]", "[OPTIONAL]\ndata_idle_timeout = 10"));
    stream.read_to_end(&mut got).unwrap();
    ftp.expect_reply("226 ");
    assert!(got == text);
}

/// What the unit has systemd do to reload this server.
fn by_unit(server: &TestServer) -> Output {
    let unit =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/conf/cos-ftp-server.service"));
    let unit = unit.unwrap();
    let reload = unit.lines().find_map(|line| line.strip_prefix("ExecReload=")).unwrap();
    let words = reload.replace("/etc/cos-ftp-server", server.config().to_str().unwrap());
    let words = words.replace("${MAINPID}", &server.pid().to_string());
    let words = words.replace("/usr/bin/cos-ftp-server", env!("CARGO_BIN_EXE_cos-ftp-server"));
    let words: Vec<_> = words.split(' ').collect();
    Command::new(words[0]).args(&words[1..]).output().unwrap()
}

/// `reload` by the configuration of `server`, of the process `number`.
fn reload_process(server: &TestServer, number: u32) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
    command.args(["reload", "--config"]).arg(server.config());
    command.args(["--pid", &number.to_string()]).output().unwrap()
}

#[test]
fn a_process_that_was_named_is_told_and_no_other() {
    let [at_the_socket, meant] = [(); 2].map(|()| Setup::local().start());
    let output = reload_process(&at_the_socket, meant.pid());
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("told by SIGHUP"), "{output:?}");
    meant.wait_for_log("configuration read again");
    assert!(!at_the_socket.log().contains("SIGHUP"), "{}", at_the_socket.log());
    let output = reload_process(&at_the_socket, at_the_socket.pid());
    assert!(String::from_utf8_lossy(&output.stdout).contains("nothing has changed"), "{output:?}");
}

#[test]
fn a_process_that_is_no_server_is_sent_no_signal() {
    let server = Setup::local().start();
    let mut other = Command::new("sh").stdin(Stdio::piped()).spawn().unwrap();
    let output = reload_process(&server, other.id());
    other.kill().unwrap();
    let ended = other.wait().unwrap();
    let said = format!("process {} runs \"sh\" and not cos-ftp-server", other.id());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains(&said), "{output:?}");
    assert_eq!(ended.signal(), Some(Signal::KILL.as_raw()));
}

#[test]
fn systemd_is_told_that_a_reload_was_refused_and_why() {
    for control_socket in ["", "control_socket = off\n"] {
        let server = Setup::local().start();
        let with_socket = |text: String| {
            text.replace("[OPERATIONS]\n", &format!("[OPERATIONS]\n{control_socket}"))
        };
        server.rewrite_config(|text| with_socket(text.replace("authority = RW", "authority = X")));
        let output = by_unit(&server);
        assert_eq!(output.status.code(), Some(78), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("authority = X"), "{output:?}");
        server.rewrite_config(|text| text.replace("authority = X", "authority = R"));
        let output = by_unit(&server);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        server.wait_for_log("configuration read again");
        Ftp::login(&server).expect("MKD after", "550 ");
        let told = String::from_utf8(output.stdout).unwrap();
        let said = match control_socket {
            "" => "these changes have taken effect:\n    [COS_ACCOUNT_0] authority\n",
            _ => "the server was told by SIGHUP",
        };
        assert!(told.contains(said), "{told}");
    }
}
