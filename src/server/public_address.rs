//! What the public address of the machine is: the cloud's metadata service tells it. One thread
//! asks now and then, as long as somebody is to be told.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use log::{Level, warn};
use parking_lot::{Condvar, Mutex};
use ureq::Agent;

use crate::limits;
use crate::net::{AddressNews, PublicAddress};
use crate::session::SessionOptions;
use crate::threads::{self, OwnedThread};

/// Longest answer that is read: an address and a line's end.
const ANSWER_BYTES: u64 = 256;

/// Keeps what is known of the public address up to date. Clones are one.
#[derive(Clone, Debug)]
pub(super) struct AddressKeeper(Arc<Keeping>);

#[derive(Debug)]
struct Keeping {
    address: Arc<PublicAddress>,
    state: Mutex<KeepingState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct KeepingState {
    /// Started when somebody is first to be asked.
    thread: Option<OwnedThread>,
    /// Somebody else is to be asked, or nobody any more.
    has_news: bool,
    is_over: bool,
}

/// That nobody answers, and when it was told last. It is asked more often than it is told.
#[derive(Debug, Default)]
struct Outage {
    told: Option<(String, Instant)>,
}

impl Outage {
    /// Whether the log is to hear at `now` that `source` did not answer: at once, and then now and
    /// then.
    fn is_to_be_told(&mut self, source: &str, now: Instant) -> bool {
        if let Some((of, at)) = &self.told
            && of == source
            && now.saturating_duration_since(*at) < limits::REPEAT_INTERVAL
        {
            return false;
        }
        self.told = Some((source.to_owned(), now));
        true
    }

    /// It was answered. Whether the log has heard that it was not.
    fn end(&mut self) -> bool {
        self.told.take().is_some()
    }
}

impl AddressKeeper {
    /// Keeps `address`. Nobody is asked yet.
    pub(super) fn new(address: Arc<PublicAddress>) -> Self {
        Self(Arc::new(Keeping { address, state: Mutex::default(), changed: Condvar::new() }))
    }

    /// Asks whom `options` name from now on, if they name anybody.
    pub(super) fn obey(&self, options: &SessionOptions) {
        let source = options.public_address_source();
        if !self.0.address.ask_of(source) {
            return;
        }
        let mut state = self.0.state.lock();
        state.has_news = true;
        self.0.changed.notify_all();
        if let Some(source) = source
            && state.thread.is_none()
            && !state.is_over
        {
            let own = Arc::clone(&self.0);
            match threads::spawn("public address", move || own.run()) {
                Ok(thread) => state.thread = Some(thread),
                Err(error) => {
                    warn!("the public address is not asked for: {error}");
                    self.0.address.note(source, Err(error.to_string()));
                }
            }
        }
    }

    /// Asks nobody any more. The thread that this returns may be waiting for an answer until it has
    /// ended.
    pub(super) fn stop(&self) -> Option<OwnedThread> {
        let mut state = self.0.state.lock();
        state.is_over = true;
        self.0.changed.notify_all();
        state.thread.take()
    }
}

impl Keeping {
    fn run(&self) {
        let mut outage = Outage::default();
        loop {
            self.state.lock().has_news = false;
            let pause = self.address.source().map(|source| self.ask(&source, &mut outage));
            let mut state = self.state.lock();
            let rests = |state: &mut KeepingState| !state.has_news && !state.is_over;
            match pause {
                Some(pause) => {
                    self.changed.wait_while_for(&mut state, rests, pause);
                }
                None => self.changed.wait_while(&mut state, rests),
            }
            if state.is_over {
                return;
            }
        }
    }

    /// Asks once. Tells when to ask again.
    fn ask(&self, source: &str, outage: &mut Outage) -> Duration {
        let answer = public_address(source);
        let pause = match &answer {
            Ok(_) => limits::PUBLIC_ADDRESS_INTERVAL,
            Err(_) => limits::PUBLIC_ADDRESS_RETRY,
        };
        if let Some((level, text)) = self.note(source, answer, outage, Instant::now()) {
            log::log!(level, "{text}");
        }
        pause
    }

