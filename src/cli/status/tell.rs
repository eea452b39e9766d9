//! The side of the server: a thread that tells whoever connects, and systemd.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use cos_ftp_server::net::{Interest, LocalSocket, Wake, wait};
use cos_ftp_server::server::Observer;
use log::{debug, warn};

use super::report::{Farewell, ListenAddresses, ReloadRecord, StatusReport};
use crate::cli::supervisor;
use cos_ftp_server::threads::{self, OwnedThread};

/// How long one who asks may take to read the answer. Others wait meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);

/// Those who are told how the server ends, at most: the oldest gives way.
const MAX_STAYING: usize = 16;

/// How often systemd is told of sessions and transfers, if there is one.
const STATUS_INTERVAL: Duration = Duration::from_secs(2);

/// The thread that tells. Dropping it ends the thread and removes the socket.
#[derive(Debug)]
pub(crate) struct Teller {
    stop: Wake,
    in_order: Arc<OnceLock<bool>>,
    thread: Option<OwnedThread<()>>,
}

/// What the thread needs.
struct StatusThread {
    socket: Option<LocalSocket>,
    stop: Wake,
    /// How the server has ended, once it has.
    in_order: Arc<OnceLock<bool>>,
    observer: Observer,
    addresses: ListenAddresses,
    started: SystemTime,
    reloads: ReloadRecord,
}

/// Tells over the socket at `path`, if there is to be one, what `observer` sees. Serving does not
/// depend on it: what goes wrong is a warning.
pub(crate) fn tell(
    path: Option<&Path>,
    observer: Observer,
    addresses: ListenAddresses,
    reloads: ReloadRecord,
) -> Option<Teller> {
    let socket = path.and_then(|path| match LocalSocket::listen(path) {
        Ok(socket) => Some(socket),
        Err(error) => {
            warn!("control_socket = {}: no status will be told: {error}", path.display());
            None
        }
    });
    if socket.is_none() && !supervisor::is_there() {
        return None;
    }
    let begin = || {
        let stop = Wake::new()?;
        let started = SystemTime::now();
        let in_order: Arc<OnceLock<bool>> = Arc::default();
        let (own_stop, own_end) = (stop.clone(), Arc::clone(&in_order));
        let telling = StatusThread {
            socket,
            stop: own_stop,
            in_order: own_end,
            observer,
            addresses,
            started,
            reloads,
        };
        let thread = threads::spawn("status", move || telling.run())?;
        Ok(Teller { stop, in_order, thread: Some(thread) })
    };
    begin().map_err(|error: io::Error| warn!("no status will be told: {error}")).ok()
}

impl Teller {
    /// Tells those who have stayed how the server has ended, and ends itself. Whoever hears nothing
    /// knows that it ended otherwise.
    pub(crate) fn say_farewell(self, in_order: bool) {
        // It is said once, as there is no second end.
        let _ = self.in_order.set(in_order);
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.stop.notify();
        if let Some(thread) = self.thread.take() {
            // It has nothing that could panic, and if it had, the server is ending anyway.
            let _ = thread.join();
        }
    }
}

impl StatusThread {
    fn run(&self) {
        let interval = supervisor::is_there().then_some(STATUS_INTERVAL);
        let mut told = String::new();
        let mut staying = Vec::new();
        loop {
            self.tell_supervisor(&mut told);
            let nothing = (self.stop.as_fd(), Interest::Nothing);
            let socket = self.socket.as_ref().map_or(nothing, |it| (it.as_fd(), Interest::Read));
            match wait([socket, (self.stop.as_fd(), Interest::Read)], interval) {
                Ok([_, true]) => return self.say_farewell(&staying),
                Ok([true, _]) => self.answer(&mut staying),
                Ok(_) => {}
                Err(error) => return warn!("no status will be told any more: {error}"),
            }
        }
    }

    /// Those who do not close the connection then are `staying`, to hear how the server ends.
    fn answer(&self, staying: &mut Vec<UnixStream>) {
        let Some(socket) = &self.socket else { return };
        staying.retain(LocalSocket::is_open);
        let told = socket.accept().and_then(|stream| self.write(&stream).map(|()| stream));
        match told {
            Ok(stream) => {
                if staying.len() == MAX_STAYING {
                    staying.remove(0);
                }
                staying.push(stream);
            }
            // Whoever has left, or does not read, gets no answer.
            Err(error) => debug!("status was not told: {error}"),
        }
    }

    fn say_farewell(&self, staying: &[UnixStream]) {
        let Some(in_order) = self.in_order.get().copied() else { return };
        let Ok(text) = serde_json::to_string(&Farewell { in_order }) else { return };
        for mut stream in staying {
            // Some have left.
            let _ = stream.write_all(format!("{text}\n").as_bytes());
        }
    }

    fn write(&self, mut stream: &UnixStream) -> io::Result<()> {
        stream.set_nonblocking(true)?;
        let mut text = serde_json::to_vec(&self.report())?;
        // Its end, as the connection stays open.
        text.push(b'\n');
        let deadline = Instant::now() + PATIENCE;
        let mut rest = &text[..];
        while !rest.is_empty() {
            match stream.write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    let wanted =
                        [(stream.as_fd(), Interest::Write), (self.stop.as_fd(), Interest::Read)];
                    if left == Duration::ZERO || wait(wanted, Some(left))?[1] {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn report(&self) -> StatusReport {
        StatusReport::of(&self.observer, &self.addresses, self.started, &self.reloads)
    }

    /// Tells systemd what has changed since it was `told`.
    fn tell_supervisor(&self, told: &mut String) {
        if !supervisor::is_there() {
            return;
        }
        let report = self.report();
        let stage = if report.stopping { "stopping: " } else { "" };
        let (sessions, transfers) = (report.sessions.len(), report.transfers());
        let text = format!("{stage}sessions: {sessions}, transfers: {transfers}");
        if *told != text {
            supervisor::status(&text);
            *told = text;
        }
    }
}
