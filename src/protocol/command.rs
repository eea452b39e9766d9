//! A line becomes a command. Many verbs, fewer meanings: STOR, STOU and APPE are one upload, LIST,
//! NLST and MLSD one listing, PORT and EPRT one address. Paths stay as the client wrote them; only
//! the session knows the directory they are relative to.

use super::address::{AddressError, DataAddress, PassiveRequest};
use super::listing::MlstFacts;
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
    /// STAT with a path: a listing over the control connection. Needs [`super::Access::Reads`].
    StatusOf(String),
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
        /// What to list: `None` is the working directory. May end in a wildcard, but for MLSD.
        target: Option<String>,
    },
    /// MLST: the facts about one name, or about the working directory.
    Facts(Option<String>),
    /// SIZE.
    Size(String),
    /// MDTM.
    ModificationTime(String),
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
    /// A verb that is known only to be refused.
    NotImplemented,
}

/// What an upload does with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UploadMode {
    /// STOR: this name; a file that has it is replaced.
    Store(String),
    /// APPE: this name; a file that has it grows.
    Append(String),
    /// STOU: a name nobody has, like this one if given.
    Unique(Option<String>),
}

/// The form of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListStyle {
    /// LIST: as `ls -l` prints.
    List,
    /// NLST: names only.
    Nlst,
    /// MLSD: facts (RFC 3659 7).
    Mlsd,
}

/// The representation type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferType {
    /// `A`, `A N`
    Ascii,
    /// `I`, `L 8`
    Image,
}

/// An option that OPTS sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientOption {
    /// `UTF8 ON`
    Utf8On,
    /// `UTF8 OFF`
    Utf8Off,
    /// `MLST facts`: what MLST and MLSD tell from now on.
    MlstFacts(MlstFacts),
}

/// A SITE command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteCommand {
    /// `HELP`
    Help,
    /// `CHMOD mode path`: there are no modes in a bucket.
    ChangeMode,
    /// `UMASK`, `IDLE`, `UTIME` and whatever else.
    Unknown,
}

/// Why a line is no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// An HTTP request: somebody probes the port, or a browser is made to attack it. The
    /// connection ends, so that no header is ever read as a command.
    NotFtp,
    /// No verb of ours (500).
    UnknownVerb,
    /// The verb needs an argument, or takes none, or not this one (501).
    BadArgument(&'static VerbRow),
    /// An argument the RFCs know and we do not (504).
    UnsupportedParameter(&'static VerbRow),
    /// REST or ALLO with a number that is none, or beyond 64 bits (501).
    BadNumber(&'static VerbRow),
    /// EPRT or EPSV with a network protocol other than 1 and 2 (522).
    UnknownNetworkProtocol,
    /// OPTS of something that has no options (501).
    UnknownOption,
    /// HELP with something that is no verb (502).
    UnknownTopic,
}

/// Methods of HTTP. No verb of FTP is called so.
const HTTP_METHODS: &[&str] =
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
        Verb::Stat => match without_options(argument) {
            "" => Command::Status,
            path => Command::StatusOf(path.to_owned()),
        },
        Verb::Pwd => Command::WorkingDirectory,
        Verb::Cwd => Command::ChangeDirectory(path()),
        Verb::Cdup => Command::ChangeToParent,
        Verb::Mkd => Command::MakeDirectory(path()),
        Verb::Rmd => Command::RemoveDirectory(path()),
        Verb::Dele => Command::Delete(path()),
        Verb::Rnfr => Command::RenameFrom(path()),
        Verb::Rnto => Command::RenameTo(path()),
        Verb::List => list(ListStyle::List, without_options(argument)),
        Verb::Nlst => list(ListStyle::Nlst, without_options(argument)),
        Verb::Mlsd => list(ListStyle::Mlsd, argument),
        Verb::Mlst => Command::Facts(optional_path()),
        Verb::Size => Command::Size(path()),
        Verb::Mdtm => Command::ModificationTime(path()),
        Verb::Type => Command::Type(transfer_type(row, argument)?),
        Verb::Stru => one_of(row, argument, "F", "RP", Command::FileStructure)?,
        Verb::Mode => one_of(row, argument, "S", "BCZ", Command::StreamMode)?,
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
        Verb::Site => Command::Site(site(argument)),
        Verb::Smnt | Verb::Auth | Verb::Pbsz | Verb::Prot | Verb::Host | Verb::Lang => {
            Command::NotImplemented
        }
    })
}

