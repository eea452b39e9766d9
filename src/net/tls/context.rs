//! What all TLS connections of the server share, and what those of one client do.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use parking_lot::Mutex;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::NoClientAuth;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::SingleCertAndKey;

use super::certificate::{self, CertificateError};
use super::client_auth::{ClientAuthOptions, ClientRefusal, EndedList};
use super::client_identity::{self, ClientIdentity};
use super::connection::{Purpose, TlsConnection, Truncation};
use super::options::{Reuse, TlsOptions};
use super::resumption::Resumption;
use super::verdict::{CertificateVerdict, Shown};
use super::version::Version;
use crate::limits;

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
    /// For control connections of clients that [`Self::control`] is too narrow for.
    control_otherwise: Option<Arc<ServerConfig>>,
    /// Data connections of control connections that speak this version.
    data_1_2: Arc<ServerConfig>,
    data_1_3: Arc<ServerConfig>,
    rules: TlsRules,
    clients: Option<ClientAuth>,
}

/// Who verifies the certificates of clients, and what they are good for.
#[derive(Clone, Debug)]
struct ClientAuth {
    verifier: Arc<dyn ClientCertVerifier>,
    /// The same of data connections.
    of_data: Arc<dyn ClientCertVerifier>,
    options: Arc<ClientAuthOptions>,
}

/// What holds for the data connections of one client.
#[derive(Clone, Copy, Debug)]
struct TlsRules {
    reuse: Reuse,
    truncation: Truncation,
}

/// What one client's TLS connections have in common: certificate and rules as they were when its
/// control connection began, and the version that was agreed on there.
#[derive(Clone, Debug)]
pub struct TlsSession {
    configs: Arc<Configs>,
    version: Version,
    /// What the client has shown on its control connection.
    shown: Arc<Shown>,
}

/// The context of sessions that begin now, as those that live see it. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct PresentTls(Arc<Mutex<Option<Arc<TlsContext>>>>);

impl PresentTls {
    /// From now on it is this one.
    pub fn set(&self, context: Option<Arc<TlsContext>>) {
        *self.0.lock() = context;
    }

    /// The present one.
    pub fn get(&self) -> Option<Arc<TlsContext>> {
        self.0.lock().clone()
    }
}

/// What tells that a file is another one, or can be read by others: its modification, its length,
/// and when its inode changed, in seconds and nanoseconds.
type Stamp = Vec<Option<(SystemTime, u64, i64, i64)>>;

impl TlsContext {
    /// Loads certificate and key. Beside the context: what the operator should know about them.
    ///
    /// # Errors
    /// What is wrong with which file.
    pub fn open(options: TlsOptions) -> Result<(Self, Option<CertificateError>), CertificateError> {
        let provider = Arc::new(ring::default_provider());
        let resumption =
            Resumption::shared().map_err(|error| CertificateError::of_library(&error))?;
        let stamp = stamp_of(&options);
        let (configs, warning) = Configs::load(&options, &provider, &resumption)?;
        let configs = Arc::new(configs);
        let present = Mutex::new(Present { options, configs, stamp, looked: Instant::now() });
        Ok((Self { provider, resumption, present }, warning))
    }

    /// The last moment at which clients take the certificate in the file.
    ///
    /// # Errors
    /// As [`TlsOptions::valid_until`].
    pub fn valid_until(&self) -> Result<SystemTime, CertificateError> {
        let options = self.present.lock().options.clone();
        options.valid_until()
    }

    /// For a new control connection. Looks now and then whether the files have changed, and loads
    /// them again if they have: certificates are renewed every few weeks. Sessions that run keep
    /// theirs, because clients compare the certificates of both connections.
    ///
    /// # Errors
    /// When the machine has no randomness.
    pub fn session(&self) -> io::Result<TlsSession> {
        self.refresh();
        let present = Arc::clone(&self.present.lock().configs);
        let configs = match present.rules.reuse {
            Reuse::Optional => present,
            // Tickets that no other client's session could have given: who resumes is the same.
            Reuse::Required => {
                let own = Resumption::of_one_client().map_err(io::Error::other)?;
                Arc::new(present.with(&own))
            }
        };
        Ok(TlsSession { configs, version: Version::Tls13, shown: Arc::new(Shown::Nothing) })
    }

