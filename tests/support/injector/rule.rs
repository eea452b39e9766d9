//! What is to happen, and to which requests.

use std::time::Duration;

use super::Request;
use super::http::RequestHead;

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
    /// Answered as by a store that dates an object by the beginning of its upload, long ago.
    DateEarlier,
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

    /// Whether it strikes this request. `reused`: its connection served before.
    pub(super) fn fits(&self, head: &RequestHead, reused: bool) -> bool {
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

    /// What happens to a request that it fits; nothing to the first that it spares.
    pub(super) fn strike(&mut self) -> Option<Fault> {
        if self.skipped > 0 {
            self.skipped -= 1;
            return None;
        }
        self.left = self.left.map(|left| left - 1);
        Some(self.fault)
    }

    /// Whether it is about this directory alone.
    pub(super) fn is_only_within(&self, directory: &str) -> bool {
        self.directory.as_deref() == Some(directory)
    }
}
