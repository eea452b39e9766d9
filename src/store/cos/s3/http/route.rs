//! Whether COS is reached at a private address, where traffic is free, or at a public one, where
//! downloads are billed: a name may lead from one to the other while the server runs.

use std::net::{IpAddr, TcpStream};
use std::time::Instant;

use log::Level;
use parking_lot::Mutex;

use crate::limits;
use crate::metrics::{self, PublicRoute};
use crate::store::is_private_address;

/// What kind of address the connections to one host lead to.
#[derive(Debug, Default)]
pub(crate) struct RouteWatch(Mutex<RouteState>);

#[derive(Debug, Default)]
struct RouteState {
    /// What the log has heard, and when.
    told: Option<(Way, Instant)>,
    /// Counts while the way is public.
    public: Option<PublicRoute>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Private,
    Public,
}

impl RouteWatch {
    /// Looks where a new connection to `host` leads to.
    pub(crate) fn look(&self, host: &str, socket: &TcpStream) {
        // Without an address it is gone already.
        let Ok(peer) = socket.peer_addr() else { return };
        if let Some((level, text)) = self.note(host, peer.ip(), Instant::now()) {
            log::log!(level, "{text}");
        }
    }

    /// Notes that `host` is at `address`. What the log is to hear of it: each change, but of a name
    /// that leads to both no more than one in a while.
    fn note(&self, host: &str, address: IpAddr, now: Instant) -> Option<(Level, String)> {
        let way = if is_private_address(address) { Way::Private } else { Way::Public };
        let mut state = self.0.lock();
        match way {
            Way::Private => state.public = None,
            Way::Public => {
                state.public.get_or_insert_with(metrics::public_route);
            }
        }
        let is_first = match state.told {
            None => true,
            Some((told, at)) => {
                let waits = now.saturating_duration_since(at) < limits::REPEAT_INTERVAL;
                if told == way || waits {
                    return None;
                }
                false
            }
        };
        state.told = Some((way, now));
        let address = address.to_canonical();
        Some(match (way, is_first) {
            (Way::Private, true) => (
                Level::Info,
                format!("{host} is reached at {address}, a private address: traffic is free"),
            ),
            (Way::Public, true) => (
                Level::Info,
                format!("{host} is reached at {address}, a public address: downloads are billed"),
            ),
            (Way::Private, false) => (
                Level::Info,
                format!("{host} is reached at {address} now, a private address: traffic is free"),
            ),
            (Way::Public, false) => (
                Level::Warn,
                format!(
                    "{host} is reached at {address} now, no longer at a private address: downloads \
                     are billed"
                ),
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const HOST: &str = "files-1250000000.cos.ap-guangzhou.myqcloud.com";

    #[test]
    fn each_change_is_told_and_the_public_way_counted() {
        let watch = RouteWatch::default();
        let begin = Instant::now();
        let free = "INFO is reached at 169.254.0.47, a private address: traffic is free";
        let billed = "WARN is reached at 203.0.113.1 now, no longer at a private address: \
                      downloads are billed";
        let again = "INFO is reached at 169.254.0.47 now, a private address: traffic is free";
        for (seconds, address, expected, public) in [
            (0, "169.254.0.47", Some(free), false),
            (1, "169.254.0.47", None, false),
            (61, "203.0.113.1", Some(billed), true),
            (62, "::ffff:203.0.113.1", None, true),
            // A name that leads to both is told of once in a while, and what is so then.
            (63, "169.254.0.47", None, false),
            (64, "203.0.113.1", None, true),
            (122, "169.254.0.47", Some(again), false),
        ] {
            let now = begin + Duration::from_secs(seconds);
            let told = watch.note(HOST, address.parse().unwrap(), now);
            let told = told
                .map(|(level, text)| format!("{level} {text}").replace(&format!("{HOST} "), ""));
            assert_eq!(told.as_deref(), expected, "{seconds}");
            assert_eq!(watch.0.lock().public.is_some(), public, "{seconds}");
        }
    }
}
