//! The way to the store: connections, the addresses they lead to, what goes through them; over `ureq`.

pub(crate) mod addresses;
pub(crate) mod authorities;
pub(crate) mod body;
pub(crate) mod buffers;
pub(crate) mod connection;
pub(crate) mod drained;
pub(crate) mod outlet;
pub(crate) mod spare_connection;
pub(crate) mod tcp;
pub(crate) mod time_limits;
