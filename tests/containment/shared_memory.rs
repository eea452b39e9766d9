//! What the clients of some accounts hold of `buffer_memory` leaves the others their share.

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use cos_ftp_server::limits;

use crate::support::ftp::Ftp;
use crate::support::resources::buffer_bytes;
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

/// A client that sends a little at a time, however long, holds one block.
#[test]
fn a_trickling_upload_holds_what_has_arrived() {
    let setup = Setup::local().option("buffer_memory", "64M");
    let server = setup.operations("metrics_listen", "127.0.0.1:0").start();
    let mut trickling = idle_uploads(&server, USER, 8, 17_000);
    for _ in 0..8 {
        for (_, data) in &mut trickling {
            data.write_all(&[7; 250]).expect("the connection stands");
        }
        thread::sleep(Duration::from_millis(250));
    }
    let held = buffer_bytes(&server);
    assert!(held <= 8 * limits::BLOCK_BYTES as u64, "{held}");
}

/// Whoever has had to wait for its memory did not stand still meanwhile.
#[test]
fn who_gets_its_memory_late_is_not_ended_for_the_wait() {
    let setup = Setup::local().option("buffer_memory", "16M");
    let server = setup.start();
    // More than may be loose, and more than have a turn: some wait for as long as the others take.
    let mut slow = idle_uploads(&server, USER, 40, 300 << 10);
    let begun = Instant::now();
    while begun.elapsed() < limits::STANDSTILL + Duration::from_secs(5) {
        for (_, data) in &mut slow {
            data.set_nonblocking(true).expect("a socket");
            // A server that has no memory yet takes nothing.
            drop(data.write(&[7; 500]));
        }
        thread::sleep(Duration::from_millis(500));
    }
    assert!(!server.log().contains("stand still"), "{}", server.log());
}

/// Downloads and listings of two accounts that nobody reads, but for a byte now and then.
#[test]
fn what_two_accounts_do_not_read_leaves_others_their_uploads() {
    let setup = Setup::local().account("other", "RW", "true").option("buffer_memory", "32M");
    let server = ["one", "two"].iter().fold(setup, |setup, name| setup.account(name, "RW", "true"));
    let server = server.start();
    for name in ["one", "two"] {
        Ftp::login_as(&server, name).store("STOR large", &vec![7; 24 << 20]);
    }
    let unread: Vec<_> = (0..80)
        .map(|number| {
            let mut ftp = Ftp::login_as(&server, ["one", "two"][number % 2]);
            let data = ftp.passive();
            ftp.send("RETR large");
            (ftp, data)
        })
        .collect();
    let mut other = Ftp::login_as(&server, "other");
    for size in [300 << 10, 6 << 20] {
        let begun = Instant::now();
        other.store("STOR file", &vec![7; size]);
        assert!(begun.elapsed() < PROMPT, "{size}: {:?}", begun.elapsed());
    }
    drop(unread);
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
