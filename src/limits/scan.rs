//! Limits of checking what arrives.

/// What goes to a scanner at once.
pub const SCAN_CHUNK_BYTES: usize = 64 * 1024;

/// Bytes that may wait for a scanner before a client is read no more; what one read brings may
/// stand behind them.
pub const SCAN_QUEUE_BYTES: usize = 256 * 1024;

/// What a scanner costs each upload beside `buffer_memory`: the queue, and the largest read behind
/// it.
pub const SCAN_MEMORY_BYTES: u64 = 1280 * 1024;
