//! A line becomes a command. Many verbs, fewer meanings: STOR, STOU and APPE are one upload, LIST,
//! NLST and MLSD one listing, PORT and EPRT one address. Paths stay as the client wrote them; only
//! the session knows the directory they are relative to.

use super::address::{AddressError, DataAddress, PassiveRequest};
use super::arguments::{
    allocation, client_option, mechanism, number, only, protection, site_command, timed_path,
    transfer_type, without_options,
};
use super::listing::ListStyle;
use super::parameter::{
    ClientOption, ListTarget, Protection, SiteCommand, TransferType, UploadMode,
};
use super::parse_error::ParseError;
use super::time_format::Timestamp;
use super::verb::{Argument, Verb, VerbRow};
use crate::secret::Secret;

/// What a client wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// USER: the login name.
    User(String),
    /// PASS: the password, spaces and all.
    Password(Secret),
    /// ACCT; no account is ever asked for.
    Account,
    /// QUIT.
    Quit,
    /// REIN: back to before the login.
    Reinitialize,
    /// NOOP.
    Noop,
    /// SYST.
    System,
    /// FEAT.
    Features,
    /// HELP, of everything or of one row.
    Help(Option<&'static VerbRow>),
    /// OPTS.
    Option(ClientOption),
    /// CLNT: what the client calls itself.
    ClientName(String),
    /// STAT without a path: the session, or the transfer that runs.
    Status,
    /// STAT with a path or options: a listing over the control connection. Needs
    /// [`super::Access::Reads`].
    StatusOf(ListTarget),
    /// PWD.
    WorkingDirectory,
    /// CWD.
    ChangeDirectory(String),
    /// CDUP.
    ChangeToParent,
    /// MKD.
    MakeDirectory(String),
    /// RMD.
    RemoveDirectory(String),
    /// DELE.
    Delete(String),
    /// RNFR.
    RenameFrom(String),
    /// RNTO.
    RenameTo(String),
    /// LIST, NLST, MLSD.
    List {
        /// Which of them.
        style: ListStyle,
        /// What to list.
        target: ListTarget,
    },
    /// MLST: the facts about one name, or about the working directory.
    Facts(Option<String>),
    /// SIZE.
    Size(String),
    /// MDTM: a path, or a time and a path ([`super::timed_path`]).
    ModificationTime(String),
    /// MFMT. Needs [`super::Access::Writes`], and the
    /// operator's leave.
    SetModificationTime {
        /// The time, whole seconds.
        time: Timestamp,
        /// The file.
        path: String,
    },
    /// TYPE.
    Type(TransferType),
    /// `STRU F`.
    FileStructure,
    /// `MODE S`.
    StreamMode,
    /// PASV, EPSV.
    Passive(PassiveRequest),
    /// PORT, EPRT.
    Active(DataAddress),
    /// RETR.
    Retrieve(String),
    /// STOR, STOU, APPE.
    Upload(UploadMode),
    /// REST: offset in bytes where the next transfer begins.
    Restart(u64),
    /// ALLO: bytes the next upload will have.
    Allocate(u64),
    /// ABOR.
    Abort,
    /// SITE.
    Site(SiteCommand),
    /// AUTH TLS: encrypt the control connection from the reply on.
    Authenticate,
    /// PBSZ: the size of protected blocks, which with TLS is always 0 (RFC 4217 8).
    ProtectionBuffer(u64),
    /// PROT.
    Protect(Protection),
    /// CCC: go on in plain text.
    ClearControl,
    /// A verb that is known only to be refused.
    NotImplemented,
}

