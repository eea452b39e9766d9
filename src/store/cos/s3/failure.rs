//! What a failure of the store means, and whether trying again may help.

use std::io;

use super::http::tls_refusal::TlsRefusal;
use crate::store::ErrorKind;

/// Whether and how to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Nothing helps.
    None,
    /// The connection died under the request: it may have been a stale one from the pool.
    NewConnection,
    /// Our clock is wrong.
    SetClock,
    /// The key pair is not good any more; where it can be replaced, another may do.
    NewKeys,
    /// The store or the network has a bad moment.
    Wait,
}

/// What an answer of the store means.
pub(crate) fn kind_of_answer(status: u16, code: Option<&str>) -> ErrorKind {
    match code.unwrap_or_default() {
        // The second is Amazon's, to a copy of what is archived. To a restore the first means that
        // there is nothing to restore.
        "InvalidObjectState" | "ObjectNotInActiveTierError" => ErrorKind::Archived,
        "EntityTooLarge" | "QuotaExceeded" => ErrorKind::TooLarge,
        "KeyTooLong" | "KeyTooLongError" | "InvalidURI" | "InvalidObjectName" => ErrorKind::BadName,
        "BadDigest" | "InvalidDigest" | "XAmzContentSHA256Mismatch" => ErrorKind::ChecksumMismatch,
        // The object is not what is missing.
        "NoSuchUpload" => ErrorKind::Other,
        "NoSuchBucket" => ErrorKind::NoSuchBucket,
        // The region is part of what is signed.
        "PermanentRedirect" | "TemporaryRedirect" | "Redirect" | "AuthorizationHeaderMalformed" => {
            ErrorKind::WrongEndpoint
        }
        "FileAlreadyExists" => ErrorKind::AlreadyExists,
        "ExpiredToken" | "InvalidToken" => ErrorKind::AccessDenied,
        "RequestTimeout" | "RequestTimeOut" | "UserNetworkTooSlow" | "IncompleteBody"
        | "SlowDown" | "InternalError" | "ServiceUnavailable" => ErrorKind::Unavailable,
        // 409, when another request for the same name is under way.
        "PathConflict" | "OperationAborted" | "ConditionalRequestConflict" => {
            ErrorKind::Unavailable
        }
        _ => match status {
            // HEAD has no body to name a code in.
            301 | 302 | 303 | 307 | 308 => ErrorKind::WrongEndpoint,
            401 | 403 => ErrorKind::AccessDenied,
            404 => ErrorKind::NotFound,
            405 | 501 => ErrorKind::Unsupported,
            412 => ErrorKind::PreconditionFailed,
            413 => ErrorKind::TooLarge,
            416 => ErrorKind::InvalidRange,
            // As OperationAborted.
            409 if code.is_none() => ErrorKind::Unavailable,
            408 | 429 | 500.. => ErrorKind::Unavailable,
            _ => ErrorKind::Other,
        },
    }
}

/// What to do about an answer of the store. A 400 that tells of a broken body is worth a retry
/// because the body is still in memory.
pub(crate) fn remedy_of_answer(status: u16, code: Option<&str>) -> Remedy {
    match code.unwrap_or_default() {
        "RequestTimeTooSkewed" => Remedy::SetClock,
        "BadDigest" | "InvalidDigest" | "XAmzContentSHA256Mismatch" => Remedy::Wait,
        "ExpiredToken" | "InvalidToken" | "InvalidAccessKeyId" | "SignatureDoesNotMatch" => {
            Remedy::NewKeys
        }
        // What HEAD answers: it has no body to name a code in.
        "" if matches!(status, 401 | 403) => Remedy::NewKeys,
        _ if kind_of_answer(status, code) == ErrorKind::Unavailable => Remedy::Wait,
        _ => Remedy::None,
    }
}

/// Whether a refusal tells that the signature's time is over: what COS says of one that is too old,
/// be it that it was kept or that our clock is behind.
pub(crate) fn is_expired_signature(code: Option<&str>, message: Option<&str>) -> bool {
    code == Some("AccessDenied")
        && message.is_some_and(|message| message.trim().eq_ignore_ascii_case("request has expired"))
}

