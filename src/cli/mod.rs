//! The command `cos-ftp-server`: reads arguments and configuration, opens the log, runs the
//! server until a signal stops it.

mod arguments;
mod check;
mod dumps;
mod failure;
mod hash_password;
mod logging;
mod reload;
mod signals;
mod status;
mod supervisor;
mod wiring;

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use arguments::CommandLine;
use check::Form;
use cos_ftp_server::server::{Server, Stopped, raise_descriptor_limit};
use cos_ftp_server::store::cos::Buckets;
use failure::CommandError;
use log::{error, info, warn};
use logging::LogControl;
use reload::Reload;
use wiring::ServerPlan;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Exit status of a server that was stopped before its transfers had ended.
const STOPPED_EARLY: u8 = 1;

/// Does what the arguments say; returns the exit status.
pub(crate) fn main() -> ExitCode {
    // Before any secret is read.
    if let Err(error) = dumps::forbid() {
        complain(&format!("warning: core dumps cannot be forbidden: {error}"));
    }
    let done = match arguments::parse(env::args_os()) {
        Ok(CommandLine::Serve { config }) => serve(config),
        Ok(CommandLine::CheckConfig { config }) => check_config(config),
        Ok(CommandLine::Check { config, form }) => {
            Ok(if check::run(config, form) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Ok(CommandLine::Status { config, form }) => ask_status(config, form),
        Ok(CommandLine::HashPassword) => {
            hash_password::run().map_err(CommandError::operation).and_then(|hash| print(&hash))
        }
        Ok(CommandLine::Version) => print(&format!("cos-ftp-server {VERSION}\n")),
        Ok(CommandLine::Help) => print(arguments::HELP),
        Err(error) => Err(CommandError::Usage(error.into())),
    };
    match done {
        Ok(status) => status,
        Err(failure) => {
            complain(&failure.to_string());
            ExitCode::from(&failure)
        }
    }
}

fn check_config(config: Option<PathBuf>) -> Result<ExitCode, CommandError> {
    let plan = plan(config)?;
    plan.warnings().iter().for_each(|warning| complain(&format!("warning: {warning}")));
    print(&format!("configuration OK: {}\n{}", plan.file().display(), plan.summary()))
}

fn ask_status(config: Option<PathBuf>, form: Form) -> Result<ExitCode, CommandError> {
    let file = arguments::find_config(config).map_err(CommandError::config)?;
    let plan = ServerPlan::read_again(&file).map_err(CommandError::config)?;
    let off = "control_socket = off: the server tells no status".to_owned();
    let socket = plan.control_socket().ok_or(off).map_err(CommandError::operation)?;
    print(&status::ask(socket, form).map_err(CommandError::operation)?)
}

fn serve(config: Option<PathBuf>) -> Result<ExitCode, CommandError> {
    let plan = plan(config)?;
    // Before the first thread starts, as it asks for the local time's offset.
    let log = logging::init(plan.log()).map_err(CommandError::operation)?;
    info!("cos-ftp-server {VERSION}, configuration {}", plan.file().display());
    plan.warnings().iter().for_each(|warning| warn!("{warning}"));
    plan.summary().lines().for_each(|line| info!("{line}"));
    // What is wrong from here on belongs into the log, which the terminal shows too.
    run(plan, log).or_else(|failure| {
        failure.to_string().lines().for_each(|line| error!("{line}"));
        Ok(ExitCode::from(&failure))
    })
}

fn run(plan: ServerPlan, log: LogControl) -> Result<ExitCode, CommandError> {
    raise_descriptor_limit();
    let buckets = Buckets::default();
    let (options, users, probes) = plan.wire(&buckets).map_err(CommandError::config)?;
    let server = Server::bind(options, users).map_err(CommandError::operation)?;
    let (observer, listening) = (server.observer(), server.local_addrs());
    let control_socket = plan.control_socket().map(Path::to_owned);
    let reload = Reload::new(&plan, buckets, server.reloader(), log.clone());
    // Its secrets are where they are needed.
    drop(plan);
    let signals = signals::listen(server.stopper(), reload, log)
        .map_err(|error| format!("cannot listen to signals: {error}"))
        .map_err(CommandError::operation)?;
    let _telling = status::tell(control_socket.as_deref(), observer, listening);
    // After the handlers stand: who waits for this line may send a signal at once.
    let implicit = server.implicit_tls_addrs();
    implicit.iter().for_each(|address| info!("listening for implicit TLS at {address}"));
    server.local_addrs().iter().for_each(|address| info!("listening on {address}"));
    supervisor::ready();
    // Joined by the end of the process: it may be waiting for a store that never answers.
    let _probing = probes.begin();
    let stopped = server
        .run()
        .map_err(|error| format!("cannot accept connections: no thread: {error}"))
        .map_err(CommandError::operation)?;
    Ok(match stopped {
        Stopped::Gracefully => ExitCode::SUCCESS,
        Stopped::Early { .. } if signals.hurried() => signals::INTERRUPTED.into(),
        Stopped::Early { .. } => STOPPED_EARLY.into(),
    })
}

fn plan(config: Option<PathBuf>) -> Result<ServerPlan, CommandError> {
    let file = arguments::find_config(config).map_err(CommandError::config)?;
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
