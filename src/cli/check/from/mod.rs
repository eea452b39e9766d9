//! `check --from HOST`: run where a client is. Logs in to a server elsewhere and tells which of the
//! hops on the way is closed: control port, TLS, login, passive ports, and a file each way.

mod closed_hop;
mod dialogue;
mod distrust;
mod opening;
mod passive;
mod secured;
mod server;
mod transfers;

pub(crate) use server::RemoteServer;

use std::env;
use std::io;

use zeroize::Zeroizing;

use super::report::{CheckLine, CheckReport, Form};
use crate::cli::language::Language;
use crate::cli::terminal::{PASSWORD_VARIABLE, ask, ask_hidden};
use closed_hop::{ClosedHop, broken};
use dialogue::Dialogue;
use opening::{Entered, enter};
use passive::ways;
use secured::ClientTls;
use transfers::transfer;

/// Where the user's name is looked for before it is asked for.
const USER_VARIABLE: &str = "COS_FTP_USER";

/// Tries all of it, and prints what it finds. Whether nothing failed.
///
/// # Errors
/// When nobody can be asked who is to log in.
pub(crate) fn run(server: &RemoteServer, form: Form) -> Result<bool, String> {
    let is_told = |name: &str| env::var_os(name).is_some();
    let is_user_told = server.user.is_some() || is_told(USER_VARIABLE);
    if form == Form::Json && !(is_user_told && is_told(PASSWORD_VARIABLE)) {
        return Err(format!(
            "with --json nothing is asked: put user and password into {USER_VARIABLE} and \
             {PASSWORD_VARIABLE}"
        ));
    }
    let user = match server.user.clone().or_else(|| env::var(USER_VARIABLE).ok()) {
        Some(user) => user,
        None => ask(&Language::of_environment().say("FTP user"), "")?,
    };
    let mut report = CheckReport::new(form);
    report.begin(format!("server {server}, as seen from here"));
    match examine(server, &user, &mut report) {
        Ok(()) => {}
        Err(ClosedHop::Told(line)) => report.add(*line),
        Err(ClosedHop::NobodyToAsk(why)) => return Err(why),
    }
    Ok(report.finish())
}

fn examine(server: &RemoteServer, user: &str, report: &mut CheckReport) -> Result<(), ClosedHop> {
    let Entered { mut dialogue, tls, address } = enter(server, report)?;
    log_in(&mut dialogue, user, report)?;
    let tls = protect(&mut dialogue, tls, report)?;
    let ways = ways(&mut dialogue, address.ip(), report).map_err(|error| broken("PASV", &error))?;
    transfer(&mut dialogue, &ways, tls.as_ref(), report)
        .map_err(|error| broken("transfer", &error))?;
    // Whoever leaves needs no answer.
    let _ = dialogue.ask("QUIT");
    Ok(())
}

fn log_in(dialogue: &mut Dialogue, user: &str, report: &mut CheckReport) -> Result<(), ClosedHop> {
    let password = match env::var(PASSWORD_VARIABLE) {
        Ok(password) => password,
        Err(_) => ask_hidden(&Language::of_environment().say("Password"))
            .map_err(ClosedHop::NobodyToAsk)?,
    };
    let password = Zeroizing::new(password);
    if [user, &password].iter().any(|word| word.chars().any(char::is_control)) {
        let why = "user or password contains a control character, which no client can send";
        return Err(ClosedHop::NobodyToAsk(why.to_owned()));
    }
    let lost = |error: io::Error| broken("login", &error);
    let mut reply = dialogue.ask(&format!("USER {user}")).map_err(lost)?;
    if reply.is(331) {
        let line = Zeroizing::new(format!("PASS {}", *password));
        reply = dialogue.ask(&line).map_err(lost)?;
    }
    if reply.is(230) || reply.is(232) {
        report.add(CheckLine::passed("login", reply.first_line()));
        return Ok(());
    }
    let fix = "correct user or password; see the server's log";
    Err(CheckLine::failed("login", reply.first_line(), fix).into())
}

/// Data connections with TLS, where the control connection has it.
fn protect(
    dialogue: &mut Dialogue,
    tls: Option<ClientTls>,
    report: &mut CheckReport,
) -> Result<Option<ClientTls>, ClosedHop> {
    let mut ask = |line| dialogue.ask(line).map_err(|error| broken("transfer", &error));
    ask("TYPE I")?;
    if tls.is_none() {
        return Ok(None);
    }
    ask("PBSZ 0")?;
    let reply = ask("PROT P")?;
    if reply.is(200) {
        return Ok(tls);
    }
    let text = format!("files are not encrypted: {}", reply.first_line());
    report.add(CheckLine::skipped("TLS of transfers", text));
    Ok(None)
}
