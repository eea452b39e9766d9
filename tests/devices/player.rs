//! Plays a dialogue against a server, and looks at what its store holds then.

use std::any::Any;
use std::io::{Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};

use glob::Pattern;

use super::dialogue::{Dialogue, Step};
use crate::support::ftp::{Data, Ftp, connect_from};
use crate::support::server::TestServer;
use crate::support::stored::{Stored, sha256};

/// Plays `dialogue` from its first line to its last, then compares the store.
///
/// # Errors
/// What went otherwise, with the place in the file.
pub(super) fn play(dialogue: &Dialogue, server: &TestServer) -> Result<(), String> {
    for (path, bytes) in &dialogue.files {
        server.stored().put(path, bytes);
    }
    let mut device =
        Device { server: server.address(), control: None, data: None, reply: String::new() };
    for (line, step) in &dialogue.steps {
        // A connection that ends, or a reply that never comes, is told by a panic.
        let done = catch_unwind(AssertUnwindSafe(|| device.take(step)));
        let done = done.unwrap_or_else(|panic| Err(message_of(panic.as_ref())));
        done.map_err(|why| format!("{}:{line}: {why}", dialogue.name))?;
    }
    compare(&dialogue.stored, server.stored()).map_err(|why| format!("{}: {why}", dialogue.name))
}

/// The device, with its connections.
struct Device {
    server: SocketAddr,
    control: Option<Ftp>,
    /// What the next transfer will use.
    data: Option<Data>,
    /// The reply heard last.
    reply: String,
}

impl Device {
    fn take(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Connect => {
                self.data = None;
                self.control = Some(Ftp::silent(self.server));
            }
            Step::Send(bytes) => {
                let bytes = self.with_own_address(bytes);
                self.control().send_bytes(&bytes);
            }
            Step::HalfClose => {
                self.control()
                    .socket()
                    .shutdown(Shutdown::Write)
                    .map_err(|error| error.to_string())?;
            }
            Step::Reply(beginning) => self.hear(beginning)?,
            Step::ReplyLine(pattern) => {
                if !self.reply.lines().any(|line| pattern.matches(line)) {
                    return Err(format!("no line {:?} in {:?}", pattern.as_str(), self.reply));
                }
            }
            Step::End => self.control().expect_end(),
            Step::Upload(bytes) => {
                self.open_data()?.open().write_all(bytes).map_err(|error| error.to_string())?;
            }
            Step::Download(expected) => {
                let found = self.receive()?;
                if found != *expected {
                    return Err(format!("received {}, not {}", brief(&found), brief(expected)));
                }
            }
            Step::Listing(patterns) => {
                let text = String::from_utf8(self.receive()?).map_err(|error| error.to_string())?;
                fit(patterns, text.lines().collect())?;
            }
        }
        Ok(())
    }

    /// The next reply. The address in it is connected to, as clients do.
    fn hear(&mut self, beginning: &str) -> Result<(), String> {
        self.reply = self.control().reply();
        if !self.reply.starts_with(beginning) {
            return Err(format!("heard {:?}", self.reply));
        }
        if let Some(port) = passive_port(&self.reply) {
            let own = self.control().socket().local_addr().map_err(|error| error.to_string())?.ip();
            let stream = connect_from(own, (self.server.ip(), port).into());
            self.data = Some(Data::Passive(stream));
        }
        Ok(())
    }

    /// `$PORT` and `$EPRT` become an address where the device listens from now on.
    fn with_own_address(&mut self, bytes: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(bytes);
        if !text.contains("$PORT") && !text.contains("$EPRT") {
            return bytes.to_vec();
        }
        let own = self.control().socket().local_addr().expect("connected").ip();
        let listener = TcpListener::bind((own, 0)).expect("a port");
        let port = listener.local_addr().expect("bound").port();
        self.data = Some(Data::Active(listener));
        let IpAddr::V4(ip) = own else { panic!("the dialogues use IPv4") };
        let ([a, b, c, d], [high, low]) = (ip.octets(), port.to_be_bytes());
        let text = text.replace("$PORT", &format!("{a},{b},{c},{d},{high},{low}"));
        text.replace("$EPRT", &format!("|1|{ip}|{port}|")).into_bytes()
    }

    fn control(&mut self) -> &mut Ftp {
        self.control.as_mut().expect("a dialogue begins with connect")
    }

    fn open_data(&mut self) -> Result<Data, String> {
        self.data.take().ok_or_else(|| "no data connection was prepared".to_owned())
    }

    fn receive(&mut self) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        self.open_data()?.open().read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        Ok(bytes)
    }
}

/// The port in a 227 or 229.
fn passive_port(reply: &str) -> Option<u16> {
    let inner = reply.split(['(', ')']).nth(1)?;
    match reply.get(..4)? {
        "227 " => {
            let mut numbers = inner.split(',').skip(4).map(str::parse);
            Some(u16::from_be_bytes([numbers.next()?.ok()?, numbers.next()?.ok()?]))
        }
        "229 " => inner.split('|').nth(3)?.parse().ok(),
        _ => None,
    }
}

/// Checks that each pattern has a line of its own, and each line a pattern.
fn fit(patterns: &[Pattern], mut lines: Vec<&str>) -> Result<(), String> {
    for pattern in patterns {
        let at = lines.iter().position(|line| pattern.matches(line));
        let at = at.ok_or_else(|| format!("no line {:?} in {lines:#?}", pattern.as_str()))?;
        lines.remove(at);
    }
    if lines.is_empty() { Ok(()) } else { Err(format!("more lines: {lines:#?}")) }
}

/// Checks that the store holds these files and no other.
fn compare(expected: &[(Pattern, Vec<u8>)], stored: &Stored) -> Result<(), String> {
    let mut files = stored.files();
    for (pattern, bytes) in expected {
        let at = files.iter().position(|file| pattern.matches(file));
        let at = at.ok_or_else(|| format!("{:?} is not in the store", pattern.as_str()))?;
        let file = files.remove(at);
        let found = stored.bytes(&file);
        if found != *bytes {
            return Err(format!("{file} holds {}, not {}", brief(&found), brief(bytes)));
        }
    }
    if files.is_empty() { Ok(()) } else { Err(format!("also in the store: {files:?}")) }
}

/// Bytes as a message shows them.
fn brief(bytes: &[u8]) -> String {
    if bytes.len() <= 100 {
        format!("\"{}\"", bytes.escape_ascii())
    } else {
        format!("{} bytes with SHA-256 {}", bytes.len(), sha256(bytes))
    }
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
}
