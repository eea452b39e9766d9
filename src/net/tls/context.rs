//! What all TLS connections of the server share, and what those of one client do.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{ProducesTickets, ServerSessionMemoryCache, StoresServerSessions};
use rustls::sign::SingleCertAndKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};

use super::certificate::{self, CertificateError};
use super::connection::{Purpose, TlsConnection, Truncation};
use crate::limits;

/// The oldest protocol version that is spoken. Older ones than these are not there at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MinVersion {
    /// TLS 1.2 and 1.3.
    #[default]
    Tls12,
    /// TLS 1.3 only.
    Tls13,
}

/// Whether a data connection must resume the TLS session of its control connection, which proves
/// that the same client opened it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reuse {
    /// It may.
    #[default]
    Optional,
    /// It must.
    Required,
}

/// Which way the bytes of a data connection go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Downloads and listings.
    ToClient,
    /// Uploads.
    FromClient,
}

/// What the operator decides about TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsOptions {
    /// `tls_cert_file`: the server's certificate and those that lead to a root, PEM.
    pub cert_file: PathBuf,
    /// `tls_key_file`: the certificate's key, PEM.
    pub key_file: PathBuf,
    /// `tls_min_version`
    pub min_version: MinVersion,
    /// `tls_require_session_reuse`
    pub reuse: Reuse,
    /// `tls_require_close_notify`: what an upload without it is.
    pub truncation: Truncation,
}

impl TlsOptions {
    /// The last moment at which clients take the certificate in the file; `None` if it does not tell.
    ///
    /// # Errors
    /// When the file cannot be read or holds no certificate.
    pub fn valid_until(&self) -> Result<Option<SystemTime>, CertificateError> {
        certificate::valid_until(self)
    }
}

/// Certificate, tickets and rules of the server. Shared by all sessions.
#[derive(Debug)]
pub struct TlsContext {
    provider: Arc<CryptoProvider>,
    /// What resumes sessions; outlives the certificate.
    resumption: Resumption,
    present: Mutex<Present>,
}

/// What a reload replaces.
#[derive(Debug)]
struct Present {
    options: TlsOptions,
    configs: Arc<Configs>,
    stamp: Stamp,
    looked: Instant,
}

/// One rustls configuration for each kind of connection; all can resume each other's sessions.
#[derive(Debug)]
struct Configs {
    control: Arc<ServerConfig>,
    to_client: Arc<ServerConfig>,
    from_client: Arc<ServerConfig>,
    rules: (Reuse, Truncation),
}

#[derive(Clone, Debug)]
struct Resumption {
    tickets: Arc<dyn ProducesTickets>,
    /// For TLS 1.2 clients that know no tickets.
    ids: Arc<dyn StoresServerSessions>,
}

/// What one client's TLS connections have in common: certificate and rules as they were when its
/// control connection began.
#[derive(Clone, Debug)]
pub struct TlsSession(Arc<Configs>);

/// What tells that a file is another one.
type Stamp = [Option<(SystemTime, u64)>; 2];

impl TlsContext {
    /// Loads certificate and key. Beside the context: what the operator should know about them.
    ///
    /// # Errors
    /// What is wrong with which file.
    pub fn open(options: TlsOptions) -> Result<(Self, Option<CertificateError>), CertificateError> {
        let provider = Arc::new(ring::default_provider());
        let resumption = Resumption::new(limits::TLS_SESSION_CACHE)?;
        let stamp = stamp_of(&options);
        let (configs, warning) = Configs::load(&options, &provider, &resumption)?;
        let configs = Arc::new(configs);
        let present = Mutex::new(Present { options, configs, stamp, looked: Instant::now() });
        Ok((Self { provider, resumption, present }, warning))
    }

    /// For a new control connection. Looks now and then whether the files have changed, and loads
    /// them again if they have: certificates are renewed every few weeks. Sessions that run keep
    /// theirs, because clients compare the certificates of both connections.
    ///
    /// # Errors
    /// When the machine has no randomness.
    pub fn session(&self) -> io::Result<TlsSession> {
        self.refresh();
        let present = Arc::clone(&self.lock().configs);
        match present.rules.0 {
            Reuse::Optional => Ok(TlsSession(present)),
            // Tickets that no other client's session could have given: who resumes is the same.
            Reuse::Required => {
                let own = Resumption::new(limits::TLS_SESSION_CACHE_OF_ONE)?;
                Ok(TlsSession(Arc::new(present.with(&own))))
            }
        }
    }

