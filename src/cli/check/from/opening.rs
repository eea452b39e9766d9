//! The way in: from the control port to the greeting, in plain or with TLS.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::closed_hop::{ClosedHop, broken};
use super::dialogue::{Dialogue, PATIENCE};
use super::distrust::no_handshake;
use super::passive::{self, Closed};
use super::secured::ClientTls;
use super::server::{FTP_PORT, RemoteServer};
use crate::cli::check::report::{CheckLine, CheckReport};

/// How long a server may be silent before it is tried whether it waits for TLS.
const SILENCE: Duration = Duration::from_secs(2);

/// What a server was entered with: the control connection, and TLS if it has it.
pub(super) struct Entered {
    pub(super) dialogue: Dialogue,
    pub(super) tls: Option<ClientTls>,
    /// Of the control port.
    pub(super) address: SocketAddr,
}

/// Enters the server up to its greeting, and with TLS if there is any.
pub(super) fn enter(server: &RemoteServer, report: &mut CheckReport) -> Result<Entered, ClosedHop> {
    let (stream, address) = connect(server)?;
    let at = stream.local_addr().map_or_else(|_| String::new(), |own| own.ip().to_string());
    report.add(CheckLine::passed("control port", format!("{address} answers, reached from {at}")));
    let implicit = match server.is_implicit() {
        true => {
            let fix = "name the port for implicit TLS; any but 990 is tried in plain without \
                       --implicit-tls";
            let failed = |error: String| CheckLine::failed("TLS", error, fix);
            Ok(ImplicitTls::begin(stream, &server.host).map_err(failed)?)
        }
        false => ImplicitTls::if_silent(stream, address, &server.host),
    };
    match implicit {
        Ok(ImplicitTls { mut dialogue, tls, version }) => {
            let text = format!("{version}; implicit: clients need ftps://, or the setting of that");
            report.add(CheckLine::passed("TLS", text));
            report.add(certificate(&tls));
            greet(&mut dialogue, report)?;
            Ok(Entered { dialogue, tls: Some(tls), address })
        }
        Err(stream) => {
            let mut dialogue = Dialogue::new(stream).map_err(|error| broken("greeting", &error))?;
            greet(&mut dialogue, report)?;
            let tls = encrypt(&mut dialogue, &server.host, report)?;
            Ok(Entered { dialogue, tls, address })
        }
    }
}

/// A control connection that began with TLS.
struct ImplicitTls {
    dialogue: Dialogue,
    tls: ClientTls,
    /// What was agreed on.
    version: String,
}

impl ImplicitTls {
    fn begin(stream: TcpStream, host: &str) -> Result<Self, String> {
        let tls = ClientTls::for_host(host)?;
        let mut dialogue = Dialogue::new(stream).map_err(|error| error.to_string())?;
        let version = dialogue.encrypt(&tls).map_err(|error| no_handshake(&error, PATIENCE))?;
        Ok(Self { dialogue, tls, version })
    }

    /// Over another connection to `address`, if nothing comes over `stream`. Some servers only look
    /// up a name before they greet: where there is no TLS, `stream` goes on, which is the error.
    fn if_silent(stream: TcpStream, address: SocketAddr, host: &str) -> Result<Self, TcpStream> {
        let heard = stream.set_read_timeout(Some(SILENCE)).and_then(|()| stream.peek(&mut [0]));
        let is_silent = heard.is_err_and(|error| is_time_out(error.kind()));
        let second = is_silent.then(|| passive::connect(address).ok()).flatten();
        second.and_then(|second| Self::begin(second, host).ok()).ok_or(stream)
    }
}

fn is_time_out(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// The first address of the server that answers.
fn connect(server: &RemoteServer) -> Result<(TcpStream, SocketAddr), ClosedHop> {
    let found = (server.host.as_str(), server.port()).to_socket_addrs();
    let found: Vec<_> = found
        .map_err(|error| {
            let text = format!("{}: {error}", server.host);
            let fix = "correct the name, or this machine's resolver";
            CheckLine::failed("control port", text, fix)
        })?
        .collect();
    let mut last = CheckLine::failed("control port", "no address", "correct the name");
    for address in found {
        match passive::connect(address) {
            Ok(stream) => return Ok((stream, address)),
            Err(closed) => {
                let port = server.port();
                let fix = match closed {
                    Closed::Refused if port == FTP_PORT => format!(
                        "start the server, or name its port, as in {}:2121; if it runs there, a \
                         firewall or a forwarding refuses port {port}",
                        server.host
                    ),
                    Closed::Refused => format!(
                        "start the server, or correct the port; if it runs, a firewall or a \
                         forwarding refuses port {port}"
                    ),
                    Closed::Silent => {
                        format!("open port {port} in the firewalls, and forward it to the server")
                    }
                    Closed::Other(_) => "check the address, and the routes to it".to_owned(),
                };
                last = CheckLine::failed(
                    "control port",
                    format!("{address}, the control port, is {closed}"),
                    fix,
                );
            }
        }
    }
    Err(last.into())
}

fn greet(dialogue: &mut Dialogue, report: &mut CheckReport) -> Result<(), ClosedHop> {
    let fix = "name the port of an FTP server";
    match dialogue.reply() {
        Ok(reply) if reply.is(220) => {
            report.add(CheckLine::passed("greeting", reply.first_line()));
            Ok(())
        }
        Ok(reply) if reply.is(421) => Err(CheckLine::failed(
            "greeting",
            reply.first_line(),
            "the server accepts nobody now, or not from this address: see its log",
        )
        .into()),
        Ok(reply) => Err(CheckLine::failed("greeting", reply.first_line(), fix).into()),
        Err(error) => {
            let text = match error.kind() {
                kind if is_time_out(kind) => {
                    format!("the server sent nothing for {} s", PATIENCE.as_secs())
                }
                _ => error.to_string(),
            };
            Err(CheckLine::failed("greeting", text, fix).into())
        }
    }
}

/// TLS after `AUTH TLS`, if it is offered.
fn encrypt(
    dialogue: &mut Dialogue,
    host: &str,
    report: &mut CheckReport,
) -> Result<Option<ClientTls>, ClosedHop> {
    let reply = dialogue.ask("AUTH TLS").map_err(|error| broken("TLS", &error))?;
    if !reply.is(234) {
        let text = format!(
            "not offered ({}): password and files can be read on their way",
            reply.first_line()
        );
        report.add(CheckLine::skipped("TLS", text));
        return Ok(None);
    }
    let fix = "see the server's log; the port must lead to the server itself";
    let failed = |error: String| CheckLine::failed("TLS", error, fix);
    let tls = ClientTls::for_host(host).map_err(failed)?;
    let version = dialogue.encrypt(&tls).map_err(|error| failed(no_handshake(&error, PATIENCE)))?;
    report.add(CheckLine::passed("TLS", version));
    report.add(certificate(&tls));
    Ok(Some(tls))
}

/// Whether clients take the certificate that was shown.
fn certificate(tls: &ClientTls) -> CheckLine {
    match tls.distrust() {
        None => CheckLine::passed("certificate", "valid, and for this name"),
        Some(distrust) => CheckLine::failed(
            "certificate",
            format!(
                "{}; its SHA-256 fingerprint is {}",
                distrust.what_is_wrong(),
                distrust.fingerprint
            ),
            distrust.fix(),
        ),
    }
}
