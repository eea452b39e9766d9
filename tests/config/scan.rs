//! `[SCAN]`.

use std::time::Duration;

use cos_ftp_server::scan::{ScanFailed, ScanOptions, ScannerAddress};

use super::support::{ACCOUNT, accepted, refused};

fn with(lines: &str) -> String {
    format!("{ACCOUNT}[OPTIONAL]\npartial_upload = discard\n[SCAN]\n{lines}")
}

#[test]
fn a_section_says_who_is_asked() {
    assert_eq!(accepted(ACCOUNT).server.session.transfer.scan, None);
    assert_eq!(accepted(&with("scan_timeout = 3\n")).server.session.transfer.scan, None);
    for (lines, clamd, seconds, failed) in [
        ("clamd = /run/c\n", ScannerAddress::Unix("/run/c".into()), 15, ScanFailed::Refuse),
        (
            "clamd = scanner.example:3310\nscan_timeout = 40\nscan_failed = publish\n",
            ScannerAddress::Tcp("scanner.example:3310".to_owned()),
            40,
            ScanFailed::Publish,
        ),
        (
            "clamd = [::1]:3310\n",
            ScannerAddress::Tcp("[::1]:3310".to_owned()),
            15,
            ScanFailed::Refuse,
        ),
    ] {
        let timeout = Duration::from_secs(seconds);
        let expected = Some(ScanOptions { clamd, timeout, failed });
        assert_eq!(accepted(&with(lines)).server.session.transfer.scan, expected, "{lines}");
    }
}

#[test]
fn what_is_wrong_is_told_at_its_key() {
    for (text, problem) in [
        (with("clamd = scanner\n"), "[SCAN] clamd = scanner: not accepted"),
        (with("clamd = ::1:3310\n"), "[SCAN] clamd = ::1:3310: not accepted"),
        (with("clamd = host:0\n"), "[SCAN] clamd = host:0: not accepted"),
        (with("clamd = /c\nscan_failed = maybe\n"), "[SCAN] scan_failed = maybe: not accepted"),
        (
            format!("{ACCOUNT}[SCAN]\nclamd = /c\n"),
            "[SCAN] clamd = /c: cannot stand beside partial_upload = park",
        ),
    ] {
        let problems = refused(text);
        assert!(problems.len() == 1 && problems[0].contains(problem), "{problems:?}");
    }
}
