//! What a report for people tells above the sessions: the stores, the certificate, what waits, what
//! failed, who is banned.

use super::report::{
    AnswerStatus, BanStatus, CertificateStatus, EventStatus, FailureStatus, StatusReport,
    StoreStatus,
};
use super::shown::{age, duration, printable};

/// Failures that are told; the page and the JSON tell more.
const MAX_FAILURES: usize = 3;

/// Stores that are, those first that did not answer or had an error of their own.
const MAX_STORES: usize = 5;

/// A line for each.
pub(super) fn lines(report: &StatusReport) -> Vec<String> {
    let mut lines = stores(&report.stores);
    lines.extend(report.certificate.as_ref().map(certificate));
    lines.extend(report.events.map(events));
    lines.extend(report.failures.iter().take(MAX_FAILURES).map(failure));
    lines.extend(report.bans.iter().map(ban));
    lines
}

fn stores(all: &[StoreStatus]) -> Vec<String> {
    let is_well = |store: &&StoreStatus| {
        let answer = store.last_answer.as_ref();
        answer.is_none_or(|answer| answer.status.is_some_and(|status| status < 500))
    };
    let (well, ill): (Vec<_>, Vec<_>) = all.iter().partition(is_well);
    let mut lines: Vec<_> = ill.into_iter().chain(well).filter_map(store).collect();
    if let Some(more) = lines.len().checked_sub(MAX_STORES).filter(|more| *more > 0) {
        lines.truncate(MAX_STORES);
        lines.push(format!("more stores, which --json tells: {more}"));
    }
    lines
}

/// Of a directory nobody answers.
fn store(store: &StoreStatus) -> Option<String> {
    let AnswerStatus { at, operation, status } = store.last_answer.as_ref()?;
    let answer = status.map_or("no answer".to_owned(), |status| status.to_string());
    Some(format!("store {}: {answer} to {operation}, {} ago", printable(&store.name), age(at)))
}

fn certificate(certificate: &CertificateStatus) -> String {
    match certificate.days_left {
        ..0 => format!("certificate: ended {}", certificate.ends),
        days => format!("certificate: {days} days left"),
    }
}

fn events(events: EventStatus) -> String {
    let EventStatus { waiting, oldest_seconds } = events;
    format!("events waiting: {waiting}, the oldest for {}", duration(oldest_seconds as f64))
}

/// What it was about is known to the store and to the log.
fn failure(failure: &FailureStatus) -> String {
    let FailureStatus { at, session, what, path, request_id } = failure;
    let mut text = format!("failed {} ago, {session}: {}", age(at), printable(what));
    text.extend(path.iter().map(|path| format!(", {}", printable(path))));
    text.extend(request_id.iter().map(|id| format!(" [req {}]", printable(id))));
    text
}

fn ban(ban: &BanStatus) -> String {
    let BanStatus { address, user, seconds_left, by_operator } = ban;
    let user = user.as_deref().map(|name| format!("user {}", printable(name)));
    let whom = address.clone().or(user).unwrap_or_default();
    let left = seconds_left.map_or("until the server ends".to_owned(), |seconds| {
        format!("for another {}", duration(seconds as f64))
    });
    let why = if *by_operator { "by the operator" } else { "after failed logins" };
    format!("banned: {whom} {left}, {why}")
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;

    use super::*;

    #[test]
    fn bans_are_told_with_what_is_left_of_them() {
        let of = |address: Option<&str>, user: Option<&str>, seconds_left| BanStatus {
            address: address.map(str::to_owned),
            user: user.map(str::to_owned),
            seconds_left,
            by_operator: user.is_some(),
        };
        assert_eq!(
            ban(&of(None, Some("a\u{1b}"), None)),
            "banned: user a? until the server ends, by the operator"
        );
        assert_eq!(
            ban(&of(Some("192.0.2.1"), None, Some(90))),
            "banned: 192.0.2.1 for another 2 min, after failed logins"
        );
    }

    #[test]
    fn stores_and_failures_are_told_with_their_age() {
        let at = (OffsetDateTime::now_utc() - time::Duration::minutes(5)).format(&Rfc3339).unwrap();
        let of = |status| StoreStatus {
            name: "b".to_owned(),
            last_answer: Some(AnswerStatus {
                at: at.clone(),
                operation: "PutObject".to_owned(),
                status,
            }),
        };
        assert_eq!(store(&of(Some(503))).unwrap(), "store b: 503 to PutObject, 5 min ago");
        assert_eq!(store(&of(None)).unwrap(), "store b: no answer to PutObject, 5 min ago");
        assert_eq!(store(&StoreStatus { name: "file:///a".to_owned(), last_answer: None }), None);
        let many = stores(&[200, 200, 404, 200, 200, 503].map(|status| of(Some(status))));
        assert!(many[0].contains("503") && many[1].contains("200"), "{many:?}");
        assert_eq!((many.len(), &*many[5]), (6, "more stores, which --json tells: 1"));
        let failed = FailureStatus {
            at,
            session: "session-7".to_owned(),
            what: "PutObject 503 SlowDown".to_owned(),
            path: Some("/a\u{1b}".to_owned()),
            request_id: Some("NjV".to_owned()),
        };
        let expected = "failed 5 min ago, session-7: PutObject 503 SlowDown, /a? [req NjV]";
        assert_eq!(failure(&failed), expected);
    }

    #[test]
    fn a_certificate_tells_its_days() {
        let of =
            |days_left| CertificateStatus { ends: "2026-11-01T00:00:00Z".to_owned(), days_left };
        assert_eq!(certificate(&of(20)), "certificate: 20 days left");
        assert_eq!(certificate(&of(-1)), "certificate: ended 2026-11-01T00:00:00Z");
    }
}
