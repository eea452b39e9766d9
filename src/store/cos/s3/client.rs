//! Sends requests to one bucket: signs, waits, tries again.
//!
//! Everything that is sent from here may be sent twice: bodies stay in memory until they are
//! confirmed, and the one request that is not idempotent (Complete) is resolved by its caller.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use time::OffsetDateTime;
use ureq::http::{self, Response};

use super::answer::{self, Answer, Headers, OpenAnswer};
use super::call::{Call, RequestFailure};
use super::dialect::Dialect;
use super::domains::Domains;
use super::encryption::{EncryptionWatch, asked_by};
use super::failure::Remedy;
use super::fault::FailedTry;
use super::guard::Guard;
use super::http::Connections;
use super::http::time_limits::{AnswerTime, Extent, TimeLimits};
use super::identity::{Credentials, KeyError, KeyPair};
use super::known_arch::AccountArch;
use super::request::{Address, S3Request};
use super::retry::{Attempts, back_off};
use super::signature::{RequestError, Signer};
use super::site::Site;
use super::xml;
use crate::metrics;
use crate::secret::Secret;
use crate::store::cos::options::{CosOptions, Timeouts, VerifyUploads};
use crate::store::{ErrorKind, ReplyWait, StoreAnswer, StoreError};

/// What is read of an error's body.
const ERROR_BYTES: u64 = 64 * 1024;

/// The way to one bucket with one key pair. Clones are cheap.
#[derive(Clone, Debug)]
pub(crate) struct S3Client {
    site: Arc<Site>,
    account: Arc<AccountAddress>,
    /// For whom requests are sent; `None` for nobody who waits.
    wait: Option<ReplyWait>,
}

/// What is an account's own.
#[derive(Debug)]
struct AccountAddress {
    domains: Domains,
    bucket: String,
    region: String,
    dialect: Dialect,
    verify: VerifyUploads,
    arch: AccountArch,
    guard: Guard,
    timeouts: Timeouts,
    signer: Signer,
    credentials: Credentials,
    encryption: EncryptionWatch,
    last_answer: Mutex<Option<StoreAnswer>>,
}

impl S3Client {
    /// A client of the bucket at `site`, as `options` describe it.
    ///
    /// # Errors
    /// When no request can be put together: bucket, endpoint and region come from a configuration.
    pub(crate) fn new(
        site: Arc<Site>,
        credentials: Credentials,
        options: CosOptions,
    ) -> Result<Self, RequestError> {
        let guard = Guard::of(&options);
        let account = AccountAddress {
            domains: Domains::of(&options, &site.authorities),
            dialect: Dialect::of(&options.endpoint),
            signer: Signer::new(&options.region),
            arch: AccountArch::of(&options),
            bucket: options.bucket,
            region: options.region,
            verify: options.verify,
            guard,
            timeouts: options.timeouts,
            credentials,
            encryption: EncryptionWatch::default(),
            last_answer: Mutex::default(),
        };
        let anybody = Secret::new("anybody".to_owned());
        let keys = KeyPair { id: anybody.clone(), secret: anybody, token: None };
        let request = S3Request::on_bucket(http::Method::HEAD);
        request.sign(&account.domains.endpoint, &account.signer, &keys, site.clock.now())?;
        Ok(Self { site, account: Arc::new(account), wait: None })
    }

    /// What was answered last to anybody with this key pair.
    pub(crate) fn last_answer(&self) -> Option<StoreAnswer> {
        *self.account.last_answer.lock()
    }

    /// The same, working for a command whose client waits.
    pub(crate) fn for_command(&self, wait: &ReplyWait) -> Self {
        Self { wait: Some(wait.clone()), ..self.clone() }
    }

    /// What is shared with the other accounts of the bucket.
    pub(crate) fn site(&self) -> &Site {
        &self.site
    }

    /// The bucket's name.
    pub(crate) fn bucket(&self) -> &str {
        &self.account.bucket
    }

    /// The region that is signed for.
    pub(crate) fn region(&self) -> &str {
        &self.account.region
    }

    /// Who answers.
    pub(crate) fn dialect(&self) -> Dialect {
        self.account.dialect
    }

    /// What is compared after an upload.
    pub(crate) fn verify(&self) -> VerifyUploads {
        self.account.verify
    }

    /// What is said of the bucket's kind, and taken for true.
    pub(crate) fn arch(&self) -> &AccountArch {
        &self.account.arch
    }

    /// What goes with the body of a whole object.
    pub(crate) fn guard(&self) -> Guard {
        self.account.guard
    }

    /// Where the bucket is, for people.
    pub(crate) fn address_of_bucket(&self) -> String {
        self.account.domains.endpoint.url_of("")
    }

    /// Whose buckets have names of their own: COS', whichever domain leads to it, or those of one
    /// address.
    pub(crate) fn whose_bucket(&self) -> String {
        match self.account.dialect {
            Dialect::Cos => "COS".to_owned(),
            Dialect::S3 => self.account.domains.endpoint.authority().to_owned(),
        }
    }

