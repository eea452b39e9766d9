//! What stands on the command line beside its first word.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use cos_ftp_server::users;
use lexopt::{Parser, ValueExt};
use rustix::process::Pid;

use super::check::Form;
use super::check::from::RemoteServer;
use super::listen_place::ListenPlace;
use super::subcommand::{CommandLine, ServedDirectory, Subcommand, View};
use super::word::Word;

/// The options without a value.
const FLAGS: &[&str] = &["json", "watch", "check-config", "ask-password", "implicit-tls"];

/// Options and their values, and what else may stand behind the word.
#[derive(Debug, Default)]
pub(super) struct GivenOptions {
    config: Option<PathBuf>,
    socket: Option<PathBuf>,
    path: Option<PathBuf>,
    user: Option<String>,
    listen: Option<ListenPlace>,
    passive_ports: Option<RangeInclusive<u16>>,
    from: Option<RemoteServer>,
    pid: Option<Pid>,
    /// Options without a value.
    flags: Vec<&'static str>,
}

impl GivenOptions {
    /// Whether this option may stand on the line now: one with a value only once.
    pub(super) fn can_take(&self, option: &str) -> bool {
        match option {
            "config" => self.config.is_none(),
            "socket" => self.socket.is_none(),
            "user" => self.user.is_none(),
            "listen" => self.listen.is_none(),
            "passive-ports" => self.passive_ports.is_none(),
            "from" => self.from.is_none(),
            "pid" => self.pid.is_none(),
            flag => FLAGS.contains(&flag),
        }
    }

    /// Takes this option, and its value from `parser` if it has one.
    ///
    /// # Errors
    /// What is not understood of the value.
    pub(super) fn take(
        &mut self,
        option: &'static str,
        parser: &mut Parser,
    ) -> Result<(), lexopt::Error> {
        match option {
            "config" => self.config = Some(parser.value()?.into()),
            "socket" => self.socket = Some(parser.value()?.into()),
            "user" => self.user = Some(parser.value()?.parse_with(name)?),
            "listen" => self.listen = Some(parser.value()?.parse_with(ListenPlace::parse)?),
            "passive-ports" => self.passive_ports = Some(parser.value()?.parse_with(ports)?),
            "from" => self.from = Some(RemoteServer::parse(&parser.value()?.string()?)?),
            "pid" => self.pid = Some(parser.value()?.parse_with(process)?),
            flag => self.flags.push(flag),
        }
        Ok(())
    }

    /// Where a word that is no option is kept, if `word` has one behind it and lacks it so far.
    pub(super) fn place_behind(&mut self, word: Word) -> Option<&mut Option<PathBuf>> {
        let place = match word {
            Word::Check => &mut self.config,
            Word::Serve | Word::VerifyLedger => &mut self.path,
            _ => return None,
        };
        place.is_none().then_some(place)
    }

    /// What is asked for by `word` with these.
    ///
    /// # Errors
    /// What is missing, or cannot stand together.
    pub(super) fn into_line(self, word: Word) -> Result<CommandLine, lexopt::Error> {
        let has = |flag| self.flags.contains(&flag);
        let form = if has("json") { Form::Json } else { Form::Text };
        let request = match word {
            Word::Run if has("check-config") => Subcommand::CheckConfig,
            Word::Run => Subcommand::Serve,
            Word::Serve => {
                let path = self
                    .path
                    .ok_or("serve needs a directory to serve: cos-ftp-server serve DIR")?;
                let ask_password = has("ask-password");
                let Self { user, listen, passive_ports, .. } = self;
                let directory = ServedDirectory { path, user, listen, ask_password, passive_ports };
                Subcommand::ServeDirectory(directory)
            }
            Word::Init => Subcommand::Init,
            Word::Check if self.from.is_some() && self.config.is_some() => {
                return Err("--from takes no configuration: it is run where a client is".into());
            }
            Word::Check if self.config.as_deref().is_some_and(is_url) => {
                return Err("a server is named behind --from: check --from URL".into());
            }
            Word::Check if self.from.is_none() && has("implicit-tls") => {
                return Err("--implicit-tls is for a server: check --from HOST".into());
            }
            Word::Check => match self.from {
                Some(server) if has("implicit-tls") => {
                    Subcommand::CheckFrom(server.with_implicit_tls(), form)
                }
                Some(server) => Subcommand::CheckFrom(server, form),
                None => Subcommand::Check(form),
            },
            Word::Status if has("json") && has("watch") => {
                return Err("--watch and --json cannot be combined".into());
            }
            Word::Status if has("watch") => Subcommand::Status(View::Again),
            Word::Status => Subcommand::Status(View::Once(form)),
            Word::Reload if self.socket.is_some() => {
                return Err("reload takes no --socket: a server that was started by serve has no \
                            configuration to read again"
                    .into());
            }
            Word::Reload => Subcommand::Reload(self.pid),
            Word::Stop => Subcommand::Stop,
            Word::VerifyLedger => Subcommand::VerifyLedger(self.path),
            Word::HashPassword => Subcommand::HashPassword,
        };
        if self.config.is_some() && self.socket.is_some() {
            return Err(
                "--socket is for a server without a configuration: give one of the two".into()
            );
        }
        Ok(CommandLine { request, config: self.config, socket: self.socket })
    }
}

fn name(text: &str) -> Result<String, &'static str> {
    if users::is_user_name(text) {
        return Ok(text.to_owned());
    }
    Err("needs a name of 1 to 64 bytes without slashes, colons and control characters that does \
         not begin with . # or -; the password does not belong here")
}

/// `60000-60009`, or `60000,60009` as in a configuration.
fn ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let wrong = || "needs two ports, as in 60000-60009".to_owned();
    let (first, last) = text.split_once([',', '-']).ok_or_else(wrong)?;
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(first), Ok(last)) if 0 < first && first <= last => Ok(first..=last),
        _ => Err(wrong()),
    }
}

fn process(text: &str) -> Result<Pid, &'static str> {
    let number = text.parse().ok().filter(|number| *number > 0).and_then(Pid::from_raw);
    number.ok_or("needs the number of a process")
}

fn is_url(path: &Path) -> bool {
    path.to_str().is_some_and(|path| path.contains("://"))
}
