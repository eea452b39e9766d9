//! What a client hears while it waits for a reply: a refusal before it gives up, whatever ails the
//! store; and, while the store is at work for good reasons, that it is.

/// A server in this process, which need not wait ten seconds for what it says every ten seconds.
mod brisk;
/// A store that works for long.
mod signs;
/// A store that fails for good.
mod waits;
