//! What ALLO tells of an upload: how much room it is to have (RFC 959 4.1.3). That is no promise to
//! send as much, and of a resumed file some clients announce the whole, others the rest.

/// The room a client has asked for, beside what the upload keeps of the older file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reservation {
    /// Bytes; `None` without ALLO.
    announced: Option<u64>,
    /// Bytes of the older file that are the new one's first.
    kept: u64,
}

impl Reservation {
    /// `announced` bytes for a file of which `kept` bytes are there already.
    pub(super) fn new(announced: Option<u64>, kept: u64) -> Self {
        Self { announced, kept }
    }

    /// Whether the client has sent just what it had announced, when `sent` bytes have come: the
    /// rest of the file, or what completes the whole.
    pub(super) fn is_met(self, sent: u64) -> bool {
        self.announced.is_some_and(|all| all == sent || all == self.whole(sent))
    }

    /// Whether room is left, however the announcement is read. Nothing is wrong with that, unless
    /// something else tells that the client was cut off.
    pub(super) fn has_room_left(self, sent: u64) -> bool {
        self.announced.is_some_and(|all| self.whole(sent) < all)
    }

    fn whole(self, sent: u64) -> u64 {
        self.kept.saturating_add(sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_or_the_rest_may_be_announced() {
        for (announced, kept, sent, is_met, has_room_left) in [
            (None, 0, 0, false, false),
            (None, 10, 5, false, false),
            (Some(10), 0, 10, true, false),
            (Some(10), 0, 9, false, true),
            (Some(10), 0, 11, false, false),
            (Some(0), 0, 0, true, false),
            // a resume that announces the whole file, as lftp and Net::FTP do
            (Some(15), 10, 5, true, false),
            (Some(15), 10, 4, false, true),
            // and one that announces what is left of it
            (Some(5), 10, 5, true, false),
            (Some(5), 10, 4, false, false),
            (Some(u64::MAX), u64::MAX, 1, true, false),
        ] {
            let reservation = Reservation::new(announced, kept);
            assert_eq!(reservation.is_met(sent), is_met, "{announced:?} {kept} {sent}");
            assert_eq!(
                reservation.has_room_left(sent),
                has_room_left,
                "{announced:?} {kept} {sent}"
            );
        }
    }
}
