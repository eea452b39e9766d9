//! Nothing gets out of an account: no spelling of a name, no pattern, no link leads to what is not
//! below its root, and no secret is told. Over the real binary and both stores.

/// Links in a served directory.
mod links;
/// What stays in memory.
mod memory;
/// Every hostile spelling with every verb.
mod names;
/// Accounts beside each other in one bucket.
mod neighbours;
/// Keys, passwords and tokens.
mod secrets;
/// What the clients of one account hold of the memory.
mod shared_memory;
