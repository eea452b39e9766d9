//! `stop` and `reload`: signals to the process behind the control socket, which only its user and
//! root can reach.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use cos_ftp_server::config;
use cos_ftp_server::limits;
use cos_ftp_server::net::{Interest, wait};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::failure::{self, CommandError};
use super::language::Language;
use super::locations::{ConfigFile, MissingConfig};
use super::reachable::{self, PROGRAM};
use super::serve_socket;
use super::status::{EndWatch, ReloadChanges, ServerEnd, ServerSocket};
use super::terminal::{complain, print, say};
use super::{locations, status};
use crate::cli::wiring::ServerPlan;

/// How often is told how far a stop is.
const STOP_STEP: Duration = Duration::from_secs(2);

/// How often is asked whether the configuration was read, and for how long at most.
const RELOAD_STEP: Duration = Duration::from_millis(50);
const RELOAD_WAIT: Duration = Duration::from_secs(60);

/// Lets the server that tells its status at `socket` stop, and waits until it has.
///
/// # Errors
/// In words: that there is none, or that it may not be told.
pub(super) fn stop(socket: &ServerSocket) -> Result<ExitCode, String> {
    let say_line = |english: &str| say(&(Language::of_environment().say(english) + "\n"));
    let watch = EndWatch::begin(socket)?;
    let server = ServerProcess::of(watch.process)?;
    server.signal(Signal::TERM)?;
    say_line(&how_long(watch.grace));
    while !server.has_ended(STOP_STEP) {
        // It removes the socket at its very end.
        say_line(&status::transfers_left(socket).map_or_else(
            |_| "stopping".to_owned(),
            |left| format!("stopping, transfers left: {left}"),
        ));
    }
    let pid = watch.process.as_raw_nonzero();
    match watch.ending() {
        ServerEnd::InOrder | ServerEnd::Untold => {
            say_line("stopped");
            Ok(ExitCode::SUCCESS)
        }
        ServerEnd::Early => {
            Err("stopped early: not everything had ended in time; the log tells what was left"
                .to_owned())
        }
        ServerEnd::Abrupt => {
            Err(format!("process {pid} has ended, but not by a stop: was it killed? See its log"))
        }
    }
}

/// What is said at the beginning of a stop.
fn how_long(grace: Option<Duration>) -> String {
    let Some(grace) = grace else { return "stopping".to_owned() };
    let (most, more) = (grace.as_secs(), limits::INTERRUPTED_WAIT.as_secs() / 60);
    format!(
        "stopping within {most} s, or up to {more} min later if a store that answers is still \
         completing a file"
    )
}

/// Lets the running server read its configuration again, if that is right. One that cannot be asked
/// is told by a signal, if its `process` is known.
pub(super) fn reload(
    config: Option<PathBuf>,
    process: Option<Pid>,
) -> Result<ExitCode, CommandError> {
    let file = readable_config(config)?;
    let plan = ServerPlan::read_again(file).map_err(CommandError::config)?;
    let language = Language::of_environment();
    plan.warnings().iter().for_each(|finding| complain(&failure::warning(finding, language)));
    let asked = asked(&plan);
    // Another server may answer there than the one that is meant.
    let is_there = |process| asked.as_ref().is_ok_and(|it| it.process == process);
    match process.filter(|process| !is_there(*process)) {
        Some(process) => {
            let told = ServerProcess::of(process).and_then(|server| server.signal(Signal::HUP));
            told.map_err(CommandError::operation)?;
            let told = "the configuration is right, and the server was told by SIGHUP: its log says \
                        whether it has taken it";
            print(&format!("{}\n", language.say(told)))
        }
        None => {
            let changes = obeyed(&asked?).map_err(CommandError::operation)?;
            print(&what_changed(&changes, language))
        }
    }
}

/// A server that answers.
struct AskedServer {
    socket: ServerSocket,
    process: Pid,
    /// How often it has read its configuration again.
    reloads: u64,
}

/// Who answers where the server of `plan` is asked.
fn asked(plan: &ServerPlan) -> Result<AskedServer, CommandError> {
    let socket = plan.control_socket().map(ServerSocket::of_configuration).ok_or_else(not_asked)?;
    let process = status::process(&socket).map_err(CommandError::operation)?;
    let reloads = status::reloads(&socket).map_err(CommandError::operation)?.count;
    Ok(AskedServer { socket, process, reloads })
}

/// What a reload has done.
fn what_changed(changes: &ReloadChanges, language: Language) -> String {
    let ReloadChanges { taken, waiting } = changes;
    let mut lines = vec![language.say(match (taken.as_slice(), waiting.as_slice()) {
        ([], []) => "configuration read again: nothing has changed",
        ([], _) => "configuration read again: nothing has taken effect",
        _ => "configuration read again, these changes have taken effect:",
    })];
    lines.extend(taken.iter().map(|key| format!("    {key}")));
    if !waiting.is_empty() {
        lines.push(language.say("these wait for a restart of the server:"));
        lines.extend(waiting.iter().map(|key| format!("    {key}")));
    }
    lines.join("\n") + "\n"
}

