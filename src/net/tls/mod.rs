//! TLS towards clients, by rustls and nobody else.
//!
//! A [`TlsContext`] is the server's certificate and what its connections share; it can be loaded
//! again while the server runs. A [`TlsSession`] is what one client's connections have in common:
//! its data connections keep the certificate of its control connection, and may have to resume its
//! TLS session. A [`TlsConnection`] is one connection's state, without the socket. What a client's
//! own certificate is good for is an [`CertificateVerdict`].

mod certificate;
mod client_auth;
mod client_identity;
mod connection;
mod context;
mod options;
mod resumption;
mod verdict;
mod version;

pub use certificate::CertificateError;
pub use client_auth::{ClientAuthOptions, ClientRefusal};
pub use client_identity::{ClientIdentity, UserField};
pub use connection::{Goodbye, Handshake, Purpose, TlsConnection, Truncation};
pub use context::{PresentTls, TlsContext, TlsSession};
pub use options::{Reuse, TlsOptions};
pub use verdict::CertificateVerdict;
pub use version::Version;