    /// Whether there is a key pair at all: its files can be read, the role hands one out.
    pub(crate) fn find_keys(&self) -> Result<(), KeyError> {
        self.account.credentials.current().map(drop)
    }

    /// How long requests may still be tried for the client that waits; `None` if none does.
    pub(crate) fn reply_left(&self) -> Option<Duration> {
        self.wait.as_ref().and_then(ReplyWait::left_for_tries)
    }

    /// What a connection to the store may take.
    pub(crate) fn connect_timeout(&self) -> Duration {
        self.account.timeouts.connect
    }

    /// Opens a connection for a request that is to come while others run.
    pub(crate) fn connect_ahead(&self) {
        self.site.connections.open_ahead(self.connect_timeout());
    }

    /// What the store says to somebody without a key pair; most refuse, and all of them answer.
    pub(crate) fn greet(&self) -> Result<Headers, ureq::Error> {
        let url = self.address_of_bucket();
        self.site.connections.greet(&url, &self.account.timeouts).map(Headers)
    }

    /// When the store answered, by its own clock.
    pub(crate) fn answered_at(&self, answered: &Headers) -> OffsetDateTime {
        answered.date().unwrap_or_else(|| self.site.clock.now())
    }

    /// Looks whether the store does what these headers of the object `key` say of its encryption,
    /// by what it `told` when it took them.
    pub(crate) fn watch_encryption(&self, key: &str, headers: &[(String, String)], told: &Headers) {
        if let Some(asked) = asked_by(headers) {
            self.account.encryption.look(asked, told, &self.account.domains.endpoint.url_of(key));
        }
    }

    /// Sends `call` and reads the whole answer.
    pub(crate) fn exchange(&self, call: &Call<'_>) -> Result<Answer, RequestFailure> {
        self.exchange_watched(call, &mut |_| {})
    }

    /// The same; `watch` sees what has come of the answer's text whenever there is more of it, from
    /// its beginning on, and once more from there if the request is tried again.
    pub(crate) fn exchange_watched(
        &self,
        call: &Call<'_>,
        watch: &mut dyn FnMut(&[u8]),
    ) -> Result<Answer, RequestFailure> {
        self.named(self.persist(call, Extent::Whole, |response| read_answer(call, response, watch)))
    }

    /// Sends `call` and leaves the answer's body to be read. What breaks from there on is the
    /// reader's affair.
    pub(crate) fn open(&self, call: &Call<'_>) -> Result<OpenAnswer, RequestFailure> {
        self.named(self.persist(call, Extent::Open, |response| {
            let (parts, body) = response.into_parts();
            Ok(OpenAnswer { headers: Headers(parts.headers), body })
        }))
    }

    /// A key alone does not tell where it was looked for.
    fn named<T>(&self, outcome: Result<T, RequestFailure>) -> Result<T, RequestFailure> {
        outcome.map_err(|mut failure| {
            failure.error.path = self.account.domains.endpoint.url_of(&failure.error.path);
            failure
        })
    }

    fn persist<T>(
        &self,
        call: &Call<'_>,
        extent: Extent,
        mut take: impl FnMut(Response<ureq::Body>) -> Result<T, FailedTry>,
    ) -> Result<T, RequestFailure> {
        let begun = Instant::now();
        let mut attempts = Attempts::of(call.retry_policy());
        let mut in_doubt = false;
        loop {
            if call.is_cancelled() {
                let error = call.error(ErrorKind::Cancelled);
                return Err(RequestFailure { error, tries: attempts.tries, in_doubt });
            }
            attempts.tries += 1;
            let fault = match self.attempt(call, extent, &attempts).and_then(&mut take) {
                Ok(value) => {
                    self.wait.iter().for_each(ReplyWait::note_progress);
                    return Ok(value);
                }
                Err(fault) => fault,
            };
            in_doubt |= fault.in_doubt;
            if fault.asks_to_slow_down() {
                self.site.slowdowns.count();
            }
            if call.is_cancelled() {
                continue;
            }
            let (failed_at, _) = self.way_of(call, &attempts);
            let left = self.left_for_tries(begun);
            let is_over = call.is_over(attempts.tries, in_doubt);
            let Some(pause) = attempts.after(fault.remedy, left).filter(|_| !is_over) else {
                let tries = attempts.tries;
                let error = StoreError { tries, ..fault.error };
                return Err(RequestFailure { error, tries, in_doubt });
            };
            attempts.note_answer(fault.error.request_id.is_some());
            metrics::count_store_retry(call.operation.name());
            let place = failed_at.url_of("");
            self.site.failed_tries.tell(attempts.tries, pause, &place, &fault.error);
            back_off(pause, call.cancel());
        }
    }

