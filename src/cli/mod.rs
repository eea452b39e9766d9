//! The command `cos-ftp-server`: reads arguments and configuration, opens the log, runs the
//! server until a signal stops it.

mod arguments;
mod check;
mod control;
mod dumps;
mod failure;
mod hash_password;
mod init;
mod locations;
mod logging;
mod reload;
mod run;
mod serve;
mod signals;
mod status;
mod supervisor;
mod terminal;
mod wiring;

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use arguments::{CommandLine, Subcommand, View};
use failure::CommandError;
use wiring::ServerPlan;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Does what the arguments say; returns the exit status.
pub(crate) fn main() -> ExitCode {
    // Before any secret is read.
    if let Err(error) = dumps::forbid() {
        complain(&format!("warning: core dumps cannot be forbidden: {error}"));
    }
    let line = arguments::parse(env::args_os());
    match line.map_err(|error| CommandError::Usage(error.into())).and_then(obey) {
        Ok(status) => status,
        Err(failure) => {
            complain(&failure.to_string());
            ExitCode::from(&failure)
        }
    }
}

fn obey(line: CommandLine) -> Result<ExitCode, CommandError> {
    let config = line.config;
    match line.request {
        Subcommand::Serve => run::by_config(config),
        Subcommand::ServeDirectory(directory) => serve::directory(directory),
        Subcommand::Init => init::run(config),
        Subcommand::CheckConfig => check_config(config),
        Subcommand::Check(form) => {
            Ok(if check::run(config, form) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Subcommand::Status(View::Once(form)) => {
            print(&status::ask(&control_socket(config)?, form).map_err(CommandError::operation)?)
        }
        Subcommand::Status(View::Again) => {
            status::watch(&control_socket(config)?).map_err(CommandError::operation)
        }
        Subcommand::Reload => control::reload(config),
        Subcommand::Stop => {
            control::stop(&control_socket(config)?).map_err(CommandError::operation)
        }
        Subcommand::HashPassword => {
            hash_password::run().map_err(CommandError::operation).and_then(|hash| print(&hash))
        }
        Subcommand::Version => print(&format!("cos-ftp-server {VERSION}\n")),
        Subcommand::Help => print(arguments::HELP),
    }
}

fn check_config(config: Option<PathBuf>) -> Result<ExitCode, CommandError> {
    let plan = plan(config)?;
    plan.warnings().iter().for_each(|warning| complain(&format!("warning: {warning}")));
    print(&format!(
        "configuration OK: {}\n{}cos-ftp-server check tries more: the machine, and each store\n",
        plan.origin(),
        plan.summary()
    ))
}

/// Where the running server is asked.
fn control_socket(config: Option<PathBuf>) -> Result<PathBuf, CommandError> {
    let file = locations::find_config(config).map_err(CommandError::config)?;
    let plan = ServerPlan::read_again(&file).map_err(CommandError::config)?;
    let off = "control_socket = off: the server tells no status".to_owned();
    plan.control_socket().map(PathBuf::from).ok_or(off).map_err(CommandError::operation)
}

fn plan(config: Option<PathBuf>) -> Result<ServerPlan, CommandError> {
    let file = locations::find_config(config).map_err(CommandError::config)?;
    ServerPlan::read(&file).map_err(CommandError::config)
}

fn print(text: &str) -> Result<ExitCode, CommandError> {
    // Whoever closed the pipe has read enough.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

/// Like `eprintln`, which would panic when nobody reads standard error.
fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
