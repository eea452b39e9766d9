//! The command line, and where the configuration is looked for.

use std::env;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lexopt::{Arg, Parser};

use crate::cli::check::Form;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
An FTP server whose disk is a Tencent COS (or any S3-compatible) bucket.

Usage: cos-ftp-server [--config FILE] [--check-config]
       cos-ftp-server check [--config FILE] [--json]
       cos-ftp-server status [--config FILE] [--json]
       cos-ftp-server hash-password
       cos-ftp-server --version | --help

    check           try everything the configuration needs: the machine, and each bucket for real,
                    with a small object that is deleted again; every line tells what to do.
                    --json prints it for machines
    status          tell what the running server is doing: its sessions, and how far their
                    transfers are. --json prints it for machines
    hash-password   read a password and print its hash, to be put in its place in the
                    configuration; asks on a terminal, else reads a line of standard input
    --config FILE   the configuration; without it, the first of these that exists:
                        ./conf/vsftpd.conf
                        PREFIX/etc/cos-ftp-server/vsftpd.conf, when the program is in PREFIX/bin
                        /etc/cos-ftp-server/vsftpd.conf
    --check-config  tell whether the configuration is right, and exit
    --version       print the version, and exit
    --help          print this, and exit

Ctrl+C or SIGTERM stops the server: running transfers may finish within shutdown_grace. A second
Ctrl+C leaves at once. SIGHUP reads the configuration again, SIGUSR1 opens the log file again.

Exit status: 0 after a stop, 1 when the server cannot start or did not stop in time, 64 for a
wrong argument, 78 for a wrong configuration, 130 after a second Ctrl+C. Of check: 0 when all is
well, 1 when not. Of status: 1 when no server answers.
";

/// Where the configuration is, below the working directory.
const LOCAL_CONFIG: &str = "conf/vsftpd.conf";

/// Where it is below the prefix of an installation, and below `/`.
const INSTALLED_CONFIG: &str = "etc/cos-ftp-server/vsftpd.conf";

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CommandLine {
    /// Serve until stopped.
    Serve {
        /// `--config`.
        config: Option<PathBuf>,
    },
    /// Look at the configuration only.
    CheckConfig {
        /// `--config`.
        config: Option<PathBuf>,
    },
    /// `check`: try what the configuration needs.
    Check {
        /// `--config`.
        config: Option<PathBuf>,
        /// `--json` or not.
        form: Form,
    },
    /// `status`: ask the running server what it is doing.
    Status {
        /// `--config`.
        config: Option<PathBuf>,
        /// `--json` or not.
        form: Form,
    },
    /// `hash-password`: read a password and print its hash.
    HashPassword,
    /// Print the version.
    Version,
    /// Print [`HELP`].
    Help,
}

/// Understands the command line; `arguments` begins with the program's name.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<CommandLine, lexopt::Error> {
    let mut parser = Parser::from_iter(arguments.into_iter().collect::<Vec<_>>());
    let mut config = None;
    let mut make: fn(Option<PathBuf>) -> CommandLine = |config| CommandLine::Serve { config };
    let mut is_first = true;
    // What `--json` makes of the word before it.
    let mut json: Option<fn(Option<PathBuf>) -> CommandLine> = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("config") if config.is_none() => config = Some(parser.value()?.into()),
            Arg::Value(word) if word == "check" && is_first => {
                make = |config| CommandLine::Check { config, form: Form::Text };
                json = Some(|config| CommandLine::Check { config, form: Form::Json });
            }
            Arg::Value(word) if word == "status" && is_first => {
                make = |config| CommandLine::Status { config, form: Form::Text };
                json = Some(|config| CommandLine::Status { config, form: Form::Json });
            }
            Arg::Long("json") if json.is_some() => make = json.unwrap_or(make),
            Arg::Long("check-config") if json.is_none() => {
                make = |config| CommandLine::CheckConfig { config }
            }
            Arg::Value(word) if word == "hash-password" && is_first => {
                return match parser.next()? {
                    None => Ok(CommandLine::HashPassword),
                    Some(more) => Err(more.unexpected()),
                };
            }
            Arg::Long("version") | Arg::Short('V') => return Ok(CommandLine::Version),
            Arg::Long("help") | Arg::Short('h') => return Ok(CommandLine::Help),
            other => return Err(other.unexpected()),
        }
        is_first = false;
    }
    Ok(make(config))
}

/// The configuration to read: the one that was named, else the first that exists of the usual
/// ones. The error tells which were tried and how to get one.
pub(crate) fn find_config(named: Option<PathBuf>) -> Result<PathBuf, String> {
    if let Some(named) = named {
        return Ok(named);
    }
    first_of(&usual_configs(env::current_exe().ok().as_deref()))
}

