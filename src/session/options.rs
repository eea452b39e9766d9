//! What the operator decides about sessions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::access::Quota;
use crate::limits;
use crate::net::{Balancers, Masquerade, MasqueradeNetworks, PeerCheck};
use crate::protocol::Switches;
use crate::transfer::TransferOptions;

/// `tls`: whether clients may or must encrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsPolicy {
    /// There is no TLS.
    Off,
    /// Clients may.
    Optional,
    /// Nobody logs in, and nothing is transferred, without.
    Required,
}

/// Whether `tls = required` holds at this moment, also for sessions that began before it did.
/// Clones share it.
#[derive(Clone, Debug, Default)]
pub struct TlsDemand(Arc<AtomicBool>);

impl TlsDemand {
    /// What `policy` says holds from now on.
    pub fn set(&self, policy: TlsPolicy) {
        self.0.store(policy == TlsPolicy::Required, Ordering::Release);
    }

    /// Whether everybody must encrypt now.
    pub fn holds(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// How a connection begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// With the greeting, in plain text.
    Plain,
    /// With the TLS handshake: `implicit_listen_port`.
    ImplicitTls,
}

/// How sessions behave.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// `idle_timeout`: silence on the control connection outside transfers.
    pub idle: Duration,
    /// `reply_timeout`: how long a client waits for a reply that the store keeps back.
    pub reply_timeout: Duration,
    /// How often a client hears a line of its reply while the store is at work for minutes. No key:
    /// [`limits::SIGN_OF_LIFE_INTERVAL`].
    pub sign_of_life: Duration,
    /// `login_timeout`: from connect to a successful login.
    pub login: Duration,
    /// `max_login_failures`: failed logins on one connection, at least 1; the last closes it.
    pub login_attempts: u32,
    /// `max_commands_per_second`: more wait. `None`: any number.
    pub command_quota: Option<Quota>,
    /// `trace_lines`: lines of its control connection that a session keeps for the log, should
    /// something fail; [`limits::TRACE_LINES`] at most.
    pub trace_lines: usize,
    /// `data_peer_check`: from where passive data connections may come.
    pub data_peer_check: PeerCheck,
    /// `data_connect_timeout`: from 150 to an open data connection.
    pub data_connect: Duration,
    /// `max_list_file`: entries after which a listing is cut, and says so. `None`: never.
    pub max_list: Option<usize>,
    /// `ascii_conversion`: whether TYPE A turns line ends round. Off: bytes stay what they are.
    pub ascii_conversion: bool,
    /// `preserve_mtime`: whether clients may set the times of files, and are told them.
    pub preserve_mtime: bool,
    /// `tls`
    pub tls: TlsPolicy,
    /// `masquerade_address`: what PASV tells clients from outside.
    pub masquerade: Option<Masquerade>,
    /// `masquerade_networks`: what PASV tells clients of these networks instead.
    pub masquerade_networks: MasqueradeNetworks,
    /// `public_address_url`: what answers the public address of the machine, as text.
    pub public_address_url: String,
    /// `passive_ports_shared`: whether clients of different addresses may have one passive port at
    /// the same time.
    pub passive_ports_shared: bool,
    /// `proxy_protocol_from`, `proxy_protocol_data`: whose word tells the client's address.
    pub balancers: Balancers,
    /// How transfers behave.
    pub transfer: TransferOptions,
}

impl SessionOptions {
    /// What verbs hang on.
    pub fn switches(&self) -> Switches {
        Switches { preserve_mtime: self.preserve_mtime, tls: self.tls != TlsPolicy::Off }
    }

    /// Who is to be asked for the public address of the machine: nobody, unless it is named to
    /// somebody.
    pub fn public_address_source(&self) -> Option<&str> {
        self.masquerade_networks.need_public_address().then_some(&self.public_address_url)
    }

    /// Nothing is decided yet but what has no key: what the table of keys fills in.
    pub(crate) fn unset() -> Self {
        Self {
            idle: Duration::ZERO,
            reply_timeout: Duration::ZERO,
            sign_of_life: limits::SIGN_OF_LIFE_INTERVAL,
            login: Duration::ZERO,
            login_attempts: 1,
            command_quota: None,
            trace_lines: 0,
            data_peer_check: PeerCheck::Strict,
            data_connect: Duration::ZERO,
            max_list: None,
            ascii_conversion: false,
            preserve_mtime: false,
            tls: TlsPolicy::Off,
            masquerade: None,
            masquerade_networks: MasqueradeNetworks::default(),
            public_address_url: String::new(),
            passive_ports_shared: false,
            balancers: Balancers::unset(),
            transfer: TransferOptions::unset(),
        }
    }
}
