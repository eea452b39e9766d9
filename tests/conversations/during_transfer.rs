use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;

/// More than the sockets between server and client hold.
const LARGE: usize = 64_000_000;

/// A session in the middle of a download that the client has stopped reading.
fn downloading(server: &TestServer) -> (Ftp, TcpStream) {
    server.stored().put("large", &noise(1, LARGE));
    let mut ftp = Ftp::login(server);
    let data = ftp.passive();
    ftp.expect("RETR large", "150 ");
    let mut stream = data.open();
    stream.read_exact(&mut [0; 1000]).expect("it begins");
    (ftp, stream)
}

/// A session in the middle of an upload.
fn uploading(server: &TestServer) -> (Ftp, TcpStream) {
    let mut ftp = Ftp::login(server);
    let data = ftp.passive();
    ftp.expect("STOR new", "150 ");
    let mut stream = data.open();
    stream.write_all(b"first, ").expect("sent");
    (ftp, stream)
}

/// Waits until the server has read what [`uploading`] sent: STAT tells how much it has.
fn until_received(ftp: &mut Ftp) {
    ftp.wait_for_bytes(7);
}

#[test]
fn stat_and_noop_are_answered_at_once() {
    let server = Setup::local().start();
    let (mut ftp, mut data) = downloading(&server);
    ftp.play(&[("STAT", "21"), ("NOOP", "200 "), ("STAT", "21")]);
    let mut rest = Vec::new();
    data.read_to_end(&mut rest).expect("it goes on");
    assert_eq!(rest.len(), LARGE - 1000);
    ftp.expect_reply("226 ");

    let (mut ftp, mut data) = uploading(&server);
    ftp.play(&[("STAT", "21"), ("NOOP", "200 ")]);
    data.write_all(b"last").expect("sent");
    drop(data);
    ftp.expect_reply("226 ");
    server.stored().expect("new", b"first, last");
}

#[test]
fn other_commands_wait_their_turn() {
    let server = Setup::local().start();
    let (mut ftp, data) = uploading(&server);
    ftp.send("SIZE new");
    ftp.send("PWD");
    drop(data);
    ftp.expect_reply("226 ");
    ftp.expect_reply("213 7");
    ftp.expect_reply("257 ");
}

#[test]
fn nothing_overtakes_a_command_that_was_sent_ahead() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.send_bytes(b"STOR new\r\nPWD\r\n");
    ftp.expect_reply("150 ");
    let stream = data.open();
    // Answered at once it would be taken for the reply to STOR or PWD.
    ftp.send("NOOP");
    drop(stream);
    ftp.expect_reply("226 ");
    ftp.expect_reply("257 ");
    ftp.expect_reply("200 ");
}

#[test]
fn abor_ends_a_download() {
    let server = Setup::local().start();
    let (mut ftp, _data) = downloading(&server);
    ftp.expect("ABOR", "426 ");
    ftp.expect_reply("226 ");
    ftp.expect("PWD", "257 ");
    assert_eq!(ftp.list("NLST"), ["large"]);
}

#[test]
fn abor_as_telnet_urgent_data() {
    let server = Setup::local().start();
    let (mut ftp, _data) = downloading(&server);
    // What lftp sends: IAC IP, then IAC DM of which the last byte is urgent.
    ftp.send_bytes(b"\xff\xf4\xff");
    rustix::net::send(ftp.socket(), b"\xf2", rustix::net::SendFlags::OOB).expect("sent");
    ftp.expect("ABOR", "426 ");
    ftp.expect_reply("226 ");
    // What Python's ftplib sends: the whole line urgent.
    let (mut ftp, _data) = downloading(&server);
    rustix::net::send(ftp.socket(), b"ABOR\r\n", rustix::net::SendFlags::OOB).expect("sent");
    ftp.expect_reply("426 ");
    ftp.expect_reply("226 ");
}

/// The mark is urgent, and no IAC stands before it.
#[test]
fn abor_behind_a_bare_urgent_mark() {
    let server = Setup::local().start();
    for interrupt in [&b"\xff\xf4"[..], b"\xf4"] {
        let (mut ftp, _data) = downloading(&server);
        ftp.send_bytes(interrupt);
        rustix::net::send(ftp.socket(), b"\xf2", rustix::net::SendFlags::OOB).expect("sent");
        ftp.expect("ABOR", "426 ");
        ftp.expect_reply("226 ");
    }
}

#[test]
fn abor_ends_an_upload() {
    for (partial, kept) in [("keep", &["new"][..]), ("discard", &[])] {
        let server = Setup::local().option("partial_upload", partial).start();
        let (mut ftp, _data) = uploading(&server);
        until_received(&mut ftp);
        ftp.expect("ABOR", "426 ");
        ftp.expect_reply("226 ");
        ftp.expect("PWD", "257 ");
        assert_eq!(server.stored().files(), kept, "{partial}");
    }
}

/// A client that presses the key again and again counts the replies all the same.
#[test]
fn each_abor_has_its_reply_and_nothing_overtakes_it() {
    let server = Setup::local().option("partial_upload", "discard").start();
    let (mut ftp, _data) = uploading(&server);
    ftp.send_bytes(b"ABOR\r\nNOOP\r\nABOR\r\nABOR\r\nPWD\r\n");
    for code in ["426 ", "226 ", "200 ", "22", "22", "257 "] {
        ftp.expect_reply(code);
    }
}

#[test]
fn abor_without_a_transfer() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    ftp.expect("ABOR", "22");
    let address = ftp.pasv();
    ftp.expect("ABOR", "22");
    // The passive port is gone with it.
    assert!(TcpStream::connect(address).is_err());
    ftp.expect("LIST", "425 ");
}

#[test]
fn quit_during_an_upload_finishes_the_file() {
    let server = Setup::local().option("partial_upload", "discard").start();
    let (mut ftp, mut data) = uploading(&server);
    ftp.send("QUIT");
    data.write_all(b"last").expect("sent");
    drop(data);
    ftp.expect_reply("226 ");
    ftp.expect_reply("221 ");
    ftp.expect_end();
    server.stored().expect("new", b"first, last");
}

#[test]
fn a_lost_control_connection_interrupts_an_upload() {
    let server = Setup::local().option("partial_upload", "discard").start();
    server.stored().put("new", b"old");
    let (ftp, mut data) = uploading(&server);
    ftp.socket().shutdown(Shutdown::Both).expect("closed");
    // The server notices although the data connection is open, and closes that one.
    let mut rest = Vec::new();
    let _ = data.read_to_end(&mut rest);
    server.wait_for_log("control connection lost");
    server.stored().expect("new", b"old");
}

#[test]
fn a_stalled_client_is_given_up() {
    let server =
        Setup::local().option("data_idle_timeout", "1").option("partial_upload", "keep").start();
    let (mut ftp, data) = uploading(&server);
    ftp.expect_reply("426 ");
    drop(data);
    server.stored().expect("new", b"first, ");
    let (mut ftp, _data) = downloading(&server);
    ftp.expect_reply("426 ");
}

#[test]
fn a_stop_lets_the_transfer_finish() {
    let mut server = Setup::local().start();
    let mut idle = Ftp::login(&server);
    let (mut ftp, mut data) = uploading(&server);
    ftp.expect("NOOP", "200 ");
    std::thread::scope(|scope| {
        let stopping = scope.spawn(|| server.stop());
        idle.expect_reply("421 ");
        idle.expect_end();
        data.write_all(b"last").expect("sent");
        drop(data);
        ftp.expect_reply("226 ");
        assert!(stopping.join().expect("no panic").success());
    });
    server.stored().expect("new", b"first, last");
}
