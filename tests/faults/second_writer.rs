use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;

/// A file that goes in parts, and one that is stored in one request.
const SIZES: [usize; 2] = [6 << 20, 100_000];

/// What of it has arrived when its client is lost.
fn fragment(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len() - 1000]
}

/// A server on each kind of store, an upload that was begun on it and has sent all but its last bytes.
fn with_upload(line: &str, bytes: &[u8], test: impl Fn(&TestServer, Ftp, TcpStream) + Sync) {
    let test = &test;
    thread::scope(|scope| {
        for setup in [Setup::local(), Setup::bucket()] {
            scope.spawn(move || {
                let server = setup.option("partial_upload", "keep").start();
                server.stored().put("f", b"earlier");
                let mut ftp = Ftp::login(&server);
                let data = ftp.passive();
                ftp.expect(line, "150 ");
                let mut stream = data.open();
                stream.write_all(fragment(bytes)).expect("the server takes the data");
                ftp.wait_for_bytes(fragment(bytes).len());
                test(&server, ftp, stream);
            });
        }
    });
}

/// What becomes of an upload whose client is lost, in the words of the log.
fn ending(server: &TestServer) -> String {
    server.wait_for_line(|line| line.contains("upload path=") && !line.contains("\"complete\""))
}

/// A client whose link broke comes back and stores the whole file. When its old session is given up,
/// what that had received must not replace it.
#[test]
fn a_fragment_never_replaces_what_came_since() {
    for size in SIZES {
        let (broken, whole) = (noise(21, size), noise(22, size / 2));
        for line in ["STOR f", "APPE f"] {
            with_upload(line, &broken, |server, ftp, data| {
                Ftp::login(server).store("STOR f", &whole);
                ftp.leave(&data);
                let line = ending(server);
                assert!(line.contains("nothing kept"), "{line}");
                server.stored().expect("f", &whole);
                assert!(server.log().contains("is given up"), "it is told");
            });
            // ABOR, and another tool's upload.
            with_upload(line, &broken, |server, mut ftp, data| {
                server.stored().put("f", &whole);
                ftp.expect("ABOR", "426 ");
                ftp.expect_reply("226 ");
                drop(data);
                server.stored().expect("f", &whole);
            });
        }
    }
}

/// What an upload adds to is what it was when the upload began, or the upload fails.
#[test]
fn who_adds_to_a_file_that_was_changed_meanwhile_hears_so() {
    for size in SIZES {
        let (added, other) = (noise(23, size), noise(24, size / 3));
        for rest in [None, Some("REST 3")] {
            let line = if rest.is_some() { "STOR f" } else { "APPE f" };
            for by_session in [true, false] {
                let begin = |server: &TestServer| {
                    server.stored().put("f", b"earlier");
                    let mut ftp = Ftp::login(server);
                    rest.iter().for_each(|rest| {
                        ftp.expect(rest, "350 ");
                    });
                    let data = ftp.passive();
                    ftp.expect(line, "150 ");
                    let mut stream = data.open();
                    stream.write_all(&added).expect("the server takes the data");
                    ftp.wait_for_bytes(added.len());
                    (ftp, stream)
                };
                for server in [Setup::local().start(), Setup::bucket().start()] {
                    let (mut ftp, stream) = begin(&server);
                    if by_session {
                        Ftp::login(&server).store("STOR f", &other);
                    } else {
                        server.stored().put("f", &other);
                    }
                    drop(stream);
                    ftp.expect_reply("45");
                    server.stored().expect("f", &other);
                    // And nothing was learnt wrongly: the next try finds what is there.
                    ftp.store("APPE f", b"and more");
                    server.stored().expect("f", &[&other[..], b"and more"].concat());
                }
            }
        }
    }
}

/// The same of an upload that ends inside the file, whose other bytes would be the older file's.
#[test]
fn who_writes_inside_a_file_that_was_changed_meanwhile_hears_so() {
    for size in [100, 12 << 20] {
        let other = noise(25, size + 1);
        for server in [Setup::local().start(), Setup::bucket().start()] {
            for by_session in [true, false] {
                server.stored().put("f", &noise(26, size));
                let mut ftp = Ftp::login(&server);
                ftp.expect("REST 36", "350 ");
                let data = ftp.passive();
                ftp.expect("STOR f", "150 ");
                let mut stream = data.open();
                stream.write_all(b"mdat").expect("the server takes the data");
                ftp.wait_for_bytes(4);
                if by_session {
                    Ftp::login(&server).store("STOR f", &other);
                } else {
                    server.stored().put("f", &other);
                }
                drop(stream);
                ftp.expect_reply("451 ");
                server.stored().expect("f", &other);
            }
        }
    }
}

