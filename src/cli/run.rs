//! The server's life: it begins with a plan and ends with a signal.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use cos_ftp_server::server::{BindError, Server, Stopped, raise_descriptor_limit};
use cos_ftp_server::store::cos::Buckets;
use log::{error, info, warn};

use super::failure::CommandError;
use super::logging::{self, LogControl};
use super::reload::Reload;
use super::status::{ListenAddresses, ReloadRecord, ServerSocket};
use super::wiring::ServerPlan;
use super::{locations, signals, status, supervisor};

/// The version of the server.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Exit status of a server that was stopped before its transfers had ended.
const STOPPED_EARLY: u8 = 1;

/// The plan that the configuration file makes.
pub(super) fn plan(config: Option<PathBuf>) -> Result<ServerPlan, CommandError> {
    let file = locations::find_config(config).map_err(CommandError::config)?;
    ServerPlan::read(file).map_err(CommandError::config)
}

/// Serves what the configuration says.
pub(super) fn by_config(config: Option<PathBuf>) -> Result<ExitCode, CommandError> {
    by_plan(plan(config)?, |_| ())
}

/// Serves what `plan` says, until a signal comes; `announce` is told where it listens.
pub(super) fn by_plan(
    plan: ServerPlan,
    announce: impl FnOnce(&[SocketAddr]),
) -> Result<ExitCode, CommandError> {
    // Before the first thread starts, as it asks for the local time's offset.
    let log = logging::init(plan.log()).map_err(CommandError::operation)?;
    info!("cos-ftp-server {VERSION}, configuration {}", plan.origin());
    plan.warnings().iter().for_each(|warning| warn!("{warning}"));
    plan.summary().lines().for_each(|line| info!("{line}"));
    // What is wrong from here on belongs into the log, which the terminal shows too.
    run(plan, log, announce).or_else(|failure| {
        failure.to_string().lines().for_each(|line| error!("{line}"));
        Ok(ExitCode::from(&failure))
    })
}

fn run(
    plan: ServerPlan,
    log: LogControl,
    announce: impl FnOnce(&[SocketAddr]),
) -> Result<ExitCode, CommandError> {
    raise_descriptor_limit();
    let buckets = Buckets::default();
    let (mut options, users, probes) =
        plan.wire(&buckets).map_err(|text| plan.cannot_open(text))?;
    let chronicle = plan.open_chronicle(&log).map_err(CommandError::operation)?;
    options.chronicle = Arc::new(chronicle);
    let named = options.status_page_names;
    let mut server = Server::bind(options, users)
        .map_err(|error| with_who_runs(&error, &plan))
        .map_err(CommandError::operation)?;
    let observer = server.observer();
    let addresses = ListenAddresses {
        listening: server.local_addrs(),
        implicit_tls: server.implicit_tls_addrs(),
        metrics: server.metrics_addr(),
    };
    let record = ReloadRecord::default();
    if server.metrics_addr().is_some() {
        let told = (addresses.clone(), record.clone());
        server.show(status::page(server.observer(), told, named));
    }
    let control_socket = plan.control_socket().map(Path::to_owned);
    let reload = Reload::new(&plan, buckets, server.reloader(), log.clone(), record.clone());
    let stop_command = plan.control_socket().map(|_| plan.command("stop"));
    // Its secrets are where they are needed.
    drop(plan);
    let signals = signals::listen(server.stopper(), reload, log, stop_command)
        .map_err(|error| format!("cannot listen to signals: {error}"))
        .map_err(CommandError::operation)?;
    let watching = (observer, server.operator());
    let telling = status::tell(control_socket.as_deref(), watching, addresses, record);
    // After the handlers stand: who waits for this line may send a signal at once.
    let implicit = server.implicit_tls_addrs();
    implicit.iter().for_each(|address| info!("listening for implicit TLS at {address}"));
    server.local_addrs().iter().for_each(|address| info!("listening on {address}"));
    announce(&server.local_addrs());
    supervisor::ready();
    // Joined by the end of the process: it may be waiting for a store that never answers.
    let _probing = probes.begin();
    let stopped = server
        .run()
        .map_err(|error| format!("cannot accept connections: no thread: {error}"))
        .map_err(CommandError::operation)?;
    if let Some(telling) = telling {
        telling.say_farewell(stopped == Stopped::Gracefully);
    }
    Ok(match stopped {
        Stopped::Gracefully => ExitCode::SUCCESS,
        Stopped::Early { .. } if signals.hurried() => signals::INTERRUPTED.into(),
        Stopped::Early { .. } => STOPPED_EARLY.into(),
    })
}

/// Why the server cannot listen; of a taken port also that a server with this configuration is
/// already there, which says so itself.
fn with_who_runs(error: &BindError, plan: &ServerPlan) -> String {
    let why = error.to_string();
    let is_taken = error.source.kind() == io::ErrorKind::AddrInUse;
    let who_runs =
        |socket| status::who_runs(&ServerSocket::of_configuration(socket), &plan.command("stop"));
    match plan.control_socket().filter(|_| is_taken).and_then(who_runs) {
        Some(who) => plan.in_its_words(&format!("{why}\n{who}")),
        None => plan.in_its_words(&why),
    }
}
