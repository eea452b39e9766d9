//! A store with bad moments: stands between the server and the real store, passes everything on,
//! and breaks what a test told it to break.
//!
//! It speaks HTTP/1.1 with kept-alive connections on both sides and holds no body in memory. The
//! Host header is passed on unchanged, because the signature covers it.

/// What arrives and leaves: heads and how long their bodies are.
mod http;
/// One connection of the server's.
mod relay;
/// Checksums as COS answers them.
mod sums;

use std::collections::HashMap;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

use self::sums::Sums;
/// A request of the S3 API, by what it asks for.
pub(crate) use cos_ftp_server::store::Operation as Request;

/// Longest stall: a test that forgets to heal ends all the same.
const LONGEST_STALL: Duration = Duration::from_secs(60);

/// After how long the store itself is late: no fault of ours, and not of the server under test.
const LATE: Duration = Duration::from_secs(2);

/// What happens to a request. Offsets count bytes of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Refused before its body is read, and the connection closed.
    RefuseEarly(u16, &'static str),
    /// Refused when its body was read. The store never sees it.
    Refuse(u16, &'static str),
    /// Refused when its body was read, as Amazon does in a bucket with Object Lock, unless a checksum
    /// of the body came with it.
    DemandChecksum,
    /// Answered with this status and nothing else. The store never sees it.
    Accept(u16),
    /// Answered 200 with an error for a body. The store never sees it.
    ErrorIn200(&'static str),
    /// The connection is reset when the request was read. The store never sees it.
    ResetBeforeReply,
    /// The connection is reset in the middle of its body.
    ResetInRequest(u64),
    /// The connection is reset in the middle of the answer's body.
    ResetInAnswer(u64),
    /// Carried out, and the connection is closed instead of an answer.
    LoseAnswer,
    /// Carried out, and not answered before [`Injector::heal`].
    HoldAnswer,
    /// Carried out, and answered when [`Injector::heal`] comes, by what was so before.
    LateAnswer,
    /// Read, and never answered before [`Injector::heal`].
    Stall,
    /// Read up to there, and no further before [`Injector::heal`].
    StallInRequest(u64),
    /// The answer begins and stops in the middle of its body until [`Injector::heal`].
    StallInAnswer(u64),
    /// Passed on after this time.
    Latency(Duration),
    /// So many bytes of its and its answer's body each second.
    Bandwidth(u64),
    /// A bit of its body is turned round.
    FlipInRequest(u64),
    /// A bit of its answer's body is turned round.
    FlipInAnswer(u64),
    /// The connection is reset if it has served before, as a balancer does that forgot it.
    Stale,
}

/// Which requests a fault strikes.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    request: Request,
    key: Option<String>,
    directory: Option<String>,
    skipped: u32,
    left: Option<u32>,
    fault: Fault,
}

impl Rule {
    /// Every request of this kind.
    pub(crate) fn new(request: Request, fault: Fault) -> Self {
        Self { request, key: None, directory: None, skipped: 0, left: None, fault }
    }

    /// Only so many of them.
    pub(crate) fn times(mut self, count: u32) -> Self {
        self.left = Some(count);
        self
    }

    /// Only behind the first so many.
    pub(crate) fn after(mut self, count: u32) -> Self {
        self.skipped = count;
        self
    }

    /// Only those for this key.
    pub(crate) fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// Only those for keys in this directory of the bucket's root, and for lists of it.
    pub(crate) fn within(mut self, directory: &str) -> Self {
        self.directory = Some(directory.to_owned());
        self
    }

    fn fits(&self, head: &http::RequestHead, reused: bool) -> bool {
        let is_within = |directory: &String| {
            let listed = head.parameter("prefix").unwrap_or_default();
            let key = if head.key.is_empty() { listed } else { &head.key };
            key.strip_prefix(directory.as_str())
                .is_some_and(|rest| rest.starts_with('/') || rest.starts_with("%2F"))
        };
        Some(self.request) == head.request
            && self.key.as_ref().is_none_or(|key| *key == head.key)
            && self.directory.as_ref().is_none_or(is_within)
            && self.left != Some(0)
            && (reused || self.fault != Fault::Stale)
            && (self.fault != Fault::DemandChecksum || !head.has_checksum())
    }
}

/// How COS spells the header of an object's checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// `x-cos-hash-crc64ecma`
    Cos,
    /// `x-amz-hash-crc64ecma`
    Amz,
}

/// The injector. Its threads end with the connections.
pub(crate) struct Injector {
    address: SocketAddr,
    stage: Arc<Stage>,
}

