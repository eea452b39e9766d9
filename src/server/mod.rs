//! Listening, accepting, counting, stopping.
//!
//! Threads: one accept thread for each listener, one for each session, one that looks for
//! [`leftovers`], those of the [`monitor`], and the thread that calls [`Server::run`], which joins
//! the sessions as they end. Knows no FTP command; the one reply it gives itself is 421.
//!
//! # How it stops
//! 1. The listeners are shut down and the accept threads joined: from here on no session begins.
//! 2. *Draining*: idle sessions say goodbye, transfers go on for `shutdown_grace`.
//! 3. *Interrupting*: what still runs is interrupted. A transfer that is waiting for the store to
//!    publish its object may wait for the answer, so this stage ends when all sessions have
//!    ended, at the latest after [`limits::INTERRUPTED_WAIT`].
//! 4. Transfer workers that outlived their transfers are joined, within the same time.
//!
//! [`Stopper::stop_now`] cuts all of this short.

mod accept;
mod descriptors;
mod leftovers;
mod listen;
mod monitor;
mod occupant;
mod options;
mod registry;
mod reload;

pub use descriptors::raise_descriptor_limit;
pub use listen::BindError;
pub use options::ServerOptions;
pub use reload::Reloader;

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use log::{info, warn};
use socket2::SockRef;

use self::accept::Acceptor;
use self::leftovers::Sweeper;
use self::monitor::Monitor;
use self::registry::{Registry, State, StopRequest};
use self::reload::Rules;
use crate::access::Doorkeeper;
use crate::limits;
use crate::net::{ConnectionSlots, PassivePorts};
use crate::session::{Entrance, Host, Overview, StopSignal, StopStage};
use crate::transfer::{Budget, Rates};
use crate::users::{Directory, Users};

/// An FTP server that listens but does not accept yet.
#[derive(Debug)]
pub struct Server {
    listeners: Vec<Listening>,
    acceptor: Acceptor,
    abort_unfinished_after: Option<Duration>,
    metrics: Option<Arc<TcpListener>>,
}

/// One listening socket, and how connections to it begin.
#[derive(Clone, Debug)]
struct Listening {
    socket: Arc<TcpListener>,
    entrance: Entrance,
}

/// Stops a server from another thread.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<Registry>);

/// Looks at a server from another thread.
#[derive(Clone, Debug)]
pub struct Observer(Arc<Registry>);

impl Observer {
    /// What each session is doing, oldest first.
    pub fn sessions(&self) -> Vec<Overview> {
        self.0.overviews()
    }

    /// Whether the server was asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.0.stop_request() != StopRequest::None
    }
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Every thread has ended.
    Gracefully,
    /// Some threads did not end in time, or were not waited for. They end with the process.
    Early {
        /// Sessions that were left.
        sessions: usize,
        /// Transfer workers that were left.
        workers: usize,
    },
}

impl Server {
    /// Opens the listening sockets. Clients may connect from now on; they are served by
    /// [`Server::run`].
    ///
    /// # Errors
    /// [`BindError`], which tells the address.
    pub fn bind(options: ServerOptions, users: Users) -> Result<Self, BindError> {
        let listeners = bind_all(&options)?;
        let metrics = options.metrics_listen.map(listen::bind_one).transpose()?;
        let host = Host {
            door: Arc::new(Doorkeeper::new(options.access)),
            users: Arc::new(Directory::new(users)),
            tls: options.tls,
            passive_ports: Arc::new(PassivePorts::new(options.passive_ports)),
            connections: ConnectionSlots::new(options.max_connections),
            budget: Budget::new(options.session.transfer.buffer_memory),
            rates: Arc::new(Rates::new(options.rates)),
            stragglers: Arc::default(),
            stop: StopSignal::default(),
            options: options.session,
        };
        Ok(Self {
            listeners,
            acceptor: Acceptor {
                rules: Arc::new(Rules::new(host, options.shutdown_grace)),
                registry: Arc::default(),
            },
            abort_unfinished_after: options.abort_unfinished_after,
            metrics: metrics.map(Arc::new),
        })
    }

