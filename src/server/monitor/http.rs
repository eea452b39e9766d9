//! As much of HTTP/1.1 as a scraper speaks: one GET or HEAD, one answer, and the connection is
//! closed. `httparse` reads the request.

use std::borrow::Cow;

use crate::server::StatusPage;

/// Status lines behind `HTTP/1.1`.
pub(super) const OK: &str = "200 OK";
pub(super) const NOT_FOUND: &str = "404 Not Found";
pub(super) const UNAVAILABLE: &str = "503 Service Unavailable";
const BAD_REQUEST: &str = "400 Bad Request";
const NOT_ALLOWED: &str = "405 Method Not Allowed";

/// Version 0.0.4 of the text format of Prometheus.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Headers of a request: more are refused.
const MAX_HEADERS: usize = 64;

/// What is answered.
#[derive(Debug)]
pub(super) struct HttpAnswer {
    status: &'static str,
    content_type: &'static str,
    /// What a browser may load and run; nothing where there is nothing.
    policy: Cow<'static, str>,
    body: Cow<'static, str>,
}

/// Of what is no page.
const NOTHING_ALLOWED: &str = "default-src 'none'; frame-ancestors 'none'";

/// What keeps a browser from making more of an answer than it is, and other sites from reading it.
const SAFE: &str = "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n\
    Referrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: same-origin\r\n\
    Cross-Origin-Opener-Policy: same-origin\r\n";

impl HttpAnswer {
    /// A text for people.
    pub(super) fn text(status: &'static str, body: &str) -> Self {
        Self::of(status, "text/plain; charset=utf-8", body.to_owned())
    }

    /// Figures for Prometheus.
    pub(super) fn metrics(body: String) -> Self {
        Self::of(OK, METRICS_TYPE, body)
    }

    /// What the page shows.
    pub(super) fn json(body: String) -> Self {
        Self::of(OK, "application/json", body)
    }

    /// The page.
    pub(super) fn page(page: &StatusPage) -> Self {
        let policy = page.policy.clone().into();
        Self { policy, ..Self::of(OK, "text/html; charset=utf-8", page.html) }
    }

    fn of(
        status: &'static str,
        content_type: &'static str,
        body: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { status, content_type, policy: NOTHING_ALLOWED.into(), body: body.into() }
    }
}

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The path without its query, and whether the answer's body is wanted.
    Path(String, Wanted),
    /// Something that is not answered; the status to tell so.
    Refused(&'static str),
}

/// How much of an answer is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    All,
    Head,
}

impl Asked {
    /// A request whose head has no end.
    pub(super) fn too_long() -> Self {
        Self::Refused(BAD_REQUEST)
    }

    /// What is sent, as soon as `answer` knows it.
    pub(super) fn answer(
        &self,
        answer: impl FnOnce(&str) -> Option<HttpAnswer>,
    ) -> Option<Vec<u8>> {
        let (answer, wanted) = match self {
            Self::Path(path, wanted) => (answer(path)?, *wanted),
            Self::Refused(status) => (HttpAnswer::text(status, ""), Wanted::All),
        };
        let HttpAnswer { status, content_type, policy, body } = answer;
        let mut text = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\
             Content-Security-Policy: {policy}\r\n{SAFE}\
             Cache-Control: no-store\r\nConnection: close\r\n\r\n",
            body.len()
        );
        if wanted == Wanted::All {
            text.push_str(&body);
        }
        Some(text.into_bytes())
    }
}

/// What the head of a request asks for; `None` while it is not whole.
pub(super) fn understand(bytes: &[u8]) -> Option<Asked> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Err(_) => return Some(Asked::Refused(BAD_REQUEST)),
        Ok(status) if status.is_partial() => return None,
        Ok(_) => {}
    }
    let path = request.path.unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default().to_owned();
    Some(match request.method {
        Some("GET") => Asked::Path(path, Wanted::All),
        Some("HEAD") => Asked::Path(path, Wanted::Head),
        _ => Asked::Refused(NOT_ALLOWED),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_what_they_ask_for() {
        let path = |path: &str, wanted| Some(Asked::Path(path.to_owned(), wanted));
        for (text, expected) in [
            ("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", path("/metrics", Wanted::All)),
            ("GET /metrics?a=b HTTP/1.0\r\n\r\n", path("/metrics", Wanted::All)),
            ("HEAD /healthz HTTP/1.1\r\n\r\n", path("/healthz", Wanted::Head)),
            ("GET /metrics HTTP/1.1\r\nHost: a\r\n", None),
            ("", None),
            ("POST /metrics HTTP/1.1\r\n\r\n", Some(Asked::Refused(NOT_ALLOWED))),
            ("USER alice\r\n\r\n", Some(Asked::Refused(BAD_REQUEST))),
            ("\u{16}\u{3}\u{1}\u{0}", Some(Asked::Refused(BAD_REQUEST))),
        ] {
            assert_eq!(understand(text.as_bytes()), expected, "{text:?}");
        }
    }
}
