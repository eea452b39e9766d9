//! Greeting, login, refusals before any work is done, information, goodbye.

use crate::protocol::encoding::Charset;
use crate::protocol::verb::{Switches, VERBS, Verb, VerbRow};
use crate::protocol::{Code, MlstFacts, ParseError, Reply};

/// 220, the first line of a connection.
pub fn greeting() -> Reply {
    Reply::new(Code::READY, "FTP server ready.")
}

/// 331 to USER, whatever the name: nobody learns which names exist.
pub fn password_needed() -> Reply {
    Reply::new(Code::NEED_PASSWORD, "Password, please.")
}

/// 230 to PASS. Scripts look for the first words, or for the last.
pub fn logged_in() -> Reply {
    Reply::new(Code::LOGGED_IN, "Login successful; logged in.")
}

/// 230 to USER where the client's certificate is enough. RFC 2228 has 232 for it, but PHP and the
/// library that rclone uses go on after 230 and 331 only.
pub fn logged_in_by_certificate() -> Reply {
    Reply::new(Code::LOGGED_IN, "Login successful by the client certificate; logged in.")
}

/// 530 to PASS.
pub fn login_incorrect() -> Reply {
    Reply::new(Code::NOT_LOGGED_IN, "Login incorrect.")
}

/// 503 to PASS without USER.
pub fn user_first() -> Reply {
    Reply::new(Code::BAD_SEQUENCE, "Send USER first.")
}

/// 503 to PASS after the login.
pub fn already_logged_in() -> Reply {
    Reply::new(Code::BAD_SEQUENCE, "You are logged in; send USER to log in again.")
}

/// 530 to whatever needs a login.
pub fn login_needed() -> Reply {
    Reply::new(Code::NOT_LOGGED_IN, "Log in with USER and PASS first.")
}

/// 202 to ACCT.
pub fn account_superfluous() -> Reply {
    Reply::new(Code::SUPERFLUOUS, "No account is needed.")
}

/// 220 to REIN.
pub fn reinitialized() -> Reply {
    Reply::new(Code::READY, "Logged out; ready for another user.")
}

/// 221 to QUIT.
pub fn goodbye() -> Reply {
    Reply::new(Code::GOODBYE, "Goodbye.")
}

/// 421 to a client that connects when `max_connection_num` is reached.
pub fn too_many_connections() -> Reply {
    Reply::new(Code::CLOSING, "Too many connections; try again later.")
}

/// 421 to a client whose address the operator's lists do not let in.
pub fn address_not_allowed() -> Reply {
    Reply::new(Code::CLOSING, "No service for your address.")
}

/// 421 to a client whose address is banned.
pub fn banned() -> Reply {
    Reply::new(Code::CLOSING, "Too many failed logins from your address; try again later.")
}

/// 421 beyond `max_connections_per_minute`.
pub fn connecting_too_often() -> Reply {
    Reply::new(Code::CLOSING, "Your address connects too often; try again later.")
}

/// 421 beyond `max_sessions_per_address`.
pub fn too_many_sessions_of_address() -> Reply {
    Reply::new(Code::CLOSING, "Too many sessions from your address; try again later.")
}

/// 421 beyond `max_sessions_before_login`.
pub fn too_many_before_login() -> Reply {
    Reply::new(Code::CLOSING, "Too many clients are logging in now; try again later.")
}

/// 421 to a client that was silent when the place of its session was needed.
pub fn made_room() -> Reply {
    Reply::new(
        Code::CLOSING,
        "Too many clients are logging in now, and you sent nothing for a \
        while.",
    )
}

/// 421 when what is left is kept by `reserved_connections`.
pub fn connections_reserved() -> Reply {
    Reply::new(
        Code::CLOSING,
        "The server is nearly full: the rest is reserved for users without a session; try again \
         later.",
    )
}

/// 421 beyond `max_sessions_per_user`.
pub fn too_many_sessions_of_user() -> Reply {
    Reply::new(Code::CLOSING, "Too many sessions of this user; try again later.")
}

