//! The verbs of FTP, and the one table that says everything about them that is not behaviour. Who
//! adds a verb adds a row here, an arm in `command.rs`, and a handler.

use std::fmt;

use super::access::Access;

/// A verb, whatever its spelling (`XPWD` is [`Verb::Pwd`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the documentation: they are the RFCs'")]
pub enum Verb {
    Abor,
    Acct,
    Allo,
    Appe,
    Auth,
    Ccc,
    Cdup,
    Clnt,
    Cwd,
    Dele,
    Eprt,
    Epsv,
    Feat,
    Help,
    Host,
    Lang,
    List,
    Mdtm,
    Mfmt,
    Mkd,
    Mlsd,
    Mlst,
    Mode,
    Nlst,
    Noop,
    Opts,
    Pass,
    Pasv,
    Pbsz,
    Port,
    Prot,
    Pwd,
    Quit,
    Rein,
    Rest,
    Retr,
    Rmd,
    Rnfr,
    Rnto,
    Site,
    Size,
    Smnt,
    Stat,
    Stor,
    Stou,
    Stru,
    Syst,
    Type,
    User,
}

/// Whether a verb takes an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// None; blanks behind the verb are overlooked, anything else is 501.
    None,
    /// With or without.
    Optional,
    /// Without one it is 501.
    Required,
}

/// What happens to a verb that arrives while a transfer runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DuringTransfer {
    /// It is answered at once (RFC 959 4.1.3).
    Answered,
    /// It waits for the transfer's end.
    Queued,
}

/// What a verb does to the one-shot state that REST and RNFR leave behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PendingState {
    /// It uses it up, or replaces it, or puts an end to it.
    Consumed,
    /// It leaves it alone: what clients send between REST and RETR, and to keep alive.
    Kept,
}

/// A switch of the operator that a verb hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// `preserve_mtime`.
    PreserveMtime,
    /// `tls`.
    Tls,
}

/// How the operator has set the switches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switches {
    /// Whether clients may set the times of files.
    pub preserve_mtime: bool,
    /// Whether clients may encrypt their connections.
    pub tls: bool,
}

impl Switches {
    fn is_on(self, switch: Switch) -> bool {
        match switch {
            Switch::PreserveMtime => self.preserve_mtime,
            Switch::Tls => self.tls,
        }
    }
}

/// Everything about a verb but its behaviour.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VerbRow {
    /// The verb.
    pub verb: Verb,
    /// How it is written, upper case; the first is the name in replies.
    pub spellings: &'static [&'static str],
    /// Whether it takes an argument.
    pub argument: Argument,
    /// Who may use it.
    pub access: Access,
    /// When it is answered.
    pub during_transfer: DuringTransfer,
    /// What becomes of REST and RNFR.
    pub pending: PendingState,
    /// What must be switched on for it: otherwise neither FEAT nor HELP tells of it, and it is 502.
    pub switch: Option<Switch>,
    /// Its line in FEAT (RFC 2389). MLST's is made where its facts are known.
    pub feature: Option<&'static str>,
    /// Its usage in HELP; `None` for verbs that are known only to be refused.
    pub help: Option<&'static str>,
}

impl VerbRow {
    /// The row of a verb as a client spells it, in any case.
    pub fn find(spelling: &str) -> Option<&'static Self> {
        VERBS.iter().find(|row| row.spellings.iter().any(|s| s.eq_ignore_ascii_case(spelling)))
    }

    /// The name in replies.
    pub fn name(&self) -> &'static str {
        self.spellings[0]
    }

    /// Whether the server understands the verb with the switches set so.
    pub fn is_offered(&self, switches: Switches) -> bool {
        self.switch.is_none_or(|switch| switches.is_on(switch))
    }

    /// Whether it uses up what was prepared for one transfer, the data port and ALLO, also when it
    /// is refused.
    pub fn is_transfer(&self) -> bool {
        use Verb::{Appe, List, Mlsd, Nlst, Retr, Stor, Stou};
        matches!(self.verb, Retr | Stor | Stou | Appe | List | Nlst | Mlsd)
    }

    const fn at_once(mut self) -> Self {
        self.during_transfer = DuringTransfer::Answered;
        self
    }

    const fn keeps(mut self) -> Self {
        self.pending = PendingState::Kept;
        self
    }

    const fn feature(mut self, line: &'static str) -> Self {
        self.feature = Some(line);
        self
    }

    const fn only_with(mut self, switch: Switch) -> Self {
        self.switch = Some(switch);
        self
    }

    const fn refused(mut self) -> Self {
        self.help = None;
        self
    }
}

