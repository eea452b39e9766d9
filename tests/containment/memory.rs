//! What stands in the memory of the running server, read by the privileges of root as a debugger would.

use std::fs::{self, File};
use std::io::BufRead;
use std::os::unix::fs::FileExt;

use rustix::process::Signal;

use crate::support::ftp::Ftp;
use crate::support::resources::Resources;
use crate::support::rgw;
use crate::support::server::{PASSWORD, Setup, TestServer};

/// [`PASSWORD`], by crypt(3) and by Argon2.
const HASHES: [&str; 2] = [
    "$6$rounds=10000$saltsalt$7.WKRTjJY3BSzdYpVfCXF0ZCOE2moSxrSm8Ui8cuY9haYdxbHeCWDhuzUcOf/\
     wM6eo4kd.y33JMIoduClw5jz0",
    "$argon2id$v=19$m=8192,t=2,p=1$c2FsdHNhbHRzYWx0$DVQ1OgIQaV5nNtRAEhbIQQ6SW6FSoVemddTWXYIYWnY",
];

/// A password that nobody has, and its end: allocators write over the first bytes of what is freed.
const GUESS: &str = "Password-Of-Nobody-And-Longer-Than-What-An-Allocator-Writes";
const END_OF_GUESS: &str = "Than-What-An-Allocator-Writes";

/// How often `text` stands in memory that the server can write to: heap, stacks, all of it.
fn copies(server: &TestServer, text: &str) -> usize {
    let proc = format!("/proc/{}", server.pid());
    let maps = fs::read(format!("{proc}/maps")).unwrap();
    let memory = File::open(format!("{proc}/mem")).expect("this test needs the rights of root");
    let ranges = maps.lines().map_while(Result::ok).filter_map(|line| {
        let (range, rest) = line.split_once(' ')?;
        let (from, to) = range.split_once('-')?;
        let number = |text| u64::from_str_radix(text, 16).ok();
        rest.starts_with("rw").then_some((number(from)?, number(to)?))
    });
    let mut found = 0;
    for (from, to) in ranges {
        let mut bytes = vec![0; (to - from) as usize];
        // Guard pages and what is gone meanwhile.
        if memory.read_exact_at(&mut bytes, from).is_ok() {
            found += bytes.windows(text.len()).filter(|part| *part == text.as_bytes()).count();
        }
    }
    found
}

#[test]
fn nothing_is_left_of_a_clients_password() {
    for hash in HASHES {
        let server = Setup::local()
            .replace(&format!("password = {PASSWORD}"), &format!("password = {hash}"))
            .security("login_failure_delay", "0")
            .start();
        for _ in 0..3 {
            Ftp::login(&server).expect("QUIT", "221 ");
        }
        let mut guesser = Ftp::connect(&server);
        guesser.play(&[("USER alice", "331 "), (&format!("PASS {GUESS}"), "530 ")]);
        // Byte by byte, in a line that is no command, and in one that is no text.
        for byte in format!("USER alice\r\nPASS {GUESS}\r\n{GUESS}\r\n\u{fe}").bytes() {
            guesser.send_bytes(&[byte]);
        }
        guesser.send_bytes(format!("\u{ff} {GUESS}\r\nQUIT\r\n").as_bytes());
        for reply in ["331 ", "530 ", "500 ", "500 ", "221 "] {
            guesser.expect_reply(reply);
        }
        drop(guesser);
        Resources::at_rest_local(&server, 0);
        assert_eq!((copies(&server, PASSWORD), copies(&server, END_OF_GUESS)), (0, 0), "{hash}");
    }
}

#[test]
fn secrets_of_the_configuration_stand_in_memory_once() {
    let server = Setup::bucket().start();
    for expected in [(1, 1), (1, 2)] {
        for _ in 0..3 {
            let mut ftp = Ftp::login(&server);
            ftp.store("STOR file", b"x");
            ftp.expect("QUIT", "221 ");
        }
        Resources::at_rest_local(&server, 0);
        let seen = (copies(&server, PASSWORD), copies(&server, &rgw::secret_key()));
        assert!(seen <= expected, "{seen:?}");
        let before = server.log().lines().count();
        server.signal(Signal::HUP);
        server.wait_for_log_after(before, "configuration read again");
    }
}