/// 421 when no session can be started for want of threads or memory.
pub fn server_busy() -> Reply {
    Reply::new(Code::CLOSING, "The server cannot take another client now; try again later.")
}

/// 421 to a user whose part of the store cannot be used.
pub fn no_home() -> Reply {
    Reply::new(Code::CLOSING, "Your directory cannot be used now; try again later.")
}

/// 421 when whoever knows the users cannot be asked.
pub fn login_unverifiable() -> Reply {
    Reply::new(Code::CLOSING, "Your login cannot be verified now; try again later.")
}

/// 421 after too many failed logins.
pub fn too_many_failed_logins() -> Reply {
    Reply::new(Code::CLOSING, "Too many failed logins.")
}

/// 421 to a client that does not log in.
pub fn login_timeout() -> Reply {
    Reply::new(Code::CLOSING, "No login within the time allowed.")
}

/// 421 to a client that is silent.
pub fn idle_timeout() -> Reply {
    Reply::new(Code::CLOSING, "Idle for too long.")
}

/// 421 when the server stops.
pub fn server_stopping() -> Reply {
    Reply::new(Code::CLOSING, "The server is stopping.")
}

/// 421 when the account was removed from the configuration.
pub fn account_removed() -> Reply {
    Reply::new(Code::CLOSING, "This account does not exist any more.")
}

/// 421 when the operator ends the session.
pub fn kicked() -> Reply {
    Reply::new(Code::CLOSING, "The operator ended this session.")
}

/// 421 to a client whose address the operator has banned.
pub fn address_banned() -> Reply {
    Reply::new(Code::CLOSING, "Your address is not let in at present.")
}

/// 421 to a login of a user whom the operator has banned.
pub fn user_banned() -> Reply {
    Reply::new(Code::CLOSING, "This user may not log in at present.")
}

/// 421 to what is no FTP: an HTTP request, a TLS hello, an SSH banner.
pub fn not_ftp() -> Reply {
    Reply::new(Code::CLOSING, "This is an FTP server.")
}

/// 500 to a line beyond [`crate::limits::COMMAND_LINE_BYTES`].
pub fn line_too_long() -> Reply {
    Reply::new(Code::UNKNOWN_COMMAND, "The command line is too long.")
}

/// 501 to a line that is no text in the session's encoding (RFC 2640 3.1: a server may refuse such
/// names).
pub fn undecodable(charset: Charset) -> Reply {
    let text = match charset {
        Charset::Utf8 => "Names must be UTF-8.",
        Charset::Gbk => "Names must be GBK, or send OPTS UTF8 ON first.",
    };
    Reply::new(Code::BAD_ARGUMENT, text)
}

/// The reply to a line that is no command.
pub fn not_a_command(error: &ParseError) -> Reply {
    match error {
        ParseError::NotFtp => not_ftp(),
        ParseError::UnknownVerb => Reply::new(Code::UNKNOWN_COMMAND, "Unknown command."),
        ParseError::BadArgument(row) => Reply::new(Code::BAD_ARGUMENT, usage(row)),
        ParseError::BadNumber(row) => {
            let text = format!("{} needs a number below 2^64.", row.name());
            Reply::new(Code::BAD_ARGUMENT, text)
        }
        ParseError::UnsupportedParameter(row) => {
            let text = format!("This parameter is not supported. {}", usage(row));
            Reply::new(Code::PARAMETER_NOT_IMPLEMENTED, text)
        }
        // RFC 2428 2: the list in parentheses is read by clients.
        ParseError::UnknownNetworkProtocol => Reply::new(
            Code::NETWORK_PROTOCOL_NOT_SUPPORTED,
            "Network protocol not supported, use (1,2)",
        ),
        ParseError::UnknownOption => {
            Reply::new(Code::BAD_ARGUMENT, "There is no such option to set.")
        }
        ParseError::UnknownTopic => Reply::new(Code::NOT_IMPLEMENTED, "There is no such command."),
    }
}

