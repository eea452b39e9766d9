use std::io::{Read, Write};

use crate::support::ftp::Ftp;
use crate::support::server::Setup;
use crate::support::stored::noise;

#[test]
fn downloads() {
    let server = Setup::local().start();
    let content = noise(1, 3_000_000);
    server.stored().put("file", &content);
    server.stored().put("empty", b"");
    server.stored().put("dir/x", b"");
    let mut ftp = Ftp::login(&server);
    assert!(ftp.fetch("RETR file") == content);
    assert_eq!(ftp.fetch("RETR empty"), b"");
    for (line, expected) in [("RETR nowhere", "550 "), ("RETR dir", "550 "), ("RETR", "501 ")] {
        let _data = ftp.passive();
        ftp.expect(line, expected);
    }
}

#[test]
fn resumed_downloads() {
    let server = Setup::local().start();
    server.stored().put("file", b"0123456789");
    let mut ftp = Ftp::login(&server);
    for (offset, expected) in [("0", "0123456789"), ("1", "123456789"), ("9", "9"), ("10", "")] {
        ftp.expect(&format!("REST {offset}"), "350 ");
        assert_eq!(ftp.fetch("RETR file"), expected.as_bytes(), "{offset}");
    }
    // It counts once.
    assert_eq!(ftp.fetch("RETR file"), b"0123456789");
    // It survives what clients send in between, and nothing else.
    ftp.expect("REST 5", "350 ");
    ftp.expect("TYPE I", "200 ");
    assert_eq!(ftp.fetch("RETR file"), b"56789");
    ftp.expect("REST 5", "350 ");
    ftp.expect("CWD /", "250 ");
    assert_eq!(ftp.fetch("RETR file"), b"0123456789");
}

#[test]
fn offsets_that_are_refused() {
    let server = Setup::local().start();
    server.stored().put("file", b"0123456789");
    let mut ftp = Ftp::login(&server);
    ftp.play(&[
        ("REST", "501 "),
        ("REST x", "501 "),
        ("REST -1", "501 "),
        ("REST 1.5", "501 "),
        // Beyond 64 bits: never taken for 0.
        ("REST 18446744073709551616", "501 "),
        ("REST 99999999999999999999999", "501 "),
    ]);
    for offset in ["11", "18446744073709551615"] {
        for line in ["RETR file", "STOR file"] {
            let _data = ftp.passive();
            ftp.expect(&format!("REST {offset}"), "350 ");
            ftp.expect(line, "55");
        }
    }
    server.stored().expect("file", b"0123456789");
    assert_eq!(ftp.fetch("RETR file"), b"0123456789");
}

#[test]
fn uploads() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    for (name, length) in [("empty", 0), ("one", 1), ("block", 4096), ("large", 7_654_321)] {
        let content = noise(length as u64, length);
        ftp.store(&format!("STOR {name}"), &content);
        server.stored().expect(name, &content);
    }
    ftp.store("STOR one", b"another");
    server.stored().expect("one", b"another");
    let data = ftp.active();
    ftp.store_over(data, "STOR one", b"active");
    server.stored().expect("one", b"active");
    ftp.expect("MKD dir", "257 ");
    ftp.store_refused("STOR", "501 ");
    ftp.store_refused("STOR dir", "55");
    ftp.store_refused("STOR /", "55");
}

#[test]
fn appending_and_resuming_at_odd_offsets() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    ftp.store("APPE log", b"one");
    ftp.store("APPE log", b", two");
    ftp.store("APPE log", b"");
    server.stored().expect("log", b"one, two");
    ftp.expect("REST 3", "350 ");
    ftp.store("STOR log", b"; 2");
    // What stands behind the new data stays, as on a disk.
    server.stored().expect("log", b"one; 2wo");
    ftp.expect("REST 8", "350 ");
    ftp.store("STOR log", b"!");
    server.stored().expect("log", b"one; 2wo!");
    ftp.expect("REST 6", "350 ");
    ftp.store("STOR log", b", and 3");
    server.stored().expect("log", b"one; 2, and 3");
    // Nothing new leaves it as it was.
    ftp.expect("REST 3", "350 ");
    ftp.store("STOR log", b"");
    server.stored().expect("log", b"one; 2, and 3");

    let (head, tail) = (noise(1, 6_000_001), noise(2, 1_234_567));
    ftp.store("STOR large", &head);
    ftp.store("APPE large", &tail);
    server.stored().expect("large", &[&head[..], &tail].concat());
    ftp.expect("REST 5999999", "350 ");
    ftp.store("STOR large", &tail);
    // The last two bytes are the old ones.
    let last = &tail[tail.len() - 2..];
    server.stored().expect("large", &[&head[..5_999_999], &tail, last].concat());
}

/// What ffmpeg does to a seekable mp4: each piece ends by ABOR, which overtakes its data, and the next one
/// fills in a header.
#[test]
fn pieces_that_end_by_abor_become_one_file() {
    for setup in [Setup::local(), Setup::bucket()] {
        let server = setup.option("partial_upload", "keep").start();
        let mut ftp = Ftp::login(&server);
        for (name, size) in [("small.mp4", 20_000), ("large.mp4", 12 << 20)] {
            let mut file = noise(6, size);
            let end = noise(7, 1395);
            let written = file.clone();
            for (offset, bytes) in [(0, &written[..]), (36, b"mdat"), (size, &end)] {
                ftp.expect(&format!("REST {offset}"), "350 ");
                let data = ftp.passive();
                ftp.expect(&format!("STOR {name}"), "150 ");
                let mut stream = data.open();
                stream.write_all(bytes).expect("the server takes the data");
                ftp.send("ABOR");
                drop(stream);
                ftp.expect_reply("426 ");
                ftp.expect_reply("226 ");
                file.resize(size.max(offset + bytes.len()), 0);
                file[offset..offset + bytes.len()].copy_from_slice(bytes);
                server.stored().expect(name, &file);
            }
        }
    }
}