    /// Where it listens, with the port that the system chose for port 0.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.addresses(Entrance::Plain)
    }

    /// Where connections begin with TLS.
    pub fn implicit_tls_addrs(&self) -> Vec<SocketAddr> {
        self.addresses(Entrance::ImplicitTls)
    }

    fn addresses(&self, entrance: Entrance) -> Vec<SocketAddr> {
        let listeners = self.listeners.iter().filter(|listener| listener.entrance == entrance);
        listeners.filter_map(|listener| listener.socket.local_addr().ok()).collect()
    }

    /// What stops it.
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.acceptor.registry))
    }

    /// What looks at it while it runs.
    pub fn observer(&self) -> Observer {
        Observer(Arc::clone(&self.acceptor.registry))
    }

    /// What changes its rules while it runs.
    pub fn reloader(&self) -> Reloader {
        let Acceptor { rules, registry } = self.acceptor.clone();
        Reloader { rules, registry }
    }

    /// Serves clients. Blocks until the [`Stopper`] is used and the stop is complete.
    ///
    /// # Errors
    /// When the system gives no thread for a listener.
    pub fn run(self) -> io::Result<Stopped> {
        let registry = &self.acceptor.registry;
        let accept_threads = self.start_accepting()?;
        let sweeper = self.start_sweeping();
        let monitor = self.start_monitor();
        registry.wait_for_stop();
        self.stop_accepting(accept_threads);
        if let Some(sweeper) = sweeper {
            // It may be waiting for an answer of the store, as transfer workers do.
            self.acceptor.rules.host().stragglers.adopt(vec![sweeper.stop()]);
        }
        let last = self.drain();
        if let Some(readiness) = monitor.and_then(Monitor::stop) {
            self.acceptor.rules.host().stragglers.adopt(vec![readiness]);
        }
        let workers = self.join_stragglers(last);
        Ok(self.leave(workers))
    }

    fn start_accepting(&self) -> io::Result<Vec<JoinHandle<()>>> {
        let mut threads = Vec::with_capacity(self.listeners.len());
        for listener in &self.listeners {
            let (own_listener, acceptor) = (listener.clone(), self.acceptor.clone());
            let thread = Builder::new()
                .name("accept".to_owned())
                .stack_size(limits::SESSION_STACK_BYTES)
                .spawn(move || acceptor.run(&own_listener.socket, own_listener.entrance));
            match thread {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    self.acceptor.registry.request_stop(StopRequest::Graceful);
                    self.stop_accepting(threads);
                    self.drain();
                    return Err(error);
                }
            }
        }
        Ok(threads)
    }

    /// The thread that aborts what nobody finished, if it is wanted.
    fn start_sweeping(&self) -> Option<Sweeper> {
        let silence = self.abort_unfinished_after?;
        let registry = Arc::clone(&self.acceptor.registry);
        let users = Arc::clone(&self.acceptor.rules.host().users);
        let started = Sweeper::start(silence, move || users.current().written_stores(), registry);
        started.map_err(|error| warn!("unfinished uploads are not looked for: {error}")).ok()
    }

    /// The threads that tell metrics and health, if they are wanted.
    fn start_monitor(&self) -> Option<Monitor> {
        let started = Monitor::start(self.metrics.as_ref()?, &self.acceptor);
        started.map_err(|error| warn!("metrics and health are not told: {error}")).ok()
    }

    fn stop_accepting(&self, threads: Vec<JoinHandle<()>>) {
        for listener in &self.listeners {
            // On a listening socket this wakes accept; closing it would not.
            if let Err(error) = SockRef::from(&*listener.socket).shutdown(Shutdown::Both) {
                warn!("cannot shut down a listener: {error}");
            }
        }
        for thread in threads {
            if thread.join().is_err() {
                warn!("an accept thread had panicked");
            }
        }
    }

    /// Ends the sessions, the more firmly the longer they stay. Tells until when what they leave
    /// behind may be waited for.
    fn drain(&self) -> Instant {
        let grace = self.acceptor.rules.shutdown_grace();
        let grace_ends = Instant::now() + grace;
        let last = grace_ends + limits::INTERRUPTED_WAIT;
        self.advance(StopStage::Draining);
        let transfers = self.acceptor.registry.transfers();
        info!("stopping: {transfers} transfers left, they have {} s to finish", grace.as_secs());
        if !self.wait_for_sessions(grace_ends) {
            self.advance(StopStage::Interrupting);
            self.wait_for_sessions(last);
        }
        last
    }

    fn advance(&self, stage: StopStage) {
        self.acceptor.rules.host().stop.advance(stage);
        self.acceptor.registry.recheck_stop();
    }

    /// Waits until the last session has ended, and tells how many transfers are left: when one has
    /// ended, and now and then. `false` if the deadline came first; [`Stopper::stop_now`] ends the wait as if all
    /// had ended.
    fn wait_for_sessions(&self, deadline: Instant) -> bool {
        let registry = &self.acceptor.registry;
        let mut told = registry.transfers();
        loop {
            let next_report = Instant::now() + limits::STOP_PROGRESS_INTERVAL;
            let is_over =
                |state: &State| state.sessions() == 0 || state.request == StopRequest::AtOnce;
            registry.wait_until(Some(next_report.min(deadline)), |state| {
                is_over(state) || state.transfers() != told
            });
            let over = registry.wait_until(Some(Instant::now()), is_over);
            let left = deadline.saturating_duration_since(Instant::now());
            if over || left == Duration::ZERO {
                return over;
            }
            told = registry.transfers();
            info!("stopping: {told} transfers left, {} s", left.as_secs());
        }
    }

    /// Joins the workers that outlived their transfers. Tells how many are left.
    fn join_stragglers(&self, deadline: Instant) -> usize {
        let (host, registry) = (self.acceptor.rules.host(), &self.acceptor.registry);
        loop {
            // In short steps, so that `stop_now` is heard.
            let step = Instant::now() + Duration::from_millis(100);
            let left = host.stragglers.join_all(step.min(deadline));
            let hurry = registry.stop_request() == StopRequest::AtOnce;
            if left == 0 || hurry || Instant::now() >= deadline {
                return left;
            }
        }
    }

    /// Tells how it ended. What is left loses its connection.
    fn leave(&self, workers: usize) -> Stopped {
        let registry = &self.acceptor.registry;
        let all_ended = registry.wait_until(Some(Instant::now()), |state| state.sessions() == 0);
        if all_ended && workers == 0 {
            info!("stopped");
            return Stopped::Gracefully;
        }
        let sessions = registry.sessions();
        self.advance(StopStage::Interrupting);
        registry.disconnect_all();
        warn!("stopped early: {sessions} sessions and {workers} transfer workers are left");
        Stopped::Early { sessions, workers }
    }
}

