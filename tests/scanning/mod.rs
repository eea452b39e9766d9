//! `[SCAN]`: what arrives is checked before it may become a file.

/// What of a file the scanner gets.
mod bytes;
/// A scanner that is gone, silent, slow or takes no more.
mod failing;
/// What becomes of a file in which something is found.
mod found;

use crate::support::clamd::Clamd;
use crate::support::server::Setup;

/// What is found in these tests.
const WORD: &str = "a-word-that-is-looked-for";

/// A server that asks `clamd`.
fn asking(setup: Setup, clamd: &Clamd) -> Setup {
    setup.option("partial_upload", "discard").scan("clamd", clamd.address())
}
