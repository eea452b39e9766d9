//! What the integration tests share.

/// Certificates for the server, made by openssl.
pub(crate) mod certificate;
/// A scanner that answers by a script.
pub(crate) mod clamd;
/// The real FTP clients, run with a script and a time limit.
pub(crate) mod clients;
/// FTP spoken over a bare socket.
pub(crate) mod ftp;
/// A real balancer.
pub(crate) mod haproxy;
/// Faults between the server and a real S3 store.
pub(crate) mod injector;
/// Networks of their own for processes.
pub(crate) mod namespace;
/// A bucket with metadata acceleration, played.
pub(crate) mod ofs;
/// Asking again and again for what nobody tells of.
pub(crate) mod polling;
/// Processes that tests begin, and their end.
pub(crate) mod process;
/// What the server holds of its machine.
pub(crate) mod resources;
/// A real S3 store.
pub(crate) mod rgw;
/// A store that answers by a script.
pub(crate) mod scripted;
/// The server under test.
pub(crate) mod server;
/// What the store holds, seen past the server.
pub(crate) mod stored;
/// A terminal for a command.
pub(crate) mod terminal;
