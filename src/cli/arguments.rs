//! The command line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

use crate::cli::check::Form;
use crate::cli::check::from::RemoteServer;
use crate::cli::user::{self, UserRequest};

/// What `--help` prints.
pub(crate) const HELP: &str = "\
An FTP server whose disk is a Tencent COS (or any S3-compatible) bucket.

Usage: cos-ftp-server [--config FILE] [--check-config]
       cos-ftp-server serve DIR [--user NAME] [--listen ADDRESS:PORT] [--ask-password]
                                [--passive-ports FIRST,LAST]
       cos-ftp-server init [--config FILE]
       cos-ftp-server check [FILE] [--json]
       cos-ftp-server check --from HOST[:PORT] [--json]
       cos-ftp-server status [--config FILE] [--json | --watch]
       cos-ftp-server reload | stop [--config FILE]
       cos-ftp-server user add NAME [--permission R|W|RW] [--prefix PREFIX]
       cos-ftp-server user passwd NAME | list   [--users-file FILE] [--config FILE]
       cos-ftp-server hash-password
       cos-ftp-server version | help

    serve DIR       serve a directory without any configuration, to the user ftpuser or --user NAME
                    at port 2121 or --listen ADDRESS:PORT. The password is in the variable
                    COS_FTP_PASSWORD, or asked for with --ask-password, or made and printed.
                    Data connections use --passive-ports, otherwise 60000,65535
    init            ask some questions, write a configuration and check it; an installed sample
                    that nobody has changed is replaced
    check           try everything the configuration needs: the machine, and each bucket for real,
                    with a small object that is deleted again; every line tells what to do.
                    --json prints it for machines
    check --from HOST
                    run where a client is: log in to the server there, at port 21 or PORT, try TLS,
                    PASV and EPSV and a small file each way, and tell which hop is closed. User and
                    password are asked for, or in COS_FTP_USER and COS_FTP_PASSWORD
    status          tell what the running server is doing: its sessions, and how far their
                    transfers are. --json prints it for machines, --watch again and again
    reload          let the running server read its configuration again, and tell whether it did
    stop            let the running server stop, and wait until it has
    user add NAME   give a user a line in the users_file of the configuration, or in
                    --users-file FILE; the server takes it at the next reload. The password is asked
                    for on a terminal, or in the variable COS_FTP_PASSWORD, or a line of standard
                    input; its hash is kept
    user passwd NAME give a user another password
    user list       list the users of the file
    hash-password   read a password and print its hash, to be put in its place in the
                    configuration; asks on a terminal, else reads a line of standard input
    --config FILE   the configuration, also -c FILE; without it, the first of these that exists:
                        ./conf/cos-ftp-server.conf
                        PREFIX/etc/cos-ftp-server/cos-ftp-server.conf, if PREFIX/bin has the program
                        /etc/cos-ftp-server/cos-ftp-server.conf
                        or vsftpd.conf in the same place
    --check-config  tell whether the configuration is right, and exit
    --version       print the version, and exit
    --help          print this, and exit

Ctrl+C or SIGTERM stops the server: running transfers may finish within shutdown_grace. A second
Ctrl+C leaves at once. SIGHUP reads the configuration again, SIGUSR1 opens the log file again.

Exit status: 0 after a stop, 1 when the server cannot start or did not stop in time, 64 for a
wrong argument, 78 for a wrong configuration, 130 after a second Ctrl+C. Of check: 0 when all is
well, 1 when not. Of status, reload and stop: 1 when no server answers.
";

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
    /// `reload`: let the running server read its configuration again.
    Reload,
    /// `stop`: let the running server stop.
    Stop,
    /// `hash-password`: read a password and print its hash.
    HashPassword,
    /// `user`: look after the users in a file.
    User(UserRequest),
    /// Print the version.
    Version,
    /// Print [`HELP`].
    Help,
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
    pub(crate) listen: Option<SocketAddr>,
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
}

/// What is asked for, before anything else is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Run,
    Serve,
    Init,
    Check,
    Status,
    Reload,
    Stop,
    HashPassword,
}

impl Word {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "serve" => Self::Serve,
            "init" => Self::Init,
            "check" => Self::Check,
            "status" => Self::Status,
            "reload" => Self::Reload,
            "stop" => Self::Stop,
            "hash-password" => Self::HashPassword,
            _ => return None,
        })
    }

    /// The options that it takes.
    fn options(self) -> &'static [&'static str] {
        match self {
            Self::Run => &["config", "check-config"],
            Self::Serve => &["user", "listen", "ask-password", "passive-ports"],
            Self::Check => &["config", "from", "json"],
            Self::Status => &["config", "json", "watch"],
            Self::Init | Self::Reload | Self::Stop => &["config"],
            Self::HashPassword => &[],
        }
    }
}

