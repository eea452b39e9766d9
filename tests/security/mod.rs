//! What keeps out whoever does not belong, with the real server: each test fails when the defence
//! it is about is taken away. 127.0.0.0/8 gives as many clients' addresses as are needed.

/// Lists of addresses, data connections of strangers, other protocols on the port.
mod addresses;
/// Clients that take no replies.
mod deaf;
/// A flood of connections while others work.
mod floods;
/// Failed logins: held back, counted, banned.
mod guessing;
/// Sessions, connections and commands that are too many.
mod limits;
/// What a client can bring about at will, and the log.
mod log_floods;
/// Hashes in the place of passwords.
mod passwords;
/// What R, W, RW and `delete_enable` allow, cell by cell of the documented table.
mod permissions;

use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::support::ftp::Ftp;
use crate::support::polling::pause;
use crate::support::server::TestServer;

/// Connects from 127.0.0.`n`; reads nothing.
fn connect_from(n: u8, server: &TestServer) -> Ftp {
    Ftp::over(socket_from(n, server.address()))
}

fn socket_from(n: u8, target: SocketAddr) -> TcpStream {
    crate::support::ftp::connect_from(IpAddr::from([127, 0, 0, n]), target)
}

/// The next connection from there is refused with 421 and a reason that holds `reason`.
fn expect_refusal(n: u8, server: &TestServer, reason: &str) {
    let mut ftp = connect_from(n, server);
    let reply = ftp.expect_reply("421 ");
    assert!(reply.contains(reason), "{reply}");
    ftp.expect_end();
}

/// Connects again and again, until a connection from there is welcome.
fn become_welcome(n: u8, server: &TestServer) {
    let patience = Instant::now() + Duration::from_secs(30);
    while !connect_from(n, server).reply().starts_with("220 ") {
        assert!(Instant::now() < patience, "refused for ever");
        pause();
    }
}

/// The next connection from there is welcome.
fn expect_welcome(n: u8, server: &TestServer) -> Ftp {
    let mut ftp = connect_from(n, server);
    ftp.expect_reply("220 ");
    ftp
}
