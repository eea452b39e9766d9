//! The public address of the machine, as far as it is known: it may change while the server runs.

use std::net::Ipv4Addr;

use parking_lot::{Condvar, Mutex};

use crate::limits;

/// What is known of it. Whoever finds out tells it here; sessions look.
#[derive(Debug, Default)]
pub struct PublicAddress {
    state: Mutex<PublicState>,
    told: Condvar,
}

#[derive(Debug, Default)]
struct PublicState {
    /// The URL that answers it; `None` when nobody wants to know.
    source: Option<String>,
    /// What came of it: the last address, or why there never was one.
    known: Option<Result<Ipv4Addr, String>>,
}

/// What an answer has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressNews {
    /// Nothing.
    Same,
    /// It is another one now; before that it was this one, if any.
    Changed(Option<Ipv4Addr>),
    /// It was asked for in vain: the one that was known goes on to be named.
    Kept(Ipv4Addr),
    /// There is none.
    Unknown,
}

impl PublicAddress {
    /// From now on `source`, a URL, answers it. What another one has answered is forgotten. Whether
    /// it is another one.
    pub fn ask_of(&self, source: Option<&str>) -> bool {
        let mut state = self.state.lock();
        let is_new = state.source.as_deref() != source;
        if is_new {
            *state = PublicState { source: source.map(str::to_owned), known: None };
        }
        is_new
    }

    /// Who is to be asked, if anybody is.
    pub fn source(&self) -> Option<String> {
        self.state.lock().source.clone()
    }

    /// What `source` answered. It does not count when another one is to be asked by now.
    pub fn note(&self, source: &str, answer: Result<Ipv4Addr, String>) -> AddressNews {
        let mut state = self.state.lock();
        if state.source.as_deref() != Some(source) {
            return AddressNews::Same;
        }
        let news = match (&state.known, &answer) {
            (Some(Ok(before)), Ok(now)) if before == now => AddressNews::Same,
            (Some(Ok(before)), Ok(_)) => AddressNews::Changed(Some(*before)),
            (_, Ok(_)) => AddressNews::Changed(None),
            (Some(Ok(before)), Err(_)) => AddressNews::Kept(*before),
            (_, Err(_)) => AddressNews::Unknown,
        };
        if !matches!(news, AddressNews::Kept(_)) {
            state.known = Some(answer);
        }
        drop(state);
        self.told.notify_all();
        news
    }

    /// The address. Blocks while the first answer is awaited, at most for
    /// [`limits::PUBLIC_ADDRESS_WAIT`].
    ///
    /// # Errors
    /// Why it is not known.
    pub fn look_up(&self) -> Result<Ipv4Addr, String> {
        let mut state = self.state.lock();
        self.told.wait_while_for(
            &mut state,
            |state| state.source.is_some() && state.known.is_none(),
            limits::PUBLIC_ADDRESS_WAIT,
        );
        let unknown = || Err("the public address could not be found out".to_owned());
        state.known.clone().unwrap_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);
    const B: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 8);

    #[test]
    fn the_last_address_is_kept_while_nobody_answers() {
        let address = PublicAddress::default();
        assert!(address.look_up().is_err(), "nobody is to be asked, so nobody is waited for");
        assert!(address.ask_of(Some("a")));
        assert!(!address.ask_of(Some("a")));
        let silent = || Err("silent".to_owned());
        assert_eq!(address.note("a", silent()), AddressNews::Unknown);
        assert_eq!(address.look_up(), silent());
        assert_eq!(address.note("a", Ok(A)), AddressNews::Changed(None));
        assert_eq!(address.note("a", Ok(A)), AddressNews::Same);
        assert_eq!(address.note("a", silent()), AddressNews::Kept(A));
        assert_eq!(address.look_up(), Ok(A));
        assert_eq!(address.note("a", Ok(B)), AddressNews::Changed(Some(A)));
        assert_eq!(address.look_up(), Ok(B));
    }

    #[test]
    fn what_another_service_said_does_not_count() {
        let address = PublicAddress::default();
        address.ask_of(Some("a"));
        address.note("a", Ok(A));
        address.ask_of(Some("b"));
        assert_eq!(address.note("a", Ok(A)), AddressNews::Same);
        address.note("b", Ok(B));
        assert_eq!(address.look_up(), Ok(B));
    }
}