    /// Who verifies the certificates of clients now.
    fn clients(&self) -> Option<ClientAuth> {
        self.refresh();
        self.present.lock().configs.clients.clone()
    }

    fn refresh(&self) {
        let mut present = self.present.lock();
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
}

impl TlsSession {
    /// The control connection, before its handshake.
    ///
    /// # Errors
    /// None in practice.
    pub fn control(&self) -> io::Result<TlsConnection> {
        let config = Arc::clone(&self.configs.control);
        let otherwise = self.configs.control_otherwise.clone();
        TlsConnection::new(config, otherwise, Purpose::Control, Truncation::Tolerated)
    }

    /// The same session, when the handshake of its `control` connection is over.
    #[must_use]
    pub fn agreed(self, control: &TlsConnection) -> Self {
        let shown = self.configs.clients.as_ref().map_or(Shown::Nothing, |auth| auth.look(control));
        Self { version: control.version(), shown: Arc::new(shown), ..self }
    }

    /// What it takes to log in as `user`. The certificate is verified as one would be that was
    /// shown now, to `present`: this connection may be days old.
    pub fn admits(&self, user: &str, present: Option<&TlsContext>) -> CertificateVerdict<'_> {
        let Some(own) = &self.configs.clients else { return CertificateVerdict::Password };
        let verified = self.client().map_or(Ok(()), |client| {
            let (certificate, others) = client.chain();
            let present = present.and_then(TlsContext::clients);
            present.as_ref().unwrap_or(own).verify(certificate, others)
        });
        match verified {
            Ok(()) => self.shown.admits(user, &own.options),
            Err(refusal) => CertificateVerdict::Refused(refusal),
        }
    }

    /// Who the client is by its certificate, if it has shown one.
    pub fn client(&self) -> Option<&ClientIdentity> {
        self.shown.identity()
    }

    /// Whether a `data` connection is of whoever has shown the certificate on the control
    /// connection: it was shown here, too, or the session was resumed in which it was.
    pub fn is_of_client(&self, data: &TlsConnection) -> bool {
        self.client().is_none_or(|client| client.is(data.client_certificates().first()))
    }

    /// A data connection, before its handshake.
    ///
    /// # Errors
    /// None in practice.
    pub fn data(&self) -> io::Result<TlsConnection> {
        self.data_by(Arc::clone(self.data_config()))
    }

    /// The same for one that nobody will use. It brings no ticket: whoever found the port may have
    /// it, and must not be able to resume the client's session.
    ///
    /// # Errors
    /// None in practice.
    pub fn unused_data(&self) -> io::Result<TlsConnection> {
        let mut config = ServerConfig::clone(self.data_config());
        config.send_tls13_tickets = 0;
        self.data_by(Arc::new(config))
    }

    fn data_config(&self) -> &Arc<ServerConfig> {
        match self.version {
            Version::Tls12 => &self.configs.data_1_2,
            Version::Tls13 => &self.configs.data_1_3,
        }
    }

    fn data_by(&self, config: Arc<ServerConfig>) -> io::Result<TlsConnection> {
        TlsConnection::new(config, None, Purpose::Data, self.configs.rules.truncation)
    }

    /// Whether a data connection must have resumed a session.
    pub fn reuse(&self) -> Reuse {
        self.configs.rules.reuse
    }
}

