//! `check --from HOST`: run where a client is. Logs in to a server elsewhere and tells which of the
//! hops on the way is closed: control port, TLS, login, passive ports, and a file each way.

mod dialogue;
mod distrust;
mod passive;
mod secured;
mod transfers;

use std::env;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};

use zeroize::Zeroizing;

use super::report::{CheckLine, CheckReport, Form};
use crate::cli::language::Language;
use crate::cli::terminal::{PASSWORD_VARIABLE, ask, ask_hidden};
use dialogue::{Dialogue, PATIENCE};
use distrust::no_handshake;
use passive::{Closed, ways};
use secured::ClientTls;
use transfers::transfer;

/// The usual port of FTP.
const FTP_PORT: u16 = 21;

/// Where the user's name is looked for before it is asked for.
const USER_VARIABLE: &str = "COS_FTP_USER";

/// `--from`: a server elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteServer {
    /// A name or an address, without brackets.
    host: String,
    port: u16,
}

impl RemoteServer {
    /// `HOST`, `HOST:PORT`; an IPv6 address in front of a port has brackets.
    ///
    /// # Errors
    /// In words, when it is neither.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let wrong = "needs a host, as in ftp.example.com, 192.0.2.1:2121 or [2001:db8::1]:21";
        let (host, port) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or(wrong)?)),
            None if text.matches(':').count() > 1 => (text, None),
            None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map_or(Ok(FTP_PORT), str::parse).map_err(|_| wrong)?;
        if host.is_empty() || host.contains(['/', '@']) || port == 0 {
            return Err(wrong);
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for RemoteServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Tries all of it, and prints what it finds. Whether nothing failed.
///
/// # Errors
/// When nobody can be asked who is to log in.
pub(crate) fn run(server: &RemoteServer, form: Form) -> Result<bool, String> {
    if form == Form::Json
        && [USER_VARIABLE, PASSWORD_VARIABLE].iter().any(|name| env::var_os(name).is_none())
    {
        return Err(format!(
            "with --json nothing is asked: put user and password into {USER_VARIABLE} and \
             {PASSWORD_VARIABLE}"
        ));
    }
    let user = match env::var(USER_VARIABLE) {
        Ok(user) => user,
        Err(_) => ask(&Language::of_environment().say("FTP user"), "")?,
    };
    let mut report = CheckReport::new(form);
    report.begin(format!("server {server}, as seen from here"));
    match examine(server, &user, &mut report) {
        Ok(()) => {}
        Err(ClosedHop::Told(line)) => report.add(*line),
        Err(ClosedHop::NobodyToAsk(why)) => return Err(why),
    }
    Ok(report.finish())
}

/// Why it makes no sense to go on.
enum ClosedHop {
    /// This hop is closed.
    Told(Box<CheckLine>),
    /// There is no password.
    NobodyToAsk(String),
}

impl From<CheckLine> for ClosedHop {
    fn from(line: CheckLine) -> Self {
        Self::Told(Box::new(line))
    }
}

fn examine(server: &RemoteServer, user: &str, report: &mut CheckReport) -> Result<(), ClosedHop> {
    let (stream, address) = connect(server)?;
    let at = stream.local_addr().map_or_else(|_| String::new(), |own| own.ip().to_string());
    report.add(CheckLine::passed("control port", format!("{address} answers, reached from {at}")));
    let mut dialogue = Dialogue::new(stream).map_err(|error| broken("greeting", &error))?;
    greet(&mut dialogue, report)?;
    let tls = encrypt(&mut dialogue, &server.host, report)?;
    log_in(&mut dialogue, user, report)?;
    let tls = protect(&mut dialogue, tls, report)?;
    let ways = ways(&mut dialogue, address.ip(), report).map_err(|error| broken("PASV", &error))?;
    transfer(&mut dialogue, &ways, tls.as_ref(), report)
        .map_err(|error| broken("transfer", &error))?;
    // Whoever leaves needs no answer.
    let _ = dialogue.ask("QUIT");
    Ok(())
}

/// The first address of the server that answers.
fn connect(server: &RemoteServer) -> Result<(TcpStream, SocketAddr), ClosedHop> {
    let found = (server.host.as_str(), server.port).to_socket_addrs();
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
                let port = server.port;
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
    let fix = "name the port of an FTP server; one for implicit TLS (990) is not tried";
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
                ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                    format!("the server sent nothing for {} s", PATIENCE.as_secs())
                }
                _ => error.to_string(),
            };
            Err(CheckLine::failed("greeting", text, fix).into())
        }
    }
}

