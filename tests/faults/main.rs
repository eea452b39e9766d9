//! What happens when the store fails: each request that a command makes, each way in which it can
//! go wrong, once and for good. The real server runs before the real store, with the injector in
//! between; what the store holds is read past both.

#[path = "../support/mod.rs"]
mod support;

/// FTP commands, each with what it needs and what it must have changed.
mod commands;
/// What depends on the moment: versions that change, a server that is killed, a store that is slow.
mod moments;
/// Every command with every fault, and the table that tells how it ends.
mod outcomes;
