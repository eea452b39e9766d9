//! What the clients of some accounts hold of `buffer_memory` leaves the others their share.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use cos_ftp_server::limits;

use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer, USER};

/// How long a small file of somebody else may take: much less than an upload waits for memory.
const PROMPT: Duration = Duration::from_secs(20);

fn server(buffer_memory: &str) -> TestServer {
    Setup::local().account("other", "RW", "true").option("buffer_memory", buffer_memory).start()
}

/// Uploads of so many bytes each, which do not end.
fn idle_uploads(
    server: &TestServer,
    user: &str,
    count: usize,
    bytes: usize,
) -> Vec<(Ftp, TcpStream)> {
    let upload = |number: usize| {
        let mut ftp = Ftp::login_as(server, user);
        let data = ftp.passive();
        ftp.send(&format!("STOR {number}"));
        ftp.expect_reply("150 ");
        let mut data = data.open();
        data.write_all(&vec![7; bytes]).expect("the connection stands");
        (ftp, data)
    };
    (0..count).map(upload).collect()
}

/// A server of 64 MiB for uploads, with `accounts` accounts whose clients have `each` uploads that
/// stand still after so many bytes, and what it takes somebody else to store files.
fn beside_idle_uploads(accounts: usize, each: usize, bytes: usize) -> [Duration; 2] {
    let names: Vec<_> = (0..accounts).map(|number| format!("idle{number}")).collect();
    let setup = Setup::local().account("other", "RW", "true").option("buffer_memory", "64M");
    let setup = names.iter().fold(setup, |setup, name| setup.account(name, "RW", "true"));
    let server = setup.start();
    let idle: Vec<_> = names.iter().map(|name| idle_uploads(&server, name, each, bytes)).collect();
    let mut other = Ftp::login_as(&server, "other");
    let took = [1, 100].map(|mebibytes| {
        let begun = Instant::now();
        other.store("STOR file", &vec![7; mebibytes << 20]);
        begun.elapsed()
    });
    drop(idle);
    took
}

#[test]
fn idle_uploads_of_several_accounts_lock_nobody_out() {
    for (accounts, each) in [(2, 93), (5, 44)] {
        for took in beside_idle_uploads(accounts, each, 1) {
            assert!(took < PROMPT, "{accounts} accounts: {took:?}");
        }
    }
}

/// The third that may be loose is full of what has arrived, and all turns are taken.
#[test]
fn uploads_that_stand_still_after_some_blocks_keep_nobody_out_for_long() {
    for took in beside_idle_uploads(2, 93, 300 << 10) {
        assert!(took < limits::STANDSTILL + PROMPT, "{took:?}");
    }
}

#[test]
fn idle_uploads_of_one_account_lock_nobody_out() {
    // What two and twelve uploads fit that hold a part each.
    for (buffer_memory, count) in [("8M", 13), ("64M", 80)] {
        let server = server(buffer_memory);
        let idle = idle_uploads(&server, USER, count, 1);
        let mut other = Ftp::login_as(&server, "other");
        let begun = Instant::now();
        other.store("STOR small", &[7; 1000]);
        assert_eq!(other.list("NLST"), ["small"]);
        assert!(begun.elapsed() < PROMPT, "{buffer_memory}: {:?}", begun.elapsed());
        drop(idle);
    }
}
