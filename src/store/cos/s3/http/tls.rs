//! What all TLS connections to one host have in common: who vouches for it, and the sessions that
//! the next connection can resume.

use std::sync::{Arc, OnceLock};

use rustls::pki_types::ServerName;
use rustls::{ALL_VERSIONS, ClientConfig};
use ureq::Error;
use ureq::http::Uri;

use super::authorities::Authorities;
use super::named_certificates::NamedCertificates;
use super::record_channel::RecordChannel;

/// Begins TLS channels.
#[derive(Debug)]
pub(crate) struct TlsClient {
    authorities: Authorities,
    /// Made when it is first needed. With it goes the memory of sessions: a configuration for each
    /// connection would resume none.
    config: OnceLock<Arc<ClientConfig>>,
}

impl TlsClient {
    /// With hosts that `authorities` vouch for.
    pub(crate) fn new(authorities: Authorities) -> Self {
        Self { authorities, config: OnceLock::new() }
    }

    /// A channel to the host of `uri`, before its handshake.
    pub(crate) fn channel(&self, uri: &Uri) -> Result<RecordChannel, Error> {
        let host = uri.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Error::Tls("the host's name is none that a certificate could have"))?;
        let config = match self.config.get() {
            Some(config) => config,
            None => {
                let made = configure(&self.authorities).map_err(other)?;
                self.config.get_or_init(|| made)
            }
        };
        RecordChannel::new(Arc::clone(config), name).map_err(other)
    }
}

fn configure(authorities: &Authorities) -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(ALL_VERSIONS)?;
    let config = match authorities.named() {
        [] => config.with_root_certificates(authorities.trusted()),
        named => {
            let trusted = authorities.trusted();
            let named = NamedCertificates::new(named.to_vec(), trusted, provider)?;
            config.dangerous().with_custom_certificate_verifier(Arc::new(named))
        }
    };
    Ok(Arc::new(config.with_no_client_auth()))
}

fn other(error: rustls::Error) -> Error {
    Error::Other(Box::new(error))
}
