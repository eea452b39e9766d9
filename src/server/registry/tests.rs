//! Sessions that do nothing but wait for the end of their connection.

use std::io::Read;
use std::net::TcpListener;
use std::sync::atomic::AtomicUsize;

use super::*;
use crate::threads;

const LONG: Duration = Duration::from_secs(60);

#[test]
fn one_thread_serves_sessions_that_follow_each_other() {
    let registry = Arc::new(SessionRegistry::default());
    let (tell, told) = std::sync::mpsc::channel();
    let mut threads = std::collections::HashSet::new();
    for id in 1..=8 {
        let (control, peer, _client) = connection();
        let tell = tell.clone();
        let serve = move |handle: &Arc<SessionHandle>| {
            let name = threads::with_name(str::to_owned);
            tell.send((handle.id(), name, thread::current().id())).unwrap();
        };
        registry.start(control, peer, serve).unwrap();
        assert!(registry.wait_until(in_a_while(), |state| state.sessions() == 0));
        let (own_id, name, thread) = told.recv().unwrap();
        assert_eq!((own_id, name), (id, format!("session-{id}")));
        threads.insert(thread);
    }
    // The first may have had one made beside it.
    assert!(threads.len() <= 2, "{threads:?}");
    registry.request_stop(StopRequest::Graceful);
    assert_eq!(registry.threads.waiting(), 0);
    assert_eq!(Arc::strong_count(&registry), 1, "all have ended");
}

#[test]
fn ended_sessions_are_joined() {
    let registry = without_rest();
    let served = Arc::new(AtomicUsize::new(0));
    for _ in 0..3 {
        let served = Arc::clone(&served);
        let (control, peer, _client) = connection();
        registry
            .start(control, peer, move |_| {
                served.fetch_add(1, Ordering::SeqCst);
            })
            .unwrap();
    }
    assert!(registry.wait_until(in_a_while(), |state| state.sessions() == 0));
    assert_eq!(served.load(Ordering::SeqCst), 3);
    // The threads have dropped what they held before they were joined.
    assert_eq!(Arc::strong_count(&served), 1);
    assert_eq!(Arc::strong_count(&registry), 1);
}

#[test]
fn who_waits_for_a_stop_is_not_woken_for_each_session() {
    let registry = without_rest();
    // Nothing in here may panic before the stop is requested: the scope would wait for ever.
    let most_left = thread::scope(|scope| {
        let waits = || registry.wait_for_stop(Instant::now() + LONG);
        threads::spawn_scoped_helper(scope, waits).unwrap();
        let mut most_left = 0;
        for _ in 0..2 * limits::SESSIONS_JOINED_TOGETHER {
            let (control, peer, client) = connection();
            registry.start(control, peer, until_end_of_file).unwrap();
            drop(client);
            while registry.sessions() > 0 {
                thread::yield_now();
            }
            let left = || registry.state.lock().ended.len();
            most_left = most_left.max(left());
            // So many wake it, and it takes them when the machine lets it.
            while left() >= limits::SESSIONS_JOINED_TOGETHER {
                thread::yield_now();
            }
        }
        registry.request_stop(StopRequest::Graceful);
        most_left
    });
    assert!(most_left >= limits::SESSIONS_JOINED_TOGETHER / 2, "{most_left}");
    assert_eq!(registry.state.lock().ended.len(), 0);
    assert_eq!(Arc::strong_count(&registry), 1);
}

#[test]
fn a_panic_ends_only_its_own_session() {
    let registry = Arc::new(SessionRegistry::default());
    let (control, peer, mut first_client) = connection();
    registry.start(control, peer, |_| panic!("on purpose")).unwrap();
    let (control, peer, second_client) = connection();
    registry.start(control, peer, until_end_of_file).unwrap();

    assert!(registry.wait_until(in_a_while(), |state| state.sessions() == 1));
    assert_eq!(first_client.read(&mut [0]).unwrap(), 0, "its connection is closed");
    drop(second_client);
    assert!(registry.wait_until(in_a_while(), |state| state.sessions() == 0));
}

#[test]
fn a_recheck_ends_idle_sessions() {
    let registry = Arc::new(SessionRegistry::default());
    let (control, peer, _client) = connection();
    registry.start(control, peer, until_end_of_file).unwrap();
    assert!(!registry.wait_until(Some(Instant::now()), |state| state.sessions() == 0));
    registry.recheck_stop();
    assert!(registry.wait_until(in_a_while(), |state| state.sessions() == 0));
}

#[test]
fn a_stop_request_ends_waits_and_is_never_taken_back() {
    let registry = SessionRegistry::default();
    registry.request_stop(StopRequest::AtOnce);
    registry.request_stop(StopRequest::Graceful);
    assert_eq!(registry.stop_request(), StopRequest::AtOnce);
    assert!(registry.wait_until(None, |state| state.request == StopRequest::AtOnce));
    let before = Instant::now();
    registry.pause(LONG);
    assert!(before.elapsed() < LONG);
}

#[test]
fn the_thread_of_the_next_session_is_there_before_its_client() {
    let registry = Arc::new(SessionRegistry::default());
    registry.get_ready();
    assert_eq!(registry.threads.waiting(), 1);
    let (control, peer, client) = connection();
    registry.start(control, peer, until_end_of_file).unwrap();
    assert_eq!(registry.threads.waiting(), 1, "another");
    registry.request_stop(StopRequest::Graceful);
    registry.get_ready();
    assert_eq!(registry.threads.waiting(), 0, "nobody is to come");
    drop(client);
    assert!(registry.wait_until(in_a_while(), |state| state.sessions() == 0));
}

/// One that keeps no threads.
fn without_rest() -> Arc<SessionRegistry> {
    let registry = Arc::new(SessionRegistry::default());
    registry.threads.close();
    registry
}

fn until_end_of_file(handle: &Arc<SessionHandle>) {
    assert_eq!((&mut &**handle.control()).read(&mut [0]).unwrap(), 0);
}

fn in_a_while() -> Option<Instant> {
    Some(Instant::now() + LONG)
}

fn connection() -> (Arc<TcpStream>, SocketAddr, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (control, peer) = listener.accept().unwrap();
    (Arc::new(control), peer, client)
}