/// What was given beside the word.
#[derive(Debug, Default)]
struct GivenOptions {
    config: Option<PathBuf>,
    path: Option<PathBuf>,
    user: Option<String>,
    listen: Option<SocketAddr>,
    passive_ports: Option<RangeInclusive<u16>>,
    from: Option<RemoteServer>,
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
            (Arg::Long("help") | Arg::Short('h'), _) => return Ok(Subcommand::Help.into()),
            (_, Some("config")) if given.config.is_none() => {
                given.config = Some(parser.value()?.into());
            }
            (_, Some("user")) if given.user.is_none() => {
                given.user = Some(parser.value()?.parse_with(name)?);
            }
            (_, Some("listen")) if given.listen.is_none() => {
                given.listen = Some(parser.value()?.parse_with(address)?);
            }
            (_, Some("passive-ports")) if given.passive_ports.is_none() => {
                given.passive_ports = Some(parser.value()?.parse_with(ports)?);
            }
            (_, Some("from")) if given.from.is_none() => {
                given.from = Some(parser.value()?.parse_with(RemoteServer::parse)?);
            }
            (_, Some(flag @ ("json" | "watch" | "check-config" | "ask-password"))) => {
                given.flags.push(flag);
            }
            (Arg::Value(text), None) if is_first => match text.to_str() {
                Some("version") => return Ok(Subcommand::Version.into()),
                Some("help") => return Ok(Subcommand::Help.into()),
                Some("user") => {
                    let asked = user::arguments(&mut parser)?;
                    return Ok(asked.map_or(Subcommand::Help.into(), |(request, config)| {
                        CommandLine { request: Subcommand::User(request), config }
                    }));
                }
                name => {
                    let known = name.and_then(Word::of);
                    word = known.ok_or_else(|| Arg::Value(text.clone()).unexpected())?;
                }
            },
            (Arg::Value(path), None) if word == Word::Check && given.config.is_none() => {
                given.config = Some(path.into());
            }
            (Arg::Value(path), None) if word == Word::Serve && given.path.is_none() => {
                given.path = Some(path.into());
            }
            (argument, _) => return Err(argument.unexpected()),
        }
        is_first = false;
    }
    given.into_line(word)
}

fn name(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err("needs a name") } else { Ok(text.to_owned()) }
}

/// `127.0.0.1:2121`.
fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "needs address and port, as in 127.0.0.1:2121 or [::]:2121")
}

/// `60000,60009`.
fn ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let wrong = || "needs two ports, as in 60000,60009".to_owned();
    let (first, last) = text.split_once(',').ok_or_else(wrong)?;
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(first), Ok(last)) if 0 < first && first <= last => Ok(first..=last),
        _ => Err(wrong()),
    }
}

impl GivenOptions {
    fn into_line(self, word: Word) -> Result<CommandLine, lexopt::Error> {
        let has = |flag| self.flags.contains(&flag);
        let form = if has("json") { Form::Json } else { Form::Text };
        let request = match word {
            Word::Run if has("check-config") => Subcommand::CheckConfig,
            Word::Run => Subcommand::Serve,
            Word::Serve => {
                let path = self.path.ok_or("serve needs the directory that it is to serve")?;
                let ask_password = has("ask-password");
                let Self { user, listen, passive_ports, .. } = self;
                let directory = ServedDirectory { path, user, listen, ask_password, passive_ports };
                Subcommand::ServeDirectory(directory)
            }
            Word::Init => Subcommand::Init,
            Word::Check if self.from.is_some() && self.config.is_some() => {
                return Err("--from needs no configuration: it is run where a client is".into());
            }
            Word::Check => match self.from {
                Some(server) => Subcommand::CheckFrom(server, form),
                None => Subcommand::Check(form),
            },
            Word::Status if has("json") && has("watch") => {
                return Err("--watch is for people, --json for machines".into());
            }
            Word::Status if has("watch") => Subcommand::Status(View::Again),
            Word::Status => Subcommand::Status(View::Once(form)),
            Word::Reload => Subcommand::Reload,
            Word::Stop => Subcommand::Stop,
            Word::HashPassword => Subcommand::HashPassword,
        };
        Ok(CommandLine { request, config: self.config })
    }
}

impl From<Subcommand> for CommandLine {
    /// Of what no configuration is needed for.
    fn from(request: Subcommand) -> Self {
        Self { request, config: None }
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
            ("reload", Subcommand::Reload, None),
            ("stop -c a.conf", Subcommand::Stop, Some("a.conf")),
            ("hash-password", Subcommand::HashPassword, None),
            ("--version", Subcommand::Version, None),
            ("version", Subcommand::Version, None),
            ("help", Subcommand::Help, None),
            ("serve --help", Subcommand::Help, None),
            ("--check-config --help", Subcommand::Help, None),
        ] {
            let config = config.map(PathBuf::from);
            assert_eq!(parsed(line), Some(CommandLine { request, config }), "{line:?}");
        }
    }

    #[test]
    fn serve_takes_a_directory() {
        let directory = |user: Option<&str>, listen: Option<&str>, ask_password| {
            let (user, path) = (user.map(str::to_owned), PathBuf::from("d"));
            let listen = listen.map(|address| address.parse().unwrap());
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
            ("serve d --listen 21", None),
            ("serve d --config a.conf", None),
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
        assert_eq!(given("60000,60009"), Some(Some(60000..=60009)));
        assert_eq!(given("7,7"), Some(Some(7..=7)));
        for wrong in ["60000", "9,8", "0,9", "1,65536", "a,b", "1,2,3"] {
            assert_eq!(given(wrong), None, "{wrong}");
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
            "check --from",
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
        ] {
            assert_eq!(parsed(line), None, "{line:?}");
        }
    }
}