/// Whether a refusal asks for fewer requests: all that such stores say instead of a part's receipt
/// when they are at their limit, be it the account's or their own.
pub(crate) fn asks_to_slow_down(status: u16, code: Option<&str>) -> bool {
    matches!(status, 429 | 503) || matches!(code, Some("SlowDown" | "ServiceUnavailable"))
}

/// What to do when no whole answer came.
pub(crate) fn remedy_of_fault(error: &ureq::Error) -> Remedy {
    match error {
        error if TlsRefusal::of(error).is_some_and(TlsRefusal::is_distrust) => Remedy::None,
        ureq::Error::Io(error) => match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Remedy::NewConnection,
            _ => Remedy::Wait,
        },
        ureq::Error::Timeout(_)
        | ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::BodyStalled
        | ureq::Error::Protocol(_) => Remedy::Wait,
        _ => Remedy::None,
    }
}

/// Whether a request may have been carried out although the store answered with this status: it,
/// or a balancer before it, broke on the way. 503 is how stores refuse what they did not begin.
pub(crate) fn is_answer_in_doubt(status: u16) -> bool {
    // 200 with an error in its body among them.
    status < 300 || (status >= 500 && status != 501 && status != 503)
}

/// What is wrong, and what helps, where there is no TLS with the store.
pub(crate) fn refusal_of_tls(error: &ureq::Error) -> Option<(String, &'static str)> {
    TlsRefusal::of(error).map(|refusal| (refusal.why(), refusal.fix()))
}