fn list(style: ListStyle, target: &str) -> Command {
    Command::List { style, target: (!target.is_empty()).then(|| target.to_owned()) }
}

/// `LIST -la PATH`: words of a dash and letters are options of `ls`, which many clients send, and
/// change nothing: everything is listed in full anyway. `--` ends them. A file whose name looks so
/// is reached as `./-name`; `-*.csv` has other characters and is a name.
fn without_options(argument: &str) -> &str {
    let mut rest = argument;
    while let Some(word) = rest.split(' ').next().filter(|word| word.starts_with('-')) {
        let letters = &word[1..];
        let ends_options = letters == "-";
        let is_options =
            !letters.is_empty() && letters.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !ends_options && !is_options {
            break;
        }
        rest = rest[word.len()..].strip_prefix(' ').unwrap_or_default();
        if ends_options {
            break;
        }
    }
    rest
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

fn client_option(row: &'static VerbRow, argument: &str) -> Result<ClientOption, ParseError> {
    let (name, value) = argument.trim().split_once(' ').unwrap_or((argument.trim(), ""));
    if name.eq_ignore_ascii_case("MLST") {
        return Ok(ClientOption::MlstFacts(MlstFacts::from_opts(value.trim())));
    }
    // Some clients send `OPTS UTF-8 ON`, some no value.
    if !name.eq_ignore_ascii_case("UTF8") && !name.eq_ignore_ascii_case("UTF-8") {
        return Err(ParseError::UnknownOption);
    }
    match value.trim().to_ascii_uppercase().as_str() {
        "" | "ON" => Ok(ClientOption::Utf8On),
        "OFF" => Ok(ClientOption::Utf8Off),
        _ => Err(ParseError::BadArgument(row)),
    }
}

/// `A`, `A N`, `I`, `L 8` (Lexmark scanners); the rest of RFC 959 3.1.1 is 504.
fn transfer_type(row: &'static VerbRow, argument: &str) -> Result<TransferType, ParseError> {
    let words: Vec<String> = argument.split_whitespace().map(str::to_ascii_uppercase).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["A"] | ["A", "N"] => Ok(TransferType::Ascii),
        ["I"] | ["L", "8"] => Ok(TransferType::Image),
        ["A" | "E", "T" | "C" | "N"] | ["E"] => Err(ParseError::UnsupportedParameter(row)),
        ["L", size] if size.parse::<u8>().is_ok() => Err(ParseError::UnsupportedParameter(row)),
        _ => Err(ParseError::BadArgument(row)),
    }
}

/// `accepted` is the one value we have, `known` are those of the RFCs that we do not.
fn one_of(
    row: &'static VerbRow,
    argument: &str,
    accepted: &str,
    known: &str,
    command: Command,
) -> Result<Command, ParseError> {
    let value = argument.trim().to_ascii_uppercase();
    if value == accepted {
        Ok(command)
    } else if value.len() == 1 && known.contains(&value) {
        Err(ParseError::UnsupportedParameter(row))
    } else {
        Err(ParseError::BadArgument(row))
    }
}

/// `n`, `n R m` (RFC 959 4.1.3); the record size means nothing in a file of bytes.
fn allocation(row: &'static VerbRow, argument: &str) -> Result<u64, ParseError> {
    match argument.split_whitespace().collect::<Vec<_>>()[..] {
        [bytes] => number(row, bytes),
        [bytes, r, record] if r.eq_ignore_ascii_case("R") => {
            number(row, record)?;
            number(row, bytes)
        }
        _ => Err(ParseError::BadArgument(row)),
    }
}

/// Digits only, within 64 bits: a number that was cut down would resume at the wrong place.
fn number(row: &'static VerbRow, text: &str) -> Result<u64, ParseError> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
        .ok_or(ParseError::BadNumber(row))
}

fn site(argument: &str) -> SiteCommand {
    let word = argument.split_whitespace().next().unwrap_or_default();
    match word.to_ascii_uppercase().as_str() {
        "HELP" => SiteCommand::Help,
        "CHMOD" => SiteCommand::ChangeMode,
        _ => SiteCommand::Unknown,
    }
}

fn bad(row: &'static VerbRow) -> impl FnOnce(AddressError) -> ParseError {
    move |error| match error {
        AddressError::Syntax => ParseError::BadArgument(row),
        AddressError::UnknownProtocol => ParseError::UnknownNetworkProtocol,
    }
}
