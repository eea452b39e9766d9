//! The words that a command line may begin with, and the options of each.

use super::help::COMMANDS;

/// What is asked for, before anything else is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Run,
    Serve,
    Init,
    Check,
    Status,
    Reload,
    Stop,
    VerifyLedger,
    HashPassword,
}

impl Word {
    /// How it is written.
    pub(super) fn name(self) -> Option<&'static str> {
        COMMANDS.iter().copied().find(|name| Self::of(name) == Some(self))
    }

    pub(super) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "serve" => Self::Serve,
            "init" => Self::Init,
            "check" => Self::Check,
            "status" => Self::Status,
            "reload" => Self::Reload,
            "stop" => Self::Stop,
            "verify-ledger" => Self::VerifyLedger,
            "hash-password" => Self::HashPassword,
            _ => return None,
        })
    }

    /// The options that it takes.
    pub(super) fn options(self) -> &'static [&'static str] {
        match self {
            Self::Run => &["config", "check-config"],
            Self::Serve => &["user", "listen", "ask-password", "passive-ports"],
            Self::Check => &["config", "from", "implicit-tls", "json"],
            Self::Status => &["config", "socket", "json", "watch"],
            Self::Stop => &["config", "socket"],
            Self::Reload => &["config", "pid", "socket"],
            Self::Init | Self::VerifyLedger => &["config"],
            Self::HashPassword => &[],
        }
    }
}
