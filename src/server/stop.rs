//! How a server stops.
//!
//! 1. The listeners are shut down and the accept threads joined: from here on no session begins.
//! 2. *Draining*: idle sessions say goodbye, transfers go on for most of `shutdown_grace`.
//! 3. *Interrupting*: what still runs is interrupted, and the stores are asked whether they answer.
//!    Sessions, and workers that outlived theirs, have what is left of `shutdown_grace` to end. Of
//!    stores that answer, a transfer that is waiting for one to publish its object may wait for
//!    longer, at most for [`limits::INTERRUPTED_WAIT`].
//!
//! [`Stopper::stop_now`](super::Stopper::stop_now) cuts all of this short.

use std::time::{Duration, Instant};

use log::{info, warn};

use super::Server;
use super::last_look::LastLook;
use super::registry::{RegistryState, StopRequest};
use crate::limits;
use crate::session::StopStage;

/// How long is waited before it is looked again whether somebody is in a hurry.
const STEP: Duration = Duration::from_millis(100);

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

/// When what a stop waits for must have ended.
struct Deadlines {
    /// Transfers are interrupted.
    interrupt: Instant,
    /// The end of `shutdown_grace`, before which nothing is given up, and of all waiting for stores
    /// that do not answer.
    grace: Instant,
    /// The end of all waiting, for stores that answer.
    last: Instant,
}

impl Deadlines {
    /// Of a stop that begins `now`.
    fn of(grace: Duration, now: Instant) -> Self {
        let ends = now + grace;
        let look = limits::LAST_LOOK_WAIT.min(grace / 2);
        Self {
            interrupt: ends - limits::INTERRUPTED_SHARE.min(grace / 4).max(look),
            // The shorter the grace, the less time stores have to show that they answer; but
            // without any, none would.
            grace: ends.max(now + limits::LEAST_LOOK_WAIT),
            last: ends + limits::INTERRUPTED_WAIT,
        }
    }
}

impl Server {
    /// Ends the sessions, the more firmly the longer they stay, and what they leave behind. Tells
    /// how many transfer workers are left.
    pub(super) fn drain(&self) -> usize {
        let grace = self.acceptor.rules.shutdown_grace();
        let deadlines = Deadlines::of(grace, Instant::now());
        self.advance(StopStage::Draining);
        match self.acceptor.registry.transfers() {
            0 => info!("stopping"),
            left => {
                let seconds = grace.as_secs();
                info!("stopping: {}, at most {seconds} s to finish", in_words(left));
            }
        }
        if !self.wait_for_sessions(deadlines.interrupt, deadlines.grace) {
            self.advance(StopStage::Interrupting);
            self.tell_what_is_left(deadlines.grace);
        } else if self.join_stragglers(deadlines.interrupt, deadlines.grace) == 0 {
            return 0;
        }
        let look = LastLook::begin(self.acceptor.rules.host().users.current().stores());
        self.wait_for_stores(&deadlines, &look)
    }

    /// Waits for what has been interrupted: to the end of the grace, and then as long as `look`
    /// found that the stores answer. Tells how many transfer workers are left.
    fn wait_for_stores(&self, deadlines: &Deadlines, look: &LastLook) -> usize {
        let all_ended = self.wait_for_sessions(deadlines.grace, deadlines.grace);
        let left = self.join_stragglers(deadlines.grace, deadlines.grace);
        if all_ended && left == 0 {
            return 0;
        }
        if !look.answered() {
            warn!("the store does not answer: nothing more is waited for");
            return left;
        }
        let seconds = limits::INTERRUPTED_WAIT.as_secs();
        info!("waiting for the store to confirm what it has been sent, at most {seconds} s");
        self.wait_for_sessions(deadlines.last, deadlines.last);
        self.join_stragglers(deadlines.last, deadlines.last)
    }

    fn advance(&self, stage: StopStage) {
        self.acceptor.rules.host().stop.advance(stage);
        self.acceptor.registry.recheck_stop();
    }

    /// Waits until the last session has ended, and tells how many transfers are left: when one has
    /// ended, and now and then, with the time until `end`. `false` if the deadline came first;
    /// [`Stopper::stop_now`](super::Stopper::stop_now) ends the wait as if all had ended.
    fn wait_for_sessions(&self, deadline: Instant, end: Instant) -> bool {
        let registry = &self.acceptor.registry;
        let mut told = registry.transfers();
        loop {
            let next_report = Instant::now() + limits::STOP_PROGRESS_INTERVAL;
            let is_over = |state: &RegistryState| {
                state.sessions() == 0 || state.request == StopRequest::AtOnce
            };
            registry.wait_until(Some(next_report.min(deadline)), |state| {
                is_over(state) || state.transfers() != told
            });
            let over = registry.wait_until(Some(Instant::now()), is_over);
            let left = deadline.saturating_duration_since(Instant::now());
            if over || left == Duration::ZERO {
                return over;
            }
            told = registry.transfers();
            self.tell_what_is_left(end);
        }
    }