fn first_of(usual: &[PathBuf]) -> Result<PathBuf, String> {
    if let Some(found) = usual.iter().find(|path| path.exists()) {
        return Ok(found.clone());
    }
    let mut text = "there is no configuration. Looked for:\n".to_owned();
    for path in usual {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    {}", path.display());
    }
    text.push_str(
        "Run ./install.sh, which writes one that works at once, or copy \
         conf/vsftpd.conf.example, or name yours with --config FILE.",
    );
    Err(text)
}

fn usual_configs(program: Option<&Path>) -> Vec<PathBuf> {
    let mut configs = vec![Path::new(".").join(LOCAL_CONFIG)];
    if let Some(bin) = program.and_then(Path::parent)
        && bin.ends_with("bin")
        && let Some(prefix) = bin.parent()
    {
        configs.push(prefix.join(INSTALLED_CONFIG));
    }
    let system = Path::new("/").join(INSTALLED_CONFIG);
    if !configs.contains(&system) {
        configs.push(system);
    }
    configs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_become_requests() {
        let config = Some(PathBuf::from("a.conf"));
        for (line, expected) in [
            ("", Some(CommandLine::Serve { config: None })),
            ("--config a.conf", Some(CommandLine::Serve { config: config.clone() })),
            ("--config=a.conf", Some(CommandLine::Serve { config: config.clone() })),
            ("--check-config", Some(CommandLine::CheckConfig { config: None })),
            ("status", Some(CommandLine::Status { config: None, form: Form::Text })),
            ("status --json", Some(CommandLine::Status { config: None, form: Form::Json })),
            ("status --check-config", None),
            ("check", Some(CommandLine::Check { config: None, form: Form::Text })),
            (
                "check --json --config a.conf",
                Some(CommandLine::Check { config: config.clone(), form: Form::Json }),
            ),
            ("--json", None),
            ("--config a.conf check", None),
            ("check --check-config", None),
            ("--check-config --config a.conf", Some(CommandLine::CheckConfig { config })),
            ("hash-password", Some(CommandLine::HashPassword)),
            ("hash-password secret", None),
            ("--check-config hash-password", None),
            ("--version", Some(CommandLine::Version)),
            ("--check-config --help", Some(CommandLine::Help)),
            ("--config", None),
            ("--config a --config b", None),
            ("--check-config=yes", None),
            ("--verbose", None),
            ("a.conf", None),
        ] {
            let arguments = ["cos-ftp-server"].into_iter().chain(line.split_whitespace());
            let parsed = parse(arguments.map(OsString::from)).ok();
            assert_eq!(parsed, expected, "{line:?}");
        }
    }

    #[test]
    fn the_configuration_is_looked_for_beside_the_program() {
        const LOCAL: &str = "./conf/vsftpd.conf";
        const SYSTEM: &str = "/etc/cos-ftp-server/vsftpd.conf";
        for (program, expected) in [
            (None, vec![LOCAL, SYSTEM]),
            (Some("/src/target/release/cos-ftp-server"), vec![LOCAL, SYSTEM]),
            (
                Some("/home/a/.local/bin/cos-ftp-server"),
                vec![LOCAL, "/home/a/.local/etc/cos-ftp-server/vsftpd.conf", SYSTEM],
            ),
            (
                Some("/usr/local/bin/cos-ftp-server"),
                vec![LOCAL, "/usr/local/etc/cos-ftp-server/vsftpd.conf", SYSTEM],
            ),
            (Some("/bin/cos-ftp-server"), vec![LOCAL, SYSTEM]),
        ] {
            let expected: Vec<PathBuf> = expected.into_iter().map(PathBuf::from).collect();
            assert_eq!(usual_configs(program.map(Path::new)), expected, "{program:?}");
        }
    }

    #[test]
    fn the_first_configuration_that_exists_is_taken() {
        let missing = ["/nowhere/a.conf", "/nowhere/b.conf"].map(PathBuf::from);
        let error = first_of(&missing).unwrap_err();
        for part in ["/nowhere/a.conf", "/nowhere/b.conf", "./install.sh", "--config"] {
            assert!(error.contains(part), "{part} is not in {error}");
        }
        let existing = env::current_exe().unwrap();
        let [first, last] = missing;
        assert_eq!(first_of(&[first, existing.clone(), last]), Ok(existing));
    }

    #[test]
    fn a_named_configuration_is_taken_as_it_is() {
        let named = PathBuf::from("/nowhere/at/all.conf");
        assert_eq!(find_config(Some(named.clone())), Ok(named));
    }
}