    fn refresh(&self) {
        let mut present = self.lock();
        if present.looked.elapsed() < limits::TLS_FILE_CHECK_INTERVAL {
            return;
        }
        present.looked = Instant::now();
        let stamp = stamp_of(&present.options);
        if stamp == present.stamp {
            return;
        }
        // Told once for each change: the other file may follow in a moment.
        present.stamp = stamp;
        match Configs::load(&present.options, &self.provider, &self.resumption) {
            Ok((configs, warning)) => {
                present.configs = Arc::new(configs);
                log::info!("certificate loaded again: {}", present.options.cert_file.display());
                warning.iter().for_each(|warning| log::warn!("{warning}"));
            }
            Err(error) => {
                log::error!("the certificate in use stays, the new one is wrong: {error}");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Present> {
        // Whole at any time.
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TlsSession {
    /// The control connection, before its handshake.
    ///
    /// # Errors
    /// None in practice.
    pub fn control(&self) -> io::Result<TlsConnection> {
        let config = Arc::clone(&self.0.control);
        TlsConnection::new(config, Purpose::Control, Truncation::Tolerated)
    }

    /// A data connection, before its handshake.
    ///
    /// # Errors
    /// None in practice.
    pub fn data(&self, direction: Direction) -> io::Result<TlsConnection> {
        let config = match direction {
            Direction::ToClient => &self.0.to_client,
            Direction::FromClient => &self.0.from_client,
        };
        TlsConnection::new(Arc::clone(config), Purpose::Data, self.0.rules.1)
    }

    /// Whether a data connection must have resumed a session.
    pub fn reuse(&self) -> Reuse {
        self.0.rules.0
    }
}

impl Configs {
    fn load(
        options: &TlsOptions,
        provider: &Arc<CryptoProvider>,
        resumption: &Resumption,
    ) -> Result<(Self, Option<CertificateError>), CertificateError> {
        let loaded = certificate::load(&options.cert_file, &options.key_file, provider)?;
        let versions: &[&SupportedProtocolVersion] = match options.min_version {
            MinVersion::Tls12 => &[&TLS13, &TLS12],
            MinVersion::Tls13 => &[&TLS13],
        };
        let config = ServerConfig::builder_with_provider(Arc::clone(provider))
            .with_protocol_versions(versions)
            .map_err(|error| CertificateError::of_library(&error))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(loaded.key)));
        let rules = (options.reuse, options.truncation);
        Ok((Self::of(config, rules, resumption), loaded.warning))
    }

    fn of(mut config: ServerConfig, rules: (Reuse, Truncation), resumption: &Resumption) -> Self {
        config.ticketer = Arc::clone(&resumption.tickets);
        config.session_storage = Arc::clone(&resumption.ids);
        config.send_tls13_tickets = limits::TLS_TICKETS;
        // Clients that take a ticket for one connection only get another with each.
        let to_client = with_tickets(&config, 1);
        // A client that only sends does not read tickets, and a socket that is closed with bytes
        // unread resets the connection, which loses what was on its way to us. Where it must resume
        // a session it knows about tickets, and may need the next one.
        let spare = if rules.0 == Reuse::Required { 1 } else { 0 };
        let from_client = with_tickets(&config, spare);
        Self { control: Arc::new(config), to_client, from_client, rules }
    }

    /// The same with another memory of sessions.
    fn with(&self, resumption: &Resumption) -> Self {
        Self::of((*self.control).clone(), self.rules, resumption)
    }
}

impl Resumption {
    fn new(ids: usize) -> Result<Self, CertificateError> {
        let tickets =
            ring::Ticketer::new().map_err(|error| CertificateError::of_library(&error))?;
        Ok(Self { tickets, ids: ServerSessionMemoryCache::new(ids) })
    }
}

fn with_tickets(config: &ServerConfig, tickets: usize) -> Arc<ServerConfig> {
    let mut config = config.clone();
    config.send_tls13_tickets = tickets;
    Arc::new(config)
}

fn stamp_of(options: &TlsOptions) -> Stamp {
    [&options.cert_file, &options.key_file].map(|file| {
        let metadata = std::fs::metadata(file).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}