    /// Notes what `source` has answered at `now`. What the log is to hear of it.
    fn note(
        &self,
        source: &str,
        answer: Result<Ipv4Addr, String>,
        outage: &mut Outage,
        now: Instant,
    ) -> Option<(Level, String)> {
        let is_back = answer.is_ok() && outage.end();
        let (address, wrong) = match &answer {
            Ok(address) => (address.to_string(), String::new()),
            Err(wrong) => (String::new(), wrong.clone()),
        };
        let (level, text) = match self.address.note(source, answer) {
            AddressNews::Same if is_back => {
                (Level::Info, format!("the public address is known again: {address}"))
            }
            AddressNews::Same => return None,
            AddressNews::Changed(None) => (Level::Info, format!("the public address is {address}")),
            AddressNews::Changed(Some(before)) => {
                (Level::Warn, format!("the public address is {address}, no longer {before}"))
            }
            AddressNews::Kept(_) | AddressNews::Unknown if !outage.is_to_be_told(source, now) => {
                return None;
            }
            AddressNews::Kept(known) => (
                Level::Warn,
                format!(
                    "the public address is not known now, {known} goes on to be named: {wrong}"
                ),
            ),
            AddressNews::Unknown => {
                (Level::Warn, format!("the public address is not known: {wrong}"))
            }
        };
        Some((level, text))
    }
}

/// Asks `url` for the public address of this machine. Blocks, at most for
/// [`limits::PUBLIC_ADDRESS_PATIENCE`].
///
/// # Errors
/// In words, with the URL.
pub fn public_address(url: &str) -> Result<Ipv4Addr, String> {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .timeout_global(Some(limits::PUBLIC_ADDRESS_PATIENCE))
        .max_idle_connections(0)
        .build();
    let failed = |error: ureq::Error| format!("no answer from {url}: {error}");
    let (head, body) = config.new_agent().get(url).call().map_err(failed)?.into_parts();
    if head.status != 200 {
        return Err(format!("{url} answers status {}", head.status.as_u16()));
    }
    let body = body.into_with_config().limit(ANSWER_BYTES).lossy_utf8(true);
    let text = body.read_to_string().map_err(failed)?;
    read(&text).ok_or_else(|| format!("{url} answers no public IPv4 address"))
}

/// The address in an answer, if clients elsewhere could be told it.
fn read(text: &str) -> Option<Ipv4Addr> {
    let address: Ipv4Addr = text.trim().parse().ok()?;
    let leads_nowhere = address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_link_local();
    (!leads_nowhere).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);

    #[test]
    fn an_outage_is_told_once_a_minute_and_its_end_once() {
        let keeper = AddressKeeper::new(Arc::default());
        let (keeping, mut outage) = (&keeper.0, Outage::default());
        keeping.address.ask_of(Some("a"));
        let begin = Instant::now();
        let mut told = |seconds: u64, answer: Result<Ipv4Addr, &str>| {
            let now = begin + Duration::from_secs(seconds);
            let answer = answer.map_err(str::to_owned);
            keeping
                .note("a", answer, &mut outage, now)
                .map(|(level, text)| format!("{level} {text}"))
        };
        let unknown = "WARN the public address is not known: silent";
        let kept =
            "WARN the public address is not known now, 203.0.113.7 goes on to be named: silent";
        for (seconds, answer, expected) in [
            (0, Err("silent"), Some(unknown)),
            (15, Err("silent"), None),
            (45, Err("silent"), None),
            (60, Err("silent"), Some(unknown)),
            (75, Err("silent"), None),
            (90, Ok(A), Some("INFO the public address is 203.0.113.7")),
            (390, Ok(A), None),
            (400, Err("silent"), Some(kept)),
            (415, Err("silent"), None),
            (430, Ok(A), Some("INFO the public address is known again: 203.0.113.7")),
            (440, Ok(A), None),
            // Another outage is news.
            (441, Err("silent"), Some(kept)),
        ] {
            assert_eq!(told(seconds, answer).as_deref(), expected, "{seconds}");
        }
    }
}
