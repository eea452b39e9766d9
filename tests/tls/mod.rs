//! FTPS: the real clients in every mode, and a client of our own that breaks the rules.

/// A client whose every step is the test's own.
mod client;
/// Certificates of clients: who gets in by one, and who does not.
mod client_certificates;
/// Data connections: who may open them, how they end, what interrupts them.
mod data;
/// Handshakes that come before the command.
mod early;
/// Files of certificates: reloaded, wrong, out of date.
mod files;
/// Clients and stores that break off in the middle.
mod losses;
/// AUTH, PBSZ, PROT, CCC and what is refused without them.
mod policy;
/// curl, lftp and Python's ftplib, in every mode.
mod real_clients;
/// What a client has received when it closes or resets.
mod receipts;
/// Refusals that come when a client is sending already.
mod refusals;
/// Data connections that must resume the control connection's session: who can, who may not.
mod reuse;
/// The real clients where they must, several transfers in a session.
mod reuse_clients;
/// Protocol versions, by openssl s_client.
mod versions;