/// All listeners: those of the control port, and those for implicit TLS.
fn bind_all(options: &ServerOptions) -> Result<Vec<Listening>, BindError> {
    let ports = [
        (Some(options.listen_port), Entrance::Plain),
        (options.implicit_listen_port, Entrance::ImplicitTls),
    ];
    let mut listeners = Vec::new();
    for (port, entrance) in ports {
        let Some(port) = port else { continue };
        let bound = listen::bind_all(&options.listen_addresses, port)?;
        listeners.extend(
            bound.into_iter().map(|socket| Listening { socket: Arc::new(socket), entrance }),
        );
    }
    Ok(listeners)
}

impl Stopper {
    /// Begins a graceful stop. Returns at once.
    pub fn stop(&self) {
        self.0.request_stop(StopRequest::Graceful);
    }

    /// Makes [`Server::run`] return without waiting for anybody.
    pub fn stop_now(&self) {
        self.0.request_stop(StopRequest::AtOnce);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpStream};
    use std::os::fd::AsFd;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread;

    use super::*;
    use crate::net::{Interest, Wake, wait};
    use crate::session::SessionHandle;

    #[test]
    fn a_transfer_may_finish_within_the_grace() {
        let server = server(Duration::from_secs(60));
        let (finish, finished) = channel();
        transfer(&server, move |_, _| finished.recv().expect("the test finishes it"));
        let stop = server.acceptor.rules.host().stop.clone();
        let stopped = stop_in_background(server);
        // The drain has begun: the transfer goes on in it.
        while stop.stage() == StopStage::Serving {
            thread::yield_now();
        }
        finish.send(()).unwrap();
        assert_eq!(stopped.join().unwrap(), Stopped::Gracefully);
        assert_eq!(stop.stage(), StopStage::Draining);
    }

