//! `on_exists`: files that must not be replaced, and those that get a name of their own.

/// Two instances, one name.
mod racing;
/// `allow_names`, `deny_names`, `hide_names`.
mod rules;
/// What the store is asked, and what it answers.
mod stores;

use std::io::Write;
use std::thread;

use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;

/// A file that is stored in one request, and one that goes in parts.
const SIZES: [usize; 2] = [100_000, 12 << 20];

/// Stores as `line` says. Answers the last reply: that to the command, where it is refused.
fn attempt(ftp: &mut Ftp, line: &str, bytes: &[u8]) -> String {
    let data = ftp.passive();
    let reply = ftp.ask(line);
    if !reply.starts_with("150") {
        return reply;
    }
    let mut stream = data.open();
    // Who is refused in the middle need not take the rest.
    let _ = stream.write_all(bytes);
    drop(stream);
    ftp.reply()
}

/// A server on each kind of store, whose accounts have these keys.
fn on_each(keys: &[(&str, &str)], test: impl Fn(&TestServer) + Sync) {
    let test = &test;
    thread::scope(|scope| {
        for setup in [Setup::local(), Setup::bucket()] {
            scope.spawn(move || {
                let setup =
                    keys.iter().fold(setup, |setup, (key, value)| setup.account_key(key, value));
                test(&setup.option("metadata_cache_time", "0").start());
            });
        }
    });
}

#[test]
fn what_is_there_stays() {
    on_each(&[("on_exists", "refuse")], |server| {
        server.stored().put("d/old", b"earlier");
        let mut ftp = Ftp::login(server);
        for size in SIZES {
            let bytes = noise(1, size);
            ftp.store(&format!("STOR d/{size}"), &bytes);
            server.stored().expect(&format!("d/{size}"), &bytes);
            // Before the data.
            for line in ["STOR d/old", "APPE d/old"] {
                ftp.passive();
                ftp.expect(line, "550 ");
            }
            for offset in [1, 7] {
                ftp.expect(&format!("REST {offset}"), "350 ");
                ftp.passive();
                ftp.expect("STOR d/old", "550 ");
            }
            assert!(attempt(&mut ftp, "STOU d/old", &bytes).starts_with("226 "));
            ftp.expect(&format!("RNFR d/{size}"), "350 ");
            ftp.expect("RNTO d/old", "550 ");
            server.stored().expect(&format!("d/{size}"), &bytes);
            // As clients do it that store under a temporary name.
            ftp.expect(&format!("RNFR d/{size}"), "350 ");
            ftp.expect(&format!("RNTO d/{size}.done"), "250 ");
            server.stored().expect(&format!("d/{size}.done"), &bytes);
        }
        server.stored().expect("d/old", b"earlier");
    });
}

#[test]
fn who_may_add_to_files_replaces_nothing_of_them() {
    on_each(&[("on_exists", "refuse"), ("append", "allow")], |server| {
        server.stored().put("old", b"earlier");
        let mut ftp = Ftp::login(server);
        ftp.store("APPE old", b", more");
        ftp.expect("REST 13", "350 ");
        ftp.store("STOR old", b", and more");
        for offset in [1, 22] {
            ftp.expect(&format!("REST {offset}"), "350 ");
            ftp.passive();
            ftp.expect("STOR old", "550 ");
        }
        ftp.passive();
        ftp.expect("STOR old", "550 ");
        server.stored().expect("old", b"earlier, more, and more");
    });
}

#[test]
fn who_is_overtaken_hears_so_and_replaces_nothing() {
    for (line, on_exists, expected) in [
        ("STOR f", "refuse", "550 "),
        ("APPE f", "refuse", "550 "),
        ("APPE f", "keep-both", "550 "),
    ] {
        on_each(&[("on_exists", on_exists)], |server| {
            for size in SIZES {
                let bytes = noise(2, size);
                let mut ftp = Ftp::login(server);
                let data = ftp.passive();
                ftp.expect(line, "150 ");
                let mut stream = data.open();
                stream.write_all(&bytes[..size - 10]).expect("the server takes the data");
                ftp.wait_for_bytes(size - 10);
                server.stored().put("f", b"another's");
                stream.write_all(&bytes[size - 10..]).expect("the server takes the data");
                drop(stream);
                ftp.expect_reply(expected);
                server.stored().expect("f", b"another's");
                ftp.expect("DELE f", "250 ");
            }
        });
    }
}

