//! `init`: asks what is to be served, writes a configuration and checks it.

mod accepted;
mod answers;
mod destination;
mod questions;
mod sample;

use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::process::ExitCode;

use self::answers::Answers;
use self::destination::Destination;
use self::questions::Asker;
use self::sample::Sample;
use super::check::{self, Form};
use super::failure::CommandError;
use super::language::Language;
use super::locations::ConfigFile;
use super::serve::elsewhere;
use super::shell;
use super::terminal::say;

/// Writes the configuration `config`, or the usual one, by what is answered.
pub(super) fn run(config: Option<PathBuf>) -> Result<ExitCode, CommandError> {
    let language = Language::of_environment();
    write_and_check(config, language).map_err(|text| CommandError::operation(language.say(&text)))
}

fn write_and_check(config: Option<PathBuf>, language: Language) -> Result<ExitCode, String> {
    let tell = |text: &str| say(&format!("{}\n", language.say(text)));
    let destination = Destination::find(config)?;
    let shown = destination.file.display();
    tell(&match &destination.sample {
        Some(Sample { is_unfinished: true, .. }) => {
            format!("This replaces {shown}, which init wrote and which did not pass its check.")
        }
        Some(_) => format!("This replaces the sample {shown}, which is as it was installed."),
        None => format!("This writes the configuration {shown}."),
    });
    destination.try_out().map_err(|(path, error)| {
        format!("{} cannot be written, so nothing is asked: {error}", path.display())
    })?;
    let answers =
        Asker(language).ask_all(destination.sample.as_ref(), destination.file.parent())?;
    let text = answers.text(language);
    destination.write(text.expose()).map_err(|error| format!("{shown}: {error}"))?;
    say("\n");
    tell(&format!("Wrote {shown}"));
    say("\n");
    let is_well = check::run(Some(destination.file.clone()), Form::Text);
    let file = ConfigFile::written(destination.file.clone());
    say("\n");
    if let Some(password) = &answers.made_password {
        let (user, password) = (&answers.user, password.expose());
        tell(&format!("Password of {user}, of which only a hash is stored: {password}"));
    }
    if !is_well {
        tell("Some checks failed. Correct what is marked with a cross, then check again:");
        say(&format!("    {}\n", file.command("check")));
        tell("or answer the questions again:");
        say(&format!("    {}\n", file.command("init")));
        return Ok(ExitCode::FAILURE);
    }
    destination.finish(text.expose()).map_err(|error| format!("{shown}: {error}"))?;
    let start = match check::config_of_service() {
        Some(config) if config == destination.file => {
            let what = "Let systemd run the server, now and after each start of the machine:";
            (what, "systemctl enable --now cos-ftp-server".to_owned())
        }
        _ => ("Start the server (Ctrl+C stops it):", file.start()),
    };
    say(&next_steps(&answers, start, language));
    Ok(ExitCode::SUCCESS)
}

/// `start`: what starts the server, in words and as it is typed.
fn next_steps(answers: &Answers, start: (&str, String), language: Language) -> String {
    let Answers { user, made_password, port, .. } = answers;
    let login = match made_password {
        Some(password) => format!("{user}:{}", password.expose()),
        None => user.clone(),
    };
    let (begin, start) = (language.say(start.0), start.1);
    let then = language.say("and upload a file from another terminal:");
    let login = shell::word(&login);
    let curl = format!("curl -u {login} -T FILE ftp://127.0.0.1:{port}/");
    let mut lines = vec![begin, format!("    {start}"), then, format!("    {curl}")];
    // The new configuration names no address, and no certificate.
    lines.extend(elsewhere(&[(Ipv6Addr::UNSPECIFIED, *port).into()], language));
    lines.join("\n") + "\n"
}
