//! The command `cos-ftp-server`: reads arguments and configuration, opens the log, runs the
//! server until a signal stops it.

mod arguments;
mod check;
mod control;
mod dumps;
mod failure;
mod hash_password;
mod init;
mod language;
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

use arguments::{Line, Request, View};
use failure::Failure;
use wiring::Plan;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Does what the arguments say; returns the exit status.
pub(crate) fn main() -> ExitCode {
    // Before any secret is read.
    if let Err(error) = dumps::forbid() {
        complain(&format!("warning: core dumps cannot be forbidden: {error}"));
    }
    let line = arguments::parse(env::args_os());
    match line.map_err(|error| Failure::Usage(error.into())).and_then(obey) {
        Ok(status) => status,
        Err(failure) => {
            complain(&failure.to_string());
            ExitCode::from(&failure)
        }
    }
}

fn obey(line: Line) -> Result<ExitCode, Failure> {
    let config = line.config;
    match line.request {
        Request::Serve => run::by_config(config),
        Request::ServeDirectory(directory) => serve::directory(directory),
        Request::Init => init::run(config),
        Request::CheckConfig => check_config(config),
        Request::Check(form) => {
            Ok(if check::run(config, form) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Request::Status(View::Once(form)) => {
            print(&status::ask(&control_socket(config)?, form).map_err(Failure::operation)?)
        }
        Request::Status(View::Again) => {
            status::watch(&control_socket(config)?).map_err(Failure::operation)
        }
        Request::Reload => control::reload(config),
        Request::Stop => control::stop(&control_socket(config)?).map_err(Failure::operation),
        Request::HashPassword => {
            hash_password::run().map_err(Failure::operation).and_then(|hash| print(&hash))
        }
        Request::Version => print(&format!("cos-ftp-server {VERSION}\n")),
        Request::Help => print(arguments::HELP),
    }
}

fn check_config(config: Option<PathBuf>) -> Result<ExitCode, Failure> {
    let plan = plan(config)?;
    plan.warnings().iter().for_each(|warning| complain(&format!("warning: {warning}")));
    print(&format!(
        "configuration OK: {}\n{}cos-ftp-server check tries more: the machine, and each store\n",
        plan.origin(),
        plan.summary()
    ))
}

/// Where the running server is asked.
fn control_socket(config: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let file = locations::find_config(config).map_err(Failure::config)?;
    let plan = Plan::read_again(&file).map_err(Failure::config)?;
    let off = "control_socket = off: the server tells no status".to_owned();
    plan.control_socket().map(PathBuf::from).ok_or(off).map_err(Failure::operation)
}

fn plan(config: Option<PathBuf>) -> Result<Plan, Failure> {
    let file = locations::find_config(config).map_err(Failure::config)?;
    Plan::read(&file).map_err(Failure::config)
}

fn print(text: &str) -> Result<ExitCode, Failure> {
    // Whoever closed the pipe has read enough.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

/// Like `eprintln`, which would panic when nobody reads standard error.
fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