#[test]
fn a_few_bytes_written_inside_a_file_change_nothing_else() {
    for server in [Setup::local().start(), Setup::bucket().start()] {
        let mut ftp = Ftp::login(&server);
        for size in [100, 12 << 20] {
            let mut file = noise(5, size);
            ftp.store("STOR film.mp4", &file);
            for (offset, bytes) in [(36, &b"mdat"[..]), (size - 8, b"moov")] {
                ftp.expect(&format!("REST {offset}"), "350 ");
                ftp.store("STOR film.mp4", bytes);
                file[offset..offset + bytes.len()].copy_from_slice(bytes);
                server.stored().expect("film.mp4", &file);
            }
        }
        let told = server.wait_for_line(|line| line.contains("bytes=4 kept=96 "));
        assert!(told.contains("upload path="), "{told}");
    }
}

#[test]
fn unique_names() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    let mut names = Vec::new();
    for content in [b"one", b"two"] {
        let opening = ftp.store("STOU", content);
        // RFC 1123 4.1.2.9
        let name = opening.strip_prefix("150 FILE: ").expect("the name").to_owned();
        server.stored().expect(name.trim_start_matches('/'), content);
        names.push(name);
    }
    assert_ne!(names[0], names[1]);
    ftp.store("STOR taken", b"kept");
    let opening = ftp.store("STOU taken", b"new");
    assert!(!opening.ends_with(" taken"), "{opening}");
    server.stored().expect("taken", b"kept");
    assert_eq!(server.stored().files().len(), 4);
}

#[test]
fn announced_sizes() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    for (line, expected) in [
        ("ALLO", "501 "),
        ("ALLO x", "501 "),
        ("ALLO 5", "20"),
        ("ALLO 5 R 5", "20"),
        ("ALLO 99999999999999999999999", "501 "),
    ] {
        ftp.expect(line, expected);
    }
    ftp.expect("ALLO 5", "20");
    ftp.store("STOR whole", b"12345");
    server.stored().expect("whole", b"12345");
    // RFC 959 4.1.3: room that was asked for need not be used.
    ftp.expect("ALLO 10", "20");
    ftp.store("STOR short", b"12345");
    server.stored().expect("short", b"12345");
}

/// lftp and Perl's Net::FTP announce the whole file when they resume, others what is left of it.
#[test]
fn a_resume_may_announce_the_whole_file_or_its_rest() {
    let server = Setup::local().option("partial_upload", "discard").start();
    let mut ftp = Ftp::login(&server);
    for (announced, between, line) in [
        ("ALLO 15", "REST 10", "STOR file"),
        ("ALLO 5", "REST 10", "STOR file"),
        ("ALLO 15", "NOOP", "APPE file"),
        ("ALLO 5", "NOOP", "APPE file"),
        ("ALLO 4096 R 512", "REST 10", "STOR file"),
    ] {
        ftp.store("STOR file", b"0123456789");
        ftp.expect(announced, "20");
        ftp.ask(between);
        ftp.store(line, b"abcde");
        server.stored().expect("file", b"0123456789abcde");
    }
}

#[test]
fn an_announced_size_ends_with_the_next_transfer_command_though_it_is_refused() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    for refused in ["STOR /", "STOR", "APPE", "RETR", "RETR nowhere", "LIST nowhere", "MLSD no"] {
        ftp.expect("ALLO 5000", "20");
        let _data = ftp.passive();
        ftp.expect(refused, "5");
        let data = ftp.passive();
        ftp.expect("STOR file", "150 ");
        // Nothing is announced: STAT tells of no size.
        let told = ftp.expect("STAT", "211-");
        assert!(!told.contains("5000"), "{refused}: {told}");
        drop(data.open());
        ftp.expect_reply("226 ");
    }
}

#[test]
fn a_file_over_the_limit_is_552_and_leaves_nothing() {
    let server = Setup::local().file_option("single_file_max_size", "1000000").start();
    server.stored().put("old", b"kept");
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR fits", &noise(1, 1_000_000));
    for name in ["old", "new"] {
        let data = ftp.passive();
        ftp.expect(&format!("STOR {name}"), "150 ");
        // The server may close before it has all.
        let _ = data.open().write_all(&noise(1, 1_000_001));
        ftp.expect_reply("552 ");
    }
    assert_eq!(server.stored().files(), ["fits", "old"]);
    server.stored().expect("old", b"kept");
}

#[test]
fn a_download_whose_client_goes_away_ends_alone() {
    let server = Setup::local().start();
    server.stored().put("file", &noise(1, 30_000_000));
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.expect("RETR file", "150 ");
    let mut stream = data.open();
    stream.read_exact(&mut [0; 1000]).expect("it begins");
    drop(stream);
    ftp.expect_reply("426 ");
    ftp.expect("NOOP", "200 ");
}
