//! One try of a request that failed: what is told of it, and whether another may help.

use super::answer::Headers;
use super::call::Call;
use super::failure::{self, Remedy};
use super::xml;
use crate::store::{ErrorKind, StoreError};

/// One failed try.
pub(super) struct FailedTry {
    pub(super) error: StoreError,
    pub(super) remedy: Remedy,
    /// Whether the request may have been carried out all the same.
    pub(super) in_doubt: bool,
}

impl FailedTry {
    /// Nothing was sent.
    pub(super) fn unsent(error: StoreError, remedy: Remedy) -> Self {
        Self { error, remedy, in_doubt: false }
    }

    /// No whole answer came.
    pub(super) fn unanswered(call: &Call<'_>, error: ureq::Error) -> Self {
        let remedy = failure::remedy_of_fault(&error);
        let kind = if remedy == Remedy::None { ErrorKind::Other } else { ErrorKind::Unavailable };
        let in_doubt = failure::may_have_arrived(&error);
        Self { error: call.error(kind).with_source(error), remedy, in_doubt }
    }

    /// The store answered with this status and an error.
    pub(super) fn refused(
        call: &Call<'_>,
        status: u16,
        headers: &Headers,
        body: xml::ErrorBody,
    ) -> Self {
        let code = body.code.as_deref();
        let kind = call.meaning_of(failure::kind_of_answer(status, code), status);
        let mut error = call.error(kind);
        let remedy = match failure::is_expired_signature(code, body.message.as_deref()) {
            true => Remedy::SetClock,
            false => failure::remedy_of_answer(status, code),
        };
        error.status = Some(status);
        error.request_id = headers.request_id().or(body.request_id);
        let endpoint = body.endpoint.map(|endpoint| format!("the bucket is at {endpoint}"));
        let told = [body.message, endpoint].into_iter().flatten().filter(|text| !text.is_empty());
        error.source = told.reduce(|message, more| format!("{message} ({more})")).map(Into::into);
        error.code = body.code;
        Self { error, remedy, in_doubt: failure::is_answer_in_doubt(status) }
    }

    /// Whether the store asked for fewer requests.
    pub(super) fn asks_to_slow_down(&self) -> bool {
        let StoreError { status, code, .. } = &self.error;
        status.is_some_and(|status| failure::asks_to_slow_down(status, code.as_deref()))
    }
}
