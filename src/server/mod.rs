//! Listening, accepting, counting, stopping.
//!
//! Threads: one accept thread for each listener, one for each session, one that looks for
//! [`leftovers`], one that asks for the [`public_address`](mod@public_address), those of the
//! [`monitor`], and the thread that calls [`Server::run`], which joins the sessions as they end.
//! Knows no FTP command; the one reply it gives itself is 421.
//!
//! How it stops is told in [`stop`].

mod accept;
mod descriptors;
mod last_look;
mod leftovers;
mod listen;
mod monitor;
mod occupant;
mod operator;
mod options;
mod page;
mod public_address;
mod publisher;
mod registry;
mod reload;
mod session_threads;
mod spare_heap;
mod stop;

pub use descriptors::raise_descriptor_limit;
pub use listen::{BindError, try_to_listen};
pub use occupant::Occupant;
pub use operator::{Operator, SessionSubject};
pub use options::ServerOptions;
pub use page::StatusPage;
pub use public_address::public_address;
pub use reload::Reloader;
pub use stop::Stopped;

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use log::warn;
use socket2::SockRef;

use self::accept::Acceptor;
use self::leftovers::Sweeper;
use self::listen::Listening;
use self::monitor::Monitor;
use self::public_address::AddressKeeper;
use self::registry::{SessionRegistry, StopRequest};
use self::reload::Rules;
use self::spare_heap::SpareHeap;
use crate::access::{AccessControl, Ban};
use crate::events::{Chronicle, Couriers, EventBacklog};
use crate::limits;
use crate::net::tls::PresentTls;
use crate::net::{ConnectionSlots, PassivePorts, PublicAddress};
use crate::session::{Entrance, Host, Overview, StopSignal, TlsDemand};
use crate::store::ObjectStore;
use crate::threads::{self, OwnedThread};
use crate::transfer::{LeftUploads, Rates};
use crate::users::{Directory, Users};

/// An FTP server that listens but does not accept yet.
#[derive(Debug)]
pub struct Server {
    listeners: Vec<Listening>,
    acceptor: Acceptor,
    abort_unfinished_after: Option<Duration>,
    metrics: Option<Arc<TcpListener>>,
    page: Option<Arc<StatusPage>>,
    address_keeper: AddressKeeper,
}

/// Stops a server from another thread.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<SessionRegistry>);

/// Looks at a server from another thread.
#[derive(Clone, Debug)]
pub struct Observer {
    registry: Arc<SessionRegistry>,
    rules: Arc<Rules>,
    chronicle: Arc<Chronicle>,
}

impl Observer {
    /// What each session is doing, oldest first.
    pub fn sessions(&self) -> Vec<Overview> {
        self.registry.overviews()
    }

    /// Whether the server was asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.registry.stop_request() != StopRequest::None
    }

    /// What waits to be told; `None` where nobody wants to know.
    pub fn events(&self) -> Option<EventBacklog> {
        self.chronicle.backlog()
    }

    /// Who is banned, in the order of [`AccessControl::bans`].
    pub fn bans(&self) -> Vec<Ban> {
        self.rules.host().access.bans()
    }

    /// The stores of all accounts, each once.
    pub fn stores(&self) -> Vec<Arc<dyn ObjectStore>> {
        self.rules.host().users.current().stores()
    }

    /// The last moment at which clients take the certificate; `None` without TLS, or where it
    /// cannot be read.
    pub fn certificate_ends(&self) -> Option<SystemTime> {
        self.rules.host().tls.as_ref()?.valid_until().ok()
    }

    /// What transfers get to finish at a stop that begins now.
    pub fn shutdown_grace(&self) -> Duration {
        self.rules.shutdown_grace()
    }
}

