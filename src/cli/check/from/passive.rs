//! Passive data connections as a client has them: what it hears, and whether that leads anywhere.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use super::dialogue::{Dialogue, ServerReply};
use crate::cli::check::report::{CheckLine, CheckReport};

/// How long a connection may take: three SYN segments.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// How a client asks for a passive port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PassiveWay {
    /// With an address, which is IPv4.
    Pasv,
    /// With a port alone.
    Epsv,
}

/// A way that leads to a data connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenWay {
    way: PassiveWay,
    /// Where the data connections go.
    host: IpAddr,
}

/// How a port is closed.
#[derive(Debug)]
pub(super) enum Closed {
    /// By an answer.
    Refused,
    /// By none.
    Silent,
    /// In another way.
    Other(io::Error),
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("closed (refused)"),
            Self::Silent => f.write_str("closed (silent)"),
            Self::Other(error) => write!(f, "not reached: {error}"),
        }
    }
}

impl PassiveWay {
    fn command(self) -> &'static str {
        match self {
            Self::Pasv => "PASV",
            Self::Epsv => "EPSV",
        }
    }
}

/// Connects to `address`, or tells how it is closed.
pub(super) fn connect(address: SocketAddr) -> Result<TcpStream, Closed> {
    TcpStream::connect_timeout(&address, CONNECT_PATIENCE).map_err(|error| match error.kind() {
        ErrorKind::ConnectionRefused => Closed::Refused,
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Closed::Silent,
        _ => Closed::Other(error),
    })
}

/// The ways that lead from here to the passive ports of the server, whose control port is at
/// `control`.
///
/// # Errors
/// When the control connection breaks.
pub(super) fn ways(
    dialogue: &mut Dialogue,
    control: IpAddr,
    report: &mut CheckReport,
) -> io::Result<Vec<OpenWay>> {
    let mut open = Vec::new();
    for way in [PassiveWay::Pasv, PassiveWay::Epsv] {
        if way == PassiveWay::Pasv && control.to_canonical().is_ipv6() {
            report.add(CheckLine::skipped("PASV", "only for IPv4"));
            continue;
        }
        let reply = dialogue.ask(way.command())?;
        let Some(heard) = heard(way, &reply, control) else {
            report.add(not_offered(way, &reply));
            continue;
        };
        let (line, host) = judge(way, heard, control);
        report.add(line);
        open.extend(host.map(|host| OpenWay { way, host }));
    }
    Ok(open)
}

impl OpenWay {
    /// Another data connection by the same way.
    ///
    /// # Errors
    /// When one of the connections breaks.
    pub(super) fn open(self, dialogue: &mut Dialogue) -> io::Result<TcpStream> {
        let reply = dialogue.ask(self.way.command())?;
        let heard = heard(self.way, &reply, self.host);
        let heard = heard.ok_or_else(|| io::Error::other(reply.first_line()))?;
        TcpStream::connect_timeout(&SocketAddr::new(self.host, heard.port()), CONNECT_PATIENCE)
    }
}

/// What the server names: of EPSV the port alone.
fn heard(way: PassiveWay, reply: &ServerReply, control: IpAddr) -> Option<SocketAddr> {
    match way {
        PassiveWay::Pasv if reply.is(227) => named(reply.text()),
        PassiveWay::Epsv if reply.is(229) => {
            // (|||PORT|)
            let port = reply.text().split('|').nth(3)?.parse().ok()?;
            Some(SocketAddr::new(control, port))
        }
        PassiveWay::Pasv | PassiveWay::Epsv => None,
    }
}

/// The six numbers of a 227, wherever they stand (RFC 1123 4.1.2.6).
fn named(text: &str) -> Option<SocketAddr> {
    let text = text.get(4..)?;
    let is_part = |character: char| character.is_ascii_digit() || character == ',';
    let list = text.split(|character| !is_part(character)).find(|list| list.contains(','))?;
    let numbers: Vec<u8> = list.split(',').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [a, b, c, d, high, low] = numbers[..] else { return None };
    let port = u16::from_be_bytes([high, low]);
    Some(SocketAddr::new(Ipv4Addr::new(a, b, c, d).into(), port))
}

fn not_offered(way: PassiveWay, reply: &ServerReply) -> CheckLine {
    let fix = match way {
        PassiveWay::Pasv => {
            "see masquerade_networks, masquerade_address and passive_ports of the server, and its \
             log"
        }
        PassiveWay::Epsv => "see passive_ports of the server, and its log",
    };
    CheckLine::failed(way.command(), reply.first_line(), fix)
}

/// Where what was `heard` leads, and the host to which data connections go, if to any.
fn judge(way: PassiveWay, heard: SocketAddr, control: IpAddr) -> (CheckLine, Option<IpAddr>) {
    let (check, control) = (way.command(), control.to_canonical());
    let port = heard.port();
    let range = "open the passive_ports of the server in the firewalls, and forward them to it, \
                 each to the port of the same number";
    let first = match connect(heard) {
        Ok(_) if heard.ip() == control => {
            return (CheckLine::passed(check, format!("{heard} answers")), Some(heard.ip()));
        }
        Ok(_) => {
            let text = format!(
                "the server names {heard}, which answers; the control port is at \
                {control}"
            );
            return (CheckLine::passed(check, text), Some(heard.ip()));
        }
        Err(closed) => closed,
    };
    if heard.ip() == control {
        let text = format!("passive port {port} of {control} is {first}");
        return (CheckLine::failed(check, text, range), None);
    }
    match connect(SocketAddr::new(control, port)) {
        Ok(_) => {
            let text = format!(
                "the server names a wrong address: {heard} is {first}, the same port of {control} \
                 answers"
            );
            let fix = format!(
                "make the server name {control} to this network: masquerade_networks = \
                 NETWORK={control}"
            );
            // Most clients with a person before them go on with the address that works.
            (CheckLine::failed(check, text, fix), Some(control))
        }
        Err(second) => {
            let text = format!(
                "the server names {heard}, which is {first}; port {port} of {control} is \
                    {second}"
            );
            (CheckLine::failed(check, text, range), None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_a_227() {
        for (text, expected) in [
            ("227 Entering Passive Mode (192,0,2,1,200,10).", Some("192.0.2.1:51210")),
            ("227 =192,0,2,1,200,10", Some("192.0.2.1:51210")),
            ("227 Entering Passive Mode (192,0,2,1,256,10).", None),
            ("227 Entering Passive Mode (192,0,2,1,10).", None),
            ("227 no", None),
            ("227", None),
        ] {
            let told = named(text).map(|address| address.to_string());
            assert_eq!(told.as_deref(), expected, "{text}");
        }
    }
}