/// 502 to a verb that is known only to be refused.
pub fn not_implemented(row: &VerbRow) -> Reply {
    Reply::new(Code::NOT_IMPLEMENTED, format!("{} is not implemented.", row.name()))
}

/// 200 to NOOP.
pub fn noop() -> Reply {
    Reply::new(Code::OK, "OK.")
}

/// 215 to SYST. Clients choose their parser of LIST by it.
pub fn system_type() -> Reply {
    Reply::new(Code::SYSTEM_TYPE, "UNIX Type: L8")
}

/// 211 to FEAT, from the table (RFC 2389 3.2: one space before each line).
pub fn features(facts: MlstFacts, switches: Switches) -> Reply {
    let of_row = |row: &VerbRow| match row.verb {
        Verb::Mlst => Some(format!(" MLST {}", facts.offered())),
        // As ProFTPD has it.
        Verb::Site => switches.preserve_mtime.then(|| " SITE UTIME".to_owned()),
        _ => row.feature.map(|line| format!(" {line}")),
    };
    let mut lines: Vec<String> = offered(switches).filter_map(of_row).collect();
    // What belongs to no verb: paths are a tree (RFC 3659 6), names are UTF-8 (RFC 2640).
    lines.extend([" TVFS".to_owned(), " UTF8".to_owned()]);
    lines.sort();
    Reply::multi_line(Code::FEATURES, "Features:", lines, "End")
}

/// 214 to HELP, from the table.
pub fn help(switches: Switches) -> Reply {
    let lines = offered(switches).filter_map(|row| row.help).map(|line| format!(" {line}"));
    Reply::multi_line(Code::HELP, "Commands:", lines, "End")
}

/// 214 to HELP with a verb.
pub fn help_for(row: &VerbRow) -> Reply {
    Reply::new(Code::HELP, row.help.unwrap_or(row.name()))
}

/// 214 to SITE HELP.
pub fn site_help(switches: Switches) -> Reply {
    let utime = " SITE UTIME YYYYMMDDhhmm[ss] path | path atime mtime ctime UTC: set its time";
    let utime = switches.preserve_mtime.then_some(utime);
    let chmod = " SITE CHMOD mode path: accepted, without effect";
    let lines = utime.into_iter().chain([chmod]).map(str::to_owned);
    Reply::multi_line(Code::HELP, "Commands:", lines, "End")
}

/// 200 to SITE CHMOD, which clients send after uploads and report when it fails.
pub fn site_chmod_ignored() -> Reply {
    Reply::new(Code::OK, "Files have no permissions here; nothing was changed.")
}

/// 504 to another SITE command.
pub fn site_unknown() -> Reply {
    Reply::new(Code::PARAMETER_NOT_IMPLEMENTED, "There is no such SITE command.")
}

/// 200 to CLNT.
pub fn client_name_noted() -> Reply {
    Reply::new(Code::OK, "Noted.")
}

/// 200 to OPTS UTF8 ON.
pub fn utf8_on() -> Reply {
    Reply::new(Code::OK, "Names are UTF-8.")
}

/// 200 to OPTS UTF8 OFF.
pub fn utf8_off() -> Reply {
    Reply::new(Code::OK, "Names are GBK.")
}

/// 200 to OPTS UTF8 OFF where the account has UTF-8 only: clients that ask go on and do well.
pub fn utf8_stays_on() -> Reply {
    Reply::new(Code::OK, "Names are always UTF-8 here.")
}

/// 200 to OPTS MLST, in the words of RFC 3659 7.9.
pub fn mlst_facts_set(facts: MlstFacts) -> Reply {
    let text = format!("MLST OPTS {}", facts.enabled());
    Reply::new(Code::OK, text.trim_end().to_owned())
}

