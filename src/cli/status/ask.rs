//! The side of the operator: `cos-ftp-server status`.

use std::env;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use rustix::net::sockopt::socket_peercred;
use rustix::process::Pid;
use rustix::termios::tcgetwinsize;

use super::asked::{ServerSocket, is_nobody};
use super::report::{Farewell, Reloads, StatusReport};
use super::table::table;
use crate::cli::check::Form;
use crate::cli::language::Language;
use crate::cli::orders::{OperatorOrder, OrderAnswer};
use crate::cli::terminal::say;

/// Longest answer: a few kilobytes for each of as many sessions as there may be.
const MAX_BYTES: u64 = 1 << 30;

/// The width of a terminal that tells none.
const USUAL_WIDTH: usize = 80;

/// What empties a terminal.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// How often a status is shown again.
const WATCH_INTERVAL: Duration = Duration::from_secs(2);

/// What the server that listens at `socket` is doing.
///
/// # Errors
/// In words: that there is none, or that it may not be asked.
pub(crate) fn ask(socket: &ServerSocket, form: Form) -> Result<String, String> {
    let text = read(socket).map_err(|error| socket.no_answer(&error))?;
    let report = understand(socket, &text)?;
    Ok(match form {
        Form::Json => text.trim_end().to_owned() + "\n",
        Form::Text => table(&report, terminal_width(), Language::of_environment()),
    })
}

/// The same again and again, until nobody answers any more.
///
/// # Errors
/// As [`ask`].
pub(crate) fn watch(socket: &ServerSocket) -> Result<ExitCode, String> {
    loop {
        let text = ask(socket, Form::Text)?;
        say(&format!("{CLEAR}{text}"));
        thread::sleep(WATCH_INTERVAL);
    }
}

/// Who is behind a control socket.
#[derive(Debug)]
pub(crate) enum Answerer {
    /// A server, and where it listens.
    Server { pid: u32, listening: Vec<SocketAddr> },
    /// No server runs there.
    Nobody,
    /// It cannot be asked, for this reason.
    Unknown(String),
}

/// Who answers at `socket`.
pub(crate) fn who_answers(socket: &ServerSocket) -> Answerer {
    let told = match read(socket) {
        Ok(text) => understand(socket, &text),
        Err(error) if is_nobody(&error) => return Answerer::Nobody,
        Err(error) => Err(socket.no_answer(&error)),
    };
    told.map_or_else(Answerer::Unknown, |report| {
        let StatusReport { pid, mut listening, implicit_tls, metrics, .. } = report;
        listening.extend(implicit_tls.into_iter().chain(metrics));
        Answerer::Server { pid, listening }
    })
}

/// How many transfers run.
///
/// # Errors
/// As [`ask`].
pub(crate) fn transfers_left(socket: &ServerSocket) -> Result<usize, String> {
    report(socket).map(|report| report.transfers())
}

/// Has the server that listens at `socket` obey `order`.
///
/// # Errors
/// As [`ask`]; also when it does not answer.
pub(crate) fn order(socket: &ServerSocket, order: &OperatorOrder) -> Result<OrderAnswer, String> {
    let given = || -> io::Result<String> {
        let mut stream = socket.connect()?;
        if line(&mut stream)?.is_empty() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let text = serde_json::to_string(order)? + "\n";
        stream.get_mut().write_all(text.as_bytes())?;
        line(&mut stream)
    };
    let told = given().map_err(|error| socket.no_answer(&error))?;
    serde_json::from_str(&told).map_err(|_| socket.no_orders())
}

/// How often the configuration was read again, and whether it was taken.
///
/// # Errors
/// As [`ask`].
pub(crate) fn reloads(socket: &ServerSocket) -> Result<Reloads, String> {
    report(socket).map(|report| report.reloads)
}

/// The process behind `socket`.
///
/// # Errors
/// As [`ask`].
pub(crate) fn process(socket: &ServerSocket) -> Result<Pid, String> {
    let found = || Ok(socket_peercred(socket.connect()?.get_ref())?.pid);
    found().map_err(|error| socket.no_answer(&error))
}

fn report(socket: &ServerSocket) -> Result<StatusReport, String> {
    let text = read(socket).map_err(|error| socket.no_answer(&error))?;
    understand(socket, &text)
}

fn understand(socket: &ServerSocket, text: &str) -> Result<StatusReport, String> {
    serde_json::from_str(text).map_err(|error| socket.no_answer(&io::Error::other(error)))
}

/// How wide the lines may be: as wide as the terminal, or as watch(1) says.
fn terminal_width() -> usize {
    let told = || env::var("COLUMNS").ok()?.parse().ok();
    let terminal = tcgetwinsize(io::stdout()).map(|size| usize::from(size.ws_col)).ok();
    terminal.filter(|width| *width > 0).or_else(told).unwrap_or(USUAL_WIDTH)
}

/// The server that listens at `socket`, in words for one who wants to start another, and may end
/// it by `stop_command`.
pub(crate) fn who_runs(socket: &ServerSocket, stop_command: &str) -> Option<String> {
    let StatusReport { pid, started: since, .. } = report(socket).ok()?;
    Some(format!(
        "a server with this configuration has been running since {since} as process {pid}; to stop \
         it: {stop_command}"
    ))
}

fn read(socket: &ServerSocket) -> io::Result<String> {
    line(&mut socket.connect()?)
}

/// A line with its end; without one where there are no more.
fn line(stream: &mut BufReader<UnixStream>) -> io::Result<String> {
    let mut text = String::new();
    stream.take(MAX_BYTES).read_line(&mut text)?;
    Ok(text)
}

/// A server that is being asked, until it ends: it tells then how it did.
#[derive(Debug)]
pub(crate) struct EndWatch {
    stream: BufReader<UnixStream>,
    /// Who is behind the socket.
    pub(crate) process: Pid,
    /// What a stop takes at most, if it tells.
    pub(crate) grace: Option<Duration>,
    /// Older servers hang up as soon as they have answered.
    tells_end: bool,
}

/// How a server has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerEnd {
    /// As it was asked to, with everything in time.
    InOrder,
    /// As it was asked to, before everything had ended.
    Early,
    /// It could not tell: it was killed, or something went wrong.
    Abrupt,
    /// It is of a version that does not tell.
    Untold,
}

impl EndWatch {
    /// Asks the one that listens at `socket`.
    ///
    /// # Errors
    /// In words: that there is none, or that it may not be asked.
    pub(crate) fn begin(socket: &ServerSocket) -> Result<Self, String> {
        let asked = || -> io::Result<_> {
            let mut stream = socket.connect()?;
            let process = socket_peercred(stream.get_ref())?.pid;
            let text = line(&mut stream)?;
            Ok((stream, process, text))
        };
        let (stream, process, text) = asked().map_err(|error| socket.no_answer(&error))?;
        let grace = understand(socket, &text)?.shutdown_grace_seconds.map(Duration::from_secs);
        Ok(Self { stream, process, grace, tells_end: text.ends_with('\n') })
    }

    /// How it ended, once it has.
    pub(crate) fn ending(mut self) -> ServerEnd {
        if !self.tells_end {
            return ServerEnd::Untold;
        }
        let told = line(&mut self.stream).ok().and_then(|text| serde_json::from_str(&text).ok());
        match told {
            Some(Farewell { in_order: true }) => ServerEnd::InOrder,
            Some(Farewell { in_order: false }) => ServerEnd::Early,
            None => ServerEnd::Abrupt,
        }
    }
}
