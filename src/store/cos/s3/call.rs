//! One request with what it carries and how long it is worth waiting for, and how it may fail.

use std::error::Error;

use ureq::http::Method;

use super::answer::Headers;
use super::guard::Guard;
use super::http::time_limits::AnswerTime;
use super::integrity;
use super::request::S3Request;
use super::retry::RetryPolicy;
use super::signature::CONTENT_SHA256;
use crate::store::{Body, Cancel, ErrorKind, Operation, StoreError};

/// RFC 1864.
const CONTENT_MD5: &str = "content-md5";

/// One request to send.
pub(crate) struct Call<'a> {
    pub(super) operation: Operation,
    pub(super) request: S3Request,
    pub(super) body: Option<Body<'a>>,
    cancel: Option<&'a Cancel>,
    pub(super) patience: AnswerTime,
    /// Whether its headers say what an object is to be.
    describes: bool,
    ending: EndOfTries,
}

/// What else than time ends the tries of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EndOfTries {
    Nothing,
    /// A try that may have been carried out.
    Doubt,
    /// The second try: the first may have met a connection that was dead.
    Haste,
}

impl<'a> Call<'a> {
    /// A request without body.
    pub(crate) fn new(operation: Operation, request: S3Request) -> Self {
        let (patience, ending) = (AnswerTime::Usual, EndOfTries::Nothing);
        Self { operation, request, body: None, cancel: None, patience, describes: false, ending }
    }

    /// The same with a body.
    pub(crate) fn with_body(mut self, body: Body<'a>) -> Self {
        self.body = Some(body);
        self
    }

    /// The same, its body's MD5 with it, by which the store sees what was damaged on the way.
    pub(crate) fn with_md5(mut self) -> Self {
        if let Some(body) = self.body.filter(|_| !self.has_md5()) {
            self.request = self.request.header(CONTENT_MD5, integrity::content_md5(&body));
        }
        self
    }

    /// The same, with what `guard` says of its body.
    pub(crate) fn guarded(mut self, guard: Guard) -> Self {
        match guard {
            Guard::Nothing => {}
            Guard::Md5 => return self.with_md5(),
            Guard::Sha256 => {
                if let Some(body) = self.body {
                    let hash = integrity::sha256(&body);
                    self.request = self.request.header(CONTENT_SHA256, hash);
                }
            }
        }
        self
    }

    /// Whether its body's MD5 goes with it.
    pub(crate) fn has_md5(&self) -> bool {
        self.request.has_header(CONTENT_MD5)
    }

    /// The same, not tried again once `cancel` is raised. For requests without a body, which has a
    /// flag of its own.
    pub(crate) fn unless(mut self, cancel: &'a Cancel) -> Self {
        self.cancel = Some(cancel);
        self
    }

    /// The same, for operations whose answer may take minutes.
    pub(crate) fn patiently(mut self) -> Self {
        self.patience = AnswerTime::Long;
        self
    }

    /// The same, which is not sent again where it may have been carried out.
    pub(crate) fn but_once(mut self) -> Self {
        self.ending = EndOfTries::Doubt;
        self
    }

    /// The same, for somebody who does not want to wait for more than an answer.
    pub(crate) fn hastily(mut self) -> Self {
        self.ending = EndOfTries::Haste;
        self
    }

    /// The same, whose `headers` become the object's: the store may refuse them.
    pub(crate) fn describing(mut self, headers: &[(String, String)]) -> Self {
        self.describes = headers.iter().any(|(name, _)| name != "content-type");
        self
    }

    /// What the failure `kind` means that was answered with `status`.
    pub(super) fn meaning_of(&self, kind: ErrorKind, status: u16) -> ErrorKind {
        match kind {
            ErrorKind::Other if self.describes && status == 400 => ErrorKind::AttributesRefused,
            kind => kind,
        }
    }

    /// The operation and key, for errors.
    pub(crate) fn error(&self, kind: ErrorKind) -> StoreError {
        StoreError::new(kind, self.operation, self.request.subject())
    }

    /// An answer with these headers that makes no sense.
    pub(crate) fn unreadable(
        &self,
        headers: &Headers,
        why: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> StoreError {
        let (status, request_id) = (Some(200), headers.request_id());
        let error = StoreError { status, request_id, ..self.error(ErrorKind::Other) };
        error.with_source(why)
    }

    /// How long it is tried.
    pub(super) fn retry_policy(&self) -> RetryPolicy {
        match self.request.method {
            Method::PUT | Method::POST => RetryPolicy::WhileInTime,
            _ => RetryPolicy::FewTries,
        }
    }

    /// Whether it is not tried again after so many `tries`, of which one may have been carried out.
    pub(super) fn is_over(&self, tries: u32, in_doubt: bool) -> bool {
        match self.ending {
            EndOfTries::Nothing => false,
            EndOfTries::Doubt => in_doubt,
            EndOfTries::Haste => tries > 1,
        }
    }

    /// What ends the tries.
    pub(super) fn cancel(&self) -> Option<&'a Cancel> {
        self.body.map(|body| body.cancel()).or(self.cancel)
    }

    /// Whether nobody wants it any more.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel().is_some_and(Cancel::is_raised)
    }
}

/// A request that failed after all tries.
#[derive(Debug)]
pub(crate) struct RequestFailure {
    /// The last failure.
    pub(crate) error: StoreError,
    /// How often it was tried: after more than one try an earlier one may have been carried out. 0
    /// when a look beforehand failed.
    pub(crate) tries: u32,
    /// Whether one of the tries may have been carried out although no answer said so.
    pub(crate) in_doubt: bool,
}

impl From<RequestFailure> for StoreError {
    fn from(failure: RequestFailure) -> Self {
        let in_doubt = failure.in_doubt && failure.error.operation.changes_object();
        Self { in_doubt, ..failure.error }
    }
}
