//! Transfers as the session sees them: real sockets on one side, a store that does what the test
//! tells it on the other.

mod ahead;
mod answers;
mod bench;
mod downloads;
mod endings;
mod failures;
mod inside;
mod kept;
/// What was left, and is published when its time has come.
mod left;
mod left_logs;
mod pages;
mod parts;
mod shared_memory;
mod store;