/// 211 to STAT: `lines` tell about the session or about the transfer that runs.
pub fn session_status(lines: impl IntoIterator<Item = String>) -> Reply {
    let lines = lines.into_iter().map(|line| format!(" {line}"));
    Reply::multi_line(Code::SYSTEM_STATUS, "Status:", lines, "End")
}

fn offered(switches: Switches) -> impl Iterator<Item = &'static VerbRow> {
    VERBS.iter().filter(move |row| row.is_offered(switches))
}

fn usage(row: &VerbRow) -> String {
    format!("Usage: {}", row.help.unwrap_or(row.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Command;

    const ALL: Switches = Switches { preserve_mtime: true, tls: true };

    fn wire(reply: &Reply) -> String {
        String::from_utf8(reply.to_bytes()).unwrap()
    }

    #[test]
    fn feat_lists_what_the_table_says() {
        // RFC 2389 3.2, RFC 3659, RFC 2428, RFC 2640
        assert_eq!(
            wire(&features(MlstFacts::default(), Switches::default())),
            "211-Features:\r\n EPRT\r\n EPSV\r\n MDTM\r\n \
             MLST type*;size*;modify*;perm*;\r\n REST STREAM\r\n SIZE\r\n TVFS\r\n UTF8\r\n\
             211 End\r\n"
        );
        let fewer = wire(&features(MlstFacts::from_opts("size;"), ALL));
        assert!(fewer.contains("\r\n MLST type;size*;modify;perm;\r\n"), "{fewer}");
        assert!(fewer.contains("\r\n MDTM\r\n MFMT\r\n"), "{fewer}");
        assert!(fewer.contains("\r\n AUTH TLS\r\n"), "{fewer}");
        assert!(fewer.contains("\r\n PBSZ\r\n PROT\r\n"), "{fewer}");
        assert!(fewer.contains("\r\n SITE UTIME\r\n"), "{fewer}");
    }

    #[test]
    fn help_has_a_line_for_each_verb_that_works() {
        let text = wire(&help(ALL));
        for row in VERBS {
            let line = format!("\r\n {}", row.name());
            assert_eq!(text.contains(&line), row.help.is_some(), "{row:?}");
        }
        assert!(!wire(&help(Switches::default())).contains("MFMT"));
        let pwd = VerbRow::find("XPWD").unwrap();
        assert_eq!(wire(&help_for(pwd)), "214 PWD: tell the working directory\r\n");
    }

    #[test]
    fn each_bad_line_has_its_code() {
        for (line, code) in [
            ("FOO", 500),
            ("STOR", 501),
            ("PWD x", 501),
            ("REST 99999999999999999999", 501),
            ("PORT 1,2", 501),
            ("OPTS HASH", 501),
            ("HELP me", 502),
            ("TYPE E", 504),
            ("MODE Z", 504),
            ("EPSV 3", 522),
            ("EPRT |3|x|1|", 522),
            ("GET / HTTP/1.1", 421),
        ] {
            let error = Command::parse(line).unwrap_err();
            assert_eq!(not_a_command(&error).code().number(), code, "{line}");
        }
        assert!(not_ftp().closes_connection());
        assert!(!line_too_long().closes_connection());
    }

    #[test]
    fn the_words_clients_read() {
        // RFC 3659 7.9
        assert_eq!(
            wire(&mlst_facts_set(MlstFacts::from_opts("modify;type"))),
            "200 MLST OPTS type;modify;\r\n"
        );
        assert_eq!(wire(&mlst_facts_set(MlstFacts::from_opts(""))), "200 MLST OPTS\r\n");
        assert!(wire(&system_type()).starts_with("215 UNIX Type: L8"));
        assert!(!wire(&greeting()).contains(env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn status_lines_cannot_end_the_reply() {
        let text = wire(&session_status(["211 forged".to_owned(), "x\r\n211 y".to_owned()]));
        assert_eq!(text, "211-Status:\r\n 211 forged\r\n x??211 y\r\n211 End\r\n");
    }
}
