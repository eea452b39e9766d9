use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;

/// What passes at once at the lowest of rates. After it, the next byte is an hour away: whatever
/// happens then does not wait for it.
const BURST: usize = 16 * 1024;

/// A session whose upload is at its limit.
fn uploading(server: &TestServer) -> (Ftp, TcpStream) {
    let mut ftp = Ftp::login(server);
    let data = ftp.passive();
    ftp.expect("STOR file", "150 ");
    let mut stream = data.open();
    stream.write_all(&noise(1, 4 * BURST)).unwrap();
    ftp.wait_for_bytes(BURST);
    (ftp, stream)
}

/// A session whose download is at its limit.
fn downloading(server: &TestServer, size: usize) -> (Ftp, TcpStream) {
    server.stored().put("large", &noise(1, size));
    let mut ftp = Ftp::login(server);
    let data = ftp.passive();
    ftp.expect("RETR large", "150 ");
    let mut stream = data.open();
    stream.read_exact(&mut vec![0; BURST]).unwrap();
    (ftp, stream)
}

fn is_heard_and_ended(mut ftp: Ftp) {
    ftp.expect("NOOP", "200 ");
    ftp.wait_for_bytes(BURST);
    assert!(ftp.expect("STAT", "21").contains(&format!(": {BURST} bytes ")), "not one more");
    ftp.expect("ABOR", "426 ");
    ftp.expect_reply("226 ");
    ftp.expect("NOOP", "200 ");
}

#[test]
fn a_throttled_upload_hears_its_client() {
    for key in ["max_rate_transfer", "max_rate_user", "max_rate_server"] {
        let server = Setup::local().operations(key, "1").start();
        let (ftp, _data) = uploading(&server);
        is_heard_and_ended(ftp);
    }
}

#[test]
fn a_throttled_download_hears_its_client() {
    // One that the session's own thread sends, and one that a worker does.
    for size in [8 * BURST, 4 << 20] {
        let mut server = Setup::local().operations("max_rate_transfer", "1").start();
        let (ftp, _data) = downloading(&server, size);
        is_heard_and_ended(ftp);
        // The worker does not sleep on: a stop waits for it.
        assert!(server.stop().success());
    }
}

#[test]
fn a_client_that_leaves_a_throttled_transfer_is_noticed() {
    let server = Setup::local().operations("max_rate_transfer", "1").start();
    drop(uploading(&server));
    server.wait_for_log("left without waiting");
    drop(downloading(&server, 4 << 20));
    let is_gone = |line: &str| line.contains(" lost") || line.contains(" broken");
    server.wait_for_line(|line| line.contains("download path=") && is_gone(line));
}

#[test]
fn a_throttled_transfer_is_completed_and_its_client_not_called_idle() {
    // Pauses of a second, and of no more silence than that.
    let server = Setup::local()
        .operations("max_rate_transfer", "4096")
        .option("data_idle_timeout", "1")
        .start();
    let text = noise(2, BURST + 6000);
    let mut ftp = Ftp::login(&server);
    ftp.expect("TYPE I", "200 ");
    ftp.store("STOR file", &text);
    server.stored().expect("file", &text);
    assert!(ftp.fetch("RETR file") == text);
}

#[test]
fn users_share_the_servers_rate_and_not_each_others() {
    let server =
        Setup::local().account("bob", "RW", "true").operations("max_rate_user", "1").start();
    let (alice, _data) = uploading(&server);
    // Alice has nothing left; Bob has, and its downloads are counted apart.
    let mut bob = Ftp::login_as(&server, "bob");
    bob.expect("TYPE I", "200 ");
    bob.store("STOR other", &noise(3, BURST / 2));
    assert_eq!(bob.fetch("RETR other").len(), BURST / 2);
    is_heard_and_ended(alice);
}

#[test]
fn none_is_a_rate_too() {
    let setup = Setup::local().operations("max_rate_user", "1").account_key("max_rate", "0");
    let server = setup.operations("max_rate_transfer", "0").start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR file", &noise(3, 4 * BURST));
}

#[test]
fn an_accounts_own_rate_comes_first() {
    let server = Setup::local().account_key("max_rate", "1").account("bob", "RW", "true").start();
    let (alice, _data) = uploading(&server);
    let mut bob = Ftp::login_as(&server, "bob");
    bob.store("STOR other", &noise(3, 4 * BURST));
    is_heard_and_ended(alice);
}
