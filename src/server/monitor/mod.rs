//! What an operator's tools ask: `/metrics`, `/healthz` and `/readyz` over HTTP, on an address of
//! their own. One thread attends to all of them and waits for none, so that whoever has a request
//! is answered, however many others are silent or slow.

mod client;
mod http;
mod process;
mod readiness;

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime};

use log::{debug, info, warn};

use self::client::{MonitorClient, Next};
use self::http::HttpAnswer;
use self::readiness::Readiness;
use super::accept::Acceptor;
use super::page::StatusPage;
use super::registry::StopRequest;
use crate::metrics::Snapshot;
use crate::net::{Interest, Wake, wait_for_any};
use crate::threads::{self, OwnedThread};
use crate::{limits, metrics};

/// The thread that answers.
#[derive(Debug)]
pub(super) struct Monitor {
    stopping: Arc<AtomicBool>,
    wake: Wake,
    readiness: Readiness,
    thread: OwnedThread<()>,
}

/// What answers are made from, and those who wait for them.
#[derive(Debug)]
struct Desk {
    acceptor: Acceptor,
    began: SystemTime,
    readiness: Readiness,
    stopping: Arc<AtomicBool>,
    wake: Wake,
    clients: Vec<MonitorClient>,
    page: Option<Arc<StatusPage>>,
}

impl Monitor {
    /// Answers on `listener` what is to be known of the server that `acceptor` is part of, and
    /// serves `page` there.
    ///
    /// # Errors
    /// When the system gives no thread or descriptor.
    pub(super) fn start(
        listener: &Arc<TcpListener>,
        acceptor: &Acceptor,
        page: Option<Arc<StatusPage>>,
    ) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let (users, wake) = (Arc::clone(&acceptor.rules.host().users), Wake::new()?);
        let readiness = Readiness::start(move || users.current().stores(), wake.clone())?;
        let stopping: Arc<AtomicBool> = Arc::default();
        let mut desk = Desk {
            acceptor: acceptor.clone(),
            began: SystemTime::now(),
            readiness: readiness.clone(),
            stopping: Arc::clone(&stopping),
            wake: wake.clone(),
            clients: Vec::with_capacity(limits::MONITOR_CONNECTIONS),
            page,
        };
        let own_listener = Arc::clone(listener);
        let thread = threads::spawn("monitor", move || desk.run(&own_listener));
        match thread {
            Ok(thread) => {
                if let Ok(address) = listener.local_addr() {
                    info!("metrics and health at http://{address}");
                }
                Ok(Self { stopping, wake, readiness, thread })
            }
            Err(error) => {
                drop(readiness.stop());
                Err(error)
            }
        }
    }

    /// Asks the stores no more: a server that stops is not ready, whatever they say. Returns the
    /// thread that may still wait for one.
    pub(super) fn stop_asking(&self) -> Option<OwnedThread<()>> {
        self.readiness.clone().stop()
    }

    /// Ends it: who is being answered is answered.
    pub(super) fn stop(self) {
        self.stopping.store(true, Ordering::Release);
        self.wake.notify();
        if self.thread.join().is_err() {
            warn!("the thread of the metrics listener had panicked");
        }
    }
}

impl Desk {
    fn run(&mut self, listener: &TcpListener) {
        loop {
            let is_over = self.stopping.load(Ordering::Acquire);
            if is_over {
                // What has begun to be told is told to its end.
                self.clients.retain(MonitorClient::is_answered);
            }
            let hurry = self.acceptor.registry.stop_request() == StopRequest::AtOnce;
            if is_over && (self.clients.is_empty() || hurry) {
                return;
            }
            let callers = if is_over { Interest::Nothing } else { Interest::Read };
            let ready = match self.wait((listener.as_fd(), callers)) {
                Ok(ready) => ready,
                Err(error) => {
                    debug!("metrics: {error}");
                    self.acceptor.registry.pause(limits::ACCEPT_PAUSE);
                    continue;
                }
            };
            self.wake.clear();
            self.attend(&ready);
            if ready.first() == Some(&true) {
                self.accept(listener);
            }
        }
    }