/// Many sessions add lines to one file at once: each line that was confirmed is there, whole.
#[test]
fn sessions_that_append_at_once_lose_nothing() {
    const SESSIONS: usize = 6;
    const LINES: usize = 8;
    for server in [Setup::local().start(), Setup::bucket().start()] {
        let server = &server;
        thread::scope(|scope| {
            for session in 0..SESSIONS {
                scope.spawn(move || {
                    let mut ftp = Ftp::login(server);
                    for at in 0..LINES {
                        ftp.store("APPE log", format!("line {at} of {session}\n").as_bytes());
                    }
                });
            }
        });
        let text = String::from_utf8(server.stored().bytes("log")).expect("text");
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        let all =
            (0..LINES).flat_map(|at| (0..SESSIONS).map(move |of| format!("line {at} of {of}")));
        let mut all: Vec<String> = all.collect();
        all.sort_unstable();
        assert_eq!(lines, all);
    }
}

/// A session that takes its time while it adds to a file keeps nobody waiting for ever.
#[test]
fn a_slow_append_gives_way() {
    let server = Setup::bucket().start();
    let mut slow = Ftp::login(&server);
    let data = slow.passive();
    slow.expect("APPE log", "150 ");
    let mut stream = data.open();
    stream.write_all(b"slow\n").expect("sent");
    slow.wait_for_bytes(5);
    Ftp::login(&server).store("APPE log", b"quick\n");
    drop(stream);
    slow.expect_reply("45");
    server.stored().expect("log", b"quick\n");
}

fn asked(injector: &Injector, before: usize) -> Vec<Request> {
    injector.seen()[before..].iter().map(|(request, _)| *request).collect()
}

/// To look before a file is stored costs one request in a directory that nobody has seen, and none
/// in one that is known.
#[test]
fn looking_for_room_costs_at_most_one_request() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = Setup::bucket_behind(&injector.endpoint())
        .option("metadata_cache_time", "600")
        .operations("abort_unfinished_after", "0")
        .start();
    server.wait_for_log("answers");
    for name in ["there/a", "there/b", "there/z", "seen/a", "entered/a"] {
        server.stored().put(name, b"x");
    }
    let mut ftp = Ftp::login(&server);
    let mut store = |name: &str| {
        let before = injector.requests();
        ftp.store(&format!("STOR {name}"), b"4 KiB or less");
        asked(&injector, before)
    };
    let (look, put) = (Request::ListObjects, Request::PutObject);
    for (name, expected) in [
        ("there/m", vec![look, put]),
        ("there/a", vec![put]),
        ("there/b2", vec![put]),
        ("there/m", vec![put]),
        ("new/m", vec![look, put]),
        ("new/a", vec![put]),
        ("top", vec![put]),
        ("zoo", vec![put]),
    ] {
        assert_eq!(store(name), expected, "{name}");
    }
    ftp.list("NLST seen");
    ftp.expect("CWD /entered", "250 ");
    let mut store = |name: &str| {
        let before = injector.requests();
        ftp.store(&format!("STOR {name}"), b"4 KiB or less");
        asked(&injector, before)
    };
    for (name, expected) in [
        ("/seen/m", vec![put]),
        ("/seen/0", vec![put]),
        ("m", vec![look, put]),
        ("n", vec![put]),
        ("m", vec![put]),
    ] {
        assert_eq!(store(name), expected, "{name}");
    }
}

/// As on a disk: no file takes the place of a directory, and none lies below a file. Told when the
/// store has said so, whatever is remembered.
#[test]
fn directories_are_not_stored_over_and_files_not_below() {
    for cache in ["0", "600"] {
        let setup = Setup::bucket().option("metadata_cache_time", cache);
        for server in [Setup::local().start(), setup.start()] {
            // By another session: what other tools make is believed later, if it is remembered.
            let mut ftp = Ftp::login(&server);
            ftp.store("STOR d/precious", b"precious");
            ftp.store("STOR file", b"a file");
            ftp.expect("MKD empty", "257 ");
            let mut ftp = Ftp::login(&server);
            // By somebody who has seen nothing of it, then with what was learnt, then after a list.
            for _ in 0..2 {
                for line in ["STOR d", "STOR d/", "APPE d", "STOR empty", "STOR empty/"] {
                    ftp.store_refused(line, "55");
                }
                for line in ["STOR file/x", "APPE file/x", "STOU file/x", "STOR file/d/x"] {
                    ftp.store_refused(line, "55");
                }
                ftp.list("NLST");
                // Whoever lists a file has not seen a directory.
                for line in ["LIST file", "NLST file", "MLSD file", "LIST file/", "NLST file/*"] {
                    ftp.list_or_refusal(line);
                }
                ftp.ask("STAT -l file");
                for line in ["MKD file/x", "MKD file/d/x"] {
                    let reply = ftp.ask(line);
                    assert!(reply.starts_with("55"), "{line}: {reply}");
                }
            }
            server.stored().expect("d/precious", b"precious");
            assert_eq!(ftp.list("NLST d"), ["d/precious"]);
            assert_eq!(server.stored().files(), ["d/precious", "file"]);
            // What has become free is free.
            ftp.play(&[("RMD empty", "250 "), ("DELE file", "250 ")]);
            ftp.store("STOR empty", b"a file now");
            ftp.store("STOR file/x", b"a directory now");
        }
    }
}

