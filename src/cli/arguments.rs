//! The command line.

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use cos_ftp_server::users;
use lexopt::{Arg, Parser, ValueExt};
use rustix::process::Pid;

use crate::cli::check::Form;
use crate::cli::check::from::RemoteServer;
use crate::cli::help::COMMANDS;
use crate::cli::listen_place::ListenPlace;
use crate::cli::meant;
use crate::cli::orders::{self, OperatorOrder};
use crate::cli::user::{self, UserRequest};
use crate::cli::word::Word;

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

/// The options without a value.
const FLAGS: &[&str] = &["json", "watch", "check-config", "ask-password", "implicit-tls"];

/// What was given beside the word.
#[derive(Debug, Default)]
struct GivenOptions {
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

/// Understands the command line; `arguments` begins with the program's name.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<CommandLine, lexopt::Error> {
    let mut parser = Parser::from_iter(arguments.into_iter().collect::<Vec<_>>());
    let (mut word, mut given) = (Word::Run, GivenOptions::default());
    let mut is_first = true;
    while let Some(argument) = parser.next()? {
        let option = match &argument {
            Arg::Short('c') => Some("config"),
            Arg::Long(name) => word.options().iter().copied().find(|have| have == name),
            _ => None,
        };
        match (argument, option.filter(|name| word.options().contains(name))) {
            (Arg::Long("version") | Arg::Short('V'), _) => return Ok(Subcommand::Version.into()),
            (Arg::Long("help") | Arg::Short('h'), _) => {
                return Ok(word.name().map_or(Subcommand::Help, Subcommand::HelpOn).into());
            }
            (_, Some("config")) if given.config.is_none() => {
                given.config = Some(parser.value()?.into());
            }
            (_, Some("socket")) if given.socket.is_none() => {
                given.socket = Some(parser.value()?.into());
            }
            (_, Some("user")) if given.user.is_none() => {
                given.user = Some(parser.value()?.parse_with(name)?);
            }
            (_, Some("listen")) if given.listen.is_none() => {
                given.listen = Some(parser.value()?.parse_with(ListenPlace::parse)?);
            }
            (_, Some("passive-ports")) if given.passive_ports.is_none() => {
                given.passive_ports = Some(parser.value()?.parse_with(ports)?);
            }
            (_, Some("from")) if given.from.is_none() => {
                given.from = Some(RemoteServer::parse(&parser.value()?.string()?)?);
            }
            (_, Some("pid")) if given.pid.is_none() => {
                given.pid = Some(parser.value()?.parse_with(process)?);
            }
            (_, Some(flag)) if FLAGS.contains(&flag) => given.flags.push(flag),
            (Arg::Value(text), None) if is_first => match text.to_str() {
                Some("version") => return Ok(Subcommand::Version.into()),
                Some("help") => return help(&mut parser),
                Some("user") => {
                    let asked = user::arguments(&mut parser)?;
                    let help = Subcommand::HelpOn("user").into();
                    return Ok(asked.map_or(help, |(request, config)| CommandLine {
                        request: Subcommand::User(request),
                        config,
                        socket: None,
                    }));
                }
                Some(verb) if orders::VERBS.contains(&verb) => {
                    let asked = orders::arguments(verb, &mut parser)?;
                    return Ok(asked.map_or_else(|| help_on(verb), order));
                }
                name => {
                    word = name.and_then(Word::of).ok_or_else(|| meant::command(&text))?;
                }
            },
            (Arg::Value(path), None) if word == Word::Check && given.config.is_none() => {
                given.config = Some(path.into());
            }
            (Arg::Value(path), None)
                if matches!(word, Word::Serve | Word::VerifyLedger) && given.path.is_none() =>
            {
                given.path = Some(path.into());
            }
            (argument, _) => return Err(meant::argument(argument, word.options())),
        }
        is_first = false;
    }
    given.into_line(word)
}

fn order(
    (order, config, socket): (OperatorOrder, Option<PathBuf>, Option<PathBuf>),
) -> CommandLine {
    CommandLine { request: Subcommand::Order(order), config, socket }
}

fn help_on(word: &str) -> CommandLine {
    let known = COMMANDS.iter().copied().find(|name| *name == word);
    known.map_or(Subcommand::Help, Subcommand::HelpOn).into()
}

