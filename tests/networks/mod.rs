//! Where clients are, and what they hear: addresses in passive replies, ports that are shared, and
//! `check --from`, which tells which hop on a client's way is closed.

/// `check --from`, on this machine.
mod from_afar;
/// Networks of their own for server, router and client.
mod namespaces;
/// The text of 227, by the client's network.
mod passive_replies;
/// `passive_ports_shared`
mod shared_ports;