impl fmt::Debug for VerbRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

const fn row(
    verb: Verb,
    spellings: &'static [&'static str],
    argument: Argument,
    access: Access,
    help: &'static str,
) -> VerbRow {
    VerbRow {
        verb,
        spellings,
        argument,
        access,
        during_transfer: DuringTransfer::Queued,
        pending: PendingState::Consumed,
        switch: None,
        feature: None,
        help: Some(help),
    }
}

use Access::{BeforeLogin, Deletes, LoggedIn, Reads, Writes};
use Argument::{None as Nothing, Optional, Required};

/// Every verb the server knows, in HELP's order.
pub static VERBS: &[VerbRow] = &[
    // Access control (RFC 959 4.1.1).
    row(Verb::User, &["USER"], Required, BeforeLogin, "USER name: log in as"),
    row(Verb::Pass, &["PASS"], Optional, BeforeLogin, "PASS password: log in with"),
    row(Verb::Acct, &["ACCT"], Required, BeforeLogin, "").refused(),
    row(Verb::Cwd, &["CWD", "XCWD"], Required, LoggedIn, "CWD path: change directory"),
    row(Verb::Cdup, &["CDUP", "XCUP"], Nothing, LoggedIn, "CDUP: change to the parent directory"),
    row(Verb::Smnt, &["SMNT"], Required, LoggedIn, "").refused(),
    row(Verb::Rein, &["REIN"], Nothing, BeforeLogin, "REIN: log out, stay connected"),
    row(Verb::Quit, &["QUIT"], Nothing, BeforeLogin, "QUIT: leave when the transfer is done"),
    // Transfer parameters (RFC 959 4.1.2, RFC 2428).
    row(Verb::Port, &["PORT"], Required, LoggedIn, "PORT h1,h2,h3,h4,p1,p2: connect to me here")
        .keeps(),
    row(Verb::Eprt, &["EPRT"], Required, LoggedIn, "EPRT |1|address|port|: connect to me here")
        .keeps()
        .feature("EPRT"),
    row(Verb::Pasv, &["PASV"], Nothing, LoggedIn, "PASV: tell me where to connect").keeps(),
    row(Verb::Epsv, &["EPSV"], Optional, LoggedIn, "EPSV [1|2|ALL]: tell me where to connect")
        .keeps()
        .feature("EPSV"),
    row(Verb::Type, &["TYPE"], Required, LoggedIn, "TYPE A|I|L 8: text or image").keeps(),
    row(Verb::Stru, &["STRU"], Required, LoggedIn, "STRU F: file structure").keeps(),
    row(Verb::Mode, &["MODE"], Required, LoggedIn, "MODE S: stream mode").keeps(),
    // Transfers (RFC 959 4.1.3, RFC 3659).
    row(Verb::Retr, &["RETR"], Required, Reads, "RETR path: download a file"),
    row(Verb::Stor, &["STOR"], Required, Writes, "STOR path: upload a file"),
    row(Verb::Stou, &["STOU"], Optional, Writes, "STOU [path]: upload under a new name"),
    row(Verb::Appe, &["APPE"], Required, Writes, "APPE path: append to a file"),
    row(Verb::Allo, &["ALLO"], Required, LoggedIn, "ALLO bytes: announce the size of an upload")
        .keeps(),
    row(Verb::Rest, &["REST"], Required, LoggedIn, "REST offset: begin the next transfer there")
        .feature("REST STREAM"),
    row(Verb::Abor, &["ABOR"], Nothing, LoggedIn, "ABOR: abort the transfer").at_once(),
    // Files and directories.
    row(Verb::Rnfr, &["RNFR"], Required, Writes, "RNFR path: rename this"),
    row(Verb::Rnto, &["RNTO"], Required, Writes, "RNTO path: to this"),
    row(Verb::Dele, &["DELE"], Required, Deletes, "DELE path: delete a file"),
    row(Verb::Rmd, &["RMD", "XRMD"], Required, Deletes, "RMD path: remove an empty directory"),
    row(Verb::Mkd, &["MKD", "XMKD"], Required, Writes, "MKD path: make a directory"),
    row(Verb::Pwd, &["PWD", "XPWD"], Nothing, LoggedIn, "PWD: tell the working directory").keeps(),
    row(Verb::List, &["LIST"], Optional, Reads, "LIST [path]: list files"),
    row(Verb::Nlst, &["NLST"], Optional, Reads, "NLST [path]: list names"),
    row(Verb::Mlsd, &["MLSD"], Optional, Reads, "MLSD [path]: list facts of a directory"),
    row(Verb::Mlst, &["MLST"], Optional, Reads, "MLST [path]: tell facts of one name").keeps(),
    row(Verb::Size, &["SIZE"], Required, LoggedIn, "SIZE path: bytes of a file")
        .keeps()
        .feature("SIZE"),
    row(Verb::Mdtm, &["MDTM"], Required, LoggedIn, "MDTM path: when a file was changed, UTC")
        .keeps()
        .feature("MDTM"),
    // draft-somers-ftp-mfxx 3. The setting form of MDTM, older and standardised nowhere, also needs
    // `Writes`; a handler's matter, because asking for a time is for everybody.
    row(Verb::Mfmt, &["MFMT"], Required, Writes, "MFMT YYYYMMDDHHMMSS path: set its time, UTC")
        .feature("MFMT")
        .only_with(Switch::PreserveMtime),
    // About the server and the session. STAT with a path also needs `Reads`; a handler's matter,
    // because the bare STAT is for everybody.
    row(Verb::Stat, &["STAT"], Optional, LoggedIn, "STAT [path]: session, transfer or files")
        .at_once()
        .keeps(),
    row(Verb::Syst, &["SYST"], Nothing, BeforeLogin, "SYST: kind of system").keeps(),
    row(Verb::Help, &["HELP"], Optional, BeforeLogin, "HELP [command]: this list").keeps(),
    row(Verb::Noop, &["NOOP"], Nothing, BeforeLogin, "NOOP: do nothing").at_once().keeps(),
    row(Verb::Feat, &["FEAT"], Nothing, BeforeLogin, "FEAT: list extensions").keeps(),
    row(Verb::Opts, &["OPTS"], Required, BeforeLogin, "OPTS UTF8 ON | MLST facts: set an option")
        .keeps(),
    row(Verb::Clnt, &["CLNT"], Required, BeforeLogin, "CLNT name: tell the client's name").keeps(),
    row(
        Verb::Site,
        &["SITE"],
        Required,
        LoggedIn,
        "SITE HELP | CHMOD mode path | UTIME time path: extras",
    )
    .keeps(),
    // RFC 2228 and RFC 4217.
    row(Verb::Auth, &["AUTH"], Required, BeforeLogin, "AUTH TLS: encrypt the control connection")
        .feature("AUTH TLS")
        .only_with(Switch::Tls),
    row(Verb::Pbsz, &["PBSZ"], Required, BeforeLogin, "PBSZ 0: prepare PROT")
        .keeps()
        .feature("PBSZ")
        .only_with(Switch::Tls),
    row(Verb::Prot, &["PROT"], Required, BeforeLogin, "PROT P|C: encrypt data connections, or not")
        .keeps()
        .feature("PROT")
        .only_with(Switch::Tls),
    row(Verb::Ccc, &["CCC"], Nothing, BeforeLogin, "").refused().only_with(Switch::Tls),
    // RFC 7151, RFC 2640: known, so that clients hear 502 instead of 500.
    row(Verb::Host, &["HOST"], Optional, BeforeLogin, "").refused(),
    row(Verb::Lang, &["LANG"], Optional, BeforeLogin, "").refused(),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn row_of(spelling: &str) -> &'static VerbRow {
        VerbRow::find(spelling).unwrap()
    }

    #[test]
    fn spellings_are_unique_and_upper_case() {
        let mut seen = HashSet::new();
        for row in VERBS {
            assert!(seen.insert(format!("{:?}", row.verb)), "two rows for {:?}", row.verb);
            for spelling in row.spellings {
                assert!(seen.insert((*spelling).to_owned()), "{spelling} twice");
                assert!(spelling.bytes().all(|b| b.is_ascii_uppercase()), "{spelling}");
            }
        }
    }

    #[test]
    fn verbs_are_found_in_any_case_and_in_their_x_forms() {
        for (spelling, verb) in [
            ("stor", Verb::Stor),
            ("Retr", Verb::Retr),
            // RFC 1123 4.1.3.1; Windows ftp.exe sends them
            ("XCWD", Verb::Cwd),
            ("XCUP", Verb::Cdup),
            ("xpwd", Verb::Pwd),
            ("XMKD", Verb::Mkd),
            ("XRMD", Verb::Rmd),
        ] {
            assert_eq!(row_of(spelling).verb, verb, "{spelling}");
        }
        for unknown in ["", "STO", "STORE", "GET", "MFF"] {
            assert!(VerbRow::find(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn policy_by_verb() {
        let with = |access| {
            VERBS.iter().filter(|r| r.access == access).map(VerbRow::name).collect::<Vec<_>>()
        };
        assert_eq!(with(Reads), ["RETR", "LIST", "NLST", "MLSD", "MLST"]);
        assert_eq!(with(Writes), ["STOR", "STOU", "APPE", "RNFR", "RNTO", "MKD", "MFMT"]);
        assert_eq!(with(Deletes), ["DELE", "RMD"]);
        // Windows Explorer sends OPTS first, lftp FEAT (RFC 2389 3.1 allows both)
        for early in ["FEAT", "SYST", "NOOP", "HELP", "OPTS", "CLNT", "USER", "PASS", "QUIT"] {
            assert_eq!(row_of(early).access, BeforeLogin, "{early}");
        }
    }

    #[test]
    fn a_switch_offers_its_verbs_only() {
        let on = Switches { preserve_mtime: true, tls: true };
        let without = VERBS.iter().filter(|row| !row.is_offered(Switches::default()));
        assert_eq!(
            without.map(VerbRow::name).collect::<Vec<_>>(),
            ["MFMT", "AUTH", "PBSZ", "PROT", "CCC"]
        );
        assert!(VERBS.iter().all(|row| row.is_offered(on)));
    }

    #[test]
    fn only_these_interrupt_a_transfer() {
        let answered = VERBS.iter().filter(|r| r.during_transfer == DuringTransfer::Answered);
        assert_eq!(answered.map(VerbRow::name).collect::<Vec<_>>(), ["ABOR", "STAT", "NOOP"]);
    }

    #[test]
    fn one_shot_state_survives_what_clients_send_between() {
        // RFC 3659 5.4: REST, then a data port, then RETR; WinSCP sends PWD and TYPE to keep alive
        for kept in ["PASV", "EPSV", "PORT", "EPRT", "TYPE", "NOOP", "PWD", "ALLO", "STAT"] {
            assert_eq!(row_of(kept).pending, PendingState::Kept, "{kept}");
        }
        for consumed in ["RETR", "STOR", "LIST", "RNTO", "REST", "USER", "CWD", "ABOR", "DELE"] {
            assert_eq!(row_of(consumed).pending, PendingState::Consumed, "{consumed}");
        }
    }
}