    #[test]
    fn a_transfer_is_interrupted_after_the_grace() {
        let server = server(Duration::ZERO);
        let stop = server.acceptor.rules.host().stop.clone();
        transfer(&server, move |_, wake| {
            while stop.stage() != StopStage::Interrupting {
                wait([(wake.as_fd(), Interest::Read)], None).expect("poll");
                wake.clear();
            }
        });
        assert_eq!(stop_in_background(server).join().unwrap(), Stopped::Gracefully);
    }

    #[test]
    fn stop_now_leaves_what_does_not_end() {
        let server = server(Duration::from_secs(60));
        let (finish, finished): (Sender<()>, Receiver<()>) = channel();
        transfer(&server, move |_, _| {
            let _ = finished.recv();
        });
        let stopper = server.stopper();
        let stopped = stop_in_background(server);
        stopper.stop_now();
        assert_eq!(stopped.join().unwrap(), Stopped::Early { sessions: 1, workers: 0 });
        drop(finish);
    }

    #[test]
    fn workers_that_outlived_their_transfer_are_joined() {
        let server = server(Duration::from_secs(60));
        let ended = Arc::new(AtomicBool::new(false));
        let (own_ended, stop) = (Arc::clone(&ended), server.acceptor.rules.host().stop.clone());
        let worker = thread::spawn(move || {
            while stop.stage() == StopStage::Serving {
                thread::yield_now();
            }
            own_ended.store(true, Ordering::SeqCst);
        });
        server.acceptor.rules.host().stragglers.adopt(vec![worker]);
        assert_eq!(stop_in_background(server).join().unwrap(), Stopped::Gracefully);
        assert!(ended.load(Ordering::SeqCst));
    }

    fn server(shutdown_grace: Duration) -> Server {
        let options = ServerOptions {
            listen_addresses: vec![Ipv4Addr::LOCALHOST.into()],
            listen_port: 0,
            shutdown_grace,
            ..ServerOptions::default()
        };
        Server::bind(options, Users::default()).unwrap()
    }

    /// A session that does nothing but one transfer, which has begun when this returns.
    fn transfer(server: &Server, run: impl FnOnce(&SessionHandle, &Wake) + Send + 'static) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (control, peer) = listener.accept().unwrap();
        let (begin, begun) = channel();
        let session = move |handle: &SessionHandle| {
            let (wake, _client) = (Wake::new().expect("a descriptor"), client);
            handle.begin_transfer(wake.clone());
            begin.send(()).expect("the test waits for it");
            run(handle, &wake);
        };
        server.acceptor.registry.start(Arc::new(control), peer, session).unwrap();
        begun.recv().unwrap();
        assert_eq!(server.acceptor.registry.transfers(), 1);
    }

    fn stop_in_background(server: Server) -> JoinHandle<Stopped> {
        server.stopper().stop();
        thread::spawn(move || server.run().expect("run"))
    }
}