#[test]
fn both_are_kept() {
    on_each(&[("on_exists", "keep-both")], |server| {
        let mut ftp = Ftp::login(server);
        for size in SIZES {
            let name = |number| match number {
                1 => format!("d/r{size}.csv"),
                _ => format!("d/r{size} ({number}).csv"),
            };
            let bytes = |number| noise(number, size);
            for number in 1..6 {
                let reply = attempt(&mut ftp, &format!("STOR d/r{size}.csv"), &bytes(number));
                match number {
                    1 => assert!(reply.starts_with("226 Transfer complete"), "{reply}"),
                    _ => {
                        let told = format!("226 Stored as r{size} ({number}).csv");
                        assert_eq!(reply, told);
                    }
                }
            }
            ftp.expect(&format!("RNFR {}", name(5)), "350 ");
            let reply = ftp.expect(&format!("RNTO {}", name(1)), "250 ");
            // Its own name is not free.
            assert_eq!(reply, format!("250 Renamed to r{size} (6).csv"));
            for number in 1..5 {
                server.stored().expect(&name(number), &bytes(number));
            }
            server.stored().expect(&name(6), &bytes(5));
            for line in ["STOR", "APPE"] {
                ftp.expect("REST 5", "350 ");
                ftp.passive();
                ftp.expect(&format!("{line} {}", name(1)), "550 ");
            }
        }
        assert_eq!(server.stored().files().len(), 10);
    });
}

/// Two uploads of one session's server that are under way together: the second knows of the first.
#[test]
fn both_are_kept_of_uploads_that_are_under_way_together() {
    on_each(&[("on_exists", "keep-both")], |server| {
        for size in SIZES {
            let name = format!("f{size}");
            let bytes = [noise(3, size), noise(4, size)];
            let under_way = bytes.each_ref().map(|bytes| {
                let mut ftp = Ftp::login(server);
                let data = ftp.passive();
                ftp.expect(&format!("STOR {name}"), "150 ");
                let mut stream = data.open();
                stream.write_all(&bytes[..size - 10]).expect("the server takes the data");
                ftp.wait_for_bytes(size - 10);
                (ftp, stream, &bytes[size - 10..])
            });
            let replies = under_way.map(|(mut ftp, mut stream, rest)| {
                stream.write_all(rest).expect("the server takes the data");
                drop(stream);
                ftp.expect_reply("226 ")
            });
            assert!(replies.iter().any(|reply| reply.contains(&format!("{name} (2)"))));
            let held =
                [name.clone(), format!("{name} (2)")].map(|name| server.stored().bytes(&name));
            assert!(held == bytes || held == [bytes[1].clone(), bytes[0].clone()], "{replies:?}");
        }
    });
}

/// What is left of an upload that was cut must not replace anything either.
#[test]
fn a_fragment_replaces_nothing() {
    for on_exists in ["refuse", "keep-both"] {
        on_each(&[("on_exists", on_exists)], |server| {
            for size in SIZES {
                let bytes = noise(5, size);
                let skip = server.log().lines().count();
                let mut ftp = Ftp::login(server);
                let data = ftp.passive();
                ftp.expect("STOR f", "150 ");
                let mut stream = data.open();
                stream.write_all(&bytes[..size - 10]).expect("the server takes the data");
                ftp.wait_for_bytes(size - 10);
                server.stored().put("f", b"another's");
                ftp.leave(&stream);
                server.wait_for_log_after(skip, "upload path=");
                server.stored().expect("f", b"another's");
                Ftp::login(server).expect("DELE f", "250 ");
            }
        });
    }
}

/// The interrupted upload of a file that was not there is no file: it is gone on with.
#[test]
fn a_parked_upload_is_gone_on_with() {
    for setup in [Setup::local(), Setup::bucket()] {
        let setup = setup.account_key("on_exists", "refuse").option("partial_upload", "park");
        let server = setup.option("metadata_cache_time", "0").start();
        let bytes = noise(6, 17 << 20);
        let skip = server.log().lines().count();
        let mut ftp = Ftp::login(&server);
        let data = ftp.passive();
        ftp.expect("STOR f", "150 ");
        let mut stream = data.open();
        stream.write_all(&bytes[..bytes.len() - 10]).expect("the server takes the data");
        ftp.wait_for_bytes(bytes.len() - 10);
        ftp.send("ABOR");
        ftp.expect_reply("426 ");
        ftp.expect_reply("226 ");
        server.wait_for_log_after(skip, "upload path=");
        let offset = ftp.expect("SIZE f", "213 ")[4..].trim().parse::<usize>().expect("a size");
        assert!(offset > 0);
        ftp.expect(&format!("REST {offset}"), "350 ");
        ftp.store("STOR f", &bytes[offset..]);
        server.stored().expect("f", &bytes);
        ftp.passive();
        ftp.expect("STOR f", "550 ");
    }
}

#[test]
fn one_account_obeys_and_the_other_not() {
    let setup = Setup::bucket().option("on_exists", "refuse").account("bob", "RW", "true");
    let server = setup
        .replace("ftp_login_user_name = bob", "on_exists = replace\nftp_login_user_name = bob");
    let server = server.start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR f", b"first");
    ftp.passive();
    ftp.expect("STOR f", "550 ");
    Ftp::login_as(&server, "bob").store("STOR f", b"second");
    server.stored().expect("f", b"second");
}
