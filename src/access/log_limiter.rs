//! What the log has been told of the things that clients can bring about as often as they like: of
//! each source the first time, and then once a minute, with a count of what was left out.

use std::collections::HashMap;
use std::fmt;
use std::time::Instant;

use super::ClientSource;
use crate::limits;

/// Who did it, unless it is told of all together, and what it was.
type Subject = (Option<ClientSource>, &'static str);

/// What was told lately. Bounded: sources that are too many share a line.
#[derive(Debug, Default)]
pub(super) struct LogLimiter {
    lately: HashMap<Subject, LastTold>,
}

#[derive(Clone, Copy, Debug)]
struct LastTold {
    at: Instant,
    left_out: u64,
}

/// Lines that were not written. Its text is the line that stands for them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LeftOut {
    subject: Subject,
    count: u64,
}

impl LogLimiter {
    /// Whether `what` that `source` has done is to be told now; else it is counted. What was
    /// counted before is to be told too.
    pub(super) fn is_due(
        &mut self,
        source: Option<ClientSource>,
        what: &'static str,
        now: Instant,
    ) -> (bool, Option<LeftOut>) {
        let mut subject = (source, what);
        if self.lately.len() >= limits::TOLD_SUBJECTS && !self.lately.contains_key(&subject) {
            subject.0 = None;
        }
        let new = LastTold { at: now, left_out: 0 };
        match self.lately.get_mut(&subject) {
            Some(telling) if !telling.is_old(now) => {
                telling.left_out += 1;
                (false, None)
            }
            Some(telling) => (true, std::mem::replace(telling, new).left_out(subject)),
            None => {
                self.lately.insert(subject, new);
                (true, None)
            }
        }
    }

    /// Forgets what was told more than a minute ago, all of it without `now`, and returns what was
    /// left out since.
    pub(super) fn settle(&mut self, now: Option<Instant>) -> Vec<LeftOut> {
        let is_over = |telling: &LastTold| now.is_none_or(|now| telling.is_old(now));
        let over = self.lately.extract_if(|_, telling| is_over(telling));
        over.filter_map(|(subject, telling)| telling.left_out(subject)).collect()
    }
}

impl LastTold {
    fn is_old(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.at) >= limits::REPEAT_INTERVAL
    }

    fn left_out(self, subject: Subject) -> Option<LeftOut> {
        (self.left_out > 0).then_some(LeftOut { subject, count: self.left_out })
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (source, what) = self.subject;
        write!(f, "left out lines={} reason=\"{what}\"", self.count)?;
        source.map_or(Ok(()), |source| write!(f, " address={source}"))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const A: &str = "a";

    #[test]
    fn the_first_is_told_and_the_rest_is_counted() {
        let (mut told, start) = (LogLimiter::default(), Instant::now());
        assert_eq!(told.is_due(source(1), A, start), (true, None));
        for _ in 0..100 {
            assert_eq!(told.is_due(source(1), A, start), (false, None));
        }
        assert_eq!(told.is_due(source(1), "b", start), (true, None), "something else");
        assert_eq!(told.is_due(source(2), A, start), (true, None), "somebody else");
        let later = start + limits::REPEAT_INTERVAL;
        let (due, left_out) = told.is_due(source(1), A, later);
        assert!(due);
        assert_eq!(
            left_out.unwrap().to_string(),
            r#"left out lines=100 reason="a" address=192.0.2.1"#
        );
        assert_eq!(told.is_due(source(1), A, later), (false, None), "a minute anew");
    }

    #[test]
    fn what_was_left_out_is_told_though_nothing_more_comes() {
        let (mut told, start) = (LogLimiter::default(), Instant::now());
        for _ in 0..3 {
            told.is_due(source(1), A, start);
            told.is_due(None, A, start);
        }
        told.is_due(source(2), A, start);
        assert_eq!(told.settle(Some(start)), []);
        let lines = |left_out: Vec<LeftOut>| {
            let mut lines: Vec<_> = left_out.iter().map(ToString::to_string).collect();
            lines.sort();
            lines
        };
        let expected =
            [r#"left out lines=2 reason="a""#, r#"left out lines=2 reason="a" address=192.0.2.1"#];
        assert_eq!(lines(told.settle(Some(start + limits::REPEAT_INTERVAL))), expected);
        assert!(told.lately.is_empty());
        told.is_due(source(1), A, start);
        told.is_due(source(1), A, start);
        assert_eq!(told.settle(None).len(), 1, "the server stops");
    }

    #[test]
    fn many_sources_share_a_line() {
        let (mut told, start) = (LogLimiter::default(), Instant::now());
        let many = limits::TOLD_SUBJECTS + 100;
        let due = (0..many).filter(|n| {
            let source = ClientSource::of(Ipv4Addr::from_bits(*n as u32).into());
            told.is_due(Some(source), A, start).0
        });
        assert_eq!(due.count(), limits::TOLD_SUBJECTS + 1);
        let left_out: u64 = told.settle(None).iter().map(|left_out| left_out.count).sum();
        assert_eq!(left_out, 99);
    }

    fn source(n: u8) -> Option<ClientSource> {
        Some(ClientSource::of(Ipv4Addr::new(192, 0, 2, n).into()))
    }
}
