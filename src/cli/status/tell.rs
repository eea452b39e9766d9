//! The side of the server: a thread that tells whoever connects, and systemd, and takes orders.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use cos_ftp_server::net::{Interest, LocalSocket, Wake, wait_for_any};
use cos_ftp_server::server::{Observer, Operator};
use log::{debug, info, warn};
use serde::Serialize;

use super::report::{Farewell, ListenAddresses, ReloadRecord, StatusReport};
use super::staying::Staying;
use crate::cli::{orders, supervisor};
use cos_ftp_server::threads::{self, OwnedThread};

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
    operator: Operator,
    addresses: ListenAddresses,
    started: SystemTime,
    reloads: ReloadRecord,
}

/// Tells over the socket at `path`, if there is to be one, what `observer` sees, and has `operator`
/// do what is ordered there. Serving does not
/// depend on it: what goes wrong is a warning.
pub(crate) fn tell(
    path: Option<&Path>,
    (observer, operator): (Observer, Operator),
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
    if socket.as_ref().is_some_and(LocalSocket::follows_dead) {
        info!("the server that ran here before was killed, or the machine stopped");
        operator.note_killed();
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
            operator,
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
        let mut staying: Vec<Staying> = Vec::new();
        loop {
            self.tell_supervisor(&mut told);
            let nothing = (self.stop.as_fd(), Interest::Nothing);
            let socket = self.socket.as_ref().map_or(nothing, |it| (it.as_fd(), Interest::Read));
            let mut wanted = vec![socket, (self.stop.as_fd(), Interest::Read)];
            wanted.extend(staying.iter().map(|one| (one.as_fd(), Interest::Read)));
            let ready = match wait_for_any(&wanted, interval) {
                Ok(ready) => ready,
                Err(error) => return warn!("no status will be told any more: {error}"),
            };
            if ready[1] {
                return self.say_farewell(&staying);
            }
            let mut speaks = ready[2..].iter();
            staying.retain_mut(|one| speaks.next() != Some(&true) || self.obey(one).is_ok());
            if ready[0] {
                self.answer(&mut staying);
            }
        }
    }

    /// Tells one who comes. Those who do not close the connection then are `staying`.
    fn answer(&self, staying: &mut Vec<Staying>) {
        let Some(socket) = &self.socket else { return };
        let told = || -> io::Result<Staying> {
            let one = Staying::new(socket.accept()?)?;
            one.say(&line(&self.report())?, &self.stop)?;
            Ok(one)
        };
        match told() {
            Ok(one) => {
                if staying.len() == MAX_STAYING {
                    staying.remove(0);
                }
                staying.push(one);
            }
            // Whoever has left, or does not read, gets no answer.
            Err(error) => debug!("status was not told: {error}"),
        }
    }

    /// Does what one has said. Whoever has left is told so by an error.
    fn obey(&self, one: &mut Staying) -> io::Result<()> {
        while let Some(order) = one.hear()? {
            let answer = orders::answer(&one.stream, &order, &self.operator);
            one.say(&line(&answer)?, &self.stop)?;
        }
        Ok(())
    }

    fn say_farewell(&self, staying: &[Staying]) {
        let Some(in_order) = self.in_order.get().copied() else { return };
        let Ok(text) = line(&Farewell { in_order }) else { return };
        for one in staying {
            // Some have left.
            let _ = (&one.stream).write_all(&text);
        }
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

/// `told` with its end, as the connection stays open.
fn line(told: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(told)?;
    text.push(b'\n');
    Ok(text)
}