/// TLS, if it is offered.
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
    report.add(match tls.distrust() {
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
    });
    Ok(Some(tls))
}

fn log_in(dialogue: &mut Dialogue, user: &str, report: &mut CheckReport) -> Result<(), ClosedHop> {
    let password = match env::var(PASSWORD_VARIABLE) {
        Ok(password) => password,
        Err(_) => ask_hidden(&Language::of_environment().say("Password"))
            .map_err(ClosedHop::NobodyToAsk)?,
    };
    let password = Zeroizing::new(password);
    if [user, &password].iter().any(|word| word.chars().any(char::is_control)) {
        let why = "user or password contains a control character, which no client can send";
        return Err(ClosedHop::NobodyToAsk(why.to_owned()));
    }
    let lost = |error: io::Error| broken("login", &error);
    let mut reply = dialogue.ask(&format!("USER {user}")).map_err(lost)?;
    if reply.is(331) {
        let line = Zeroizing::new(format!("PASS {}", *password));
        reply = dialogue.ask(&line).map_err(lost)?;
    }
    if reply.is(230) || reply.is(232) {
        report.add(CheckLine::passed("login", reply.first_line()));
        return Ok(());
    }
    let fix = "correct user or password; see the server's log";
    Err(CheckLine::failed("login", reply.first_line(), fix).into())
}

/// Data connections with TLS, where the control connection has it.
fn protect(
    dialogue: &mut Dialogue,
    tls: Option<ClientTls>,
    report: &mut CheckReport,
) -> Result<Option<ClientTls>, ClosedHop> {
    let mut ask = |line| dialogue.ask(line).map_err(|error| broken("transfer", &error));
    ask("TYPE I")?;
    if tls.is_none() {
        return Ok(None);
    }
    ask("PBSZ 0")?;
    let reply = ask("PROT P")?;
    if reply.is(200) {
        return Ok(tls);
    }
    let text = format!("files are not encrypted: {}", reply.first_line());
    report.add(CheckLine::skipped("TLS of transfers", text));
    Ok(None)
}

/// The control connection does not go on.
fn broken(check: &str, error: &io::Error) -> ClosedHop {
    let text = match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            format!("the server sent nothing for {} s", PATIENCE.as_secs())
        }
        _ => format!("the control connection broke: {error}"),
    };
    let fix = "see the server's log; firewalls that inspect FTP may break it, which TLS prevents";
    CheckLine::failed(check, text, fix).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_have_a_host_and_a_port() {
        for (text, expected) in [
            ("ftp.example.com", Some("ftp.example.com:21")),
            ("192.0.2.1:2121", Some("192.0.2.1:2121")),
            ("2001:db8::1", Some("[2001:db8::1]:21")),
            ("[2001:db8::1]", Some("[2001:db8::1]:21")),
            ("[2001:db8::1]:2121", Some("[2001:db8::1]:2121")),
            ("", None),
            (":21", None),
            ("host:", None),
            ("host:0", None),
            ("host:65536", None),
            ("[::1]2121", None),
            // A password on the command line could be seen by everybody.
            ("user:password@host", None),
            ("ftp://host/", None),
        ] {
            let told = RemoteServer::parse(text).map(|server| server.to_string()).ok();
            assert_eq!(told.as_deref(), expected, "{text:?}");
        }
    }
}
