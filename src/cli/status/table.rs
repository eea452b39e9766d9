//! A report for people.

use std::net::SocketAddr;

use super::report::{SessionStatus, StatusReport, TransferStatus};
use super::shown::{age, duration, printable, size};
use super::standing;
use crate::cli::language::Language;
use crate::cli::terminal::columns;

const HEADINGS: [&str; 8] =
    ["SESSION", "USER", "ADDRESS", "SINCE", "IDLE", "TLS", "DIRECTORY", "COMMAND"];

/// The columns that may be cut where a line is too long.
const ELASTIC: [usize; 4] = [1, 2, 6, 7];

/// The column of which the end tells most.
const DIRECTORY: usize = 6;

/// What is left out of a cell that is cut.
const CUT: char = '…';

/// `report` in lines of at most `width` columns of a terminal.
pub(super) fn table(report: &StatusReport, width: usize, language: Language) -> String {
    let mut rows = vec![HEADINGS.map(|heading| language.say(heading))];
    rows.extend(report.sessions.iter().map(|session| cells(session, language)));
    let widths = fitting(&rows, width);
    let mut lines: Vec<_> = heading(report).iter().map(|line| language.say(line)).collect();
    for (at, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
            let cell = if column == DIRECTORY { cut_front(cell, width) } else { cut(cell, width) };
            let blanks = " ".repeat(width.saturating_sub(columns(&cell)));
            cell + &blanks
        });
        lines.push(cells.collect::<Vec<_>>().join("  "));
        let session = at.checked_sub(1).and_then(|at| report.sessions.get(at));
        if let Some(transfer) = session.and_then(|session| session.transfer.as_ref()) {
            lines.push(format!("         {}", language.say(&progress(transfer))));
        }
    }
    lines.iter().fold(String::new(), |text, line| text + cut(line, width).trim_end() + "\n")
}

/// The widths of the columns: as wide as the widest cell, the elastic ones narrower where all are
/// too wide together, the widest of them first.
fn fitting(rows: &[[String; HEADINGS.len()]], width: usize) -> [usize; HEADINGS.len()] {
    let mut widths = [0; HEADINGS.len()];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(columns(cell));
        }
    }
    let gaps = 2 * (HEADINGS.len() - 1);
    while widths.iter().sum::<usize>() + gaps > width {
        let spare = |column: &usize| widths[*column].saturating_sub(HEADINGS[*column].len());
        let widest = ELASTIC.into_iter().filter(|column| spare(column) > 0);
        let Some(widest) = widest.max_by_key(|column| widths[*column]) else { break };
        widths[widest] -= 1;
    }
    widths
}

fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    fitting_part(text.chars(), width.saturating_sub(1)).into_iter().chain([CUT]).collect()
}

fn cut_front(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let end = fitting_part(text.chars().rev(), width.saturating_sub(1));
    [CUT].into_iter().chain(end.into_iter().rev()).collect()
}

/// The first of `characters`, as far as `width` columns have room for them.
fn fitting_part(characters: impl Iterator<Item = char>, width: usize) -> Vec<char> {
    let mut used = 0;
    let fits = |character: &char| {
        used += columns(character.encode_utf8(&mut [0; 4]));
        used <= width
    };
    characters.take_while(fits).collect()
}

fn heading(report: &StatusReport) -> Vec<String> {
    let rate = |direction: &str| {
        let transfers = report.sessions.iter().filter_map(|session| session.transfer.as_ref());
        let those = transfers.filter(|transfer| transfer.direction == direction);
        // The sum of nothing is -0.0.
        those.map(|transfer| transfer.bytes_per_second).fold(0.0, |sum, rate| sum + rate) / 1e6
    };
    let totals = &report.totals;
    let mut lines = vec![format!(
        "cos-ftp-server {}, process {}, since {}{}",
        report.version,
        report.pid,
        report.started,
        if report.stopping { ", stopping" } else { "" },
    )];
    lines.extend(listening(report));
    lines.extend([
        format!(
            "sessions: {}, transfers: {}, {:.1} MB/s up, {:.1} MB/s down",
            report.sessions.len(),
            report.transfers(),
            rate("upload"),
            rate("download"),
        ),
        format!(
            "total: {} up ({}), {} down ({}), {} interrupted, {} failed",
            totals.uploads,
            size(totals.uploaded_bytes),
            totals.downloads,
            size(totals.downloaded_bytes),
            totals.interrupted,
            totals.failed,
        ),
    ]);
    lines.extend(standing::lines(report));
    lines.push(String::new());
    lines
}