/// `help`, or `help COMMAND`.
fn help(parser: &mut Parser) -> Result<CommandLine, lexopt::Error> {
    let Some(argument) = parser.next()? else { return Ok(Subcommand::Help.into()) };
    let Arg::Value(word) = &argument else { return Err(argument.unexpected()) };
    let known = COMMANDS.iter().copied().find(|name| *word == **name);
    let known = known.ok_or_else(|| meant::command(word))?;
    match parser.next()? {
        Some(more) => Err(more.unexpected()),
        None => Ok(Subcommand::HelpOn(known).into()),
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

impl GivenOptions {
    fn into_line(self, word: Word) -> Result<CommandLine, lexopt::Error> {
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

impl From<Subcommand> for CommandLine {
    /// Of what no configuration is needed for.
    fn from(request: Subcommand) -> Self {
        Self { request, config: None, socket: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Option<CommandLine> {
        let arguments = ["cos-ftp-server"].into_iter().chain(line.split_whitespace());
        parse(arguments.map(OsString::from)).ok()
    }

    #[test]
    fn arguments_become_requests() {
        for (line, request, config) in [
            ("", Subcommand::Serve, None),
            ("--config a.conf", Subcommand::Serve, Some("a.conf")),
            ("--config=a.conf", Subcommand::Serve, Some("a.conf")),
            ("-c a.conf", Subcommand::Serve, Some("a.conf")),
            ("--check-config", Subcommand::CheckConfig, None),
            ("--check-config --config a.conf", Subcommand::CheckConfig, Some("a.conf")),
            ("status", Subcommand::Status(View::Once(Form::Text)), None),
            ("status --json", Subcommand::Status(View::Once(Form::Json)), None),
            ("status --watch -c a.conf", Subcommand::Status(View::Again), Some("a.conf")),
            ("check", Subcommand::Check(Form::Text), None),
            ("check a.conf", Subcommand::Check(Form::Text), Some("a.conf")),
            ("check --json --config a.conf", Subcommand::Check(Form::Json), Some("a.conf")),
            ("init --config a.conf", Subcommand::Init, Some("a.conf")),
            ("reload", Subcommand::Reload(None), None),
            ("reload --pid 7", Subcommand::Reload(Pid::from_raw(7)), None),
            ("stop -c a.conf", Subcommand::Stop, Some("a.conf")),
            ("verify-ledger l", Subcommand::VerifyLedger(Some("l".into())), None),
            ("verify-ledger -c a", Subcommand::VerifyLedger(None), Some("a")),
            ("hash-password", Subcommand::HashPassword, None),
            ("--version", Subcommand::Version, None),
            ("version", Subcommand::Version, None),
            ("help", Subcommand::Help, None),
            ("help serve", Subcommand::HelpOn("serve"), None),
            ("help user", Subcommand::HelpOn("user"), None),
            ("user --help", Subcommand::HelpOn("user"), None),
            ("serve --help", Subcommand::HelpOn("serve"), None),
            ("status -c a -h", Subcommand::HelpOn("status"), None),
            ("--check-config --help", Subcommand::Help, None),
        ] {
            let config = config.map(PathBuf::from);
            let expected = CommandLine { request, config, socket: None };
            assert_eq!(parsed(line), Some(expected), "{line:?}");
        }
    }

    #[test]
    fn serve_takes_a_directory() {
        let directory = |user: Option<&str>, listen: Option<&str>, ask_password| {
            let (user, path) = (user.map(str::to_owned), PathBuf::from("d"));
            let listen = listen.map(|place| ListenPlace::parse(place).unwrap());
            let passive_ports = None;
            let directory = ServedDirectory { path, user, listen, ask_password, passive_ports };
            Some(Subcommand::ServeDirectory(directory).into())
        };
        for (line, expected) in [
            ("serve d", directory(None, None, false)),
            ("serve --user u d", directory(Some("u"), None, false)),
            ("serve d --listen [::1]:21", directory(None, Some("[::1]:21"), false)),
            ("serve d --ask-password", directory(None, None, true)),
            ("serve", None),
            ("serve d e", None),
            ("serve d --listen 21", directory(None, Some("21"), false)),
            ("serve d --listen localhost", None),
            ("serve d --config a.conf", None),
            ("serve d --user a:b", None),
            ("serve d --user a/b", None),
            ("serve d --password p", None),
        ] {
            assert_eq!(parsed(line), expected, "{line:?}");
        }
    }

    #[test]
    fn serve_takes_a_range_of_ports() {
        let given = |ports: &str| {
            let line = parsed(&format!("serve d --passive-ports {ports}"));
            line.map(|line| match line.request {
                Subcommand::ServeDirectory(directory) => directory.passive_ports,
                other => panic!("{other:?}"),
            })
        };
        for written in ["60000-60009", "60000,60009"] {
            assert_eq!(given(written), Some(Some(60000..=60009)), "{written}");
        }
        assert_eq!(given("7,7"), Some(Some(7..=7)));
        for wrong in ["60000", "9,8", "0-9", "1,65536", "a-b", "1,2,3", "1-2-3"] {
            assert_eq!(given(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_server_without_a_configuration_is_named_by_its_socket() {
        for (line, request) in [
            ("stop --socket s", Subcommand::Stop),
            ("status --watch --socket s", Subcommand::Status(View::Again)),
        ] {
            let (config, socket) = (None, Some("s".into()));
            assert_eq!(parsed(line), Some(CommandLine { request, config, socket }), "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for line in [
            "status --check-config",
            "status --json --watch",
            "--json",
            "--config a.conf check",
            "check --check-config",
            "check a.conf b.conf",
            "check a.conf --from host",
            "check --from user:password@host",
            "check --from sftp://host",
            "check ftp://host",
            "check --from",
            "check --implicit-tls",
            "check a.conf --implicit-tls",
            "check a.conf --config b.conf",
            "hash-password secret",
            "hash-password --config a.conf",
            "--check-config hash-password",
            "--config",
            "--config a --config b",
            "-c a -c b",
            "--check-config=yes",
            "--verbose",
            "-x",
            "a.conf",
            "reload now",
            "reload --pid 0",
            "reload --pid -7",
            "stop --pid 7",
            "reload --socket s",
            "stop --socket s --config c",
            "help nonsense",
            "help serve stop",
            "help --config",
        ] {
            assert_eq!(parsed(line), None, "{line:?}");
        }
    }
}