impl Configs {
    fn load(
        options: &TlsOptions,
        provider: &Arc<CryptoProvider>,
        resumption: &Resumption,
    ) -> Result<(Self, Option<CertificateError>), CertificateError> {
        let loaded = certificate::load(&options.cert_file, &options.key_file, provider)?;
        let certificate = Arc::new(SingleCertAndKey::from(loaded.key));
        let clients = match &options.clients {
            Some(options) => Some(ClientAuth::load(options, provider)?),
            None => None,
        };
        let speaking_for = |purpose: Purpose, versions: &[Version]| {
            let versions: Vec<_> = versions.iter().map(|version| version.of_library()).collect();
            let builder = ServerConfig::builder_with_provider(Arc::clone(provider))
                .with_protocol_versions(&versions)
                .map_err(|error| CertificateError::of_library(&error))?;
            let verifier: Arc<dyn ClientCertVerifier> = match &clients {
                Some(clients) => Arc::clone(clients.of(purpose)),
                None => Arc::new(NoClientAuth),
            };
            let builder = builder.with_client_cert_verifier(verifier);
            Ok(builder.with_cert_resolver(certificate.clone()))
        };
        let speaking = |versions: &[Version]| speaking_for(Purpose::Control, versions);
        let spoken = Version::ALL.into_iter().filter(|version| options.versions.contains(version));
        let spoken: Vec<_> = spoken.collect();
        let preferred = options.preferred.map(|version| [version]);
        // In another version there is nothing to resume, and its handshake would bring a ticket.
        let of_data = |version: Version| match options.reuse {
            Reuse::Optional => speaking_for(Purpose::Data, &spoken),
            Reuse::Required => speaking_for(Purpose::Data, &[version]),
        };
        let configs = Self {
            control: Arc::new(speaking(preferred.as_ref().map_or(&spoken[..], |one| &one[..]))?),
            control_otherwise: match preferred {
                Some(_) => Some(Arc::new(speaking(&spoken)?)),
                None => None,
            },
            data_1_2: Arc::new(of_data(Version::Tls12)?),
            data_1_3: Arc::new(of_data(Version::Tls13)?),
            rules: TlsRules { reuse: options.reuse, truncation: options.truncation },
            clients: clients.clone(),
        };
        let ended = || options.clients.as_ref().and_then(ClientAuthOptions::ended_lists);
        Ok((configs.with(resumption), loaded.warning.or_else(ended)))
    }

    /// The same with another memory of sessions.
    fn with(&self, resumption: &Resumption) -> Self {
        Self {
            control: resumption.begin(&self.control),
            control_otherwise: self.control_otherwise.as_deref().map(|all| resumption.begin(all)),
            data_1_2: resumption.go_on_1_2(&self.data_1_2),
            data_1_3: resumption.go_on_1_3(&self.data_1_3),
            rules: self.rules,
            clients: self.clients.clone(),
        }
    }
}

impl ClientAuth {
    fn load(
        options: &ClientAuthOptions,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, CertificateError> {
        let verifier = |ended| options.verifier(provider, ended);
        Ok(Self {
            verifier: verifier(EndedList::IsNone)?,
            of_data: verifier(EndedList::StillCounts)?,
            options: Arc::new(options.clone()),
        })
    }

    /// Who verifies on connections of this kind.
    fn of(&self, purpose: Purpose) -> &Arc<dyn ClientCertVerifier> {
        match purpose {
            Purpose::Control => &self.verifier,
            Purpose::Data => &self.of_data,
        }
    }

    /// What the client has shown. A certificate out of a session that was resumed is verified once
    /// more: since then it may have expired or been revoked.
    fn look(&self, control: &TlsConnection) -> Shown {
        let Some((own, others)) = control.client_certificates().split_first() else {
            return Shown::Nothing;
        };
        if control.is_resumed()
            && let Err(refusal) = self.verify(own, others)
        {
            return Shown::NotAnyMore(refusal);
        }
        Shown::Valid(ClientIdentity::of(own, others, self.options.user))
    }

    /// Whether a certificate, with those that came with it, is good now.
    fn verify(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
    ) -> Result<(), ClientRefusal> {
        let verified = self.verifier.verify_client_cert(own, others, UnixTime::now());
        let crl_file = self.options.crl_file.as_deref();
        let refused = |error| ClientRefusal::new(client_identity::shown(own), &error, crl_file);
        verified.map(drop).map_err(refused)
    }
}

fn stamp_of(options: &TlsOptions) -> Stamp {
    let clients = options.clients.as_ref();
    let own = [Some(&options.cert_file), Some(&options.key_file)];
    let theirs = clients.map(|clients| [Some(&clients.ca_file), clients.crl_file.as_ref()]);
    let files = own.into_iter().chain(theirs.into_iter().flatten()).flatten();
    let stamp = |file: &PathBuf| {
        let metadata = std::fs::metadata(file).ok()?;
        let (seconds, more) = (metadata.ctime(), metadata.ctime_nsec());
        Some((metadata.modified().ok()?, metadata.len(), seconds, more))
    };
    files.map(stamp).collect()
}
