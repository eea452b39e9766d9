//! What the public address of the machine is: the cloud's metadata service tells it. One thread
//! asks now and then, as long as somebody is to be told.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use log::{info, warn};
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
        loop {
            self.state.lock().has_news = false;
            let pause = self.address.source().map(|source| self.ask(&source));
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
    fn ask(&self, source: &str) -> Duration {
        let answer = public_address(source);
        let wrong = answer.as_ref().err().cloned().unwrap_or_default();
        let now = answer.as_ref().map(ToString::to_string).unwrap_or_default();
        match self.address.note(source, answer) {
            AddressNews::Same => {}
            AddressNews::Changed(None) => info!("the public address is {now}"),
            AddressNews::Changed(Some(before)) => {
                warn!("the public address is {now}, no longer {before}");
            }
            AddressNews::Kept(address) => {
                warn!(
                    "the public address is not known now, {address} goes on to be named: {wrong}"
                );
            }
            AddressNews::Unknown => warn!("the public address is not known: {wrong}"),
        }
        match wrong.is_empty() {
            true => limits::PUBLIC_ADDRESS_INTERVAL,
            false => limits::PUBLIC_ADDRESS_RETRY,
        }
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
