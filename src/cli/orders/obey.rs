//! The server's side of an order.

use std::net::IpAddr;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use cos_ftp_server::access::{BanSubject, ClientSource};
use cos_ftp_server::server::{Operator, SessionSubject};
use log::{LevelFilter, info, warn};
use rustix::net::sockopt::socket_peercred;
use rustix::process::{Signal, geteuid, getpid, kill_process};

use super::{OperatorOrder, OrderAnswer};

/// Longest line of an order.
pub(crate) const MAX_ORDER_BYTES: usize = 4096;

/// Does what `line` says, if whoever is behind `stream` may say so.
pub(crate) fn answer(stream: &UnixStream, line: &[u8], operator: &Operator) -> OrderAnswer {
    let done = match may_order(stream) {
        false => Err("orders are for the server's user and root only".to_owned()),
        true => serde_json::from_slice(line)
            .map_err(|error| format!("no order that this server knows: {error}"))
            .and_then(|order| obey(&order, operator)),
    };
    let (done, text) = done.map_or_else(|text| (false, text), |text| (true, text));
    if !done {
        warn!("operator: {text}");
    }
    OrderAnswer { done, text }
}

/// The socket's mode lets nobody else connect; whoever widens it for the status widens no more.
fn may_order(stream: &UnixStream) -> bool {
    socket_peercred(stream).is_ok_and(|peer| peer.uid.is_root() || peer.uid == geteuid())
}

/// What was done, or why not.
fn obey(order: &OperatorOrder, operator: &Operator) -> Result<String, String> {
    match order {
        OperatorOrder::Kick(whom) => match operator.kick(&sessions_of(whom)) {
            0 => Err(format!("no session of {whom}: `status` tells which there are")),
            kicked => Ok(format!("kicked: {}", sessions(kicked))),
        },
        OperatorOrder::Ban { whom, seconds } => {
            let (subject, time) = (subject_of(whom)?, seconds.map(Duration::from_secs));
            let kicked = operator.ban(&subject, time).map_err(|error| error.to_string())?;
            let long = time.map_or("until the server ends".to_owned(), |time| {
                format!("for {} s, at most until the server ends", time.as_secs())
            });
            Ok(format!("banned {subject} {long}; ended: {}", sessions(kicked)))
        }
        OperatorOrder::Unban(whom) => {
            let subject = subject_of(whom)?;
            match operator.unban(&subject) {
                true => Ok(format!("not banned any more: {subject}")),
                false => Err(format!("{subject} is not banned")),
            }
        }
        OperatorOrder::LogLevel(level) => set_log_level(level),
        OperatorOrder::Reload => {
            signal(Signal::HUP, "the configuration is read again: see the log")
        }
        OperatorOrder::Stop => signal(Signal::TERM, "stopping"),
    }
}

/// A number is that of a session, as is what the log calls it; all else is a user.
fn sessions_of(whom: &str) -> SessionSubject {
    let number = whom.strip_prefix("session-").unwrap_or(whom).parse();
    number.map_or_else(|_| SessionSubject::User(whom.to_owned()), SessionSubject::Session)
}

/// What reads as an address is one; all else is a user, but for what can be none or was meant as
/// an address.
fn subject_of(whom: &str) -> Result<BanSubject, String> {
    if let Ok(address) = whom.parse::<IpAddr>() {
        return Ok(BanSubject::Source(ClientSource::of(address)));
    }
    if whom.contains('/') {
        return Err(format!(
            "{whom:?} is no single address: deny_addresses in [SECURITY] keeps networks out, and \
             reload has it take effect"
        ));
    }
    let has_digits_only = whom.chars().all(|c| c.is_ascii_digit() || c == '.');
    if whom.contains(':') || (has_digits_only && whom.contains('.')) {
        return Err(format!("{whom:?} is neither an address nor the name of a user"));
    }
    Ok(BanSubject::User(whom.to_owned()))
}

fn sessions(number: usize) -> String {
    format!("{number} {}", if number == 1 { "session" } else { "sessions" })
}

/// The log's own level is the configuration's again when that is read.
fn set_log_level(name: &str) -> Result<String, String> {
    let level = match name.to_ascii_uppercase().as_str() {
        "DEBUG" => LevelFilter::Debug,
        "INFO" => LevelFilter::Info,
        "WARNING" | "WARN" => LevelFilter::Warn,
        "ERROR" | "CRITICAL" | "FATAL" => LevelFilter::Error,
        "OFF" => LevelFilter::Off,
        _ => return Err(format!("{name:?} is none of DEBUG, INFO, WARNING, ERROR and OFF")),
    };
    log::set_max_level(level);
    info!("operator: log level {level}");
    Ok(format!("log level: {level}, until the configuration is read again"))
}

/// What the process does on a signal, it does on an order.
fn signal(signal: Signal, done: &str) -> Result<String, String> {
    let sent = kill_process(getpid(), signal);
    sent.map(|()| done.to_owned()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_meant() {
        for (whom, expected) in [
            ("7", SessionSubject::Session(7)),
            ("session-7", SessionSubject::Session(7)),
            ("session-x", SessionSubject::User("session-x".to_owned())),
            ("alice", SessionSubject::User("alice".to_owned())),
        ] {
            assert_eq!(sessions_of(whom), expected, "{whom}");
        }
        let source =
            |address: &str| Ok(BanSubject::Source(ClientSource::of(address.parse().unwrap())));
        assert_eq!(subject_of("::ffff:192.0.2.1"), source("192.0.2.1"));
        assert_eq!(subject_of("2001:db8::1"), source("2001:db8::2"));
        assert_eq!(subject_of("192.0.2.a"), Ok(BanSubject::User("192.0.2.a".to_owned())));
        assert_eq!(subject_of("7"), Ok(BanSubject::User("7".to_owned())));
        for wrong in ["192.0.2", "203.0.113.500", "10.0.0.0/8", "a/b", "2001:db8::g"] {
            assert!(subject_of(wrong).is_err(), "{wrong}");
        }
    }
}
