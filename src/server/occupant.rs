//! Who has the port that we want.

use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::process;

use listeners::{Protocol, SocketState};

/// Longest command line that is shown.
const COMMAND_CHARS: usize = 200;

/// A process that listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupant {
    pid: u32,
    command: String,
}

impl Occupant {
    /// Its number.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The process that listens where `address` cannot be bound. `None` when the system does not
    /// tell us, as of other users' processes.
    pub(super) fn of(address: SocketAddr) -> Option<Self> {
        let in_the_way = |there: SocketAddr| {
            let (ours, theirs) = (address.ip(), there.ip());
            let meet = ours == theirs || ours.is_unspecified() || theirs.is_unspecified();
            there.port() == address.port() && meet
        };
        let all = listeners::get_all().ok()?;
        let found = all.into_iter().find(|listener| {
            listener.protocol == Protocol::TCP
                && listener.state == SocketState::Listen
                && in_the_way(listener.socket)
        })?;
        let command = command_line(found.process.pid).unwrap_or(found.process.name);
        Some(Self { pid: found.process.pid, command })
    }
}

/// Whether a program listens at `port`, be it one that we are not told of. Where the system does
/// not say, one does.
pub(super) fn is_listened_at(port: u16) -> bool {
    /// `TCP_LISTEN` of the kernel.
    const LISTEN: &str = "0A";
    let suffix = format!(":{port:04X}");
    let listens = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        let (local, state) = (fields.next(), fields.nth(1));
        local.is_some_and(|local| local.ends_with(&suffix)) && state == Some(LISTEN)
    };
    let table = |file: &str| fs::read_to_string(file);
    // Without IPv6 there is no table of it.
    let (ours, other) = (table("/proc/net/tcp"), table("/proc/net/tcp6").unwrap_or_default());
    ours.map_or(true, |ours| ours.lines().chain(other.lines()).any(listens))
}

impl fmt::Display for Occupant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} ({})", self.pid, self.command)
    }
}

/// Its program, and its arguments if it is a server of ours: those of others may hold secrets.
fn command_line(pid: u32) -> Option<String> {
    let of = |pid: u32| fs::read_link(format!("/proc/{pid}/exe")).ok();
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let arguments = bytes.split(|byte| *byte == 0).filter(|argument| !argument.is_empty());
    let is_ours = match (of(pid), of(process::id())) {
        (Some(theirs), Some(ours)) => theirs.file_name() == ours.file_name(),
        _ => false,
    };
    let shown = if is_ours { usize::MAX } else { 1 };
    let shown: Vec<_> = arguments.take(shown).map(String::from_utf8_lossy).collect();
    let line: String = shown.join(" ").chars().take(COMMAND_CHARS).collect();
    Some(line).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_listener_is_found_by_port_and_address() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let there = listener.local_addr().unwrap();
        let port = there.port();
        for address in [there, (Ipv4Addr::UNSPECIFIED, port).into()] {
            assert_eq!(Occupant::of(address).unwrap().pid, process::id(), "{address}");
        }
        assert_eq!(Occupant::of((Ipv4Addr::new(127, 0, 0, 9), port).into()), None);
    }

    #[test]
    fn a_connection_from_the_port_is_no_listener() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert_eq!(Occupant::of(client.local_addr().unwrap()), None);
        assert!(is_listened_at(listener.local_addr().unwrap().port()));
        assert!(!is_listened_at(client.local_addr().unwrap().port()));
    }
}
