//! The server behind a balancer: what it believes of whom, and several instances of it behind a
//! real HAProxy.

/// Instances on one bucket behind HAProxy, as `conf/haproxy.cfg.example` has it.
mod haproxy;
/// PROXY headers, from addresses that play a balancer, a client and a stranger.
mod headers;
