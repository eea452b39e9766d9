//! What a server holds of its machine.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use cos_ftp_server::limits;

use super::injector::Injector;
use super::server::TestServer;

/// How long threads and connections of a finished command may take to go.
pub(crate) const SETTLING: Duration = Duration::from_secs(10);

/// Connections that died while they were idle stay in the pool until it looks at them: far fewer
/// than the faults of a test, each of which would leave one behind if it did.
const DEAD_IN_POOL: usize = 4;

/// What the threads of sessions are called, also while they wait for the next one.
const OF_SESSIONS: &str = "session";

/// Threads and descriptors of a server, its connections to the store aside: those are kept for the
/// next request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resources {
    /// Those of sessions aside.
    pub(crate) threads: usize,
    /// Threads that have a session, or wait for the next one: some do, for a while.
    pub(crate) session_threads: usize,
    pub(crate) descriptors: usize,
}

impl Resources {
    /// Of a server whose store lies behind `injector`.
    pub(crate) fn of(server: &TestServer, injector: &Injector) -> Self {
        let all = Self::of_local(server);
        let descriptors = all.descriptors.saturating_sub(injector.connections());
        Self { descriptors, ..all }
    }

    /// Of a server that nothing happens to but that `sessions` are logged in: the store has answered
    /// the question of its start, and a thread waits for the next session.
    pub(crate) fn at_rest(server: &TestServer, injector: &Injector, sessions: usize) -> Self {
        wait_for_rest(server, sessions);
        Self::of(server, injector)
    }

    /// The same of a server without a network behind it.
    pub(crate) fn at_rest_local(server: &TestServer, sessions: usize) -> Self {
        wait_for_rest(server, sessions);
        Self::of_local(server)
    }

    /// Of a server without a network behind it.
    pub(crate) fn of_local(server: &TestServer) -> Self {
        let names = thread_names(server);
        let session_threads = names.iter().filter(|name| name.trim() == OF_SESSIONS).count();
        let path = format!("/proc/{}/fd", server.pid());
        Self {
            threads: names.len() - session_threads,
            session_threads,
            descriptors: fs::read_dir(path).expect("the server runs").count(),
        }
    }

    /// Waits until the server holds no more than this again. `told`: after what.
    pub(crate) fn expect_again(&self, server: &TestServer, injector: &Injector, told: &str) {
        self.wait_for(told, DEAD_IN_POOL, || Self::of(server, injector));
    }

    /// The same for [`Self::of_local`].
    pub(crate) fn expect_again_local(&self, server: &TestServer, told: &str) {
        self.wait_for(told, 0, || Self::of_local(server));
    }

    fn wait_for(&self, told: &str, spare: usize, now: impl Fn() -> Self) {
        let deadline = Instant::now() + SETTLING;
        loop {
            let now = now();
            // Each thread that waits for a session has what wakes it.
            let waiting = now.session_threads.saturating_sub(self.session_threads);
            let is_as_before = now.threads <= self.threads
                && waiting <= limits::RESTING_THREADS
                && now.descriptors <= self.descriptors + spare + waiting;
            if is_as_before {
                break;
            }
            assert!(Instant::now() < deadline, "{told}: {now:?} instead of {self:?}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

fn wait_for_rest(server: &TestServer, sessions: usize) {
    let deadline = Instant::now() + SETTLING;
    loop {
        let names = thread_names(server);
        let of_sessions = names.iter().filter(|name| name.trim() == OF_SESSIONS).count();
        let at_work = ["session-", "probe"];
        let works = |name: &String| at_work.iter().any(|prefix| name.starts_with(prefix));
        if of_sessions > sessions && !names.iter().any(works) {
            break;
        }
        assert!(Instant::now() < deadline, "{names:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// What the server's threads are called; those that end meanwhile are left out.
fn thread_names(server: &TestServer) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{}/task", server.pid())).expect("it runs");
    let names = threads.flatten().map(|thread| fs::read_to_string(thread.path().join("comm")));
    names.flatten().collect()
}

/// Waits until no transfer of a server with `metrics_listen` holds anything of `buffer_memory`.
/// `told`: after what.
pub(crate) fn expect_no_buffers(server: &TestServer, told: &str) {
    let deadline = Instant::now() + SETTLING;
    loop {
        let held = buffer_bytes(server);
        if held == 0 {
            break;
        }
        assert!(Instant::now() < deadline, "{told}: {held} bytes of buffer_memory are held");
        thread::sleep(Duration::from_millis(50));
    }
}

/// What transfers hold, as the server's metrics tell it.
pub(crate) fn buffer_bytes(server: &TestServer) -> u64 {
    let line = server.wait_for_log("metrics and health at http://");
    let address = line.rsplit('/').next().expect("an address");
    let mut stream = TcpStream::connect(address).expect("the server tells metrics");
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n").expect("sent");
    stream.set_read_timeout(Some(SETTLING)).expect("a time limit");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    let value = text.lines().find_map(|line| line.strip_prefix("cos_ftp_buffer_bytes "));
    value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{text}"))
}

/// A number of the server's `/proc/PID/<file>`, by the name that stands before it.
pub(crate) fn figure(server: &TestServer, file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{}/{file}", server.pid())).expect("it runs");
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let digits = value.and_then(|value| value.split_whitespace().next());
    digits.and_then(|digits| digits.parse().ok()).expect("a number")
}