/// Where connections are taken, a line for each purpose.
fn listening(report: &StatusReport) -> Vec<String> {
    let shown = |addresses: &[SocketAddr]| {
        addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let mut lines = vec![format!("listening on {}", shown(&report.listening))];
    if !report.implicit_tls.is_empty() {
        lines.push(format!("listening for implicit TLS on {}", shown(&report.implicit_tls)));
    }
    lines.extend(report.metrics.map(|address| format!("metrics and page at http://{address}/")));
    lines
}

fn cells(session: &SessionStatus, language: Language) -> [String; HEADINGS.len()] {
    let idle = session.idle_seconds.map_or_else(|| "-".to_owned(), duration);
    [
        session.id.to_string(),
        printable(session.user.as_deref().unwrap_or("-")),
        session.address.ip().to_canonical().to_string(),
        language.say(&age(&session.since)),
        language.say(&idle),
        language.say(if session.tls { "yes" } else { "no" }),
        printable(&session.directory),
        printable(&session.command),
    ]
}

/// What the line of the session does not say already.
fn progress(transfer: &TransferStatus) -> String {
    let of_total = match transfer.total_bytes {
        Some(total) if total > 0 => {
            let share = transfer.bytes as f64 * 100.0 / total as f64;
            format!(" of {} ({share:.0} %)", size(total))
        }
        _ => String::new(),
    };
    let parts = transfer.parts.map_or_else(String::new, |parts| {
        format!(", {parts} {} stored", if parts == 1 { "part" } else { "parts" })
    });
    format!(
        "{}: {}{of_total} in {}, {:.1} MB/s{parts}",
        transfer.direction,
        size(transfer.bytes),
        duration(transfer.seconds),
        transfer.bytes_per_second / 1e6,
    )
}

#[cfg(test)]
mod tests {
    use super::super::report::{ReloadChanges, Reloads, StatusTotals};
    use super::*;

    fn session(id: u64, user: Option<&str>, transfer: Option<TransferStatus>) -> SessionStatus {
        SessionStatus {
            id,
            user: user.map(str::to_owned),
            address: "10.0.0.1:50000".parse().unwrap(),
            since: "2026-11-25T10:00:00Z".to_owned(),
            idle_seconds: Some(61.0),
            tls: true,
            directory: "/a\u{1b}[2J".to_owned(),
            command: "STOR x".to_owned(),
            transfer,
        }
    }

    fn upload() -> TransferStatus {
        TransferStatus {
            direction: "upload".to_owned(),
            path: "/x".to_owned(),
            bytes: 10_600_000,
            total_bytes: Some(42_400_000),
            seconds: 2.0,
            bytes_per_second: 2_500_000.0,
            parts: Some(3),
        }
    }

    fn report(sessions: Vec<SessionStatus>) -> StatusReport {
        let totals =
            StatusTotals { uploads: 3, uploaded_bytes: 1_234_567_890, ..StatusTotals::default() };
        StatusReport {
            version: "1".to_owned(),
            pid: 7,
            started: "2026-11-25T09:00:00Z".to_owned(),
            stopping: false,
            shutdown_grace_seconds: None,
            listening: vec!["0.0.0.0:21".parse().unwrap()],
            implicit_tls: Vec::new(),
            metrics: None,
            totals,
            reloads: Reloads { count: 0, last_taken: true, changes: ReloadChanges::default() },
            events: None,
            stores: Vec::new(),
            certificate: None,
            failures: Vec::new(),
            bans: Vec::new(),
            sessions,
        }
    }

    #[test]
    fn columns_stand_below_their_headings() {
        let sessions = vec![session(1, None, None), session(200, Some("alice"), Some(upload()))];
        let text = table(&report(sessions), 80, Language::English);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "cos-ftp-server 1, process 7, since 2026-11-25T09:00:00Z");
        assert_eq!(lines[1], "listening on 0.0.0.0:21");
        assert_eq!(lines[2], "sessions: 2, transfers: 1, 2.5 MB/s up, 0.0 MB/s down");
        assert_eq!(lines[3], "total: 3 up (1.2 GB), 0 down (0 B), 0 interrupted, 0 failed");
        let columns = |word| lines[5].find(word).unwrap();
        assert_eq!(lines[7].find("alice"), Some(columns("USER")));
        assert_eq!(lines[6].find("1 min"), Some(columns("IDLE")));
        assert_eq!(lines[6].find("/a?[2J"), Some(columns("DIRECTORY")));
        let expected = "upload: 10.6 MB of 42.4 MB (25 %) in 2 s, 2.5 MB/s, 3 parts stored";
        assert_eq!(lines[8].trim_start(), expected);
        assert_eq!(lines.len(), 9);
        let one = TransferStatus { parts: Some(1), ..upload() };
        assert!(progress(&one).ends_with(", 1 part stored"), "{}", progress(&one));
    }

    #[test]
    fn in_chinese_columns_stand_below_their_headings_too() {
        let mut wide = session(1, Some("alice"), Some(upload()));
        wide.directory = "/照片/二〇二六".to_owned();
        let text = table(&report(vec![wide, session(2, None, None)]), 80, Language::Chinese);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "cos-ftp-server 1，进程 7，启动于 2026-11-25T09:00:00Z");
        assert_eq!(lines[2], "会话 2 个，传输 1 个，上传 2.5 MB/s，下载 0.0 MB/s");
        let before = |line: usize, word| columns(lines[line].split(word).next().unwrap());
        for row in [6, 8] {
            assert_eq!(before(row, "STOR"), before(5, "命令"), "{text}");
        }
        let expected = "上传：10.6 MB / 42.4 MB（25 %），用时 2 秒，2.5 MB/s，已存储 3 个分块";
        assert_eq!(lines[7].trim_start(), expected);
    }

    #[test]
    fn every_address_is_told_with_what_it_is_for() {
        let mut report = report(Vec::new());
        report.implicit_tls = vec!["0.0.0.0:990".parse().unwrap()];
        report.metrics = Some("127.0.0.1:9121".parse().unwrap());
        let text = table(&report, 80, Language::English);
        let lines: Vec<_> = text.lines().skip(1).take(3).collect();
        assert_eq!(
            lines,
            [
                "listening on 0.0.0.0:21",
                "listening for implicit TLS on 0.0.0.0:990",
                "metrics and page at http://127.0.0.1:9121/"
            ]
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let mut long = session(1_000_000, Some("a-user-with-a-very-long-name"), Some(upload()));
        long.address = "[2001:db8:1234:5678:9abc:def0:1234:5678]:50000".parse().unwrap();
        long.directory = format!("/{}/end", "deep/".repeat(40));
        long.command = format!("STOR begin-{}", "中".repeat(200));
        let mut report = report(vec![long]);
        report.listening = vec!["[2001:db8::1]:21".parse().unwrap(); 20];
        let text = table(&report, 80, Language::English);
        assert!(text.lines().all(|line| columns(line) <= 80), "{text}");
        for shown in ["a-user", "2001:db8", "/end  ", "STOR begin", "…"] {
            assert!(text.contains(shown), "{shown}:\n{text}");
        }
        assert!(
            table(&report, 1000, Language::English).contains("/deep/deep"),
            "where there is room nothing is cut"
        );
    }
}
