//! What this program can be asked for by its command line.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use rustix::process::Pid;

use super::check::Form;
use super::check::from::RemoteServer;
use super::listen_place::ListenPlace;
use super::orders::OperatorOrder;
use super::user::UserRequest;

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subcommand {
    /// Serve until stopped.
    Serve,
    /// Look at the configuration only.
    CheckConfig,
    /// `serve DIR`: serve a directory that no configuration names.
    ServeDirectory(ServedDirectory),
    /// `init`: write a configuration.
    Init,
    /// `check`: try what the configuration needs.
    Check(Form),
    /// `check --from`: try a server as its client.
    CheckFrom(RemoteServer, Form),
    /// `status`: ask the running server what it is doing.
    Status(View),
    /// `reload`: let the running server read its configuration again; by a signal to this process
    /// if it cannot be asked.
    Reload(Option<Pid>),
    /// `stop`: let the running server stop.
    Stop,
    /// `kick` and others: have the running server obey.
    Order(OperatorOrder),
    /// `hash-password`: read a password and print its hash.
    HashPassword,
    /// `verify-ledger`: look whether a ledger, this one or that of the configuration, is right.
    VerifyLedger(Option<PathBuf>),
    /// `user`: look after the users in a file.
    User(UserRequest),
    /// Print the version.
    Version,
    /// Print all of the help.
    Help,
    /// Print what the help says of this command.
    HelpOn(&'static str),
}

/// How a status is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// Once.
    Once(Form),
    /// Again and again.
    Again,
}

/// What `serve` was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServedDirectory {
    /// What is served.
    pub(crate) path: PathBuf,
    /// `--user`.
    pub(crate) user: Option<String>,
    /// `--listen`.
    pub(crate) listen: Option<ListenPlace>,
    /// `--ask-password`.
    pub(crate) ask_password: bool,
    /// `--passive-ports`.
    pub(crate) passive_ports: Option<RangeInclusive<u16>>,
}

/// A request, and the configuration that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommandLine {
    /// What is asked for.
    pub(crate) request: Subcommand,
    /// `--config`, or the file behind `check`.
    pub(crate) config: Option<PathBuf>,
    /// `--socket`: where the running server is asked, if no configuration tells.
    pub(crate) socket: Option<PathBuf>,
}

impl From<Subcommand> for CommandLine {
    /// Of what no configuration is needed for.
    fn from(request: Subcommand) -> Self {
        Self { request, config: None, socket: None }
    }
}