/// A large file is refused before it has all come.
#[test]
fn who_stores_over_a_directory_is_told_while_data_comes() {
    let server = Setup::bucket().option("metadata_cache_time", "0").start();
    server.stored().put("d/x", b"x");
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.expect("STOR d", "150 ");
    let _data = data.open();
    ftp.expect_reply("550 ");
}

/// What became a directory while a long upload ran is seen at its end, whatever is remembered.
#[test]
fn a_long_upload_looks_again_at_its_end() {
    for cache in ["0", "600"] {
        let server = Setup::bucket().option("metadata_cache_time", cache).start();
        let bytes = noise(31, SIZES[0]);
        for (line, meanwhile) in [("STOR d", "d/x"), ("STOR e/x", "e")] {
            let mut ftp = Ftp::login(&server);
            let data = ftp.passive();
            ftp.expect(line, "150 ");
            let mut stream = data.open();
            stream.write_all(&bytes).expect("the server takes the data");
            ftp.wait_for_bytes(bytes.len());
            Ftp::login(&server).store(&format!("STOR {meanwhile}"), b"precious");
            drop(stream);
            ftp.expect_reply("55");
            server.stored().expect(meanwhile, b"precious");
        }
        assert_eq!(server.stored().files(), ["d/x", "e"], "{cache}");
    }
}

/// What two sessions do in the same moment: a file and what would lie below it are never both stored.
#[test]
fn a_file_and_what_would_lie_below_it_are_never_both_there() {
    let server = Setup::bucket().start();
    let server = &server;
    let store = |line: &str| {
        let mut ftp = Ftp::login(server);
        let data = ftp.passive();
        if !ftp.ask(line).starts_with("150 ") {
            return false;
        }
        drop(data.open());
        ftp.reply().starts_with("226 ")
    };
    let rename = |from: &str, to: &str| {
        let mut ftp = Ftp::login(server);
        ftp.expect(&format!("RNFR {from}"), "350 ");
        ftp.ask(&format!("RNTO {to}")).starts_with("250 ")
    };
    let both = |one: &(dyn Fn() -> bool + Sync), other: &(dyn Fn() -> bool + Sync)| {
        thread::scope(|scope| {
            let one = scope.spawn(one);
            let other = other();
            (one.join().expect("no panic"), other)
        })
    };
    for round in 0..12 {
        let name = format!("a{round}");
        let (file, below) = (format!("STOR {name}"), format!("STOR {name}/x"));
        let stored = both(&|| store(&file), &|| store(&below));
        assert!(stored == (true, false) || stored == (false, true), "{round}: {stored:?}");
        let (from, to, below) =
            (format!("f{round}"), format!("b{round}"), format!("STOR b{round}/x"));
        server.stored().put(&from, b"moved");
        let moved = both(&|| rename(&from, &to), &|| store(&below));
        assert!(moved != (true, true), "{round}: {moved:?}");
        let (from, to, file) = (format!("d{round}"), format!("c{round}"), format!("STOR c{round}"));
        server.stored().put(&format!("{from}/x"), b"moved");
        let moved = both(&|| rename(&from, &to), &|| store(&file));
        assert!(moved != (true, true), "{round}: {moved:?}");
    }
}

#[test]
fn the_only_worker_looks_for_room_before_it_begins_anything() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let setup = Setup::bucket_behind(&injector.endpoint()).option("upload_thread_num", "1");
    let server = setup.start();
    server.wait_for_log("answers");
    server.stored().put("directory/of others", b"x");
    injector.inject(Rule::new(Request::ListObjects, Fault::Latency(Duration::from_secs(1))));
    let (mut ftp, bytes) = (Ftp::login(&server), noise(95, 2 * SIZES[0]));
    let data = ftp.passive();
    ftp.expect("STOR directory/large", "150 ");
    let mut stream = data.open();
    stream.write_all(&bytes).expect("the server takes it");
    ftp.wait_for_bytes(bytes.len());
    let begun = (Request::CreateMultipartUpload, "directory/large".to_owned());
    assert!(!injector.seen().contains(&begun), "{:?}", injector.seen());
    drop(stream);
    ftp.expect_reply("226 ");
    server.stored().expect("directory/large", &bytes);
}

#[test]
fn a_precondition_that_a_store_refuses_wrongly_is_found_though_the_first_try_was_lost() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = Setup::bucket_behind(&injector.endpoint()).start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR f", b"earlier ");
    injector.inject(Rule::new(Request::PutObject, Fault::Stale).times(1));
    // Ceph 16 refuses the first request that tells what it replaces; here that is the second try.
    ftp.store("APPE f", b"and more");
    assert_eq!(injector.struck(), 1);
    server.stored().expect("f", b"earlier and more");
}
