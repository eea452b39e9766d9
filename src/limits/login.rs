//! Bounds of what verifies a login, and of those that fail.

use std::time::Duration;

/// How long failed logins of an address count for the delay of the next one where nobody is banned.
/// With bans it is `ban_window`.
pub const LOGIN_FAILURE_WINDOW: Duration = Duration::from_secs(600);

/// Failed logins of an address within such a window of which each is a line of the log: what a tool
/// that counts them needs. Of more, and of the same once more, the log tells once a minute.
pub const FAILURES_TOLD: u32 = 100;

/// How many times `login_failure_delay` the wait grows at most: somebody who mistypes is not to
/// give up, and clients wait for a reply no longer than 15 s or so.
pub const LOGIN_FAILURE_DELAY_GROWTH: u32 = 8;

/// Stack that verifying a hashed password may use, and that is overwritten afterwards.
pub const HASHING_STACK_BYTES: usize = 16 * 1024;

/// The same of a password that is only compared: one round of SHA-256.
pub const COMPARING_STACK_BYTES: usize = 2 * 1024;

/// How long a login waits for its verification to begin. Clients wait about as long for a reply.
pub const PASSWORD_CHECK_WAIT: Duration = Duration::from_secs(30);

/// Programs or services that are asked about a login at once; the others wait in line.
pub const HOOKS_AT_ONCE: usize = 16;

/// Longest answer of one of them.
pub const HOOK_ANSWER_BYTES: usize = 4096;

/// Logins that are remembered for `auth_cache`.
pub const REMEMBERED_LOGINS: usize = 16 * 1024;

/// How often a login that waits looks whether its client is still there.
pub const PASSWORD_CHECK_STEP: Duration = Duration::from_millis(200);

/// Most memory the verification of one Argon2 hash may take, in KiB (1 GiB).
pub const ARGON2_MEMORY_KIB: u32 = 1024 * 1024;

/// Most passes of an Argon2 hash: with the memory above a minute or so.
pub const ARGON2_PASSES: u32 = 32;

/// Most lanes of an Argon2 hash.
pub const ARGON2_LANES: u32 = 64;

/// Most rounds of a SHA-512 crypt hash: a second or so.
pub const SHA512_CRYPT_ROUNDS: u32 = 1_000_000;
