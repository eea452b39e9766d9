//! What the clients of one account hold of `buffer_memory` leaves the others their share.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer, USER};

/// How long a small file of somebody else may take: much less than an upload waits for memory.
const PROMPT: Duration = Duration::from_secs(20);

fn server(buffer_memory: &str) -> TestServer {
    Setup::local().account("other", "RW", "true").option("buffer_memory", buffer_memory).start()
}

/// Uploads of one byte each, which do not end; those that do not begin wait.
fn idle_uploads(server: &TestServer, begun: usize, waiting: usize) -> Vec<(Ftp, TcpStream)> {
    let upload = |number: usize| {
        let mut ftp = Ftp::login_as(server, USER);
        let data = ftp.passive();
        ftp.send(&format!("STOR {number}"));
        if number < begun {
            ftp.expect_reply("150 ");
        }
        let mut data = data.open();
        data.write_all(b"x").expect("the connection stands");
        (ftp, data)
    };
    (0..begun + waiting).map(upload).collect()
}

#[test]
fn idle_uploads_of_one_account_lock_nobody_out() {
    // What two and twelve uploads fit that hold a part each.
    for (buffer_memory, begun, waiting) in [("8M", 5, 8), ("64M", 64, 16)] {
        let server = server(buffer_memory);
        let idle = idle_uploads(&server, begun, waiting);
        let mut other = Ftp::login_as(&server, "other");
        let begun = Instant::now();
        other.store("STOR small", &[7; 1000]);
        assert_eq!(other.list("NLST"), ["small"]);
        assert!(begun.elapsed() < PROMPT, "{buffer_memory}: {:?}", begun.elapsed());
        drop(idle);
    }
}
