//! `[EVENTS]`: a receiver is told what happens to files, at least once.

/// The journal by itself.
mod journal;
/// A server that is killed.
mod kills;
/// Its receivers, and how they fail.
mod receivers;
/// A service that gets events.
pub(crate) mod service;
/// What is told.
mod told;
