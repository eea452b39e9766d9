//! A reply of which the first lines are out before its end is known (RFC 959 4.2: all lines between
//! belong to it).

use crate::protocol::{Code, Reply};

/// How far the present reply is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum OpenReply {
    /// Nothing of it is out.
    #[default]
    Nothing,
    /// It was opened with this code, which is success.
    Begun(Code),
    /// It turned out to be no success: it can only break off, with the connection.
    BrokenOff,
}

impl OpenReply {
    /// Opens a reply with `code`, unless it is open.
    pub(super) fn begin(&mut self, code: Code) {
        if *self == Self::Nothing {
            *self = Self::Begun(code);
        }
    }

    /// Ends it with `reply`, if that can be its end; else it has broken off.
    pub(super) fn end_with(&mut self, reply: &Reply) -> Self {
        *self = match *self {
            Self::Begun(code) if code != reply.code() => Self::BrokenOff,
            Self::Nothing | Self::Begun(_) => Self::Nothing,
            Self::BrokenOff => Self::BrokenOff,
        };
        *self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_ends_with_the_code_it_began_with_or_not_at_all() {
        let reply = |code| Reply::new(code, "x");
        let (done, failed) = (reply(Code::TRANSFER_COMPLETE), reply(Code::LOCAL_ERROR));
        let mut open = OpenReply::default();
        assert_eq!(open.end_with(&failed), OpenReply::Nothing);
        open.begin(Code::TRANSFER_COMPLETE);
        open.begin(Code::TRANSFER_COMPLETE);
        assert_eq!(open.end_with(&done), OpenReply::Nothing);
        open.begin(Code::TRANSFER_COMPLETE);
        assert_eq!(open.end_with(&failed), OpenReply::BrokenOff);
        open.begin(Code::TRANSFER_COMPLETE);
        assert_eq!(open.end_with(&done), OpenReply::BrokenOff, "nothing follows");
    }
}