    /// How many transfers are left, what they are waited for, and how long at most.
    fn tell_what_is_left(&self, end: Instant) {
        let left = in_words(self.acceptor.registry.transfers());
        let what = match self.acceptor.rules.host().stop.stage() {
            StopStage::Interrupting => "interrupted",
            StopStage::Serving | StopStage::Draining => "still running",
        };
        // In tenths: whole seconds, rounded up each time, add up to more than there is.
        let left_for_it = end.saturating_duration_since(Instant::now());
        info!("stopping: {left}, {what}, at most {:.1} s", left_for_it.as_secs_f64());
    }

    /// Joins the workers that outlived their transfers, until the `deadline`; says that they are
    /// waited for, and until which `end`. Tells how many are left.
    fn join_stragglers(&self, deadline: Instant, end: Instant) -> usize {
        let (host, registry) = (self.acceptor.rules.host(), &self.acceptor.registry);
        // Those that do not wait for anything end within it.
        let waited_for = host.ending_threads.join_all((Instant::now() + STEP).min(deadline));
        if waited_for > 0 {
            let seconds = end.saturating_duration_since(Instant::now()).as_secs_f64();
            let workers = counted(waited_for, "worker");
            info!("stopping: {workers} left, waiting for the store, at most {seconds:.1} s");
        }
        loop {
            // In short steps, so that `stop_now` is heard.
            let step = Instant::now() + STEP;
            let left = host.ending_threads.join_all(step.min(deadline));
            let hurry = registry.stop_request() == StopRequest::AtOnce;
            if left == 0 || hurry || Instant::now() >= deadline {
                return left;
            }
        }
    }

    /// Tells how it ended. What is left loses its connection.
    pub(super) fn leave(&self, workers: usize) -> Stopped {
        let registry = &self.acceptor.registry;
        let all_ended = registry.wait_until(Some(Instant::now()), |state| state.sessions() == 0);
        if all_ended && workers == 0 {
            info!("stopped");
            return Stopped::Gracefully;
        }
        let sessions = registry.sessions();
        self.advance(StopStage::Interrupting);
        registry.disconnect_all();
        warn!(
            "stopped early: {} and {} left",
            counted(sessions, "session"),
            counted(workers, "worker")
        );
        Stopped::Early { sessions, workers }
    }
}

/// `1 worker`, `2 workers`.
fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn in_words(transfers: usize) -> String {
    match transfers {
        0 => "no transfer left".to_owned(),
        some => format!("{} left", counted(some, "transfer")),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener, TcpStream};
    use std::os::fd::AsFd;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread::{self, JoinHandle};

    use super::*;
    use crate::net::{Interest, Wake, wait};
    use crate::server::ServerOptions;
    use crate::session::SessionHandle;
    use crate::threads;
    use crate::users::Users;

    #[test]
    fn stores_have_the_time_to_answer_within_the_grace() {
        let now = Instant::now();
        for (seconds, interrupted_after, looked_for) in
            [(1, 500, 500), (2, 1000, 1000), (5, 3000, 2000), (8, 6000, 2000), (30, 25000, 5000)]
        {
            let grace = Duration::from_secs(seconds);
            let deadlines = Deadlines::of(grace, now);
            assert_eq!(deadlines.grace, now + grace);
            assert_eq!(deadlines.interrupt, now + Duration::from_millis(interrupted_after));
            let look = deadlines.grace - deadlines.interrupt;
            assert_eq!(look, Duration::from_millis(looked_for), "{seconds}");
        }
        let at_once = Deadlines::of(Duration::ZERO, now);
        assert_eq!(at_once.interrupt, now);
        assert_eq!(at_once.grace, now + limits::LEAST_LOOK_WAIT);
    }

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
        let worker = threads::spawn("worker", move || {
            while stop.stage() == StopStage::Serving {
                thread::yield_now();
            }
            own_ended.store(true, Ordering::SeqCst);
        })
        .unwrap();
        server.acceptor.rules.host().ending_threads.adopt(vec![worker]);
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
        let session = move |handle: &Arc<SessionHandle>| {
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