    /// How long a request that was first sent at `begun` may still be tried.
    fn left_for_tries(&self, begun: Instant) -> Duration {
        let left = self.account.timeouts.retry_total.saturating_sub(begun.elapsed());
        let awaited = self.reply_left();
        awaited.map_or(left, |awaited| awaited.min(left))
    }

    /// Where the next try of `call` goes.
    fn way_of(&self, call: &Call<'_>, attempts: &Attempts) -> (&Address, &Connections) {
        let domains = &self.account.domains;
        match domains.other_for(call.operation, attempts.unanswered) {
            Some(domain) => (&domain.address, &domain.connections),
            None => (&domains.endpoint, &self.site.connections),
        }
    }

    /// The limits of a try that begins now.
    fn time_limits(
        &self,
        call: &Call<'_>,
        extent: Extent,
        connections: &Connections,
    ) -> TimeLimits {
        let left = self.wait.as_ref().and_then(|wait| {
            let left = wait.left_for_tries()?;
            Some(left.max(wait.last_look()))
        });
        let extent = if call.body.is_some() { Extent::Open } else { extent };
        let resolved = connections.are_resolved();
        TimeLimits::of(&self.account.timeouts, call.patience, extent, left, resolved)
    }

    fn attempt(
        &self,
        call: &Call<'_>,
        extent: Extent,
        attempts: &Attempts,
    ) -> Result<Response<ureq::Body>, FailedTry> {
        let keys = self.account.credentials.current().map_err(|error| {
            let error = call.error(ErrorKind::Unavailable).with_source(error);
            FailedTry::unsent(error, Remedy::Wait)
        })?;
        let (address, connections) = self.way_of(call, attempts);
        let signed = call.request.sign(address, &self.account.signer, &keys, self.site.clock.now());
        let mut request = signed.map_err(|error| {
            let error = call.error(ErrorKind::BadName).with_source(error);
            FailedTry::unsent(error, Remedy::None)
        })?;
        // What is sent once more is no progress.
        let wait = self.wait.as_ref().filter(|_| attempts.tries == 1);
        let mut reader = call.body.map(|body| connections.reader(body, wait));
        let wants_length = matches!(call.request.method, http::Method::PUT | http::Method::POST);
        if wants_length {
            let length = call.body.map_or(0, |body| body.len());
            request.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
            if length > 0 && attempts.disconnects > 1 {
                // A refusal that comes before the body was read shows up as a dead connection.
                // Asked first, the store can say why.
                let ask = http::HeaderValue::from_static("100-continue");
                request.headers_mut().insert(http::header::EXPECT, ask);
            }
        }
        let (begun, limits) = (Instant::now(), self.time_limits(call, extent, connections));
        let wait = self.wait.as_ref().filter(|_| call.patience == AnswerTime::Long);
        let _under_way = wait.map(|wait| wait.begin_long(limits.reach));
        let sent = connections.send(request, reader.as_mut(), &limits, attempts.fresh);
        let status = sent.as_ref().ok().map(|response| response.status().as_u16());
        metrics::count_store_request(call.operation.name(), status, begun.elapsed());
        let (at, operation) = (SystemTime::now(), call.operation);
        *self.account.last_answer.lock() = Some(StoreAnswer { at, operation, status });
        let response = sent.map_err(|error| FailedTry::unanswered(call, error))?;
        if response.status().is_success() {
            if let Some(date) = answer::date(response.headers()) {
                self.site.clock.follow(date, begun.elapsed());
            }
            return Ok(response);
        }
        let mut fault = self.refusal(call, response);
        if fault.remedy == Remedy::NewKeys && !self.account.credentials.replace(&keys) {
            fault.remedy = Remedy::None;
        }
        Err(fault)
    }

    /// An answer that is no success.
    fn refusal(&self, call: &Call<'_>, response: Response<ureq::Body>) -> FailedTry {
        let status = response.status().as_u16();
        let (parts, body) = response.into_parts();
        let headers = Headers(parts.headers);
        let text = body
            .into_with_config()
            .limit(ERROR_BYTES)
            .lossy_utf8(true)
            .read_to_string()
            .unwrap_or_default();
        let fault =
            FailedTry::refused(call, status, &headers, xml::error(&text).unwrap_or_default());
        if fault.remedy == Remedy::SetClock
            && let Some(date) = headers.date()
        {
            self.site.clock.set(date);
        }
        fault
    }
}

/// Reads an answer to its end; a 200 that carries an error is one.
fn read_answer(
    call: &Call<'_>,
    response: Response<ureq::Body>,
    watch: &mut dyn FnMut(&[u8]),
) -> Result<Answer, FailedTry> {
    let status = response.status().as_u16();
    let answer =
        Answer::read(response, watch).map_err(|error| FailedTry::unanswered(call, error.into()))?;
    match xml::error(&answer.text) {
        Some(body) => Err(FailedTry::refused(call, status, &answer.headers, body)),
        None => Ok(answer),
    }
}
