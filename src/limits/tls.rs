//! Bounds of TLS towards clients.

use std::time::Duration;

/// What a data connection under TLS writes at once: four records. Such a connection holds one
/// buffer of about this size, or one of [`TLS_INCOMING_BYTES`], for the direction that is used.
pub const TLS_DATA_BUFFER_BYTES: usize = 64 * 1024;

/// Encrypted bytes that a TLS connection may hold: a handshake message of the largest size that
/// rustls takes, and the records around it. As many again hold a client's first words until they
/// are answered, where two configurations are tried. Data are read by as much.
pub const TLS_INCOMING_BYTES: usize = 80 * 1024;

/// What is read at once where little comes: of handshakes, and of a control connection's lines.
pub const TLS_SHORT_READ_BYTES: usize = 4 * 1024;

/// Longest TLS handshake of a control connection. Those of data connections are within
/// `data_connect_timeout`.
pub const TLS_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);

/// How often at most new TLS connections look whether certificate and key have changed.
pub const TLS_FILE_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// TLS 1.3 session tickets that a control connection gives: as many data connections can resume
/// its session at once even where each ticket is used once only.
pub const TLS_TICKETS: usize = 2;

/// The same where data connections must resume it. Perl's Net::FTP keeps ten, uses each once, and
/// reads none on the data connection of an upload: so many files it can send in a row.
pub const TLS_TICKETS_OF_ONE: usize = 10;

/// TLS 1.2 sessions remembered for clients that know no tickets, about 200 bytes each.
pub const TLS_SESSION_CACHE: usize = 1024;

/// The same for one client's session, where data connections must resume it.
pub const TLS_SESSION_CACHE_OF_ONE: usize = 4;
