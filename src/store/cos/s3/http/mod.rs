//! The way to the store: connections, the addresses they lead to, and what goes over them; by
//! `ureq`.

pub(crate) mod authorities;
mod body;
mod buffers;
mod connection;
pub(crate) mod drained;
mod named_certificates;
mod outlet;
mod record_channel;
mod route;
mod spare_connection;
mod tcp;
pub(crate) mod time_limits;
mod tls;
pub(crate) mod tls_refusal;
mod wire;

use std::time::Duration;

use ureq::config::AutoHeaderValue;
use ureq::http::{HeaderMap, Request, Response};
use ureq::{Agent, SendBody};

use self::authorities::Authorities;
use self::body::BodyReader;
use self::connection::StoreConnector;
use self::outlet::Outlets;
use self::route::RouteWatch;
use self::spare_connection::SpareConnection;
use self::time_limits::TimeLimits;
use self::tls::TlsClient;
use crate::addresses::{Addresses, RememberingResolver};
use crate::limits;
use crate::store::cos::options::Timeouts;
use crate::store::{Body, ReplyWait};

/// The connections to one host, shared by all who send something there.
#[derive(Debug)]
pub(crate) struct Connections {
    agent: Agent,
    addresses: Addresses,
    spare: SpareConnection,
    outlets: Outlets,
}

impl Connections {
    /// None yet; at most `idle` of them are kept while no request goes over them. `tells_way`: what
    /// kind of address they lead to is told.
    pub(crate) fn new(idle: usize, authorities: &Authorities, tells_way: bool) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect would take the signed request to whoever the answer names.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // The default reads HTTP_PROXY.
            .proxy(None)
            .user_agent(concat!("cos-ftp-server/", env!("CARGO_PKG_VERSION")))
            .accept_encoding(AutoHeaderValue::None)
            .max_idle_connections(idle)
            .max_idle_connections_per_host(idle)
            .max_idle_age(limits::IDLE_STORE_CONNECTION_AGE)
            .build();
        let (addresses, spare) = (Addresses::default(), SpareConnection::default());
        let outlets = Outlets::default();
        let connector = StoreConnector {
            spare: spare.clone(),
            addresses: addresses.clone(),
            outlets: outlets.clone(),
            route: tells_way.then(RouteWatch::default),
            tls: TlsClient::new(authorities.clone()),
        };
        let resolver = RememberingResolver::new(addresses.clone());
        let agent = Agent::with_parts(config, connector, resolver);
        Self { agent, addresses, spare, outlets }
    }

    /// A reader of `body` for one try of a request over one of these; what is read of it counts as
    /// progress for `wait`.
    pub(crate) fn reader<'a>(
        &'a self,
        body: Body<'a>,
        wait: Option<&'a ReplyWait>,
    ) -> BodyReader<'a> {
        BodyReader::new(body, wait, &self.outlets)
    }

    /// Sends a request and waits for the head of its answer; `fresh`: over no connection that
    /// served before.
    pub(crate) fn send(
        &self,
        request: Request<()>,
        body: Option<&mut BodyReader<'_>>,
        limits: &TimeLimits,
        fresh: bool,
    ) -> Result<Response<ureq::Body>, ureq::Error> {
        match body {
            Some(body) => {
                let request = request.map(|()| SendBody::from_reader(body));
                self.agent.run(limits.apply(&self.agent, request, fresh))
            }
            None => self.agent.run(limits.apply(&self.agent, request, fresh)),
        }
    }

    /// The headers that the store answers to somebody without a key pair who asks for `url`.
    pub(crate) fn greet(&self, url: &str, timeouts: &Timeouts) -> Result<HeaderMap, ureq::Error> {
        let request = self.agent.head(url).config();
        let request = request
            .timeout_connect(Some(timeouts.connect))
            .timeout_recv_response(Some(timeouts.response))
            .timeout_per_read(Some(timeouts.response))
            .build();
        Ok(request.call()?.into_parts().0.headers)
    }

    /// Opens a connection for a request that is to come while others run, if it is known where to.
    pub(crate) fn open_ahead(&self, timeout: Duration) {
        if let Some(addresses) = self.addresses.known() {
            self.spare.open(&addresses, timeout);
        }
    }

    /// Whether the host's addresses are known, so that a request need not wait for them.
    pub(crate) fn are_resolved(&self) -> bool {
        self.addresses.known().is_some()
    }
}
