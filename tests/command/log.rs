//! Its log: a file that others move and that fills its disk, and a terminal that nobody reads.

use std::fs;
use std::io::Read;
use std::time::Instant;

use rustix::process::Signal;

use super::{PATIENCE, Running, Site, begin_upload, stderr};

#[test]
fn a_log_that_cannot_be_written_is_exit_status_1() {
    let site = Site::new("");
    fs::write(site.path().join("log"), "in the way").unwrap();
    let output = site.command(&[]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("log_dir"), "{output:?}");
}

#[test]
fn logrotate_moves_the_log_and_sends_a_signal() {
    let site = Site::new("");
    let mut running = Running::start(&site);
    let moved = site.path().join("log/cos_v5.log.1");
    fs::rename(site.log(), &moved).unwrap();
    running.signal(Signal::USR1);
    running.wait_for("SIGUSR1");
    running.signal(Signal::TERM);
    assert_eq!(running.exit_status(), Some(0));
    let (old, new) = (fs::read_to_string(&moved).unwrap(), fs::read_to_string(site.log()).unwrap());
    assert!(old.contains("listening on") && !old.contains("SIGUSR1"), "{old}");
    assert!(new.lines().next().unwrap().contains("SIGUSR1"), "the first of the new file: {new}");
    assert!(new.trim_end().ends_with("stopped"), "{new}");
}

#[test]
fn the_log_is_rotated_and_no_line_is_lost() {
    let site = Site::new("log_rotate_enabled = true\nlog_rotate_when = S\nlog_backup_count = 0");
    let mut running = Running::start(&site);
    let files = || {
        let mut files: Vec<_> = fs::read_dir(site.log().parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_str().unwrap().contains("cos_v5.log"))
            .collect();
        files.sort();
        files
    };
    // Until a second has passed by itself.
    let mut signals = 0;
    while files().len() < 2 {
        running.signal(Signal::HUP);
        running.wait_for("SIGHUP");
        signals += 1;
    }
    running.signal(Signal::TERM);
    assert_eq!(running.exit_status(), Some(0));
    let all: String = files().iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    assert_eq!(all.matches("SIGHUP").count(), signals);
    assert_eq!(all.matches("listening on").count() + all.matches("] (main) stopped").count(), 2);
    let old = files().pop().unwrap().to_str().unwrap().to_owned();
    let stamp = old.rsplit_once("cos_v5.log.").unwrap().1.to_owned();
    assert_eq!(stamp.len(), "2026-11-25_10-20-30".len(), "{stamp}");
}

#[test]
fn a_full_disk_is_told_once_and_stops_nothing() {
    let site = Site::new("log_level = DEBUG");
    fs::create_dir(site.path().join("log")).unwrap();
    std::os::unix::fs::symlink("/dev/full", site.log()).unwrap();
    let mut running = Running::start(&site);
    drop(begin_upload(&running));
    running.wait_for("upload path=");
    // Room again: what was lost is counted in the file.
    fs::remove_file(site.log()).unwrap();
    running.signal(Signal::USR1);
    running.wait_for("SIGUSR1");
    running.signal(Signal::TERM);
    assert_eq!(running.exit_status(), Some(0));
    let told = running.seen.iter().filter(|line| line.contains("cannot write the log")).count();
    assert_eq!(told, 1, "{:#?}", running.seen);
    let log = fs::read_to_string(site.log()).unwrap();
    let first = log.lines().next().unwrap();
    assert!(first.contains("lines were lost: No space left"), "{log}");
    assert!(log.trim_end().ends_with("stopped"), "{log}");
}

#[test]
fn a_terminal_that_nobody_reads_stops_nothing() {
    let site = Site::new("");
    let mut running = Running::start(&site);
    // A pipe holds 64 KiB. Signals that come faster than they are heeded are one.
    let deadline = Instant::now() + PATIENCE;
    while fs::metadata(site.log()).unwrap().len() <= 128 * 1024 {
        assert!(Instant::now() < deadline, "the log does not grow any more");
        running.signal(Signal::HUP);
        running.connect().read_exact(&mut [0; 4]).unwrap();
    }
    running.signal(Signal::TERM);
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
}
