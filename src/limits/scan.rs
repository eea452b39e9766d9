//! Limits of checking what arrives.

/// What goes to a scanner at once.
pub const SCAN_CHUNK_BYTES: usize = 64 * 1024;

/// Bytes that may wait for a scanner before a client is read no more; what one read brings may
/// stand behind them.
pub const SCAN_QUEUE_BYTES: usize = 256 * 1024;
