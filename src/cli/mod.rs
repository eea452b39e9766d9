//! The command `cos-ftp-server`: reads arguments and configuration, opens the log, runs the
//! server until a signal stops it.

mod arguments;
mod check;
mod chinese;
mod control;
mod dumps;
mod failure;
mod given_options;
mod hash_password;
mod help;
mod init;
mod language;
mod listen_place;
mod locations;
mod logging;
mod made;
mod meant;
mod mounts;
mod opening;
mod orders;
mod owned_file;
mod probes;
mod reachable;
mod reload;
mod run;
mod serve;
mod serve_socket;
mod shell;
mod signals;
mod status;
mod subcommand;
mod summary;
mod supervisor;
mod terminal;
mod unit;
mod user;
mod verify_ledger;
mod wiring;
mod word;
mod written;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use control::control_socket;
use failure::CommandError;
use language::Language;
use run::{VERSION, plan};
use subcommand::{CommandLine, Subcommand, View};
use terminal::{complain, print};

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
            complain(&failure.text(Language::of_environment()));
            ExitCode::from(&failure)
        }
    }
}

fn obey(line: CommandLine) -> Result<ExitCode, CommandError> {
    let CommandLine { config, socket, .. } = line;
    match line.request {
        Subcommand::Serve => run::by_config(config),
        Subcommand::ServeDirectory(directory) => serve::directory(directory),
        Subcommand::Init => init::run(config),
        Subcommand::CheckConfig => check_config(config),
        Subcommand::Check(form) => {
            Ok(if check::run(config, form) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Subcommand::CheckFrom(server, form) => {
            let is_well = check::from::run(&server, form).map_err(CommandError::operation)?;
            Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Subcommand::Status(View::Once(form)) => print(
            &status::ask(&control_socket(config, socket)?, form)
                .map_err(CommandError::operation)?,
        ),
        Subcommand::Status(View::Again) => {
            status::watch(&control_socket(config, socket)?).map_err(CommandError::operation)
        }
        Subcommand::Reload(process) => control::reload(config, process),
        Subcommand::Stop => {
            control::stop(&control_socket(config, socket)?).map_err(CommandError::operation)
        }
        Subcommand::Order(order) => orders::give(&control_socket(config, socket)?, &order),
        Subcommand::HashPassword => {
            hash_password::run().map_err(CommandError::operation).and_then(|hash| print(&hash))
        }
        Subcommand::VerifyLedger(file) => verify_ledger::run(file, config),
        Subcommand::User(request) => user::run(config, request),
        Subcommand::Version => print(&format!("cos-ftp-server {VERSION}\n")),
        Subcommand::Help => print(help::HELP),
        Subcommand::HelpOn(word) => print(&help::on(word)),
    }
}

fn check_config(config: Option<PathBuf>) -> Result<ExitCode, CommandError> {
    let plan = plan(config)?;
    let language = Language::of_environment();
    plan.warnings().iter().for_each(|finding| complain(&failure::warning(finding, language)));
    plan.look_into_directories()?;
    let notes: String = plan.look_into_records()?.iter().map(|note| format!("{note}\n")).collect();
    let told = format!(
        "configuration OK: {}\n{}{notes}to try the machine and each store, too: {}\n",
        plan.origin(),
        plan.summary(),
        plan.command("check"),
    );
    print(&told.lines().map(|line| language.say(line) + "\n").collect::<String>())
}
