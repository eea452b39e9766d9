//! TLS towards clients, by rustls and nobody else.
//!
//! A [`TlsContext`] is the server's certificate and what its connections share; it can be loaded
//! again while the server runs. A [`TlsSession`] is what one client's connections have in common:
//! its data connections keep the certificate of its control connection, and may have to resume its
//! TLS session. A [`TlsConnection`] is one connection's state, without the socket.

mod certificate;
mod connection;
mod context;
mod resumption;
mod version;

pub use certificate::CertificateError;
pub use connection::{Goodbye, Handshake, Purpose, TlsConnection, Truncation};
pub use context::{Reuse, TlsContext, TlsOptions, TlsSession};
pub use version::Version;