impl Server {
    /// Opens the listening sockets. Clients may connect from now on; they are served by
    /// [`Server::run`].
    ///
    /// # Errors
    /// [`BindError`], which tells the address.
    pub fn bind(options: ServerOptions, users: Users) -> Result<Self, BindError> {
        let listeners = listen::bind_all(&options)?;
        let metrics = options.metrics_listen.map(listen::bind_metrics).transpose()?;
        let tls_demand = TlsDemand::default();
        tls_demand.set(options.session.tls);
        let present_tls = PresentTls::default();
        present_tls.set(options.tls.clone());
        let public_address = Arc::new(PublicAddress::default());
        let address_keeper = AddressKeeper::new(Arc::clone(&public_address));
        let host = Host {
            public_address,
            tls_demand,
            present_tls,
            access: Arc::new(AccessControl::new(options.access)),
            users: Arc::new(Directory::new(users)),
            tls: options.tls,
            passive_ports: Arc::new(PassivePorts::new(options.passive_ports)),
            connections: ConnectionSlots::new(options.max_connections),
            budget: options.session.transfer.budget(),
            rates: Arc::new(Rates::new(options.rates)),
            downloads: Arc::default(),
            ending_threads: Arc::default(),
            left_uploads: Arc::new(LeftUploads::new(options.abort_unfinished_after)),
            earlier_uploads: Arc::default(),
            chronicle: options.chronicle,
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
            page: None,
            address_keeper,
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

    /// Where it tells its metrics, if it does.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    fn addresses(&self, entrance: Entrance) -> Vec<SocketAddr> {
        let listeners = self.listeners.iter().filter(|listener| listener.entrance == entrance);
        listeners.filter_map(|listener| listener.socket.local_addr().ok()).collect()
    }

    /// Serves `page` where it tells its metrics.
    pub fn show(&mut self, page: StatusPage) {
        self.page = Some(Arc::new(page));
    }

    /// What stops it.
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.acceptor.registry))
    }

    /// What looks at it while it runs.
    pub fn observer(&self) -> Observer {
        let chronicle = Arc::clone(&self.acceptor.rules.host().chronicle);
        let (registry, rules) = (&self.acceptor.registry, &self.acceptor.rules);
        Observer { registry: Arc::clone(registry), rules: Arc::clone(rules), chronicle }
    }

    /// What ends sessions and keeps clients out while it runs.
    pub fn operator(&self) -> Operator {
        let Acceptor { rules, registry } = self.acceptor.clone();
        Operator { rules, registry }
    }

    /// What changes its rules while it runs.
    pub fn reloader(&self) -> Reloader {
        let Acceptor { rules, registry } = self.acceptor.clone();
        Reloader { rules, registry, address_keeper: self.address_keeper.clone() }
    }

    /// Serves clients. Blocks until the [`Stopper`] is used and the stop is complete.
    ///
    /// # Errors
    /// When the system gives no thread for a listener.
    pub fn run(self) -> io::Result<Stopped> {
        let registry = &self.acceptor.registry;
        registry.get_ready();
        let mut couriers = self.start_telling()?;
        // Before the first client is served: who has logged in finds all of it at work.
        self.address_keeper.obey(&self.acceptor.rules.host().options);
        let sweeper = self.start_sweeping();
        let publisher = self.start_publishing();
        let monitor = self.start_monitor();
        let mut accept_threads = Vec::with_capacity(self.listeners.len());
        let accepting = self.start_accepting(&mut accept_threads);
        if accepting.is_err() {
            registry.request_stop(StopRequest::Graceful);
        }
        let host = self.acceptor.rules.host();
        let (mut pause, mut heap) = (limits::HOUSEKEEPING_INTERVAL, SpareHeap::default());
        while !registry.wait_for_stop(Instant::now() + pause) {
            host.access.tell_left_out();
            registry.dismiss_rested();
            let (sessions, most) = registry.sessions_and_most();
            heap.look(sessions, most);
            let is_memory_spare = host.budget.give_back_unused();
            pause =
                if is_memory_spare { limits::SPARE_TIME } else { limits::HOUSEKEEPING_INTERVAL };
        }
        host.left_uploads.close();
        self.stop_accepting(accept_threads);
        if let Some(sweeper) = sweeper {
            // It may be waiting for an answer of the store, as transfer workers do.
            self.acceptor.rules.host().ending_threads.adopt(vec![sweeper.stop()]);
        }
        if let Some(asking) = monitor.as_ref().and_then(Monitor::stop_asking) {
            self.acceptor.rules.host().ending_threads.adopt(vec![asking]);
        }
        host.ending_threads
            .adopt(publisher.into_iter().chain(self.address_keeper.stop()).collect());
        host.ending_threads.adopt(couriers.as_mut().map(Couriers::stop).unwrap_or_default());
        let workers = self.drain();
        monitor.into_iter().for_each(Monitor::stop);
        host.access.tell_all_left_out();
        let stopped = self.leave(workers);
        accepting.map(|()| stopped)
    }

    /// A thread for each listener; those that could be started are in `threads` in any case.
    fn start_accepting(&self, threads: &mut Vec<OwnedThread<()>>) -> io::Result<()> {
        for listener in &self.listeners {
            let (own_listener, acceptor) = (listener.clone(), self.acceptor.clone());
            let thread = threads::spawn("accept", move || {
                acceptor.run(&own_listener.socket, own_listener.entrance);
            })?;
            threads.push(thread);
        }
        Ok(())
    }

    /// The thread that aborts what nobody finished, if it is wanted.
    fn start_sweeping(&self) -> Option<Sweeper> {
        let silence = self.abort_unfinished_after?;
        let registry = Arc::clone(&self.acceptor.registry);
        let users = Arc::clone(&self.acceptor.rules.host().users);
        let started = Sweeper::start(silence, move || users.current().written_stores(), registry);
        started.map_err(|error| warn!("unfinished uploads are not looked for: {error}")).ok()
    }

    /// The thread that publishes what nobody comes back for.
    fn start_publishing(&self) -> Option<OwnedThread<()>> {
        let left = Arc::clone(&self.acceptor.rules.host().left_uploads);
        let started = publisher::start(left, Arc::clone(&self.acceptor.registry));
        started.map_err(|error| warn!("parked uploads are not published: {error}")).ok()
    }

    /// The threads that tell a receiver what happens to files, if it is wanted. Nobody is served
    /// without them.
    fn start_telling(&self) -> io::Result<Option<Couriers>> {
        let host = self.acceptor.rules.host();
        let users = Arc::clone(&host.users);
        Couriers::start(&host.chronicle, move || users.current().stores())
    }

    /// The threads that tell metrics and health, if they are wanted.
    fn start_monitor(&self) -> Option<Monitor> {
        let started = Monitor::start(self.metrics.as_ref()?, &self.acceptor, self.page.clone());
        started.map_err(|error| warn!("metrics and health are not told: {error}")).ok()
    }

    fn stop_accepting(&self, threads: Vec<OwnedThread<()>>) {
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
