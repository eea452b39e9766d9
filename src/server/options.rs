//! What the operator decides about the server as a whole.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use crate::access::AccessOptions;
use crate::events::Chronicle;
use crate::net::tls::TlsContext;
use crate::session::SessionOptions;
use crate::transfer::RateLimits;

/// How the server behaves.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// `listen_address`: empty for all addresses, IPv6 and IPv4.
    pub listen_addresses: Vec<IpAddr>,
    /// `listen_port`; 0 lets the system choose.
    pub listen_port: u16,
    /// `implicit_listen_port`: where connections begin with TLS; `None` for nowhere.
    pub implicit_listen_port: Option<u16>,
    /// What TLS connections share; `None` when `tls = off`.
    pub tls: Option<Arc<TlsContext>>,
    /// `passive_ports`.
    pub passive_ports: RangeInclusive<u16>,
    /// `max_connection_num`: control and data connections together; `None` for no limit.
    pub max_connections: Option<usize>,
    /// Who may come in, and how much.
    pub access: AccessOptions,
    /// `shutdown_grace`: what running transfers get to finish at a stop.
    pub shutdown_grace: Duration,
    /// `abort_unfinished_after`: the silence after which an unfinished upload in a bucket is
    /// aborted; `None` for never.
    pub abort_unfinished_after: Option<Duration>,
    /// `metrics_listen`: where metrics and health are told; `None` for nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Who wants to know what happens to files.
    pub chronicle: Arc<Chronicle>,
    /// `status_page_names`: whether the page at that address tells names of users and files.
    pub status_page_names: bool,
    /// How fast transfers may be.
    pub rates: RateLimits,
    /// How each session behaves.
    pub session: SessionOptions,
}

impl ServerOptions {
    /// Nothing is decided yet: what the table of keys fills in.
    pub(crate) fn unset() -> Self {
        Self {
            listen_addresses: Vec::new(),
            listen_port: 0,
            implicit_listen_port: None,
            tls: None,
            passive_ports: 1..=1,
            max_connections: None,
            access: AccessOptions::unset(),
            shutdown_grace: Duration::ZERO,
            abort_unfinished_after: None,
            metrics_listen: None,
            chronicle: Arc::default(),
            status_page_names: false,
            rates: RateLimits::default(),
            session: SessionOptions::unset(),
        }
    }
}
