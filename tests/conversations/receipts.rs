use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;

/// What the worker of a download sends and what the session's own thread does. Both are more than a
/// client's system takes for it, and less than the server's does.
const SIZES: [usize; 2] = [1_000_000, 200_000];

/// A server with a file of each size, and a directory whose listings are large.
fn serve(setup: Setup) -> TestServer {
    let server = setup.start();
    for size in SIZES {
        server.stored().put(&size.to_string(), &noise(1, size));
    }
    let long = "a-name-that-makes-a-listing-large-although-there-are-few-files".repeat(3);
    for i in 0..1500 {
        server.stored().put(&format!("dir/{long}-{i}"), b"");
    }
    server
}

const TRANSFERS: [&str; 5] = ["RETR 1000000", "RETR 200000", "LIST dir", "NLST dir", "MLSD dir"];

/// A data connection of a client that takes little unasked, and the transfer that it is for.
fn begin(ftp: &mut Ftp, line: &str) -> TcpStream {
    let address = ftp.pasv();
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a buffer");
    socket.connect(&address.into()).expect("the passive port listens");
    socket.set_read_timeout(Some(Duration::from_secs(30))).expect("a time limit");
    ftp.expect(line, "150 ");
    let mut data = TcpStream::from(socket);
    data.read_exact(&mut [0; 1000]).expect("it has begun");
    data
}

#[test]
fn a_client_that_resets_before_it_has_everything_hears_426() {
    let server = serve(Setup::local());
    let mut ftp = Ftp::login(&server);
    for line in TRANSFERS {
        let data = begin(&mut ftp, line);
        // A 226 would have come before it.
        ftp.expect("NOOP", "200 ");
        SockRef::from(&data).set_linger(Some(Duration::ZERO)).expect("a socket");
        drop(data);
        ftp.expect_reply("426 ");
        // The log follows the reply, and comes before the next command.
        ftp.expect("NOOP", "200 ");
    }
    let log = server.log();
    assert_eq!(log.matches("data connection lost").count(), SIZES.len(), "{log}");
    assert!(!log.contains("verdict=\"complete\""), "{log}");
}

#[test]
fn a_client_that_reads_slowly_hears_226_at_its_end() {
    let server = serve(Setup::local());
    let mut ftp = Ftp::login(&server);
    for size in SIZES {
        let mut data = begin(&mut ftp, &format!("RETR {size}"));
        // What its own system may have taken for it is acknowledged.
        for step in [size / 2 - 1000, size / 2 - 100_000] {
            data.read_exact(&mut vec![0; step]).expect("more");
            ftp.expect("NOOP", "200 ");
        }
        let mut rest = Vec::new();
        data.read_to_end(&mut rest).expect("an end");
        assert_eq!(rest.len(), 100_000);
        ftp.expect_reply("226 ");
    }
}

#[test]
fn a_client_that_has_everything_hears_226_at_once() {
    let server = serve(Setup::local());
    server.stored().put("small", &noise(2, 20_000));
    let mut ftp = Ftp::login(&server);
    for line in ["RETR small", "LIST", "MLSD"] {
        // Its system has taken all of it. It reads nothing, nor does it close.
        let mut data = ftp.passive().open();
        ftp.expect(line, "150 ");
        ftp.expect_reply("226 ");
        // Nor has the server left its end out.
        data.set_read_timeout(Some(Duration::from_secs(30))).expect("a time limit");
        assert!(data.read_to_end(&mut Vec::new()).expect("an end") > 0);
    }
}

#[test]
fn the_wait_for_a_client_hears_what_it_says() {
    let server = serve(Setup::local());
    let mut ftp = Ftp::login(&server);
    for line in TRANSFERS {
        let _data = begin(&mut ftp, line);
        ftp.expect("ABOR", "426 ");
        ftp.expect_reply("226 ");
    }
}

#[test]
fn a_client_that_takes_no_more_is_given_up() {
    let server = serve(Setup::local().option("data_idle_timeout", "1"));
    let mut ftp = Ftp::login(&server);
    for line in TRANSFERS {
        let _data = begin(&mut ftp, line);
        let reply = ftp.expect_reply("426 ");
        assert!(reply.contains("too long"), "{line}: {reply}");
    }
}

#[test]
fn an_end_of_the_clients_own_side_is_no_receipt() {
    let server = serve(Setup::local());
    let mut ftp = Ftp::login(&server);
    for size in SIZES {
        let mut data = begin(&mut ftp, &format!("RETR {size}"));
        data.shutdown(std::net::Shutdown::Write).expect("connected");
        ftp.expect("NOOP", "200 ");
        assert_eq!(data.read_to_end(&mut Vec::new()).expect("an end"), size - 1000);
        ftp.expect_reply("226 ");
    }
}