/// What the connections share.
struct Stage {
    upstream: String,
    state: Mutex<State>,
    changed: Condvar,
    /// Held by who looks whether something stands under a key, and writes then.
    keeping: Mutex<()>,
    open: AtomicUsize,
    /// The connections, by number, so that they can be ended.
    lines: Mutex<HashMap<usize, TcpStream>>,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    struck: usize,
    stalled: usize,
    heals: usize,
    seen: Vec<(Request, String)>,
    spelling: Option<Spelling>,
    sums: Sums,
    /// Whether it keeps what stands under a key.
    keeps: bool,
    is_away: bool,
    turned_away: usize,
    /// Since when the store itself has been asked what it has not answered yet, by number.
    asked: HashMap<usize, Instant>,
    /// Answers that it took longer than [`LATE`] for.
    late: usize,
    /// Requests that are under way, and the most there were at a time.
    under_way: HashMap<Request, (usize, usize)>,
}

impl Injector {
    /// Before the store at `upstream` (host and port).
    pub(crate) fn before(upstream: &str) -> Self {
        Self::over(TcpListener::bind("127.0.0.1:0").expect("a port"), upstream)
    }

    /// The same, where `listener` listens.
    pub(crate) fn over(listener: TcpListener, upstream: &str) -> Self {
        let address = listener.local_addr().expect("bound");
        let stage = Arc::new(Stage {
            upstream: upstream.to_owned(),
            state: Mutex::default(),
            changed: Condvar::new(),
            keeping: Mutex::default(),
            open: AtomicUsize::new(0),
            lines: Mutex::default(),
        });
        let shared = Arc::clone(&stage);
        thread::spawn(move || {
            for (number, connection) in listener.incoming().map_while(Result::ok).enumerate() {
                let stage = Arc::clone(&shared);
                if !stage.admits(number, &connection) {
                    continue;
                }
                stage.open.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || {
                    // What breaks off here breaks off for the server as well.
                    let _ = relay::serve(&connection, &stage);
                    stage.lines.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
                    drop(connection);
                    stage.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, stage }
    }

    /// Host and port.
    pub(crate) fn endpoint(&self) -> String {
        self.address.to_string()
    }

    /// From now on this happens. The first rule that fits a request is the one.
    pub(crate) fn inject(&self, rule: Rule) {
        self.stage.lock().rules.push(rule);
    }

    /// No more faults; what stalls is let go.
    pub(crate) fn heal(&self) {
        let mut state = self.stage.lock();
        state.rules.clear();
        state.heals += 1;
        drop(state);
        self.stage.changed.notify_all();
    }

    /// No more faults within this directory; what stalls is let go, wherever it is.
    pub(crate) fn heal_within(&self, directory: &str) {
        let mut state = self.stage.lock();
        state.rules.retain(|rule| rule.directory.as_deref() != Some(directory));
        state.heals += 1;
        drop(state);
        self.stage.changed.notify_all();
    }

    /// The store is gone: connections end, and new ones are reset.
    pub(crate) fn go_away(&self) {
        self.stage.lock().is_away = true;
        for line in self.stage.lines.lock().unwrap_or_else(PoisonError::into_inner).values() {
            // One that has ended already needs no ending.
            let _ = line.shutdown(Shutdown::Both);
        }
    }

    /// It is back.
    pub(crate) fn come_back(&self) {
        self.stage.lock().is_away = false;
    }

    /// Waits until so many connections have been reset while the store was away.
    pub(crate) fn wait_until_missed(&self, count: usize) {
        let missed = |state: &mut State| state.turned_away < count;
        let waited =
            self.stage.changed.wait_timeout_while(self.stage.lock(), LONGEST_STALL, missed);
        assert!(!waited.expect("the state is whole").1.timed_out(), "nobody asks");
    }

    /// How often a fault struck.
    pub(crate) fn struck(&self) -> usize {
        self.stage.lock().struck
    }

    /// Waits until faults struck so often in all.
    pub(crate) fn wait_for_strikes(&self, count: usize) {
        let state = self.stage.lock();
        let (state, _) = self
            .stage
            .changed
            .wait_timeout_while(state, LONGEST_STALL, |state| state.struck < count)
            .expect("the state is whole");
        assert!(state.struck >= count, "{} strikes, seen {:?}", state.struck, state.seen);
    }

    /// Waits until so many requests in all have come to a standstill where their faults say.
    pub(crate) fn wait_for_stalls(&self, count: usize) {
        let missing = |state: &mut State| state.stalled < count;
        let waited =
            self.stage.changed.wait_timeout_while(self.stage.lock(), LONGEST_STALL, missing);
        assert!(!waited.expect("the state is whole").1.timed_out(), "nothing stands still");
    }

    /// How often the store itself let somebody wait for longer than [`LATE`].
    pub(crate) fn late(&self) -> usize {
        let state = self.stage.lock();
        state.late + state.asked.values().filter(|since| since.elapsed() > LATE).count()
    }

    /// Waits until the store has answered everything that it is late with.
    pub(crate) fn wait_for_the_store(&self) {
        let is_late = |state: &mut State| state.asked.values().any(|since| since.elapsed() > LATE);
        let waited =
            self.stage.changed.wait_timeout_while(self.stage.lock(), LONGEST_STALL, is_late);
        assert!(!waited.expect("the state is whole").1.timed_out(), "the store is silent");
    }

    /// The most requests of this kind that were under way at a time.
    pub(crate) fn most_at_once(&self, request: Request) -> usize {
        self.stage.lock().under_way.get(&request).map_or(0, |(_, most)| *most)
    }

    /// How many requests there were.
    pub(crate) fn requests(&self) -> usize {
        self.stage.lock().seen.len()
    }

    /// Waits until the store was asked this for this key.
    pub(crate) fn wait_for(&self, request: Request, key: &str) {
        let missing =
            |state: &mut State| !state.seen.iter().any(|(seen, of)| *seen == request && of == key);
        let state = self.stage.lock();
        let (state, waited) = self
            .stage
            .changed
            .wait_timeout_while(state, LONGEST_STALL, missing)
            .expect("the state is whole");
        assert!(!waited.timed_out(), "no {request:?} of {key:?}, seen {:?}", state.seen);
    }

    /// The requests so far and their keys, but for what is no operation.
    pub(crate) fn seen(&self) -> Vec<(Request, String)> {
        self.stage.lock().seen.clone()
    }

    /// Adds checksums to the answers, as COS does: of the bytes that reached the store.
    pub(crate) fn tell_checksums(&self, spelling: Spelling) {
        self.stage.lock().spelling = Some(spelling);
    }

    /// From now on every write that says so leaves what stands under its key, as Amazon S3 does it:
    /// also Complete and copies, of which this Ceph passes the condition over.
    pub(crate) fn keep_what_stands(&self) {
        self.stage.lock().keeps = true;
    }

    /// Connections of the server's that are open.
    pub(crate) fn connections(&self) -> usize {
        self.stage.open.load(Ordering::SeqCst)
    }
}

impl Stage {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a new connection is served.
    fn admits(&self, number: usize, connection: &TcpStream) -> bool {
        let mut state = self.lock();
        if state.is_away {
            state.turned_away += 1;
            drop(state);
            self.changed.notify_all();
            return SockRef::from(connection).set_linger(Some(Duration::ZERO)).is_err();
        }
        // Under the lock: whoever goes away finds it.
        let line = connection.try_clone().expect("a descriptor");
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).insert(number, line);
        true
    }

    /// Takes down a request; the fault that strikes it. `reused`: its connection served before.
    fn arrived(&self, head: &http::RequestHead, reused: bool) -> Option<Fault> {
        let mut state = self.lock();
        state.seen.extend(head.request.map(|request| (request, head.key.clone())));
        let fault = state.fault_for(head, reused);
        state.struck += usize::from(fault.is_some());
        if let Some(request) = head.request {
            let (now, most) = state.under_way.entry(request).or_default();
            *now += 1;
            *most = (*most).max(*now);
        }
        drop(state);
        self.changed.notify_all();
        fault
    }

    /// A request that has arrived is answered, or never will be.
    fn done(&self, head: &http::RequestHead) {
        let mut state = self.lock();
        if let Some((now, _)) = head.request.and_then(|request| state.under_way.get_mut(&request)) {
            *now -= 1;
        }
    }

    /// The turn to write what must replace nothing, if the request is such a one.
    fn turn_to_keep(&self, head: &http::RequestHead) -> Option<MutexGuard<'_, ()>> {
        let is_asked = self.lock().keeps && head.must_replace_nothing();
        is_asked.then(|| self.keeping.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the time that the store needs for its answer.
    fn timed<T>(&self, answer: impl FnOnce() -> T) -> T {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let (number, since) = (NEXT.fetch_add(1, Ordering::Relaxed), Instant::now());
        self.lock().asked.insert(number, since);
        let answered = answer();
        let mut state = self.lock();
        state.asked.remove(&number);
        state.late += usize::from(since.elapsed() > LATE);
        drop(state);
        self.changed.notify_all();
        answered
    }

    /// How often it was healed.
    fn heals(&self) -> usize {
        self.lock().heals
    }

    /// Waits for the [`Injector::heal`] behind the first `heals`: it may have come since.
    fn stall(&self, heals: usize) {
        let mut state = self.lock();
        state.stalled += 1;
        self.changed.notify_all();
        let healed = |state: &mut State| state.heals == heals;
        drop(self.changed.wait_timeout_while(state, LONGEST_STALL, healed));
    }
}

impl State {
    fn fault_for(&mut self, head: &http::RequestHead, reused: bool) -> Option<Fault> {
        let rule = self.rules.iter_mut().find(|rule| rule.fits(head, reused))?;
        if rule.skipped > 0 {
            rule.skipped -= 1;
            return None;
        }
        rule.left = rule.left.map(|left| left - 1);
        Some(rule.fault)
    }
}
