//! What an operator's tools ask: `/metrics`, `/healthz` and `/readyz` over HTTP, on an address of
//! their own. A few threads that answer one request each at a time, so that nobody can take more.

mod http;
mod readiness;

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

use log::{debug, info, warn};
use socket2::SockRef;

use self::http::Answer;
use self::readiness::Readiness;
use super::accept::Acceptor;
use super::registry::StopRequest;
use crate::metrics::Snapshot;
use crate::{limits, metrics};

/// The listener and its threads.
#[derive(Debug)]
pub(super) struct Monitor {
    listener: Arc<TcpListener>,
    stopping: Arc<AtomicBool>,
    readiness: Readiness,
    threads: Vec<JoinHandle<()>>,
}

/// What an answer is made from.
#[derive(Clone, Debug)]
struct Desk {
    acceptor: Acceptor,
    readiness: Readiness,
    stopping: Arc<AtomicBool>,
}

impl Monitor {
    /// Answers on `listener` what is to be known of the server that `acceptor` is part of.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(listener: &Arc<TcpListener>, acceptor: &Acceptor) -> io::Result<Self> {
        let users = Arc::clone(&acceptor.rules.host().users);
        let readiness = Readiness::start(move || users.current().stores())?;
        let mut monitor = Self {
            listener: Arc::clone(listener),
            stopping: Arc::default(),
            readiness: readiness.clone(),
            threads: Vec::with_capacity(limits::MONITOR_THREADS),
        };
        let stopping = Arc::clone(&monitor.stopping);
        let desk = Desk { acceptor: acceptor.clone(), readiness, stopping };
        for _ in 0..limits::MONITOR_THREADS {
            let (listener, desk) = (Arc::clone(listener), desk.clone());
            let thread = Builder::new()
                .name("monitor".to_owned())
                .stack_size(limits::SESSION_STACK_BYTES)
                .spawn(move || desk.run(&listener));
            match thread {
                Ok(thread) => monitor.threads.push(thread),
                Err(error) => {
                    drop(monitor.stop());
                    return Err(error);
                }
            }
        }
        if let Ok(address) = listener.local_addr() {
            info!("metrics and health at http://{address}");
        }
        Ok(monitor)
    }

    /// Ends it: who is being answered is answered. Returns the thread that may still wait for a
    /// store.
    pub(super) fn stop(self) -> Option<JoinHandle<()>> {
        self.stopping.store(true, Ordering::Release);
        // Wakes all that accept; closing it would not.
        if let Err(error) = SockRef::from(&*self.listener).shutdown(Shutdown::Both) {
            warn!("cannot shut down the listener of metrics: {error}");
        }
        for thread in self.threads {
            if thread.join().is_err() {
                warn!("a thread of the metrics listener had panicked");
            }
        }
        self.readiness.stop()
    }
}

impl Desk {
    fn run(&self, listener: &TcpListener) {
        loop {
            let accepted = listener.accept();
            if self.stopping.load(Ordering::Acquire) {
                return;
            }
            match accepted {
                Ok((stream, peer)) => self.serve(&stream, peer),
                Err(error) => {
                    debug!("metrics: {error}");
                    self.acceptor.registry.pause(limits::ACCEPT_PAUSE);
                }
            }
        }
    }

    fn serve(&self, stream: &std::net::TcpStream, peer: SocketAddr) {
        if let Err(error) = http::serve(stream, |path| self.answer(path)) {
            debug!("metrics: {peer}: {error}");
        }
    }

    fn answer(&self, path: &str) -> Answer {
        match path {
            "/metrics" => Answer::metrics(metrics::render(&self.snapshot())),
            "/healthz" => Answer::text(http::OK, "ok\n"),
            "/readyz" => self.readiness(),
            _ => Answer::text(http::NOT_FOUND, "there are /metrics, /healthz and /readyz\n"),
        }
    }

    fn readiness(&self) -> Answer {
        if self.acceptor.registry.stop_request() != StopRequest::None {
            return Answer::text(http::UNAVAILABLE, "the server is stopping\n");
        }
        match self.readiness.ask() {
            Ok(()) => Answer::text(http::OK, "ok\n"),
            Err(troubles) => Answer::text(http::UNAVAILABLE, &troubles),
        }
    }

    fn snapshot(&self) -> Snapshot {
        let (host, registry) = (self.acceptor.rules.host(), &self.acceptor.registry);
        Snapshot {
            sessions: registry.sessions() as u64,
            connections: host.connections.taken() as u64,
            connections_limit: host.connections.limit().unwrap_or_default() as u64,
            banned_addresses: host.door.banned() as u64,
            transfers_running: registry.transfers() as u64,
            buffer_bytes: host.budget.in_use(),
            buffer_limit_bytes: host.budget.total(),
            passive_ports_used: host.passive_ports.in_use() as u64,
            passive_ports: host.passive_ports.range().len() as u64,
        }
    }
}
