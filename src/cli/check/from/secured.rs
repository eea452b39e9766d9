//! TLS as a client has it. The connection is made whatever certificate is shown, because what is
//! wrong with it is to be told.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use cos_ftp_server::certificate_fault::CertificateFault;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ALL_VERSIONS, ClientConfig, ClientConnection, DigitallySignedStruct, Error, HandshakeKind,
    RootCertStore, SignatureScheme, StreamOwned,
};
use sha2::{Digest, Sha256};

use super::distrust::Distrust;

/// What all connections to one server share: so data connections may resume the session of the
/// control connection.
pub(super) struct ClientTls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    witness: Arc<HandshakeWitness>,
}

/// A connection of the client.
pub(super) enum ClientStream {
    Plain(TcpStream),
    Encrypted(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl ClientTls {
    /// For a server whose certificate should name `host`.
    ///
    /// # Errors
    /// In words, when no certificate could.
    pub(super) fn for_host(host: &str) -> Result<Self, String> {
        let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
        let provider = Arc::new(default_provider());
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        let usual =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .map_err(|error| error.to_string())?;
        let witness = Arc::new(HandshakeWitness { usual, seen: Mutex::default() });
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(ALL_VERSIONS)
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&witness) as _)
            .with_no_client_auth();
        Ok(Self { config: Arc::new(config), name, witness })
    }

    /// TLS over `stream`.
    ///
    /// # Errors
    /// When the handshake fails.
    pub(super) fn handshake(&self, mut stream: TcpStream) -> io::Result<ClientStream> {
        let connection = ClientConnection::new(Arc::clone(&self.config), self.name.clone());
        let mut connection = connection.map_err(io::Error::other)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        Ok(ClientStream::Encrypted(Box::new(StreamOwned::new(connection, stream))))
    }

    /// Why a client would not trust the certificate.
    pub(super) fn distrust(&self) -> Option<Distrust> {
        self.witness.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientStream {
    /// What the handshake has agreed on.
    pub(super) fn agreed(&self) -> String {
        let Self::Encrypted(stream) = self else { return String::new() };
        let version = stream.conn.protocol_version().and_then(|version| version.as_str());
        let suite = stream.conn.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
        [version, suite].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// Whether an earlier session was resumed; `None` without TLS.
    pub(super) fn is_resumed(&self) -> Option<bool> {
        match self {
            Self::Plain(_) => None,
            Self::Encrypted(stream) => {
                Some(stream.conn.handshake_kind() == Some(HandshakeKind::Resumed))
            }
        }
    }

    /// Nothing more is sent; what comes is read to its end.
    ///
    /// # Errors
    /// What the connection says.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let tcp = match &mut self {
            Self::Plain(tcp) => tcp,
            Self::Encrypted(stream) => {
                stream.conn.send_close_notify();
                stream.flush()?;
                &mut stream.sock
            }
        };
        tcp.shutdown(Shutdown::Write)?;
        io::copy(tcp, &mut io::sink())?;
        Ok(())
    }
}

impl Read for ClientStream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(bytes),
            Self::Encrypted(stream) => stream.read(bytes),
        }
    }
}

impl Write for ClientStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.write(bytes),
            Self::Encrypted(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.flush(),
            Self::Encrypted(stream) => stream.flush(),
        }
    }
}

/// Looks at the certificate as a client would, and remembers what it would say. That the server has
/// its key is checked.
#[derive(Debug)]
struct HandshakeWitness {
    usual: Arc<WebPkiServerVerifier>,
    seen: Mutex<Option<Distrust>>,
}

impl ServerCertVerifier for HandshakeWitness {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.usual.verify_server_cert(shown, between, name, ocsp_response, now);
        let fingerprint = || {
            let bytes = Sha256::digest(shown);
            bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = verdict.err().map(|error| {
            Distrust { fault: CertificateFault::of(&error), fingerprint: fingerprint() }
        });
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls12_signature(message, shown, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls13_signature(message, shown, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}