    /// Which are ready: the listener, the wake, the clients in their order.
    fn wait(&self, listener: (BorrowedFd<'_>, Interest)) -> io::Result<Vec<bool>> {
        let mut wanted = Vec::with_capacity(2 + self.clients.len());
        wanted.push(listener);
        wanted.push((self.wake.as_fd(), Interest::Read));
        wanted.extend(self.clients.iter().map(|client| (client.stream.as_fd(), client.interest())));
        let next = self.clients.iter().map(|client| client.deadline).min();
        let left = next.map(|at| at.saturating_duration_since(Instant::now()));
        wait_for_any(&wanted, left)
    }

    /// Goes on with those who are `ready`, or whom nothing keeps from it; those who are late, or
    /// gone, or done, leave.
    fn attend(&mut self, ready: &[bool]) {
        let now = Instant::now();
        let mut clients = std::mem::take(&mut self.clients);
        let mut place = 2;
        clients.retain_mut(|client| {
            let is_ready = ready.get(place) == Some(&true);
            place += 1;
            self.stays(client, is_ready, now)
        });
        self.clients = clients;
    }

    fn stays(&self, client: &mut MonitorClient, is_ready: bool, now: Instant) -> bool {
        let is_late = client.deadline <= now;
        if !is_ready && !is_late && client.interest() != Interest::Nothing {
            return true;
        }
        let next = client.advance(|path| self.answer(path, is_late));
        if let Err(error) = &next {
            debug!("metrics: {}: {error}", client.peer);
        }
        matches!(next, Ok(Next::Stays)) && client.deadline > now
    }

    /// Takes in who has come. When they are too many, the one that has asked nothing for longest
    /// has to leave.
    fn accept(&mut self, listener: &TcpListener) {
        for _ in 0..limits::MONITOR_CONNECTIONS {
            let client =
                match listener.accept().and_then(|(tcp, peer)| MonitorClient::new(tcp, peer)) {
                    Ok(client) => client,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                    Err(error) => {
                        debug!("metrics: {error}");
                        // The connection stays in the queue, so this would go on at once.
                        return self.acceptor.registry.pause(limits::ACCEPT_PAUSE);
                    }
                };
            if self.clients.len() >= limits::MONITOR_CONNECTIONS {
                let silent = self.clients.iter().position(MonitorClient::is_silent);
                self.clients.remove(silent.unwrap_or_default());
            }
            self.clients.push(client);
            // Most have asked already.
            let newest = self.clients.len() - 1;
            let mut ready = vec![false; 2 + newest];
            ready.push(true);
            self.attend(&ready);
        }
    }

    /// What is told; `None` while it is not known, unless it `is_late`.
    fn answer(&self, path: &str, is_late: bool) -> Option<HttpAnswer> {
        Some(match (path, self.page.as_deref()) {
            ("/", Some(page)) => HttpAnswer::page(page),
            ("/status.json", Some(page)) => HttpAnswer::json((page.report)()),
            ("/metrics", _) => HttpAnswer::metrics(metrics::render(&self.snapshot())),
            ("/healthz", _) => HttpAnswer::text(http::OK, "ok\n"),
            ("/readyz", _) => return self.readiness(is_late),
            (_, page) => {
                let pages = if page.is_some() { "/, /status.json, " } else { "" };
                let text = format!("there are {pages}/metrics, /healthz and /readyz\n");
                HttpAnswer::text(http::NOT_FOUND, &text)
            }
        })
    }

    fn readiness(&self, is_late: bool) -> Option<HttpAnswer> {
        if self.acceptor.registry.stop_request() != StopRequest::None {
            return Some(HttpAnswer::text(http::UNAVAILABLE, "the server is stopping\n"));
        }
        match self.readiness.ask() {
            Some(Ok(())) => Some(HttpAnswer::text(http::OK, "ok\n")),
            Some(Err(troubles)) => Some(HttpAnswer::text(http::UNAVAILABLE, &troubles)),
            None if is_late => {
                let seconds = limits::READINESS_WAIT.as_secs();
                let text = format!("the stores have not answered within {seconds} s\n");
                Some(HttpAnswer::text(http::UNAVAILABLE, &text))
            }
            None => None,
        }
    }

    fn snapshot(&self) -> Snapshot {
        let (host, registry) = (self.acceptor.rules.host(), &self.acceptor.registry);
        let events = host.chronicle.backlog().unwrap_or_default();
        Snapshot {
            events_waiting: events.waiting as u64,
            events_oldest: events.oldest.as_secs(),
            sessions: registry.sessions() as u64,
            connections: host.connections.taken() as u64,
            connections_limit: host.connections.limit().unwrap_or_default() as u64,
            banned_addresses: host.access.banned() as u64,
            transfers_running: registry.transfers() as u64,
            buffer_bytes: host.budget.in_use(),
            buffer_limit_bytes: host.budget.total(),
            passive_ports_used: host.passive_ports.in_use() as u64,
            passive_ports: host.passive_ports.range().len() as u64,
            certificate_ends: host
                .tls
                .as_ref()
                .and_then(|tls| tls.valid_until().ok())
                .map_or(0, metrics::seconds),
            process: process::of_this_process(self.began),
        }
    }
}
