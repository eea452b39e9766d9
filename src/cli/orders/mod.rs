//! What an operator may have a running server do: `kick`, `ban`, `unban`, `log-level`, and over the
//! socket also `reload` and `stop`.
//!
//! An order is a line of JSON on the control socket, behind the status that the server says to
//! whoever connects; it answers with another line, and takes the next one then.

mod arguments;
mod obey;

pub(crate) use arguments::{VERBS, arguments};
pub(crate) use obey::{MAX_ORDER_BYTES, answer};

use std::process::ExitCode;

use serde::{Deserialize, Serialize};

use super::failure::CommandError;
use super::language::Language;
use super::status::{self, ServerSocket};
use super::terminal::print;

/// What is to be done.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OperatorOrder {
    /// End sessions: `session-7`, `7` or the name of a user.
    Kick(String),
    /// Let nobody in from an address, or as a user.
    Ban {
        whom: String,
        /// Without it as long as the server runs.
        #[serde(default)]
        seconds: Option<u64>,
    },
    /// End a ban.
    Unban(String),
    /// Log from this level on, as `log_level` names them.
    LogLevel(String),
    /// Read the configuration again, as SIGHUP has it do.
    Reload,
    /// Stop, as SIGTERM has it do.
    Stop,
}

/// What came of it.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct OrderAnswer {
    /// Whether it was done.
    pub(crate) done: bool,
    /// In words.
    pub(crate) text: String,
}

/// Has the server that listens at `socket` obey.
///
/// # Errors
/// In words: that there is none, or why it did not.
pub(crate) fn give(socket: &ServerSocket, order: &OperatorOrder) -> Result<ExitCode, CommandError> {
    let OrderAnswer { done, text } =
        status::order(socket, order).map_err(CommandError::operation)?;
    match done {
        true => print(&format!("{}\n", Language::of_environment().say(&text))),
        false => Err(CommandError::operation(text)),
    }
}
