//! What happens when the store fails: each request that a command makes, each way in which it can
//! go wrong, once and for good. The real server runs before the real store, with the injector in
//! between; what the store holds is read past both.

/// Files in an archive, and their way back.
mod archived;
/// Clients that break off, disappear, hurry and dawdle.
mod clients;
/// FTP commands, each with what it needs and what it must have changed.
mod commands;
/// A store that is far away, and how many requests it gets at once.
mod far;
/// A bucket that keeps what is stored, and demands checksums.
mod locked;
/// What depends on the moment: versions that change, a server that is killed, a store that is slow.
mod moments;
/// A store that is down, cannot be found, hangs, and comes back.
mod outages;
/// Rows and columns of the table of outcomes.
mod outcome_rows;
/// Every command with every fault, and the table that tells how it ends.
mod outcomes;
/// What is parked of an upload that breaks off.
mod parking;
/// Renames while others write.
mod renames;
/// A server, its store and somebody who looks on.
mod scene;
/// Somebody else who writes at the worst moment.
mod second_writer;
/// Transfers that may fail, and what their client saw.
mod transfers;