/// Methods of HTTP. No verb of FTP is called so.
pub(super) const HTTP_METHODS: &[&str] =
    &["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "PRI"];

impl Command {
    /// Reads a line without its terminator. The row tells what the session must check before it
    /// obeys.
    ///
    /// One space separates verb and argument; all others belong to a path (names may begin and end
    /// with spaces).
    ///
    /// # Errors
    /// [`ParseError`].
    pub fn parse(line: &str) -> Result<(&'static VerbRow, Self), ParseError> {
        let (word, argument) = line.split_once(' ').unwrap_or((line, ""));
        if HTTP_METHODS.contains(&word) {
            return Err(ParseError::NotFtp);
        }
        let row = VerbRow::find(word).ok_or(ParseError::UnknownVerb)?;
        let fits = match row.argument {
            Argument::None => argument.trim().is_empty(),
            Argument::Optional => true,
            Argument::Required => !argument.is_empty(),
        };
        if !fits {
            return Err(ParseError::BadArgument(row));
        }
        Ok((row, meaning(row, argument)?))
    }
}

fn meaning(row: &'static VerbRow, argument: &str) -> Result<Command, ParseError> {
    let path = || argument.to_owned();
    let optional_path = || (!argument.is_empty()).then(|| argument.to_owned());
    Ok(match row.verb {
        Verb::User => Command::User(argument.trim().to_owned()),
        Verb::Pass => Command::Password(Secret::new(argument.to_owned())),
        Verb::Acct => Command::Account,
        Verb::Quit => Command::Quit,
        Verb::Rein => Command::Reinitialize,
        Verb::Noop => Command::Noop,
        Verb::Syst => Command::System,
        Verb::Feat => Command::Features,
        Verb::Help => help(argument)?,
        Verb::Opts => Command::Option(client_option(row, argument)?),
        Verb::Clnt => Command::ClientName(argument.to_owned()),
        Verb::Stat if argument.is_empty() => Command::Status,
        Verb::Stat => Command::StatusOf(list_target(argument)),
        Verb::Pwd => Command::WorkingDirectory,
        Verb::Cwd => Command::ChangeDirectory(path()),
        Verb::Cdup => Command::ChangeToParent,
        Verb::Mkd => Command::MakeDirectory(path()),
        Verb::Rmd => Command::RemoveDirectory(path()),
        Verb::Dele => Command::Delete(path()),
        Verb::Rnfr => Command::RenameFrom(path()),
        Verb::Rnto => Command::RenameTo(path()),
        Verb::List => Command::List { style: ListStyle::List, target: list_target(argument) },
        Verb::Nlst => Command::List { style: ListStyle::Nlst, target: list_target(argument) },
        // It has no options (RFC 3659 7.1).
        Verb::Mlsd => {
            Command::List { style: ListStyle::Mlsd, target: ListTarget::of_path(argument) }
        }
        Verb::Mlst => Command::Facts(optional_path()),
        Verb::Size => Command::Size(path()),
        Verb::Mdtm => Command::ModificationTime(path()),
        Verb::Mfmt => {
            let (time, path) = timed_path(argument).ok_or(ParseError::BadArgument(row))?;
            Command::SetModificationTime { time, path: path.to_owned() }
        }
        Verb::Type => Command::Type(transfer_type(row, argument)?),
        Verb::Stru => only(row, argument, "F").map(|()| Command::FileStructure)?,
        Verb::Mode => only(row, argument, "S").map(|()| Command::StreamMode)?,
        Verb::Pasv => Command::Passive(PassiveRequest::Address),
        Verb::Epsv => Command::Passive(PassiveRequest::from_epsv(argument).map_err(bad(row))?),
        Verb::Port => Command::Active(DataAddress::from_port(argument).map_err(bad(row))?),
        Verb::Eprt => Command::Active(DataAddress::from_eprt(argument).map_err(bad(row))?),
        Verb::Retr => Command::Retrieve(path()),
        Verb::Stor => Command::Upload(UploadMode::Store(path())),
        Verb::Stou => Command::Upload(UploadMode::Unique(optional_path())),
        Verb::Appe => Command::Upload(UploadMode::Append(path())),
        Verb::Rest => Command::Restart(number(row, argument.trim())?),
        Verb::Allo => Command::Allocate(allocation(row, argument)?),
        Verb::Abor => Command::Abort,
        Verb::Site => Command::Site(site_command(row, argument)?),
        Verb::Auth => mechanism(row, argument).map(|()| Command::Authenticate)?,
        Verb::Pbsz => Command::ProtectionBuffer(number(row, argument.trim())?),
        Verb::Prot => Command::Protect(protection(row, argument)?),
        Verb::Ccc => Command::ClearControl,
        Verb::Smnt | Verb::Host | Verb::Lang => Command::NotImplemented,
    })
}

fn list_target(argument: &str) -> ListTarget {
    let path = without_options(argument).to_owned();
    ListTarget { whole: argument.to_owned(), path }
}

fn help(argument: &str) -> Result<Command, ParseError> {
    let topic = argument.trim();
    if topic.is_empty() {
        return Ok(Command::Help(None));
    }
    VerbRow::find(topic)
        .filter(|row| row.help.is_some())
        .map(|row| Command::Help(Some(row)))
        .ok_or(ParseError::UnknownTopic)
}

fn bad(row: &'static VerbRow) -> impl FnOnce(AddressError) -> ParseError {
    move |error| match error {
        AddressError::Syntax => ParseError::BadArgument(row),
        AddressError::UnknownProtocol => ParseError::UnknownNetworkProtocol,
    }
}

#[cfg(test)]
mod tests {
    use super::super::verb::VERBS;
    use super::*;

    fn command(line: &str) -> Result<Command, ParseError> {
        Command::parse(line).map(|(_, command)| command)
    }

    fn row(name: &str) -> &'static VerbRow {
        VerbRow::find(name).unwrap()
    }

    fn text(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn lines_become_commands() {
        let target = |whole: &str, path: &str| ListTarget { whole: text(whole), path: text(path) };
        let listing =
            |style, whole: &str, path: &str| Command::List { style, target: target(whole, path) };
        let set_time = |path| Command::SetModificationTime {
            time: Timestamp::parse("20240102030405").unwrap(),
            path: text(path),
        };
        for (line, expected) in [
            ("USER alice ", Command::User(text("alice"))),
            ("PASS  a b ", Command::Password(Secret::new(text(" a b ")))),
            ("PASS", Command::Password(Secret::new(text("")))),
            ("nOoP", Command::Noop),
            // cameras leave blanks behind
            ("PWD  ", Command::WorkingDirectory),
            ("XPWD", Command::WorkingDirectory),
            ("CWD /a/../b", Command::ChangeDirectory(text("/a/../b"))),
            ("CWD  x ", Command::ChangeDirectory(text(" x "))),
            ("DELE -x", Command::Delete(text("-x"))),
            ("STOR 文件 #%+?&.txt", Command::Upload(UploadMode::Store(text("文件 #%+?&.txt")))),
            ("STOU", Command::Upload(UploadMode::Unique(None))),
            ("STOU scan.pdf", Command::Upload(UploadMode::Unique(Some(text("scan.pdf"))))),
            ("APPE log", Command::Upload(UploadMode::Append(text("log")))),
            ("LIST", listing(ListStyle::List, "", "")),
            ("LIST -la", listing(ListStyle::List, "-la", "")),
            ("LIST -la a b", listing(ListStyle::List, "-la a b", "a b")),
            ("NLST *.csv", listing(ListStyle::Nlst, "*.csv", "*.csv")),
            // MLSD has no options (RFC 3659 7.1)
            ("MLSD -a", listing(ListStyle::Mlsd, "-a", "-a")),
            ("MLST", Command::Facts(None)),
            ("STAT", Command::Status),
            ("STAT -l", Command::StatusOf(target("-l", ""))),
            ("STAT dir", Command::StatusOf(target("dir", "dir"))),
            ("REST 5", Command::Restart(5)),
            ("MDTM f", Command::ModificationTime(text("f"))),
            ("MDTM 20240102030405 a b", Command::ModificationTime(text("20240102030405 a b"))),
            ("MFMT 20240102030405  f", set_time(" f")),
            ("TYPE L 8", Command::Type(TransferType::Image)),
            ("STRU F", Command::FileStructure),
            ("MODE S", Command::StreamMode),
            ("PASV", Command::Passive(PassiveRequest::Address)),
            ("EPSV ALL", Command::Passive(PassiveRequest::OnlyExtended)),
            ("PORT 127,0,0,1,4,1", Command::Active(DataAddress("127.0.0.1:1025".parse().unwrap()))),
            ("EPRT |2|::1|1025|", Command::Active(DataAddress("[::1]:1025".parse().unwrap()))),
            ("HELP", Command::Help(None)),
            ("HELP stor", Command::Help(Some(row("STOR")))),
            ("SITE CHMOD 644 f", Command::Site(SiteCommand::ChangeMode)),
            ("AUTH TLS", Command::Authenticate),
            ("auth tls-c", Command::Authenticate),
            ("AUTH SSL", Command::Authenticate),
            ("PBSZ 0", Command::ProtectionBuffer(0)),
            ("PROT p", Command::Protect(Protection::Private)),
            ("PROT C", Command::Protect(Protection::Clear)),
            ("PROT S", Command::Protect(Protection::Other)),
            ("PROT E", Command::Protect(Protection::Other)),
            ("CCC", Command::ClearControl),
            ("LANG", Command::NotImplemented),
        ] {
            assert_eq!(command(line), Ok(expected), "{line:?}");
        }
    }

    #[test]
    fn lines_that_are_no_commands() {
        for (line, expected) in [
            ("", ParseError::UnknownVerb),
            (" ", ParseError::UnknownVerb),
            ("FOO bar", ParseError::UnknownVerb),
            ("STORx", ParseError::UnknownVerb),
            ("STOR", ParseError::BadArgument(row("STOR"))),
            ("STOR ", ParseError::BadArgument(row("STOR"))),
            ("CWD", ParseError::BadArgument(row("CWD"))),
            ("PWD x", ParseError::BadArgument(row("PWD"))),
            ("REST 18446744073709551616", ParseError::BadNumber(row("REST"))),
            ("REST -1", ParseError::BadNumber(row("REST"))),
            ("MFMT f", ParseError::BadArgument(row("MFMT"))),
            ("MFMT 20240102030405", ParseError::BadArgument(row("MFMT"))),
            ("MFMT 20240230030405 f", ParseError::BadArgument(row("MFMT"))),
            ("TYPE E", ParseError::UnsupportedParameter(row("TYPE"))),
            ("STRU R", ParseError::UnsupportedParameter(row("STRU"))),
            ("AUTH", ParseError::BadArgument(row("AUTH"))),
            ("AUTH GSSAPI", ParseError::UnsupportedParameter(row("AUTH"))),
            ("PBSZ", ParseError::BadArgument(row("PBSZ"))),
            ("PBSZ x", ParseError::BadNumber(row("PBSZ"))),
            ("PROT X", ParseError::UnsupportedParameter(row("PROT"))),
            ("PORT 1,2,3", ParseError::BadArgument(row("PORT"))),
            ("EPSV 3", ParseError::UnknownNetworkProtocol),
            ("EPRT |3|x|1|", ParseError::UnknownNetworkProtocol),
            ("OPTS HASH", ParseError::UnknownOption),
            ("HELP me", ParseError::UnknownTopic),
            ("GET / HTTP/1.1", ParseError::NotFtp),
            ("OPTIONS * HTTP/1.1", ParseError::NotFtp),
            // somebody types by hand
            ("get file", ParseError::UnknownVerb),
        ] {
            assert_eq!(command(line), Err(expected), "{line:?}");
        }
    }

    #[test]
    fn a_password_is_never_printed() {
        let printed = format!("{:?}", Command::parse("PASS hunter2"));
        assert!(!printed.contains("hunter2"), "{printed}");
    }

    #[test]
    fn no_line_makes_it_panic() {
        let mut random = fastrand::Rng::with_seed(3659);
        for _ in 0..20_000 {
            let verb = random.choice(VERBS).unwrap().name();
            let pieces =
                [" ", "-", "|", ",", "1", "18446744073709551616", "数", "\0", "A", "R", ";", "\r"];
            let argument: String =
                (0..random.usize(..12)).map(|_| *random.choice(&pieces).unwrap()).collect();
            let line = if random.bool() { format!("{verb} {argument}") } else { argument };
            if let Ok((row, _)) = Command::parse(&line) {
                assert!(line.to_ascii_uppercase().starts_with(row.name()), "{line:?}");
            }
        }
    }
}