/// What comes of a reload of this server.
fn obeyed(server: &AskedServer) -> Result<ReloadChanges, String> {
    let AskedServer { socket, process, reloads: before } = server;
    ServerProcess::of(*process)?.signal(Signal::HUP)?;
    let deadline = Instant::now() + RELOAD_WAIT;
    loop {
        let now = status::reloads(socket)?;
        if now.count > *before {
            let wrong = "configuration not taken: the reason is in the server's log".to_owned();
            return if now.last_taken { Ok(now.changes) } else { Err(wrong) };
        }
        if Instant::now() > deadline {
            return Err(format!("the server has not done so within {} s", RELOAD_WAIT.as_secs()));
        }
        thread::sleep(RELOAD_STEP);
    }
}

/// A process that cannot be mistaken for a later one with its number.
struct ServerProcess(OwnedFd);

impl ServerProcess {
    /// The process of this number, unless it runs another program: the number may be mistyped, or
    /// by now be that of somebody else.
    fn of(pid: Pid) -> Result<Self, String> {
        let number = pid.as_raw_nonzero();
        let process = pidfd_open(pid, PidfdFlags::empty())
            .map_err(|error| format!("process {number} cannot be found: {error}"))?;
        // Asked only now: if the number is another's since, that handle leads to nobody. What tells
        // no name is hidden from this user (hidepid), as a server is, which cannot be dumped.
        match program_of(&number.to_string()) {
            Some(name) if !is_server(&name) => Err(format!(
                "process {number} runs {name:?} and not {PROGRAM}: it is sent no signal"
            )),
            _ => Ok(Self(process)),
        }
    }

    fn signal(&self, signal: Signal) -> Result<(), String> {
        pidfd_send_signal(&self.0, signal)
            .map_err(|error| format!("the server cannot be told: {error}"))
    }

    /// Whether it ends within `patience`.
    fn has_ended(&self, patience: Duration) -> bool {
        wait([(self.0.as_fd(), Interest::Read)], Some(patience)).is_ok_and(|ready| ready == [true])
    }
}

/// What the kernel calls the program of a process, at most 15 bytes. It stays when the file of the
/// program is replaced by a later version.
fn program_of(process: &str) -> Option<String> {
    let name = fs::read(format!("/proc/{process}/comm")).ok()?;
    Some(String::from_utf8_lossy(&name).trim_end_matches('\n').to_owned())
}

/// Whether a program of this `name` is the server's: that of this command, however it was renamed,
/// or whatever goes by the usual name.
fn is_server(name: &str) -> bool {
    name.starts_with(PROGRAM) || program_of("self").is_some_and(|own| own == name)
}

/// Where the running server is asked: at the `socket` that was named, or at that of its
/// configuration.
pub(super) fn control_socket(
    named: Option<PathBuf>,
    socket: Option<PathBuf>,
) -> Result<ServerSocket, CommandError> {
    if let Some(socket) = socket {
        return Ok(ServerSocket::of_command_line(socket));
    }
    let file = readable_config(named)?;
    // What else is wrong with the file is no matter of a server that runs already.
    let socket = config::control_socket_of(&file.path).map_err(|problems| {
        let how = "a server that runs is found by its socket, too: --socket FILE";
        complain(&Language::of_environment().say(how));
        CommandError::config(problems)
    })?;
    socket.as_deref().map(ServerSocket::of_configuration).ok_or_else(not_asked)
}

/// The configuration of the server that is to be asked.
fn readable_config(named: Option<PathBuf>) -> Result<ConfigFile, CommandError> {
    let found = locations::find_config(named);
    if let Some(why) = why_kept_from_us(&found) {
        return Err(CommandError::operation(format!(
            "{why}: call this as root or as the user of the server\n{}",
            reachable::how_to_name_one()
        )));
    }
    found.map_err(|missing| nobody_to_ask(&missing))
}

/// Why this user learns nothing from the configuration that was `found`, if that is so. Where a
/// server is asked stands nowhere else.
fn why_kept_from_us(found: &Result<ConfigFile, MissingConfig>) -> Option<String> {
    match found {
        Ok(file) if locations::is_kept_from_us(&file.path) => Some(format!(
            "{} may not be read by this user, and only that tells where its server is asked",
            file.path.display()
        )),
        Err(MissingConfig::Hidden(path)) => Some(format!(
            "this user may not look whether there is {}, which would tell where its server is asked",
            path.display()
        )),
        _ => None,
    }
}

/// Nothing tells where a server is to be asked.
fn nobody_to_ask(missing: &MissingConfig) -> CommandError {
    CommandError::operation(format!(
        "no server answers: {missing}\n{}",
        serve_socket::how_to_name_one()
    ))
}

fn not_asked() -> CommandError {
    CommandError::operation(
        "control_socket = off: this server cannot be asked or told anything; it obeys signals",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_goes_by_the_name_of_a_server_or_of_this_command_is_told() {
        let own = program_of("self").unwrap();
        for (name, expected) in [
            ("cos-ftp-server", true),
            // What the kernel leaves of cos-ftp-server-old.
            ("cos-ftp-server-", true),
            (&*own, true),
            ("cos-ftp", false),
            ("sshd", false),
            ("", false),
        ] {
            assert_eq!(is_server(name), expected, "{name}");
        }
    }

    #[test]
    fn a_configuration_that_may_be_there_is_not_told_as_one_that_is() {
        let hidden = MissingConfig::Hidden("/etc/x.conf".into());
        let why = why_kept_from_us(&Err(hidden)).unwrap();
        assert!(why.starts_with("this user may not look whether there is /etc/x.conf, "), "{why}");
        assert_eq!(why_kept_from_us(&Err(MissingConfig::Nowhere(Vec::new()))), None);
    }
}
