//! A small file up, down, and away again.

use std::io::{self, ErrorKind, Read, Write};

use super::dialogue::{Dialogue, set_patience};
use super::passive::OpenWay;
use super::secured::{ClientStream, ClientTls};
use crate::cli::check::report::{CheckLine, CheckReport};

/// How much is sent.
const FILE_BYTES: usize = 1024;

/// Tries it over the first and the last of the `ways`.
///
/// # Errors
/// When the control connection breaks.
pub(super) fn transfer(
    dialogue: &mut Dialogue,
    ways: &[OpenWay],
    tls: Option<&ClientTls>,
    report: &mut CheckReport,
) -> io::Result<()> {
    let (Some(up), Some(down)) = (ways.first(), ways.last()) else {
        report.add(CheckLine::skipped("upload", "no data connection can be opened"));
        return Ok(());
    };
    let name = format!(".cos-ftp-server-check-{:08x}", fastrand::u32(..));
    let bytes: Vec<u8> = (0..FILE_BYTES).map(|_| fastrand::u8(..)).collect();
    let mut sent = Vec::new();
    let stored = exchange(dialogue, *up, tls, &format!("STOR {name}"), report, |mut stream| {
        stream.write_all(&bytes)?;
        stream.finish()
    })?;
    report.add(match &stored {
        Exchanged::Done => CheckLine::passed("upload", format!("{FILE_BYTES} bytes")),
        Exchanged::Refused(reply) => {
            CheckLine::skipped("upload", format!("this user may not store here: {reply}"))
        }
        Exchanged::Failed(why) => failed("upload", why),
    });
    if matches!(stored, Exchanged::Refused(_)) {
        return Ok(());
    }
    if matches!(stored, Exchanged::Done) {
        let line = format!("RETR {name}");
        let fetched = exchange(dialogue, *down, tls, &line, report, |mut stream| {
            match stream.read_to_end(&mut sent) {
                // Not every server says goodbye in TLS.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(()),
                other => other.map(drop),
            }
        })?;
        report.add(match &fetched {
            Exchanged::Done if sent == bytes => {
                CheckLine::passed("download", "the same bytes came back")
            }
            Exchanged::Done => failed("download", "other bytes came back"),
            Exchanged::Refused(reply) => {
                CheckLine::skipped("download", format!("this user may not read here: {reply}"))
            }
            Exchanged::Failed(why) => failed("download", why),
        });
    }
    clean_up(dialogue, &name, matches!(stored, Exchanged::Done), report)
}

/// Deletes the file, which is there if it `is_stored`, and may be there if not: of an upload that
/// failed some servers keep what had come.
fn clean_up(
    dialogue: &mut Dialogue,
    name: &str,
    is_stored: bool,
    report: &mut CheckReport,
) -> io::Result<()> {
    let reply = dialogue.ask(&format!("DELE {name}"))?;
    if reply.is_success() {
        report.add(CheckLine::passed("delete", "the file of this check was deleted"));
    } else if is_stored || dialogue.ask(&format!("SIZE {name}"))?.is(213) {
        let text = format!("{name} is left behind, delete it by hand: {}", reply.first_line());
        report.add(CheckLine::skipped("delete", text));
    }
    Ok(())
}

/// How a transfer ended.
enum Exchanged {
    Done,
    /// By the reply that came before it began.
    Refused(String),
    Failed(String),
}

/// Has a data connection opened for the command `line`, and `work` done with it.
fn exchange(
    dialogue: &mut Dialogue,
    way: OpenWay,
    tls: Option<&ClientTls>,
    line: &str,
    report: &mut CheckReport,
    work: impl FnOnce(ClientStream) -> io::Result<()>,
) -> io::Result<Exchanged> {
    let data = match way.open(dialogue) {
        Ok(data) => data,
        Err(error) => return Ok(Exchanged::Failed(error.to_string())),
    };
    set_patience(&data)?;
    let reply = dialogue.ask(line)?;
    if !reply.is_preliminary() {
        return Ok(Exchanged::Refused(reply.first_line()));
    }
    let stream = match tls {
        None => Ok(ClientStream::Plain(data)),
        Some(tls) => tls.handshake(data),
    };
    let worked = stream.and_then(|stream| {
        // Told once, of the upload.
        if line.starts_with("STOR") {
            report_reuse(&stream, report);
        }
        work(stream)
    });
    let reply = dialogue.reply()?;
    Ok(match worked {
        Ok(()) if reply.is_success() => Exchanged::Done,
        Ok(()) => Exchanged::Failed(reply.first_line()),
        Err(error) => Exchanged::Failed(format!("{error}; the server: {}", reply.first_line())),
    })
}

fn report_reuse(stream: &ClientStream, report: &mut CheckReport) {
    let check = "TLS session reuse";
    match stream.is_resumed() {
        None => {}
        Some(true) => {
            let text = "data connections resume the session of the control connection";
            report.add(CheckLine::passed(check, text));
        }
        Some(false) => {
            let text = "each data connection begins a new session, which the server allows";
            report.add(CheckLine::skipped(check, text));
        }
    }
}

fn failed(check: &str, why: &str) -> CheckLine {
    let fix = "see the server's log; with TLS, firewalls and port forwarding must not change what \
        passes";
    CheckLine::failed(check, why, fix)
}