/// Whether a request may have reached the store although no whole answer came.
pub(crate) fn may_have_arrived(error: &ureq::Error) -> bool {
    match error {
        // It is sent behind the handshake.
        _ if TlsRefusal::of(error).is_some() => false,
        // What breaks while the connection stands. A name that cannot be resolved and a host that
        // cannot be reached have kinds of their own.
        ureq::Error::Io(error) => matches!(
            error.kind(),
            io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::TimedOut
                | io::ErrorKind::WouldBlock
                | io::ErrorKind::InvalidData
        ),
        ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect)
        | ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_and_what_they_mean() {
        use ErrorKind as K;
        use Remedy as R;
        for (status, code, kind, remedy) in [
            (404, Some("NoSuchKey"), K::NotFound, R::None),
            (404, None, K::NotFound, R::None),
            (404, Some("NoSuchUpload"), K::Other, R::None),
            (404, Some("NoSuchBucket"), K::NoSuchBucket, R::None),
            (403, Some("SignatureDoesNotMatch"), K::AccessDenied, R::NewKeys),
            (403, Some("InvalidAccessKeyId"), K::AccessDenied, R::NewKeys),
            (400, Some("ExpiredToken"), K::AccessDenied, R::NewKeys),
            (400, Some("XAmzContentSHA256Mismatch"), K::ChecksumMismatch, R::Wait),
            (403, None, K::AccessDenied, R::NewKeys),
            (403, Some("AccessDenied"), K::AccessDenied, R::None),
            (403, Some("InvalidObjectState"), K::Archived, R::None),
            (403, Some("ObjectNotInActiveTierError"), K::Archived, R::None),
            (405, Some("RestoreNonArchiveObject"), K::Unsupported, R::None),
            (409, Some("RestoreAlreadyInProgress"), K::Other, R::None),
            (503, Some("GlacierExpeditedRetrievalNotAvailable"), K::Unavailable, R::Wait),
            (403, Some("RequestTimeTooSkewed"), K::AccessDenied, R::SetClock),
            (400, Some("UserNetworkTooSlow"), K::Unavailable, R::Wait),
            (400, Some("RequestTimeout"), K::Unavailable, R::Wait),
            (400, Some("BadDigest"), K::ChecksumMismatch, R::Wait),
            (400, Some("EntityTooLarge"), K::TooLarge, R::None),
            (400, Some("KeyTooLong"), K::BadName, R::None),
            (400, Some("InvalidPart"), K::Other, R::None),
            (400, None, K::Other, R::None),
            (409, Some("PathConflict"), K::Unavailable, R::Wait),
            (409, Some("OperationAborted"), K::Unavailable, R::Wait),
            (409, Some("ConditionalRequestConflict"), K::Unavailable, R::Wait),
            (409, Some("InvalidBucketState"), K::Other, R::None),
            (409, None, K::Unavailable, R::Wait),
            (301, Some("PermanentRedirect"), K::WrongEndpoint, R::None),
            (301, None, K::WrongEndpoint, R::None),
            (307, Some("TemporaryRedirect"), K::WrongEndpoint, R::None),
            (307, None, K::WrongEndpoint, R::None),
            (400, Some("AuthorizationHeaderMalformed"), K::WrongEndpoint, R::None),
            (412, Some("PreconditionFailed"), K::PreconditionFailed, R::None),
            (416, Some("InvalidRange"), K::InvalidRange, R::None),
            (429, None, K::Unavailable, R::Wait),
            (503, Some("SlowDown"), K::Unavailable, R::Wait),
            (500, None, K::Unavailable, R::Wait),
            (501, Some("NotImplemented"), K::Unsupported, R::None),
            (200, Some("InternalError"), K::Unavailable, R::Wait),
            (200, Some("AccessDenied"), K::Other, R::None),
            (302, None, K::WrongEndpoint, R::None),
        ] {
            assert_eq!(kind_of_answer(status, code), kind, "{status} {code:?}");
            assert_eq!(remedy_of_answer(status, code), remedy, "{status} {code:?}");
        }
    }

    #[test]
    fn an_expired_signature_is_told_from_other_refusals() {
        for (code, message, expected) in [
            ("AccessDenied", "Request has expired", true),
            ("AccessDenied", "Access Denied.", false),
            ("ExpiredToken", "Request has expired", false),
        ] {
            assert_eq!(is_expired_signature(Some(code), Some(message)), expected, "{message}");
        }
        assert!(!is_expired_signature(None, None));
    }

    #[test]
    fn only_a_store_at_its_limit_asks_to_slow_down() {
        for (status, code, expected) in [
            (503, Some("SlowDown"), true),
            (503, None, true),
            (429, None, true),
            (200, Some("SlowDown"), true),
            (500, Some("InternalError"), false),
            (403, Some("AccessDenied"), false),
            (404, None, false),
        ] {
            assert_eq!(asks_to_slow_down(status, code), expected, "{status} {code:?}");
        }
    }

    #[test]
    fn a_dead_connection_is_told_from_a_slow_one() {
        let reset = ureq::Error::Io(io::ErrorKind::ConnectionReset.into());
        assert_eq!(remedy_of_fault(&reset), Remedy::NewConnection);
        let refused = ureq::Error::Io(io::ErrorKind::ConnectionRefused.into());
        assert_eq!(remedy_of_fault(&refused), Remedy::Wait);
        assert_eq!(remedy_of_fault(&ureq::Error::BadUri("x".into())), Remedy::None);
    }

    #[test]
    fn what_never_arrived_is_not_in_doubt() {
        use std::net::ToSocketAddrs;

        use ureq::Timeout as T;

        for (status, expected) in [
            (200, true),
            (403, false),
            (404, false),
            (500, true),
            (501, false),
            (503, false),
            (504, true),
        ] {
            assert_eq!(is_answer_in_doubt(status), expected, "{status}");
        }
        let broken = |kind: io::ErrorKind| ureq::Error::Io(kind.into());
        let no_name = "no-such-host.invalid:80".to_socket_addrs().expect_err("RFC 6761 6.4");
        for (error, expected) in [
            (broken(io::ErrorKind::ConnectionReset), true),
            (broken(io::ErrorKind::UnexpectedEof), true),
            (ureq::Error::Timeout(T::RecvResponse), true),
            (ureq::Error::Timeout(T::SendBody), true),
            (broken(io::ErrorKind::ConnectionRefused), false),
            (broken(io::ErrorKind::HostUnreachable), false),
            (ureq::Error::Io(no_name), false),
            (ureq::Error::Timeout(T::Connect), false),
            (ureq::Error::HostNotFound, false),
        ] {
            assert_eq!(may_have_arrived(&error), expected, "{error:?}");
        }
    }
}
