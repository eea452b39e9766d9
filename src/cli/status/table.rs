//! A report for people.

use std::fmt::Write as _;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::report::{SessionStatus, StatusReport, TransferStatus};

const HEADINGS: [&str; 8] =
    ["SESSION", "USER", "ADDRESS", "SINCE", "IDLE", "TLS", "DIRECTORY", "COMMAND"];

/// `report` in lines and columns.
pub(super) fn table(report: &StatusReport) -> String {
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    rows.extend(report.sessions.iter().map(cells));
    let mut widths = [0; HEADINGS.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = heading(report);
    for (at, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
        let session = at.checked_sub(1).and_then(|at| report.sessions.get(at));
        if let Some(transfer) = session.and_then(|session| session.transfer.as_ref()) {
            let _ = writeln!(text, "         {}", progress(transfer));
        }
    }
    text
}

fn heading(report: &StatusReport) -> String {
    let listening: Vec<_> = report.listening.iter().map(ToString::to_string).collect();
    format!(
        "cos-ftp-server {}, process {}, since {}, on {}{}\nsessions: {}, transfers: {}\n\n",
        report.version,
        report.pid,
        report.started,
        listening.join(", "),
        if report.stopping { ", stopping" } else { "" },
        report.sessions.len(),
        report.transfers(),
    )
}

fn cells(session: &SessionStatus) -> [String; HEADINGS.len()] {
    let idle = session.idle_seconds.map_or_else(|| "-".to_owned(), duration);
    [
        session.id.to_string(),
        printable(session.user.as_deref().unwrap_or("-")),
        session.address.to_string(),
        age(&session.since),
        idle,
        if session.tls { "yes" } else { "no" }.to_owned(),
        printable(&session.directory),
        printable(&session.command),
    ]
}

fn progress(transfer: &TransferStatus) -> String {
    let of_total = match transfer.total_bytes {
        Some(total) if total > 0 => {
            let share = transfer.bytes as f64 * 100.0 / total as f64;
            format!(" of {total} ({share:.0} %)")
        }
        _ => String::new(),
    };
    let parts = transfer.parts.map_or_else(String::new, |parts| format!(", {parts} parts stored"));
    format!(
        "{} {}: {} bytes{of_total} in {}, {:.1} MB/s{parts}",
        transfer.direction,
        printable(&transfer.path),
        transfer.bytes,
        duration(transfer.seconds),
        transfer.bytes_per_second / 1e6,
    )
}

fn age(since: &str) -> String {
    OffsetDateTime::parse(since, &Rfc3339).map_or_else(
        |_| since.to_owned(),
        |since| duration((OffsetDateTime::now_utc() - since).as_seconds_f64().max(0.0)),
    )
}

fn duration(seconds: f64) -> String {
    match seconds {
        ..60.0 => format!("{seconds:.0} s"),
        60.0..3600.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

/// Names come from clients: they must not command the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_their_headings() {
        let session = |id, user: Option<&str>, transfer| SessionStatus {
            id,
            user: user.map(str::to_owned),
            address: "10.0.0.1:50000".parse().unwrap(),
            since: "2026-11-25T10:00:00Z".to_owned(),
            idle_seconds: Some(61.0),
            tls: true,
            directory: "/a\u{1b}[2J".to_owned(),
            command: "STOR x".to_owned(),
            transfer,
        };
        let transfer = TransferStatus {
            direction: "upload".to_owned(),
            path: "/x".to_owned(),
            bytes: 25,
            total_bytes: Some(100),
            seconds: 2.0,
            bytes_per_second: 2_500_000.0,
            parts: Some(3),
        };
        let report = StatusReport {
            version: "1".to_owned(),
            pid: 7,
            started: "2026-11-25T09:00:00Z".to_owned(),
            stopping: false,
            listening: vec!["0.0.0.0:21".parse().unwrap()],
            sessions: vec![session(1, None, None), session(200, Some("alice"), Some(transfer))],
        };
        let text = table(&report);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[0],
            "cos-ftp-server 1, process 7, since 2026-11-25T09:00:00Z, on 0.0.0.0:21"
        );
        assert_eq!(lines[1], "sessions: 2, transfers: 1");
        let columns = |word| lines[3].find(word).unwrap();
        assert_eq!(lines[5].find("alice"), Some(columns("USER")));
        assert_eq!(lines[4].find("1 min"), Some(columns("IDLE")));
        assert_eq!(lines[4].find("/a?[2J"), Some(columns("DIRECTORY")));
        let expected = "upload /x: 25 bytes of 100 (25 %) in 2 s, 2.5 MB/s, 3 parts stored";
        assert_eq!(lines[6].trim_start(), expected);
        assert_eq!(lines.len(), 7);
    }
}
