//! The ports that the server will listen on: whether they are free, and who has those that are not.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::Path;

use cos_ftp_server::config::ServerSettings;
use cos_ftp_server::server::{BindError, try_to_listen};

use super::report::{CheckLine, CheckReport};
use crate::cli::status::{Answerer, ServerSocket, who_answers};

/// Tries all ports.
pub(super) fn check(settings: &ServerSettings, report: &mut CheckReport) {
    let control_socket = settings.control_socket.as_deref();
    listeners(settings).iter().for_each(|listener| report.add(is_free(listener, control_socket)));
    report.add(passive_ports(settings));
}

/// What the server listens on.
struct Listener {
    check: &'static str,
    /// The keys that decide on the port, and on all of it.
    port_key: &'static str,
    keys: &'static str,
    /// None: all of this machine.
    addresses: Vec<IpAddr>,
    port: u16,
}

fn listeners(settings: &ServerSettings) -> Vec<Listener> {
    let server = &settings.server;
    let control = Listener {
        check: "control port",
        port_key: "listen_port",
        keys: "listen_address or listen_port",
        addresses: server.listen_addresses.clone(),
        port: server.listen_port,
    };
    let implicit = server.implicit_listen_port.map(|port| Listener {
        check: "implicit TLS port",
        port_key: "implicit_listen_port",
        keys: "listen_address or implicit_listen_port",
        addresses: server.listen_addresses.clone(),
        port,
    });
    let metrics = server.metrics_listen.map(|at| Listener {
        check: "metrics port",
        port_key: "metrics_listen",
        keys: "metrics_listen",
        addresses: vec![at.ip()],
        port: at.port(),
    });
    [Some(control), implicit, metrics].into_iter().flatten().collect()
}

/// By listening there as the server would.
fn is_free(listener: &Listener, control_socket: Option<&Path>) -> CheckLine {
    let Listener { check, port_key, keys, port, .. } = *listener;
    let Err(error) = try_to_listen(&listener.addresses, port) else {
        return CheckLine::passed(check, format!("{port} is free"));
    };
    let fix = match error.source.kind() {
        ErrorKind::AddrInUse => return in_use(listener, &error, control_socket),
        ErrorKind::PermissionDenied => {
            format!("take a {port_key} from 1024 up, or give the server CAP_NET_BIND_SERVICE")
        }
        _ => format!("correct {keys}"),
    };
    let text = format!("{} port {port}: {}", error.address.ip(), error.source);
    CheckLine::failed(check, text, fix)
}

/// A port that is taken is right only if the server of this configuration has it.
fn in_use(listener: &Listener, error: &BindError, control_socket: Option<&Path>) -> CheckLine {
    let Listener { check, port_key, port, .. } = *listener;
    if error.is_outgoing() {
        let text = format!("{port} is in use by an outgoing connection; no program listens there");
        let fix = format!(
            "choose another {port_key}, outside of net.ipv4.ip_local_port_range, or put it into \
             net.ipv4.ip_local_reserved_ports"
        );
        return CheckLine::failed(check, text, fix);
    }
    let occupant = error.occupant();
    let who = occupant.map_or("another program".to_owned(), ToString::to_string);
    let unknown = |why: String| {
        let text =
            format!("{port} is in use by {who}; it is not known whose server that is: {why}");
        CheckLine::skipped(check, text)
    };
    match control_socket.map(ServerSocket::of_configuration).as_ref().map(who_answers) {
        Some(Answerer::Server { pid, listening }) => {
            let is_its = match occupant {
                Some(occupant) => occupant.pid() == pid,
                None => listening.iter().any(|address| address.port() == port),
            };
            if is_its {
                let text = format!("{port} is in use by this server, which runs as process {pid}");
                return CheckLine::passed(check, text);
            }
        }
        Some(Answerer::Nobody) => {}
        Some(Answerer::Unknown(why)) => return unknown(why),
        None => return unknown("control_socket is off".to_owned()),
    }
    let fix = match occupant {
        Some(_) => format!("stop it, or choose another {port_key}"),
        None => format!("find it as root (ss -ltnp) and stop it, or choose another {port_key}"),
    };
    CheckLine::failed(check, format!("{port} is in use by {who}"), fix)
}

/// A port counts as free if it is free on every address.
fn passive_ports(settings: &ServerSettings) -> CheckLine {
    let range = &settings.server.passive_ports;
    let addresses = match settings.server.listen_addresses.as_slice() {
        [] => vec![Ipv4Addr::UNSPECIFIED.into()],
        some => some.to_vec(),
    };
    let is_free = |port: &u16| addresses.iter().all(|at| TcpListener::bind((*at, *port)).is_ok());
    let free = range.clone().filter(is_free).count();
    let text = format!("{free} of {} free ({}-{})", range.len(), range.start(), range.end());
    // A transfer takes two connections and one port.
    let transfers = settings.server.max_connections.map(|most| most / 2);
    match transfers {
        _ if free == 0 => CheckLine::failed(
            "passive ports",
            text,
            "widen passive_ports, or stop the programs that listen there",
        ),
        Some(transfers) if free < transfers && !settings.server.session.passive_ports_shared => {
            let note = format!(
                "{text}; fewer than the {transfers} transfers that max_connection_num \
                    allows"
            );
            CheckLine::skipped("passive ports", note)
        }
        _ => CheckLine::passed("passive ports", text),
    }
}
