//! The side of the operator: `cos-ftp-server status`.

use std::env;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use rustix::termios::tcgetwinsize;

use rustix::net::sockopt::socket_peercred;
use rustix::process::Pid;

use super::report::{Farewell, Reloads, StatusReport};
use super::table::table;
use crate::cli::check::Form;
use crate::cli::locations::anywhere;
use crate::cli::orders::{OperatorOrder, OrderAnswer};
use crate::cli::serve_socket;
use crate::cli::terminal::say;

/// Longest answer: a few kilobytes for each of as many sessions as there may be.
const MAX_BYTES: u64 = 1 << 30;

/// The width of a terminal that tells none.
const USUAL_WIDTH: usize = 80;

/// What empties a terminal.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// How often a status is shown again.
const WATCH_INTERVAL: Duration = Duration::from_secs(2);

/// How long the server may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the server that listens at `path` is doing.
///
/// # Errors
/// In words: that there is none, or that it may not be asked.
pub(crate) fn ask(path: &Path, form: Form) -> Result<String, String> {
    let text = read(path).map_err(|error| no_answer(path, &error))?;
    let report = understand(path, &text)?;
    Ok(match form {
        Form::Json => text.trim_end().to_owned() + "\n",
        Form::Text => table(&report, terminal_width()),
    })
}

/// The same again and again, until nobody answers any more.
///
/// # Errors
/// As [`ask`].
pub(crate) fn watch(path: &Path) -> Result<ExitCode, String> {
    loop {
        let text = ask(path, Form::Text)?;
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

/// Who answers at `path`.
pub(crate) fn who_answers(path: &Path) -> Answerer {
    let told = match read(path) {
        Ok(text) => understand(path, &text),
        Err(error) if is_nobody(&error) => return Answerer::Nobody,
        Err(error) => Err(no_answer(path, &error)),
    };
    told.map_or_else(Answerer::Unknown, |report| {
        let StatusReport { pid, mut listening, implicit_tls, metrics, .. } = report;
        listening.extend(implicit_tls.into_iter().chain(metrics));
        Answerer::Server { pid, listening }
    })
}

fn is_nobody(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
}

/// How many transfers run.
///
/// # Errors
/// As [`ask`].
pub(crate) fn transfers_left(path: &Path) -> Result<usize, String> {
    report(path).map(|report| report.transfers())
}

/// Has the server that listens at `path` obey `order`.
///
/// # Errors
/// As [`ask`]; also when it does not answer.
pub(crate) fn order(path: &Path, order: &OperatorOrder) -> Result<OrderAnswer, String> {
    let given = || -> io::Result<String> {
        let mut stream = connect(path)?;
        if line(&mut stream)?.is_empty() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let text = serde_json::to_string(order)? + "\n";
        stream.get_mut().write_all(text.as_bytes())?;
        line(&mut stream)
    };
    let told = given().map_err(|error| no_answer(path, &error))?;
    serde_json::from_str(&told).map_err(|_| {
        format!("{} (control_socket): the server has ended, or takes no orders", path.display())
    })
}

/// How often the configuration was read again, and whether it was taken.
///
/// # Errors
/// As [`ask`].
pub(crate) fn reloads(path: &Path) -> Result<Reloads, String> {
    report(path).map(|report| report.reloads)
}

/// Why the server at `path` tells nothing.
pub(crate) fn no_answer(path: &Path, error: &io::Error) -> String {
    let path = anywhere(path);
    let path = path.display();
    match error.kind() {
        _ if is_nobody(error) => format!(
            "no server answers at {path} (control_socket): none is running with this \
             configuration\n{}",
            serve_socket::how_to_name_one()
        ),
        ErrorKind::PermissionDenied => {
            format!("{path} (control_socket) is for the server's user and root only")
        }
        _ => format!("{path} (control_socket): {error}"),
    }
}

fn report(path: &Path) -> Result<StatusReport, String> {
    let text = read(path).map_err(|error| no_answer(path, &error))?;
    understand(path, &text)
}

fn understand(path: &Path, text: &str) -> Result<StatusReport, String> {
    serde_json::from_str(text).map_err(|error| no_answer(path, &io::Error::other(error)))
}

/// How wide the lines may be: as wide as the terminal, or as watch(1) says.
fn terminal_width() -> usize {
    let told = || env::var("COLUMNS").ok()?.parse().ok();
    let terminal = tcgetwinsize(io::stdout()).map(|size| usize::from(size.ws_col)).ok();
    terminal.filter(|width| *width > 0).or_else(told).unwrap_or(USUAL_WIDTH)
}

/// The server that listens at `path`, in words for one who wants to start another, and may end it
/// by `stop_command`.
pub(crate) fn who_runs(path: &Path, stop_command: &str) -> Option<String> {
    let StatusReport { pid, started: since, .. } = report(path).ok()?;
    Some(format!(
        "a server with this configuration has been running since {since} as process {pid}; to stop \
         it: {stop_command}"
    ))
}

fn read(path: &Path) -> io::Result<String> {
    line(&mut connect(path)?)
}

fn connect(path: &Path) -> io::Result<BufReader<UnixStream>> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(BufReader::new(stream))
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
    /// Asks the one that listens at `path`.
    ///
    /// # Errors
    /// In words: that there is none, or that it may not be asked.
    pub(crate) fn begin(path: &Path) -> Result<Self, String> {
        let asked = || -> io::Result<_> {
            let mut stream = connect(path)?;
            let process = socket_peercred(stream.get_ref())?.pid;
            let text = line(&mut stream)?;
            Ok((stream, process, text))
        };
        let (stream, process, text) = asked().map_err(|error| no_answer(path, &error))?;
        let grace = understand(path, &text)?.shutdown_grace_seconds.map(Duration::from_secs);
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
