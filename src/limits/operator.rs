//! What an operator does, and is told of failures.

/// Addresses and users that the operator may ban together.
pub const OPERATOR_BANS: usize = 1024;

/// Lines of its control connection that a session keeps for a failure, at most: what `trace_lines`
/// may be.
pub const TRACE_LINES: usize = 1024;

/// What of one of them is kept: most paths.
pub const TRACE_LINE_BYTES: usize = 512;

/// Memory for the first of them.
pub const TRACE_FIRST_BYTES: usize = 1024;

/// Memory for each of them, on average: with the 64 of the default a session keeps 8 KiB.
pub const TRACE_BYTES_OF_LINE: usize = 128;

/// What of a store's name for a request is told to a client: all of those that are known (Ceph's
/// are the longest, below 60), and no more than what fits into a line that people read.
pub const REQUEST_ID_CHARS: usize = 80;

/// Failures that are remembered for whoever looks at the server.
pub const FAILURES_SHOWN: usize = 16;
