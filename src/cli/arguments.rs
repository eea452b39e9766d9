//! The command line.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use lexopt::{Arg, Parser};

use super::given_options::GivenOptions;
use super::help::COMMANDS;
use super::meant;
use super::orders::{self, OperatorOrder};
use super::subcommand::{CommandLine, Subcommand};
use super::user::{self, UserRequest};
use super::word::Word;

/// Understands the command line; `arguments` begins with the program's name.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<CommandLine, lexopt::Error> {
    let mut parser = Parser::from_iter(arguments.into_iter().collect::<Vec<_>>());
    let (mut word, mut given) = (Word::Run, GivenOptions::default());
    let mut is_first = true;
    while let Some(argument) = parser.next()? {
        let option = option_of(&argument, word).filter(|option| given.can_take(option));
        match (argument, option) {
            (Arg::Long("version") | Arg::Short('V'), _) => return Ok(Subcommand::Version.into()),
            (Arg::Long("help") | Arg::Short('h'), _) => {
                return Ok(word.name().map_or(Subcommand::Help, Subcommand::HelpOn).into());
            }
            (_, Some(option)) => given.take(option, &mut parser)?,
            (Arg::Value(text), _) if is_first => match begun_by(&text, &mut parser)? {
                FirstWord::Word(first) => word = first,
                FirstWord::Line(line) => return Ok(line),
            },
            (argument, _) => match (argument, given.place_behind(word)) {
                (Arg::Value(path), Some(place)) => *place = Some(path.into()),
                (argument, _) => return Err(meant::argument(argument, word.options())),
            },
        }
        is_first = false;
    }
    given.into_line(word)
}

/// The option of `word` that `argument` is.
fn option_of(argument: &Arg<'_>, word: Word) -> Option<&'static str> {
    let name = match argument {
        Arg::Short('c') => "config",
        Arg::Long(name) => name,
        _ => return None,
    };
    word.options().iter().copied().find(|have| *have == name)
}

/// What the first word of a line makes of the rest.
enum FirstWord {
    /// Its options are read next.
    Word(Word),
    /// All of it has been read.
    Line(CommandLine),
}

fn begun_by(first: &OsStr, parser: &mut Parser) -> Result<FirstWord, lexopt::Error> {
    Ok(FirstWord::Line(match first.to_str() {
        Some("version") => Subcommand::Version.into(),
        Some("help") => help(parser)?,
        Some("user") => user::arguments(parser)?.map_or_else(|| help_on("user"), about_users),
        Some(verb) if orders::VERBS.contains(&verb) => {
            orders::arguments(verb, parser)?.map_or_else(|| help_on(verb), order)
        }
        name => {
            let word = name.and_then(Word::of).ok_or_else(|| meant::command(first))?;
            return Ok(FirstWord::Word(word));
        }
    }))
}

fn about_users((request, config): (UserRequest, Option<PathBuf>)) -> CommandLine {
    CommandLine { request: Subcommand::User(request), config, socket: None }
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

#[cfg(test)]
mod tests {
    use rustix::process::Pid;

    use super::*;
    use crate::cli::check::Form;
    use crate::cli::listen_place::ListenPlace;
    use crate::cli::subcommand::{ServedDirectory, View};

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
