use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::support::ftp::Ftp;
use crate::support::server::Setup;

#[test]
fn links_are_nothing() {
    let server = Setup::local().start();
    let outside = server.scratch();
    fs::write(outside.join("file"), "outside").unwrap();
    let data = outside.parent().unwrap().join("data");
    symlink(&outside, data.join("directory")).unwrap();
    symlink(outside.join("file"), data.join("name")).unwrap();
    symlink("../vsftpd.conf", data.join("relative")).unwrap();
    symlink("nowhere", data.join("dangling")).unwrap();
    let mut ftp = Ftp::login(&server);
    assert_eq!(ftp.list("NLST"), [""; 0]);
    assert_eq!(ftp.list("NLST *"), [""; 0]);
    for name in ["directory/file", "name", "relative", "dangling", "directory/new"] {
        for verb in ["SIZE", "MDTM", "MLST", "DELE", "RNFR", "RMD", "CWD", "MFMT 20200101000000"] {
            ftp.expect(&format!("{verb} {name}"), "5");
        }
        let _data = ftp.passive();
        ftp.expect(&format!("RETR {name}"), "550 ");
        for verb in ["STOR", "APPE"] {
            ftp.store_refused(&format!("{verb} {name}"), "55");
        }
    }
    for name in ["directory", "directory/new"] {
        ftp.expect(&format!("MKD {name}"), "55");
    }
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    assert_eq!(fs::read(outside.join("file")).unwrap(), b"outside");
    assert!(data.join("dangling").is_symlink() && !data.join("nowhere").exists());
}

/// Raises a flag when dropped.
struct Raised<'a>(&'a AtomicBool);

impl Drop for Raised<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_link_that_comes_and_goes_lets_nothing_out_or_in() {
    let server = Setup::local().start();
    let outside = server.scratch();
    fs::write(outside.join("file"), "outside").unwrap();
    let data = outside.parent().unwrap().join("data");
    fs::create_dir(data.join("d")).unwrap();
    fs::write(data.join("d/file"), "inside").unwrap();
    symlink(&outside, data.join("link")).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        // Also when something fails below: the scope waits for the other thread.
        let _done = Raised(&done);
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let (one, other) = (data.join("d"), data.join("link"));
                renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
            }
        });
        let mut ftp = Ftp::login(&server);
        let (mut read, mut stored) = (0, 0);
        for round in 0..300 {
            let data = ftp.passive();
            let reply = ftp.ask("RETR d/file");
            if reply.starts_with("150 ") {
                let mut bytes = Vec::new();
                data.open().read_to_end(&mut bytes).unwrap();
                ftp.expect_reply("226 ");
                assert_eq!(bytes, b"inside");
                read += 1;
            }
            let data = ftp.passive();
            if ftp.ask(&format!("STOR d/new{round}")).starts_with("150 ") {
                drop(data.open());
                stored += usize::from(ftp.reply().starts_with("226 "));
            }
            ftp.ask(&format!("MKD d/directory{round}"));
            ftp.ask("DELE d/file-that-is-not-there");
        }
        assert!(read > 0 && stored > 0, "the race was run: {read} {stored}");
    });
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1, "nothing was put outside");
    assert_eq!(fs::read(outside.join("file")).unwrap(), b"outside");
}

#[test]
fn a_file_that_becomes_a_link_lets_nothing_out() {
    let server = Setup::local().start();
    let outside = server.scratch();
    fs::write(outside.join("file"), "outside").unwrap();
    let data = outside.parent().unwrap().join("data");
    fs::write(data.join("file"), "inside!").unwrap();
    symlink(outside.join("file"), data.join("link")).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let _done = Raised(&done);
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let (one, other) = (data.join("file"), data.join("link"));
                renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
            }
        });
        let mut ftp = Ftp::login(&server);
        let mut read = 0;
        for _ in 0..1000 {
            let data = ftp.passive();
            if ftp.ask("RETR file").starts_with("150 ") {
                let mut bytes = Vec::new();
                data.open().read_to_end(&mut bytes).unwrap();
                assert_ne!(bytes, b"outside");
                read += usize::from(ftp.reply().starts_with("226 "));
            }
        }
        assert!(read > 0, "the race was run");
    });
}
